// segmentSum
@group(0) @binding(0) var<uniform> given: array<vec4<u32>, 2>;
@group(0) @binding(1) var<storage, read> b0: array<i32>; // starts
@group(0) @binding(2) var<storage, read> b1: array<f32>; // x
@group(0) @binding(3) var<storage, read_write> b2: array<f32>; // y
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
 let program = i32((group.x + group.y * given[0].y) * 8u + invocation / 8u);
 let lane = i32(invocation % 8u);
 if (program >= i32(given[0].x)) { return; }
 let v0 = i32(u32(program) % given[0].z);
 let v1 = i32(u32(program) / given[0].z);
 let v6 = v1 * 8i;
 let v7 = 5i - v6;
 let v9 = b0[v0];
 let v11 = b0[(v0 + 1i)];
 var v14: f32 = 0f;
 for (var v13 = v9; v13 < v11; v13 += 1i) {
  let v15 = 5i * v13;
  let v17 = select(0f, b1[(v6 + v15) + lane], lane < v7);
  let v18 = v14 + v17;
  v14 = v18;
 }
 let v20 = v0 * 5i;
 if (lane < v7) { b2[(v6 + v20) + lane] = v14; }
}
