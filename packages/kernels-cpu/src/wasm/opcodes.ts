/** Types of values on the stack and in locals. */
export type WasmType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128'

/** What stands behind an opcode: nothing, a constant, a lane, sixteen lanes, an address, or an address and a lane. */
export type Immediate = 'none' | 'i32' | 'f32' | 'f64' | 'lane' | 'lanes' | 'memory' | 'memoryLane'

export interface OpcodeInfo {
  readonly prefix: number
  readonly code: number
  /** `null` for what leaves nothing on the stack. */
  readonly result: WasmType | null
  readonly immediate: Immediate
  /** Binary logarithm of the bytes that a memory instruction touches. */
  readonly alignment: number
}

type Entry = readonly [code: number, result: WasmType | null, immediate?: Immediate, alignment?: number]

const plain = {
  i32_load: [0x28, 'i32', 'memory', 2],
  f32_load: [0x2a, 'f32', 'memory', 2],
  f64_load: [0x2b, 'f64', 'memory', 3],
  i32_store: [0x36, null, 'memory', 2],
  f32_store: [0x38, null, 'memory', 2],
  f64_store: [0x39, null, 'memory', 3],
  i32_const: [0x41, 'i32', 'i32'],
  f32_const: [0x43, 'f32', 'f32'],
  f64_const: [0x44, 'f64', 'f64'],
  i32_eqz: [0x45, 'i32'],
  i32_eq: [0x46, 'i32'],
  i32_ne: [0x47, 'i32'],
  i32_lt_s: [0x48, 'i32'],
  i32_lt_u: [0x49, 'i32'],
  i32_le_s: [0x4c, 'i32'],
  i32_le_u: [0x4d, 'i32'],
  i32_ge_s: [0x4e, 'i32'],
  f32_eq: [0x5b, 'i32'],
  f32_ne: [0x5c, 'i32'],
  f32_lt: [0x5d, 'i32'],
  f32_le: [0x5f, 'i32'],
  f64_eq: [0x61, 'i32'],
  f64_ne: [0x62, 'i32'],
  f64_lt: [0x63, 'i32'],
  f64_le: [0x65, 'i32'],
  i32_add: [0x6a, 'i32'],
  i32_sub: [0x6b, 'i32'],
  i32_mul: [0x6c, 'i32'],
  i32_div_s: [0x6d, 'i32'],
  i32_div_u: [0x6e, 'i32'],
  i32_rem_s: [0x6f, 'i32'],
  i32_rem_u: [0x70, 'i32'],
  i32_and: [0x71, 'i32'],
  i32_or: [0x72, 'i32'],
  i32_xor: [0x73, 'i32'],
  i32_shl: [0x74, 'i32'],
  i32_shr_s: [0x75, 'i32'],
  i32_shr_u: [0x76, 'i32'],
  f32_abs: [0x8b, 'f32'],
  f32_neg: [0x8c, 'f32'],
  f32_floor: [0x8e, 'f32'],
  f32_sqrt: [0x91, 'f32'],
  f32_add: [0x92, 'f32'],
  f32_sub: [0x93, 'f32'],
  f32_mul: [0x94, 'f32'],
  f32_div: [0x95, 'f32'],
  f32_min: [0x96, 'f32'],
  f32_max: [0x97, 'f32'],
  f64_abs: [0x99, 'f64'],
  f64_neg: [0x9a, 'f64'],
  f64_floor: [0x9c, 'f64'],
  f64_sqrt: [0x9f, 'f64'],
  f64_add: [0xa0, 'f64'],
  f64_sub: [0xa1, 'f64'],
  f64_mul: [0xa2, 'f64'],
  f64_div: [0xa3, 'f64'],
  f64_min: [0xa4, 'f64'],
  f64_max: [0xa5, 'f64'],
  f32_convert_i32_s: [0xb2, 'f32'],
  f32_convert_i32_u: [0xb3, 'f32'],
  f32_demote_f64: [0xb6, 'f32'],
  f64_convert_i32_s: [0xb7, 'f64'],
  f64_convert_i32_u: [0xb8, 'f64'],
  f64_promote_f32: [0xbb, 'f64'],
  i32_reinterpret_f32: [0xbc, 'i32'],
  f32_reinterpret_i32: [0xbe, 'f32'],
} as const satisfies Record<string, Entry>

/** Bits of numbers of 64 bits, for atomic instructions. */
const wide = {
  i64_eq: [0x51, 'i32'],
  i64_reinterpret_f64: [0xbd, 'i64'],
  f64_reinterpret_i64: [0xbf, 'f64'],
} as const satisfies Record<string, Entry>

/** Atomic instructions, prefix 0xfe. */
const atomic = {
  i32_atomic_load: [0x10, 'i32', 'memory', 2],
  i64_atomic_load: [0x11, 'i64', 'memory', 3],
  i32_atomic_rmw_add: [0x1e, 'i32', 'memory', 2],
  i32_atomic_rmw_xchg: [0x41, 'i32', 'memory', 2],
  i32_atomic_rmw_cmpxchg: [0x48, 'i32', 'memory', 2],
  i64_atomic_rmw_cmpxchg: [0x49, 'i64', 'memory', 3],
} as const satisfies Record<string, Entry>

/** Saturating conversions, prefix 0xfc. */
const saturating = {
  i32_trunc_sat_f32_s: [0, 'i32'],
  i32_trunc_sat_f32_u: [1, 'i32'],
  i32_trunc_sat_f64_s: [2, 'i32'],
  i32_trunc_sat_f64_u: [3, 'i32'],
} as const satisfies Record<string, Entry>

/** 128-bit vectors, prefix 0xfd; those from 0x100 on are relaxed. */
const vector = {
  v128_load: [0x00, 'v128', 'memory', 4],
  v128_load32_splat: [0x09, 'v128', 'memory', 2],
  v128_load64_splat: [0x0a, 'v128', 'memory', 3],
  v128_store: [0x0b, null, 'memory', 4],
  i8x16_shuffle: [0x0d, 'v128', 'lanes'],
  i32x4_splat: [0x11, 'v128'],
  f32x4_splat: [0x13, 'v128'],
  f64x2_splat: [0x14, 'v128'],
  i32x4_extract_lane: [0x1b, 'i32', 'lane'],
  i32x4_replace_lane: [0x1c, 'v128', 'lane'],
  f32x4_extract_lane: [0x1f, 'f32', 'lane'],
  f32x4_replace_lane: [0x20, 'v128', 'lane'],
  f64x2_extract_lane: [0x21, 'f64', 'lane'],
  f64x2_replace_lane: [0x22, 'v128', 'lane'],
  i32x4_eq: [0x37, 'v128'],
  i32x4_ne: [0x38, 'v128'],
  i32x4_lt_s: [0x39, 'v128'],
  i32x4_lt_u: [0x3a, 'v128'],
  i32x4_le_s: [0x3d, 'v128'],
  i32x4_le_u: [0x3e, 'v128'],
  f32x4_eq: [0x41, 'v128'],
  f32x4_ne: [0x42, 'v128'],
  f32x4_lt: [0x43, 'v128'],
  f32x4_le: [0x45, 'v128'],
  f64x2_eq: [0x47, 'v128'],
  f64x2_ne: [0x48, 'v128'],
  f64x2_lt: [0x49, 'v128'],
  f64x2_le: [0x4b, 'v128'],
  v128_not: [0x4d, 'v128'],
  v128_and: [0x4e, 'v128'],
  v128_or: [0x50, 'v128'],
  v128_xor: [0x51, 'v128'],
  v128_bitselect: [0x52, 'v128'],
  v128_any_true: [0x53, 'i32'],
  v128_load32_lane: [0x56, 'v128', 'memoryLane', 2],
  v128_load64_lane: [0x57, 'v128', 'memoryLane', 3],
  v128_store32_lane: [0x5a, null, 'memoryLane', 2],
  v128_store64_lane: [0x5b, null, 'memoryLane', 3],
  v128_load32_zero: [0x5c, 'v128', 'memory', 2],
  v128_load64_zero: [0x5d, 'v128', 'memory', 3],
  f32x4_demote_f64x2_zero: [0x5e, 'v128'],
  f64x2_promote_low_f32x4: [0x5f, 'v128'],
  f32x4_floor: [0x68, 'v128'],
  f64x2_floor: [0x75, 'v128'],
  i32x4_abs: [0xa0, 'v128'],
  i32x4_neg: [0xa1, 'v128'],
  i32x4_bitmask: [0xa4, 'i32'],
  i32x4_shl: [0xab, 'v128'],
  i32x4_shr_s: [0xac, 'v128'],
  i32x4_shr_u: [0xad, 'v128'],
  i32x4_add: [0xae, 'v128'],
  i32x4_sub: [0xb1, 'v128'],
  i32x4_mul: [0xb5, 'v128'],
  i32x4_min_s: [0xb6, 'v128'],
  i32x4_min_u: [0xb7, 'v128'],
  i32x4_max_s: [0xb8, 'v128'],
  i32x4_max_u: [0xb9, 'v128'],
  i64x2_extend_low_i32x4_s: [0xc7, 'v128'],
  i64x2_extend_high_i32x4_s: [0xc8, 'v128'],
  f32x4_abs: [0xe0, 'v128'],
  f32x4_neg: [0xe1, 'v128'],
  f32x4_sqrt: [0xe3, 'v128'],
  f32x4_add: [0xe4, 'v128'],
  f32x4_sub: [0xe5, 'v128'],
  f32x4_mul: [0xe6, 'v128'],
  f32x4_div: [0xe7, 'v128'],
  f32x4_min: [0xe8, 'v128'],
  f32x4_max: [0xe9, 'v128'],
  f32x4_pmin: [0xea, 'v128'],
  f32x4_pmax: [0xeb, 'v128'],
  f64x2_abs: [0xec, 'v128'],
  f64x2_neg: [0xed, 'v128'],
  f64x2_sqrt: [0xef, 'v128'],
  f64x2_add: [0xf0, 'v128'],
  f64x2_sub: [0xf1, 'v128'],
  f64x2_mul: [0xf2, 'v128'],
  f64x2_div: [0xf3, 'v128'],
  f64x2_min: [0xf4, 'v128'],
  f64x2_max: [0xf5, 'v128'],
  f64x2_pmin: [0xf6, 'v128'],
  f64x2_pmax: [0xf7, 'v128'],
  i32x4_trunc_sat_f32x4_s: [0xf8, 'v128'],
  i32x4_trunc_sat_f32x4_u: [0xf9, 'v128'],
  f32x4_convert_i32x4_s: [0xfa, 'v128'],
  f32x4_convert_i32x4_u: [0xfb, 'v128'],
  i32x4_trunc_sat_f64x2_s_zero: [0xfc, 'v128'],
  i32x4_trunc_sat_f64x2_u_zero: [0xfd, 'v128'],
  f64x2_convert_low_i32x4_s: [0xfe, 'v128'],
  f64x2_convert_low_i32x4_u: [0xff, 'v128'],
  f32x4_relaxed_madd: [0x105, 'v128'],
  f32x4_relaxed_nmadd: [0x106, 'v128'],
  f64x2_relaxed_madd: [0x107, 'v128'],
  f64x2_relaxed_nmadd: [0x108, 'v128'],
} as const satisfies Record<string, Entry>

export type Opcode = keyof typeof plain | keyof typeof wide | keyof typeof atomic | keyof typeof saturating | keyof typeof vector

const table = new Map<string, OpcodeInfo>()
for (const [prefix, entries] of [[0, plain], [0, wide], [0xfe, atomic], [0xfc, saturating], [0xfd, vector]] as const)
  for (const [name, entry] of Object.entries<Entry>(entries)) {
    const [code, result, immediate = 'none', alignment = 0] = entry
    table.set(name, { prefix, code, result, immediate, alignment })
  }

export function opcode(name: Opcode): OpcodeInfo {
  const info = table.get(name)
  if (!info) throw new RangeError(`there is no opcode ${name}`)
  return info
}
