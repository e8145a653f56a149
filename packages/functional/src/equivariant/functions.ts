import { InputError, IrrepsAndLayout } from '@equivar/core'
import * as descriptors from '@equivar/core/descriptors'
import * as engine from '@equivar/engine'
import { nameOf } from '../array/arguments.ts'
import { DeviceArray } from '../array/device-array.ts'
import * as np from '../numpy/index.ts'
import { IrrepsArray } from '../reps/irreps-array.ts'

/**
 * Real spherical harmonics of the given degrees, side by side: component normalisation `Σ_m Y² = 2l + 1`, `Y_1 = √3 (x, y, z)`, at
 * v / |v| unless `normalize` is false. A zero vector stays zero, so that its l ≥ 1 are 0.
 *
 * @param vectors irreps of one vector (`1o` or `1e` of O3, `1` of SO3), with any leading axes.
 * @throws {InputError} unless the irreps are one vector, or if a degree is no non-negative integer.
 */
export function sphericalHarmonics(ls: readonly number[], vectors: IrrepsArray, options: engine.SphericalHarmonicsOptions = {}): IrrepsArray {
  const { irreps, layout, array } = requireIrreps('sphericalHarmonics', vectors)
  const block = irreps.length === 1 ? irreps.at(0) : undefined
  if (block?.mul !== 1 || block.ir.dim !== 3) throw new InputError(`sphericalHarmonics: needs the irreps of one vector, '1o' of O3 or '1' of SO3, got '${irreps.toString()}'`)
  const [rep] = descriptors.sphericalHarmonics(block.ir, ls).outputs
  if (!(rep instanceof IrrepsAndLayout)) throw new InputError('sphericalHarmonics: the descriptor gives no irreps')
  return new IrrepsArray(rep.irreps, new DeviceArray(engine.sphericalHarmonics(ls, array.ndarray, options)), layout)
}

/**
 * `y = x / √(|x|² + ε²)` for every copy of every irrep; zeros stay zeros.
 *
 * @throws {InputError} unless x has irreps and ε is not negative.
 */
export function normalize(x: IrrepsArray, epsilon = 0): IrrepsArray {
  requireIrreps('normalize', x)
  if (!(epsilon >= 0)) throw new InputError(`normalize: ε is ${epsilon}; it must not be negative`)
  return mapSegments(x, (segment, axis) => {
    const squared = segment.square().sum({ axes: axis, keepDims: true }).add(epsilon * epsilon)
    const isZero = np.equal(squared, 0)
    return segment.div(np.where(isZero, 1, np.where(isZero, 1, squared).sqrt()))
  })
}

/**
 * `y = |x|` of every copy of every irrep, or |x|², as trivial irreps in the order of the copies. Norms of zeros are 0, and so are their
 * derivatives.
 */
export function norm(x: IrrepsArray, options: { readonly squared?: boolean } = {}): IrrepsArray {
  const { irreps, layout, leadingShape } = requireIrreps('norm', x)
  const parts = x.segments.map((segment, i) => {
    const axes = componentAxis(x)
    const value = options.squared ? segment.square().sum({ axes }) : np.linalg.norm(segment, { axes })
    return value.reshape([...leadingShape, irreps.at(i).mul])
  })
  return new IrrepsArray(irreps.segments.reduce((all, { mul }) => all.add(irreps.newScalars(mul)), irreps.slice(0, 0)), joined(x, parts), layout)
}

/** The array with `f(segment, axis of the components)` for every segment. */
function mapSegments(x: IrrepsArray, f: (segment: DeviceArray, componentAxis: number, position: number) => DeviceArray): IrrepsArray {
  return IrrepsArray.fromSegments(x.irreps, x.segments.map((segment, i) => f(segment, componentAxis(x), i)), x.leadingShape, x.layout)
}

/** @throws {InputError} unless x is an array with irreps. */
export function requireIrreps(what: string, x: unknown): IrrepsArray {
  if (x instanceof IrrepsArray) return x
  throw new InputError(`${what}: needs an array with irreps, got ${nameOf(x)}; make one with new IrrepsArray(irreps, array, layout)`)
}

function componentAxis({ layout }: IrrepsArray): number {
  return layout.name === 'mul_ir' ? -1 : -2
}

function joined(x: IrrepsArray, parts: readonly DeviceArray[]): DeviceArray {
  return parts.length === 0 ? x.array : np.concatenate(parts, -1)
}
