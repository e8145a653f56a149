import { InputError, kernels, type lowering } from '@equivar/core'
import { requireCount } from '../algorithms/checks.ts'
import { kernelOnce } from '../kernel-cache.ts'
import { philox, philoxKernel, type Words, type WordValues } from './philox.ts'

/** `uniform`: in [0, 1); `normal`: of mean 0 and variance 1; `bits`: all words of 32 bits alike. */
export type Distribution = 'uniform' | 'normal' | 'bits'

export interface RandomRequest {
  readonly distribution: Distribution
  readonly scalar: 'f32' | 'f64' | 'u32'
  readonly count: number
  /** An integer in `0 … 2^53 − 1`. */
  readonly seed: number
  /** Tells apart arrays that are made with one seed, an integer in `0 … 2^53 − 1`; 0 by default. */
  readonly stream?: number
}

type Expression = kernels.Expression

const block = 1024
const lanes = 8
const u32 = 2 ** 32

/**
 * Random numbers, each a function of seed, stream and its position: element i is made of the words of {@link philox} with counter
 * (i, 0, stream's lower word, stream's upper word) and key (seed's lower word, seed's upper word).
 *
 * - `bits`: word 0.
 * - `uniform`: f32 the upper 24 bits of word 0, times 2⁻²⁴; f64 the upper 27 bits of word 0 and 26 of word 1, times 2⁻⁵³.
 * - `normal`: √(−2 log(1 − u)) cos(2π v) (Box and Muller) of uniform u, v: of words 0 and 1 in f32, of words 0, 1 and 2, 3 in f64.
 *
 * Bits and uniform numbers are the same on every device; normal ones agree but for the rounding of the functions in them.
 *
 * Output 0: the numbers [count].
 *
 * @throws {InputError} if seed or stream are no such integers, or the type does not fit: `bits` are `u32`, the others floats.
 */
export function randomPlan(request: RandomRequest, target: lowering.Target): lowering.Plan {
  const { distribution, scalar, count, seed, stream = 0 } = requireRequest(request)
  if (count === 0) return { temporaries: [], launches: [] }
  const launch: lowering.PlannedLaunch = {
    kernel: randomKernel(distribution, scalar, target),
    grid: [Math.ceil(count / block)],
    parameters: [count, ...wordsOf(seed), ...wordsOf(stream)],
    buffers: [{ kind: 'output', index: 0 }],
    flops: 100 * count,
    bytes: (scalar === 'f64' ? 8 : 4) * count,
  }
  return { temporaries: [], launches: [launch] }
}

/** The same numbers in plain TypeScript. @throws {InputError} as {@link randomPlan}. */
export function randomNumbers(request: RandomRequest): Float32Array | Float64Array | Uint32Array {
  const { distribution, scalar, count, seed, stream = 0 } = requireRequest(request)
  const out = scalar === 'f64' ? new Float64Array(count) : scalar === 'f32' ? new Float32Array(count) : new Uint32Array(count)
  const [key, [s0, s1]] = [wordsOf(seed), wordsOf(stream)]
  for (let i = 0; i < count; i++) {
    const words = philox([i, 0, s0, s1], key)
    out[i] = distribution === 'bits' ? words[0] : distribution === 'uniform' ? uniforms(words, scalar)[0] : normal(words, scalar)
  }
  return out
}

function uniforms([w0, w1, w2, w3]: Words, scalar: 'f32' | 'f64' | 'u32'): readonly [number, number] {
  if (scalar === 'f32') return [(w0 >>> 8) * 2 ** -24, (w1 >>> 8) * 2 ** -24]
  const wide = (high: number, low: number) => ((high >>> 5) * 2 ** 26 + (low >>> 6)) * 2 ** -53
  return [wide(w0, w1), wide(w2, w3)]
}

function normal(words: Words, scalar: 'f32' | 'f64' | 'u32'): number {
  const [u, v] = uniforms(words, scalar)
  return Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v)
}

function wordsOf(integer: number): readonly [number, number] {
  return [integer % u32, Math.floor(integer / u32)]
}

function requireRequest(request: RandomRequest): RandomRequest {
  const { distribution, scalar, count, seed, stream = 0 } = request
  requireCount('random', 'count', count)
  for (const [name, value] of [['seed', seed], ['stream', stream]] as const)
    if (!(Number.isSafeInteger(value) && value >= 0)) throw new InputError(`random: ${name} is ${value}, but must be an integer in 0 … 2^53 − 1`)
  if ((distribution === 'bits') !== (scalar === 'u32'))
    throw new InputError(`random: ${distribution} of ${scalar} are asked for, but bits are u32, and uniform and normal numbers f32 or f64`)
  return request
}

function randomKernel(distribution: Distribution, scalar: RandomRequest['scalar'], target: lowering.Target): kernels.Kernel {
  const width = target.lanes === 'gpu' ? Math.min(target.maxLanes, 128) : lanes
  return kernelOnce(`random ${distribution} ${scalar} ${width}`, () => {
    const b = new kernels.KernelBuilder(`random_${distribution}`, { lanes: width })
    const count = b.parameter('count', 'index')
    const key = [b.parameter('seedLow', 'u32'), b.parameter('seedHigh', 'u32')] as const
    const stream = [b.parameter('streamLow', 'u32'), b.parameter('streamHigh', 'u32')] as const
    const y = b.buffer('y', scalar, 'write', { extent: b.extentOf(count) })
    const start = b.programId().mul(block)
    b.loop(start, start.add(block).min(count), { step: width }, (i) => {
      const words = philoxKernel([i.add(b.lane()).convert('u32'), b.constant('u32', 0), ...stream], key)
      y.storeLanes(i, numberOf(distribution, scalar, words), { active: count.sub(i) })
    })
    return b.build()
  })
}

function numberOf(distribution: Distribution, scalar: RandomRequest['scalar'], [w0, w1, w2, w3]: WordValues): Expression {
  if (distribution === 'bits' || scalar === 'u32') return w0
  const narrow = (word: Expression) => word.shiftRight(8).convert('f32').mul(2 ** -24)
  const wide = (high: Expression, low: Expression) => {
    return high.shiftRight(5).convert('f64').mul(2 ** 26).add(low.shiftRight(6).convert('f64')).mul(2 ** -53)
  }
  const u = scalar === 'f32' ? narrow(w0) : wide(w0, w1)
  if (distribution === 'uniform') return u
  const v = scalar === 'f32' ? narrow(w1) : wide(w2, w3)
  return kernels.math.log(u.literal(1).sub(u)).mul(-2).sqrt().mul(kernels.math.cos(v.mul(2 * Math.PI)))
}
