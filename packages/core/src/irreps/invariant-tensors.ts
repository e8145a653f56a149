import { InputError } from '../errors.ts'
import type { Irrep } from '../groups/index.ts'
import { sizeOf, stridesOf } from '../math/host-array.ts'
import { CouplingTrees, type Runs } from './coupled-tensors.ts'
import type { IndexSymmetry, SignedPermutation } from './index-symmetry.ts'
import { sparsified } from './sparsify.ts'

/** One copy of an irrep along an axis: component k lies at `start + k · step`. */
export interface AxisCopy {
  readonly ir: Irrep
  readonly start: number
  readonly step: number
}

/** A copy of `ir` inside the tensors with an index symmetry. Orthonormal: `Σ_i T[i, k] T[i, k'] = δ_kk'`. */
export interface InvariantTensor {
  readonly ir: Irrep
  /** Visits the non-zero entries; `position` is the row-major place among all axes. */
  forEach(visit: (position: number, component: number, value: number) => void): void
}

/**
 * A basis of the tensors with an index symmetry, in irreps.
 *
 * A tensor splits into blocks, one for each choice of a copy on every axis. The symmetry moves blocks into each other, so
 * a tensor is fixed by one block of every orbit; that block must be invariant under the permutations that leave its
 * choice alone. Inside a block, the couplings of its irreps are projected onto those invariants and orthonormalised. For
 * symmetric tensors of many irreps this works on small pieces, never on the whole product.
 *
 * @throws {InputError} as soon as there are more than `maxDim` basis vectors.
 */
export function invariantTensors(
  trivial: Irrep,
  axes: readonly (readonly AxisCopy[])[],
  symmetry: IndexSymmetry,
  keep: readonly Irrep[] | undefined,
  { epsilon, sparse, maxDim }: { readonly epsilon: number; readonly sparse: boolean; readonly maxDim: number },
): readonly InvariantTensor[] {
  const strides = stridesOf(axes.map((copies) => copies.reduce((sum, { ir }) => sum + ir.dim, 0)))
  const trees = new CouplingTrees(trivial)
  const bases = new Map<string, readonly Block[]>()
  let dim = 0
  return orbits(axes, symmetry).flatMap(({ choice, stabilizer, images }) => {
    const copies = choice.flatMap((c, axis) => axes[axis]?.[c] ?? [])
    const sequence = copies.map(({ ir }) => ir)
    // Orbits with the same irreps and the same stabilizer differ only in where the blocks lie.
    const key = `${sequence.join()};${stabilizer.map(({ permutation, sign }) => `${permutation.join()}:${sign}`).join(';')}`
    let blocks = bases.get(key)
    if (!blocks) {
      const runs = bracket(sequence, stabilizer)
      const targets = trees.irrepsOf(runs).filter((ir) => !keep || keep.some((kept) => kept.toString() === ir.toString()))
      blocks = targets.flatMap((ir) => {
        const couplings = trees.tensors(runs, ir).map(({ array }) => array.data)
        const basis = orthonormalised(project(couplings, ir.dim, sequence, stabilizer), ir.dim, epsilon)
        return (sparse ? sparsified(basis) : basis).map((data) => ({ ir, data }))
      })
      bases.set(key, blocks)
    }
    dim = blocks.reduce((sum, { ir }) => sum + ir.dim, dim)
    if (dim > maxDim)
      throw new InputError(`reducedTensorProductBasis: the basis has more than ${maxDim} vectors, too many to hold; keep fewer irreps with keepIr, or lower the degree`)
    const norm = Math.sqrt(images.length)
    return blocks.map(({ ir, data }) => ({
      ir,
      forEach: (visit) => {
        for (const image of images) {
          const positions = blockPositions(copies, image, strides)
          for (const [flat, value] of data.entries())
            if (value !== 0) visit(positions[Math.floor(flat / ir.dim)] ?? 0, flat % ir.dim, (image.sign * value) / norm)
        }
      },
    }))
  })
}

interface Block {
  readonly ir: Irrep
  readonly data: Float64Array
}

interface Orbit {
  /** The copy chosen on each axis. */
  readonly choice: readonly number[]
  /** The symmetries that leave the choice alone. */
  readonly stabilizer: readonly SignedPermutation[]
  /** One symmetry for each block of the orbit. */
  readonly images: readonly SignedPermutation[]
}

function orbits(axes: readonly (readonly AxisCopy[])[], symmetry: IndexSymmetry): readonly Orbit[] {
  const seen = new Set<string>()
  const found: Orbit[] = []
  for (const choice of choices(axes.map((copies) => copies.length))) {
    if (seen.has(choice.join())) continue
    const images = new Map<string, SignedPermutation>()
    const stabilizer: SignedPermutation[] = []
    for (const element of symmetry.elements) {
      const moved = element.permutation.map((axis) => choice[axis]).join()
      seen.add(moved)
      if (!images.has(moved)) images.set(moved, element)
      if (moved === choice.join()) stabilizer.push(element)
    }
    found.push({ choice, stabilizer, images: [...images.values()] })
  }
  return found
}

function* choices(counts: readonly number[]): Generator<readonly number[], void> {
  const [count, ...rest] = counts
  if (count === undefined) {
    yield []
    return
  }
  for (let c = 0; c < count; c++) for (const others of choices(rest)) yield [c, ...others]
}

/** Neighbours that the stabilizer exchanges are coupled first: their symmetric powers are sparse, and many vanish. */
function bracket(sequence: readonly Irrep[], stabilizer: readonly SignedPermutation[]): Runs {
  const runs: Irrep[][] = []
  for (const [axis, ir] of sequence.entries()) {
    const joined = axis > 0 && stabilizer.some(({ permutation }) => permutation[axis] === axis - 1)
    if (joined) runs.at(-1)?.push(ir)
    else runs.push([ir])
  }
  return runs
}

/** Where the rows of a block lie after a symmetry has moved it: `T'[i_p(0), i_p(1), …] = ±T[i_0, i_1, …]`. */
function blockPositions(copies: readonly AxisCopy[], { permutation }: SignedPermutation, strides: readonly number[]): Int32Array {
  let positions = Int32Array.of(0)
  for (const [axis, { ir, start, step }] of copies.entries()) {
    const stride = strides[permutation.indexOf(axis)] ?? 0
    const next = new Int32Array(positions.length * ir.dim)
    for (const [i, position] of positions.entries())
      for (let k = 0; k < ir.dim; k++) next[i * ir.dim + k] = position + (start + k * step) * stride
    positions = next
  }
  return positions
}

/** Averages over the stabilizer: entries that it exchanges become bitwise equal (up to sign). */
function project(tensors: readonly Float64Array[], dim: number, sequence: readonly Irrep[], stabilizer: readonly SignedPermutation[]): Float64Array[] {
  if (stabilizer.length === 1) return tensors.map((tensor) => Float64Array.from(tensor))
  const shape = sequence.map((ir) => ir.dim)
  const rows = sizeOf(shape)
  const local = sequence.map((ir): AxisCopy => ({ ir, start: 0, step: 1 }))
  const maps = stabilizer.map((element) => ({ sign: element.sign, to: blockPositions(local, element, stridesOf(shape)) }))
  return tensors.map((tensor) => {
    const out = new Float64Array(tensor.length)
    for (let row = 0; row < rows; row++) {
      // Every orbit of rows is summed once, from its first row, and the result copied to the others.
      if (maps.some(({ to }) => (to[row] ?? 0) < row)) continue
      for (let k = 0; k < dim; k++) {
        let sum = 0
        for (const { sign, to } of maps) sum += sign * (tensor[(to[row] ?? 0) * dim + k] ?? 0)
        for (const { sign, to } of maps) out[(to[row] ?? 0) * dim + k] = (sign * sum) / maps.length
      }
    }
    return out
  })
}

/** Gram–Schmidt on whole irreps, the sparsest candidate first, so that few entries are non-zero. */
function orthonormalised(candidates: Float64Array[], dim: number, epsilon: number): readonly Float64Array[] {
  const basis: Float64Array[] = []
  let rest = candidates
  for (;;) {
    rest = rest.filter((candidate) => squaredNorm(candidate) / dim > epsilon)
    const [next] = rest.map((candidate) => ({ candidate, count: countNonZero(candidate) })).sort((a, b) => a.count - b.count)
    if (!next) return basis
    const factor = 1 / Math.sqrt(squaredNorm(next.candidate) / dim)
    const vector = next.candidate.map((value) => (Math.abs(value * factor) < 1e-12 ? 0 : value * factor))
    basis.push(vector)
    rest = rest.filter((candidate) => candidate !== next.candidate).map((candidate) => withoutIrrep(candidate, vector, dim))
  }
}

/** `T − V (Vᵀ T)`: what is left of an irrep T outside the span of V. */
function withoutIrrep(tensor: Float64Array, vector: Float64Array, dim: number): Float64Array {
  const overlap = new Float64Array(dim * dim)
  for (let row = 0; row < tensor.length; row += dim)
    for (let k = 0; k < dim; k++) {
      const v = vector[row + k] ?? 0
      if (v === 0) continue
      for (let l = 0; l < dim; l++) overlap[k * dim + l] = (overlap[k * dim + l] ?? 0) + v * (tensor[row + l] ?? 0)
    }
  const out = Float64Array.from(tensor)
  for (let row = 0; row < tensor.length; row += dim)
    for (let k = 0; k < dim; k++) {
      const v = vector[row + k] ?? 0
      if (v === 0) continue
      for (let l = 0; l < dim; l++) out[row + l] = (out[row + l] ?? 0) - v * (overlap[k * dim + l] ?? 0)
    }
  return out
}

function squaredNorm(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value * value, 0)
}

function countNonZero(values: Float64Array): number {
  return values.reduce((count, value) => (Math.abs(value) > 1e-10 ? count + 1 : count), 0)
}
