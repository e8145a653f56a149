import { InputError, IrrepsError, SubscriptsError } from '../errors.ts'
import { asGroup, type GroupLike, type IrrepClass } from '../groups/index.ts'
import { HostArray, sizeOf } from '../math/host-array.ts'
import { roundToSqrtRational } from '../math/rounding.ts'
import { HostIrrepsArray } from './host-irreps-array.ts'
import { fullSymmetry, type IndexSymmetry, noSymmetry, parseIndexFormula } from './index-symmetry.ts'
import { type AxisCopy, type InvariantTensor, invariantTensors } from './invariant-tensors.ts'
import { Irreps, type IrrepsLike } from './irreps.ts'
import { type Layout, layoutByName, type LayoutLike, mulIr } from './layout.ts'
import { getIrrepScope, getLayoutScope } from './scope.ts'

export interface ReducedBasisOptions {
  /** Layout of every axis of the result; the scope's, or {@link mulIr} where there is none. */
  readonly layout?: LayoutLike
  /** Only these irreps of the result; all by default. Multiplicities play no part. */
  readonly keepIr?: IrrepsLike
  /** Squared norms below this count as zero when linear dependence is decided; 1e-5 by default. */
  readonly epsilon?: number
  /**
   * Unit vectors with as few non-zero entries as can be found, instead of an orthonormal basis: different copies of one
   * irrep need not be orthogonal any more. False by default.
   */
  readonly sparse?: boolean
  /** Group of irreps given as strings; the scope's by default. */
  readonly group?: GroupLike
}

/** More numbers than this (1 GiB) are refused before the memory is asked for. */
const maxSize = 2 ** 27

/**
 * An orthonormal basis `B[i_1, …, i_n, a]` of the tensors with an index symmetry, arranged in irreps along the last axis:
 * for every group element, `Σ_i' D(i_1, i_1') … B[i_1', …, a] = Σ_b B[i_1, …, b] D(b, a)`, and
 * `Σ_i B[i, a] B[i, b] = δ_ab`.
 *
 * The symmetry is a formula with a letter for each axis, `'ijkl=klij=jikl'`, signs allowed (`'ij=-ji'`); the irreps of
 * each letter follow, and letters that the formula exchanges need to be given only once. A list of irreps instead of a
 * formula stands for no symmetry. Only the space that the copies of one irrep span together is unique, not the basis in
 * it. The result is remembered.
 *
 * @throws {SubscriptsError} if the formula is malformed or leaves the irreps of a letter open.
 * @throws {IrrepsError} if letters that are exchanged have different irreps.
 * @throws {GroupMismatchError} if irreps belong to different groups.
 * @throws {InputError} if no group is known, or the result would be too large.
 */
export function reducedTensorProductBasis(formula: string, irreps: Readonly<Record<string, IrrepsLike>>, options?: ReducedBasisOptions): HostIrrepsArray
export function reducedTensorProductBasis(irreps: readonly IrrepsLike[], options?: ReducedBasisOptions): HostIrrepsArray
export function reducedTensorProductBasis(
  first: string | readonly IrrepsLike[],
  second: Readonly<Record<string, IrrepsLike>> | ReducedBasisOptions = {},
  third: ReducedBasisOptions = {},
): HostIrrepsArray {
  if (typeof first !== 'string') return remembered(resolve(first, second as ReducedBasisOptions), noSymmetry(first.length), second as ReducedBasisOptions)
  const { letters, symmetry } = parseIndexFormula(first)
  const axes = irrepsOfLetters(first, letters, symmetry, second as Readonly<Record<string, IrrepsLike>>, third)
  return remembered(axes, symmetry, third)
}

/** {@link reducedTensorProductBasis} of the fully symmetric tensors of a degree. @throws {InputError} if the degree is not a non-negative integer. */
export function reducedSymmetricTensorProductBasis(irreps: IrrepsLike, degree: number, options: ReducedBasisOptions = {}): HostIrrepsArray {
  return remembered(repeat(irreps, degree, options), fullSymmetry(degree, 1), options)
}

/** {@link reducedTensorProductBasis} of the fully antisymmetric tensors of a degree. @throws {InputError} if the degree is not a non-negative integer. */
export function reducedAntisymmetricTensorProductBasis(irreps: IrrepsLike, degree: number, options: ReducedBasisOptions = {}): HostIrrepsArray {
  return remembered(repeat(irreps, degree, options), fullSymmetry(degree, -1), options)
}

/** Results by group and arguments; the oldest go first. */
const cache = new WeakMap<IrrepClass, Map<string, HostIrrepsArray>>()
const maxRemembered = 64

function remembered(axes: readonly Irreps[], symmetry: IndexSymmetry, options: ReducedBasisOptions): HostIrrepsArray {
  const group = axes[0]?.group ?? groupOf(options)
  const layout = options.layout === undefined ? (getLayoutScope(false) ?? mulIr) : layoutByName(options.layout)
  const keep = options.keepIr === undefined ? undefined : new Irreps(group, options.keepIr).segments.map(({ ir }) => ir)
  const epsilon = options.epsilon ?? 1e-5
  if (!(epsilon > 0 && epsilon < 1)) throw new InputError(`reducedTensorProductBasis: epsilon ${epsilon} must lie between 0 and 1`)
  const sparse = options.sparse ?? false
  let results = cache.get(group)
  if (!results) cache.set(group, (results = new Map<string, HostIrrepsArray>()))
  const key = JSON.stringify([axes, symmetry.elements, layout, keep, epsilon, sparse])
  let result = results.get(key)
  if (!result) {
    const [oldest] = results.keys()
    if (results.size >= maxRemembered && oldest !== undefined) results.delete(oldest)
    const maxDim = Math.floor(maxSize / sizeOf(axes.map(({ dim }) => Math.max(1, dim))))
    const copies = axes.map((irreps) => copiesOf(irreps, layout))
    const tensors = symmetry.isContradictory ? [] : invariantTensors(group.trivial(), copies, symmetry, keep, { epsilon, sparse, maxDim })
    result = arrange(group, axes, tensors, layout)
    results.set(key, result)
  }
  return result
}

/** The copies of irreps along one axis, and where their components lie. */
function copiesOf(irreps: Irreps, layout: Layout): readonly AxisCopy[] {
  const starts = irreps.slices()
  return irreps.segments.flatMap(({ mul, ir }, s) => {
    const start = starts[s]?.[0] ?? 0
    const [copyStep, step] = layout === mulIr ? [ir.dim, 1] : [1, mul]
    return Array.from({ length: mul }, (_, u): AxisCopy => ({ ir, start: start + u * copyStep, step }))
  })
}

/** One dense array: tensors sorted by irrep along the last axis, entries rounded to square roots of fractions. */
function arrange(group: IrrepClass, axes: readonly Irreps[], tensors: readonly InvariantTensor[], layout: Layout): HostIrrepsArray {
  const out = new Irreps(group, tensors.map(({ ir }) => ir)).regroup()
  const shape = [...axes.map(({ dim }) => dim), out.dim]
  const data = new Float64Array(sizeOf(shape))
  const round = rememberRounding()
  const starts = out.slices()
  for (const [s, { mul, ir }] of out.segments.entries()) {
    const ofIrrep = tensors.filter((tensor) => tensor.ir.toString() === ir.toString())
    for (const [u, tensor] of ofIrrep.entries()) {
      const [offset, step] = layout === mulIr ? [u * ir.dim, 1] : [u, mul]
      const column = (starts[s]?.[0] ?? 0) + offset
      tensor.forEach((position, component, value) => {
        data[position * out.dim + column + component * step] = round(value)
      })
    }
  }
  return new HostIrrepsArray(out, new HostArray(shape, data), layout)
}

/** Few different numbers occur, so that each is rounded once. */
function rememberRounding(): (value: number) => number {
  const known = new Map<number, number>()
  return (value) => {
    let rounded = known.get(value)
    if (rounded === undefined) known.set(value, (rounded = roundToSqrtRational(value)))
    return rounded
  }
}

function groupOf(options: ReducedBasisOptions): IrrepClass {
  return options.group === undefined ? getIrrepScope() : asGroup(options.group)
}

function resolve(irreps: readonly IrrepsLike[], options: ReducedBasisOptions): readonly Irreps[] {
  // Irreps that know their group lend it to those that are given as strings.
  const known = irreps.find((x) => x instanceof Irreps)
  const group = options.group === undefined && known ? known.group : undefined
  return irreps.map((x) => (group ? new Irreps(group, x) : options.group === undefined ? new Irreps(x) : new Irreps(options.group, x)))
}

function repeat(irreps: IrrepsLike, degree: number, options: ReducedBasisOptions): readonly Irreps[] {
  if (!Number.isSafeInteger(degree) || degree < 0) throw new InputError(`reducedTensorProductBasis: the degree ${degree} must be a non-negative integer`)
  const [axis] = resolve([irreps], options)
  return axis ? Array.from({ length: degree }, () => axis) : []
}

function irrepsOfLetters(
  formula: string,
  letters: readonly string[],
  symmetry: IndexSymmetry,
  irreps: Readonly<Record<string, IrrepsLike>>,
  options: ReducedBasisOptions,
): readonly Irreps[] {
  const names = Object.keys(irreps)
  const unknown = names.find((name) => !letters.includes(name))
  if (unknown !== undefined) throw new SubscriptsError(`'${formula}' has no index '${unknown}', but irreps for it were given; its indices are ${letters.join(', ')}`)
  const given = new Map(resolve(Object.values(irreps), options).map((axis, i) => [names[i], axis]))
  return letters.map((letter, i) => {
    const exchanged = symmetry.elements.map(({ permutation }) => letters[permutation[i] ?? 0])
    const [name] = exchanged.filter((other) => given.has(other))
    const axis = given.get(name)
    if (!axis) throw new SubscriptsError(`'${formula}': the irreps of the index '${letter}' are not given; pass them as { ${letter}: irreps }`)
    for (const other of exchanged)
      if (!axis.equals(given.get(other) ?? axis))
        throw new IrrepsError(`'${formula}' exchanges '${name}' and '${other}', but their irreps '${axis.toString()}' and '${given.get(other)?.toString()}' differ; make them equal`)
    return axis
  })
}
