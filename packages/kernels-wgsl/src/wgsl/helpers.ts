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
} as const

export type HelperName = keyof typeof helpers

/** Text of the functions, in a fixed order. */
export function helperText(used: ReadonlySet<HelperName>): string {
  return (Object.keys(helpers) as HelperName[])
    .filter((name) => used.has(name))
    .map((name) => `${helpers[name]}\n`)
    .join('')
}
