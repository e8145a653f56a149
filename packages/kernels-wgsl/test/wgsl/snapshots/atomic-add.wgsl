// atomic
@group(0) @binding(0) var<uniform> given: array<vec4<u32>, 1>;
@group(0) @binding(1) var<storage, read> b0: array<f32>; // x
@group(0) @binding(2) var<storage, read_write> b1: array<atomic<u32>>; // y
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
 let program = i32((group.x + group.y * given[0].y) * 64u + invocation);
 if (program >= i32(given[0].x)) { return; }
 let v5 = program + 0i;
 let v6 = b0[v5];
 let t0 = 0i;
 let v7 = t0 % 3i;
 let v8 = v5 % 5i;
 let v9 = v8 != 4i;
 if (v9) {
  var t1 = atomicLoad(&b1[v7]);
  loop {
   let t2 = atomicCompareExchangeWeak(&b1[v7], t1, bitcast<u32>(bitcast<f32>(t1) + v6));
   if (t2.exchanged) { break; }
   t1 = t2.old_value;
  }
 }
 let v11 = b0[program];
 var t3 = atomicLoad(&b1[3i]);
 loop {
  let t4 = atomicCompareExchangeWeak(&b1[3i], t3, bitcast<u32>(bitcast<f32>(t3) + v11));
  if (t4.exchanged) { break; }
  t3 = t4.old_value;
 }
}
