// saxpy
@group(0) @binding(0) var<uniform> given: array<vec4<u32>, 2>;
@group(0) @binding(1) var<storage, read> b0: array<f32>; // x
@group(0) @binding(2) var<storage, read_write> b1: array<f32>; // y
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
 let program = i32(group.x + group.y * given[0].y);
 let lane = i32(invocation);
 if (program >= i32(given[0].x)) { return; }
 let v0 = bitcast<i32>(given[0].z);
 let v1 = bitcast<f32>(given[0].w);
 let v4 = program * 64i;
 let v5 = v0 - v4;
 let v6 = select(0f, b0[v4 + lane], lane < v5);
 let v7 = select(0f, b1[v4 + lane], lane < v5);
 let v8 = fma(v1, v6, v7);
 if (lane < v5) { b1[v4 + lane] = v8; }
}
