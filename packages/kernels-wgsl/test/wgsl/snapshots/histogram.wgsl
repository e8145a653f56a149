// histogram
@group(0) @binding(0) var<uniform> given: array<vec4<u32>, 2>;
@group(0) @binding(1) var<storage, read> b0: array<u32>; // x
@group(0) @binding(2) var<storage, read_write> b1: array<atomic<u32>>; // counts
var<workgroup> s0: array<atomic<u32>, 8>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
 let program = i32(group.x + group.y * given[0].y);
 let lane = i32(invocation);
 if (program >= i32(given[0].x)) { return; }
 let v0 = bitcast<i32>(given[0].z);
 for (var v8 = 0i; v8 < 8i; v8 += 64i) {
  let v9 = v8 + lane;
  let v10 = v9 < 8i;
  if (v10) { atomicStore(&s0[v9], 0u); }
 }
 storageBarrier();
 workgroupBarrier();
 let v11 = 64i * program;
 let v12 = lane + v11;
 let v13 = v12 < v0;
 let v14 = select(0u, b0[v12], v13);
 let v15 = i32(v14);
 if (v13) {
  _ = atomicAdd(&s0[v15], 1u);
 }
 storageBarrier();
 workgroupBarrier();
 for (var v17 = 0i; v17 < 8i; v17 += 64i) {
  let v18 = lane + v17;
  let v19 = v18 < 8i;
  let v20 = select(0u, atomicLoad(&s0[v18]), v19);
  if (v19) {
   _ = atomicAdd(&b1[v18], v20);
  }
 }
}
