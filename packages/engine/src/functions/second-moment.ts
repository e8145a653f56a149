import { InputError } from '@equivar/core'
import { array } from '../array/create.ts'
import { hostData, type NDArray } from '../array/ndarray.ts'
import { withMethod } from '../compiled/modes.ts'
import { noGrad } from '../graph/mode.ts'
import { scope } from '../memory/scope.ts'
import { relu, silu } from './activations.ts'
import { abs, mul, sigmoid, tanh } from './elementwise.ts'
import { normalQuantile } from './normal-quantile.ts'

/** An element-wise function. */
export type Activation = (x: NDArray) => NDArray

/**
 * e3nn 0.4.4's `normalize2mom` constants: `c = E[f(z)²]^(−1/2)`, z normal, by its own fixed sample of 10⁶ numbers, so
 * they differ from the integral in the fourth digit. Models made with e3nn used exactly these.
 */
export const secondMomentScales = {
  silu: 1.6791767923989418,
  tanh: 1.5937334472592695,
  sigmoid: 1.8467055342154763,
  abs: 1.001110600838467,
  relu: 1.4163393446331365,
} as const

const scalesOfE3nn: ReadonlyMap<Activation, number> = new Map([
  [silu, secondMomentScales.silu],
  [tanh, secondMomentScales.tanh],
  [sigmoid, secondMomentScales.sigmoid],
  [abs, secondMomentScales.abs],
  [relu, secondMomentScales.relu],
])

const samples = 1_000_001
const roots = new WeakMap<Activation, number>()

/** `z_k = Φ⁻¹(k / (n + 1))`, k = 1 … n: numbers that divide the normal distribution into equal parts. */
export function normalspace(n: number): Float64Array {
  if (!(Number.isSafeInteger(n) && n >= 0)) throw new InputError(`normalspace: the number of points is ${n}; it must be an integer that is not negative`)
  return Float64Array.from({ length: n }, (_, k) => normalQuantile((k + 1) / (n + 1)))
}

/**
 * `√E[f(z)²]`, z normal, as a mean over `normalspace(1000001)`; computed once for a function.
 *
 * @throws {InputError} if f gives no finite numbers, one for each.
 */
export function rootSecondMoment(f: Activation): number {
  const known = roots.get(f)
  if (known !== undefined) return known
  const values = onHost(f, normalspace(samples))
  let sum = 0
  for (const value of values) sum += value * value
  const root = Math.sqrt(sum / samples)
  if (!(values.length === samples && Number.isFinite(root))) throw new InputError('rootSecondMoment: the function does not give one finite number for each')
  roots.set(f, root)
  return root
}

/**
 * `y = f(x) / √E[f(z)²]`: of second moment 1 for normal x. f itself where it is so already, to 1e-5.
 *
 * @throws {InputError} if f is 0, to 1e-5.
 */
export function normalizeFunction(f: Activation): Activation {
  const root = rootSecondMoment(f)
  if (root < 1e-5) throw new InputError(`normalizeFunction: the root of the second moment is ${root}; a function that is 0 cannot be normalised`)
  return Math.abs(root - 1) < 1e-5 ? f : scaled(f, 1 / root)
}

/**
 * e3nn's `normalize2mom`: `y = c · f(x)` with the constants of {@link secondMomentScales} for silu, tanh, sigmoid, abs and relu, which
 * e3nn's models hold, and those of {@link normalizeFunction} for other functions.
 *
 * @throws {InputError} as {@link normalizeFunction}.
 */
export function normalize2mom(f: Activation): Activation {
  const scale = scalesOfE3nn.get(f)
  return scale === undefined ? normalizeFunction(f) : scaled(f, scale)
}

/** 1 where f(−x) = f(x), −1 where f(−x) = −f(x), on 256 numbers in [0, 10] to 1e-5; else 0. */
export function functionParity(f: Activation): -1 | 0 | 1 {
  const points = Float64Array.from({ length: 256 }, (_, k) => (10 * k) / 255)
  const right = onHost(f, points)
  const left = onHost(f, points.map((x) => -x))
  if (right.every((value, k) => Math.abs(value - (left[k] ?? Number.NaN)) < 1e-5)) return 1
  if (right.every((value, k) => Math.abs(value + (left[k] ?? Number.NaN)) < 1e-5)) return -1
  return 0
}

function scaled(f: Activation, scale: number): Activation {
  return (x) => mul(f(x), scale)
}

/** In plain TypeScript, whatever kernels there are: it happens once, while a model is made. */
function onHost(f: Activation, points: Float64Array): Float64Array {
  return scope(() => noGrad(() => withMethod('naive', () => Float64Array.from(hostData(f(array(points, { device: 'cpu' })))))))
}
