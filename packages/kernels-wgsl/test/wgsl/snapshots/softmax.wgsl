// softmax
enable subgroups;
diagnostic(off, subgroup_uniformity);
@group(0) @binding(0) var<uniform> given: array<vec4<u32>, 1>;
@group(0) @binding(1) var<storage, read> b0: array<f32>; // x
@group(0) @binding(2) var<storage, read_write> b1: array<f32>; // y
var<workgroup> tree_f32: array<f32, 64>;
fn from_bits(bits: u32) -> f32 { return bitcast<f32>(bits); }
fn to_i32(x: f32) -> i32 {
  if ((bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u) { return 0i; }
  if (x >= 2147483648f) { return 2147483647i; }
  if (x <= -2147483648f) { return i32(-2147483647 - 1); }
  return i32(x);
}
fn high_half(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u); }
fn is_finite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }
fn divide(x: f32, y: f32) -> f32 {
  let scale_x = select(1f, 18446744073709551616f, abs(x) < 5.421010862427522e-20f);
  let scale_y = select(select(1f, 18446744073709551616f, abs(y) < 5.421010862427522e-20f), 5.421010862427522e-20f, abs(y) > 18446744073709551616f);
  let a = x * scale_x;
  let b = y * scale_y;
  let q = a / b;
  let qh = high_half(q);
  let ql = q - qh;
  let bh = high_half(b);
  let bl = b - bh;
  let rest = ((a - qh * bh) - qh * bl - ql * bh) - ql * bl;
  let better = q + rest * (1f / b);
  return select(q, better, is_finite(better)) * (1f / scale_x) * scale_y;
}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
 let program = i32(group.x + group.y * given[0].y);
 let lane = i32(invocation);
 if (program >= i32(given[0].x)) { return; }
 let v2 = from_bits(0xff800000u);
 let v22 = program * 37i;
 var v24: f32 = v2;
 for (var v23 = 0i; v23 < 37i; v23 += 64i) {
  let v25 = 37i - v23;
  let v26 = lane < v25;
  let v28 = select(0f, b0[(v22 + v23) + lane], lane < v25);
  let v29 = max(v24, v28);
  let v30 = select(v24, v29, v26);
  v24 = v30;
 }
 tree_f32[lane] = v24;
 workgroupBarrier();
 let t0 = tree_f32[(lane & 31i) + 0i];
 let t1 = tree_f32[(lane & 31i) + 32i];
 workgroupBarrier();
 let t2 = max(t0, t1);
 let t3 = max(t2, subgroupShuffleXor(t2, 16u));
 let t4 = max(t3, subgroupShuffleXor(t3, 8u));
 let t5 = max(t4, subgroupShuffleXor(t4, 4u));
 let t6 = max(t5, subgroupShuffleXor(t5, 2u));
 let t7 = max(t6, subgroupShuffleXor(t6, 1u));
 var v34: f32 = 0f;
 for (var v33 = 0i; v33 < 37i; v33 += 64i) {
  let v36 = 37i - v33;
  let v37 = select(0f, b0[(v22 + v33) + lane], lane < v36);
  let v38 = v37 - t7;
  let v39 = v38 < (-86.9000015258789f);
  let v40 = 88.75f < v38;
  let v41 = select(v38, 88.75f, v40);
  let v42 = select(v41, (-86.9000015258789f), v39);
  let v43 = v42 * 1.4426950216293335f;
  let v44 = v43 + 0.5f;
  let v45 = floor(v44);
  let v46 = fma(v45, (-0.693145751953125f), v42);
  let v47 = fma(v45, (-0.000001428606765330187f), v46);
  let v48 = fma(v47, 0.00019891980628017336f, 0.0013934541493654251f);
  let v49 = fma(v47, v48, 0.00833331048488617f);
  let v50 = fma(v47, v49, 0.04166645556688309f);
  let v51 = fma(v47, v50, 0.1666666716337204f);
  let v52 = fma(v47, v51, 0.5f);
  let v53 = v47 * v47;
  let v54 = fma(v52, v53, v47);
  let v55 = v45 - 1f;
  let v56 = to_i32(v55);
  let v57 = v56 + 127i;
  let v58 = v57 << u32(23i);
  let v59 = bitcast<f32>(v58);
  let v60 = v54 + 1f;
  let v61 = v59 * v60;
  let v62 = v61 * 2f;
  let v63 = select(v62, 0f, v39);
  let v64 = lane < v36;
  let v65 = select(0f, v63, v64);
  let v66 = v34 + v65;
  v34 = v66;
 }
 tree_f32[lane] = v34;
 workgroupBarrier();
 let t8 = tree_f32[(lane & 31i) + 0i];
 let t9 = tree_f32[(lane & 31i) + 32i];
 workgroupBarrier();
 let t10 = t8 + t9;
 let t11 = t10 + subgroupShuffleXor(t10, 16u);
 let t12 = t11 + subgroupShuffleXor(t11, 8u);
 let t13 = t12 + subgroupShuffleXor(t12, 4u);
 let t14 = t13 + subgroupShuffleXor(t13, 2u);
 let t15 = t14 + subgroupShuffleXor(t14, 1u);
 let v69 = divide(1f, t15);
 for (var v70 = 0i; v70 < 37i; v70 += 64i) {
  let v71 = 37i - v70;
  let v72 = v22 + v70;
  let v73 = select(0f, b0[v72 + lane], lane < v71);
  let v74 = v73 - t7;
  let v75 = v74 < (-86.9000015258789f);
  let v76 = 88.75f < v74;
  let v77 = select(v74, 88.75f, v76);
  let v78 = select(v77, (-86.9000015258789f), v75);
  let v79 = 1.4426950216293335f * v78;
  let v80 = 0.5f + v79;
  let v81 = floor(v80);
  let v82 = fma((-0.693145751953125f), v81, v78);
  let v83 = fma((-0.000001428606765330187f), v81, v82);
  let v84 = fma(0.00019891980628017336f, v83, 0.0013934541493654251f);
  let v85 = fma(v83, v84, 0.00833331048488617f);
  let v86 = fma(v83, v85, 0.04166645556688309f);
  let v87 = fma(v83, v86, 0.1666666716337204f);
  let v88 = fma(v83, v87, 0.5f);
  let v89 = v83 * v83;
  let v90 = fma(v88, v89, v83);
  let v91 = v81 - 1f;
  let v92 = to_i32(v91);
  let v93 = 127i + v92;
  let v94 = v93 << u32(23i);
  let v95 = bitcast<f32>(v94);
  let v96 = 1f + v90;
  let v97 = v95 * v96;
  let v98 = 2f * v97;
  let v99 = select(v98, 0f, v75);
  let v100 = v69 * v99;
  if (lane < v71) { b1[v72 + lane] = v100; }
 }
}
