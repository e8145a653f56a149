// matrixProduct
@group(0) @binding(0) var<uniform> given: array<vec4<u32>, 2>;
@group(0) @binding(1) var<storage, read> b0: array<f32>; // left
@group(0) @binding(2) var<storage, read> b1: array<f32>; // right
@group(0) @binding(3) var<storage, read_write> b2: array<f32>; // result
var<workgroup> s0: array<f32, 16>;
var<workgroup> s1: array<f32, 16>;
var<workgroup> s2: array<f32, 16>;
@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
 let program = i32(group.x + group.y * given[0].y);
 let lane = i32(invocation);
 if (program >= i32(given[0].x)) { return; }
 let v0 = bitcast<i32>(given[0].w);
 let v1 = i32(u32(program) % given[0].z);
 let v3 = i32(u32(program) / given[0].z);
 let v11 = v1 * 4i;
 let v12 = 4i * v3;
 s0[lane] = 0f;
 s0[4i + lane] = 0f;
 s0[8i + lane] = 0f;
 s0[12i + lane] = 0f;
 for (var v13 = 0i; v13 < v0; v13 += 4i) {
  let v14 = v0 * v11;
  let v16 = b0[(v13 + v14) + lane];
  s1[lane] = v16;
  let v17 = v0 * v13;
  let v19 = b1[(v12 + v17) + lane];
  s2[lane] = v19;
  let v20 = v11 + 1i;
  let v21 = v0 * v20;
  let v23 = b0[(v13 + v21) + lane];
  s1[4i + lane] = v23;
  let v24 = v13 + 1i;
  let v25 = v0 * v24;
  let v27 = b1[(v12 + v25) + lane];
  s2[4i + lane] = v27;
  let v28 = v11 + 2i;
  let v29 = v0 * v28;
  let v31 = b0[(v13 + v29) + lane];
  s1[8i + lane] = v31;
  let v32 = v13 + 2i;
  let v33 = v0 * v32;
  let v35 = b1[(v12 + v33) + lane];
  s2[8i + lane] = v35;
  let v36 = v11 + 3i;
  let v37 = v0 * v36;
  let v39 = b0[(v13 + v37) + lane];
  s1[12i + lane] = v39;
  let v40 = v13 + 3i;
  let v41 = v0 * v40;
  let v43 = b1[(v12 + v41) + lane];
  s2[12i + lane] = v43;
  workgroupBarrier();
  for (var t0 = lane; t0 < 4; t0 += 4) {
   let t1 = t0 / 4 * 4;
   let t2 = t0 % 4;
   var t4 = s0[0i + (t1 + 0) * 4 + t2];
   var t5 = s0[0i + (t1 + 1) * 4 + t2];
   var t6 = s0[0i + (t1 + 2) * 4 + t2];
   var t7 = s0[0i + (t1 + 3) * 4 + t2];
   for (var t3 = 0i; t3 < 4; t3++) {
    let t8 = s2[0i + (t3) * 4 + t2];
    t4 = fma(s1[0i + (t1 + 0) * 4 + t3], t8, t4);
    t5 = fma(s1[0i + (t1 + 1) * 4 + t3], t8, t5);
    t6 = fma(s1[0i + (t1 + 2) * 4 + t3], t8, t6);
    t7 = fma(s1[0i + (t1 + 3) * 4 + t3], t8, t7);
   }
   s0[0i + (t1 + 0) * 4 + t2] = t4;
   s0[0i + (t1 + 1) * 4 + t2] = t5;
   s0[0i + (t1 + 2) * 4 + t2] = t6;
   s0[0i + (t1 + 3) * 4 + t2] = t7;
  }
  workgroupBarrier();
 }
 let v44 = v0 * v11;
 let v46 = s0[lane];
 b2[(v12 + v44) + lane] = v46;
 let v47 = v11 + 1i;
 let v48 = v0 * v47;
 let v50 = s0[4i + lane];
 b2[(v12 + v48) + lane] = v50;
 let v51 = v11 + 2i;
 let v52 = v0 * v51;
 let v54 = s0[8i + lane];
 b2[(v12 + v52) + lane] = v54;
 let v55 = v11 + 3i;
 let v56 = v0 * v55;
 let v58 = s0[12i + lane];
 b2[(v12 + v56) + lane] = v58;
}
