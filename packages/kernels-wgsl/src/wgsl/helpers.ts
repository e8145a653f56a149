/** Functions that kernels call where WGSL says less than the kernel language; a module gets those that it uses. */
const helpers = {
  // Of a value that is no constant expression, so that infinities and NaN are allowed.
  from_bits: 'fn from_bits(bits: u32) -> f32 { return bitcast<f32>(bits); }',
  // Compilers may assume that there is no NaN, so its bits are looked at.
  to_i32: `fn to_i32(x: f32) -> i32 {
  if ((bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u) { return 0i; }
  if (x >= 2147483648f) { return 2147483647i; }
  if (x <= -2147483648f) { return i32(-2147483647 - 1); }
  return i32(x);
}`,
  // Rounded once, by the addition: conversions of large numbers may be rounded in any direction.
  from_i32: 'fn from_i32(x: i32) -> f32 { return f32(x >> 16u) * 65536f + f32(x & 0xffffi); }',
  from_u32: 'fn from_u32(x: u32) -> f32 { return f32(x >> 16u) * 65536f + f32(x & 0xffffu); }',
  to_u32: `fn to_u32(x: f32) -> u32 {
  if ((bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u || x <= 0f) { return 0u; }
  if (x >= 4294967296f) { return 4294967295u; }
  return u32(x);
}`,
  // Division and square root may be off by units of the last place, and are corrected by what they leave over. Factors are cut in halves
  // whose products are exact, so it does not matter where a compiler fuses. Scales keep what is left over away from subnormal numbers.
  high_half: 'fn high_half(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u); }',
  is_finite: 'fn is_finite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }',
  divide: `fn divide(x: f32, y: f32) -> f32 {
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
}`,
  square_root: `fn square_root(x: f32) -> f32 {
  let is_small = x < 5.421010862427522e-20f;
  let a = x * select(1f, 79228162514264337593543950336f, is_small);
  let s = sqrt(a);
  let sh = high_half(s);
  let sl = s - sh;
  let rest = ((a - sh * sh) - 2f * (sh * sl)) - sl * sl;
  let better = s + rest * (0.5f / s);
  return select(s, better, is_finite(better)) * select(1f, 3.552713678800501e-15f, is_small);
}`,
} as const

/** Functions that others call. */
const needs: { readonly [N in HelperName]?: readonly HelperName[] } = { divide: ['high_half', 'is_finite'], square_root: ['high_half', 'is_finite'] }

export type HelperName = keyof typeof helpers

/** Text of the functions, in a fixed order. */
export function helperText(used: ReadonlySet<HelperName>): string {
  const all = new Set([...used].flatMap((name) => [name, ...(needs[name] ?? [])]))
  return (Object.keys(helpers) as HelperName[])
    .filter((name) => all.has(name))
    .map((name) => `${helpers[name]}\n`)
    .join('')
}
