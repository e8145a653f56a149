import { DimensionError } from '../../errors.ts'
import type { Kernel } from '../../kernels/index.ts'
import type { Explanation } from '../explain.ts'
import type { Plan, PlannedLaunch, Slot, Target } from '../plan.ts'
import type { FloatScalar } from '../request.ts'
import type { Activation } from './activation.ts'
import { type BatchPart, batchParts } from './batch.ts'
import { explainPlan } from '../explanation.ts'
import { cachedKernel } from './kernel-cache.ts'
import { matmulKernel } from './matmul-kernel.ts'
import { packKernel } from './pack-kernel.ts'
import { floats, integers, type PlanParts } from './plan-parts.ts'
import { blockEntry } from './sum-declarations.ts'
import { addTotal, blockExtent, blockOf, blocksOf, chunkRows, partsOfSum, placeForSums, productSumKernel, sumShape, sumTuning } from './sum-term.ts'
import { bytesOf, productShape, rowsFor, type TileShape } from './tile.ts'
import { isUnitMatmul, planUnitMatmul } from './unit-matmul.ts'

/** What decides which kernels a product of matrices is made of. */
export interface MatmulRequest {
  readonly scalar: FloatScalar
  readonly transposeA?: boolean
  readonly transposeB?: boolean
  /** The plan has a third input of n numbers. */
  readonly bias?: boolean
  readonly activation?: Activation
  /** What the output holds is added to. */
  readonly accumulate?: boolean
}

/** `batchA` and `batchB` are the leading axes of both sides, which broadcast. */
export interface MatmulSizes {
  readonly m: number
  readonly n: number
  readonly k: number
  readonly batchA?: readonly number[]
  readonly batchB?: readonly number[]
  /** 1 by default. */
  readonly scale?: number
}

export interface LoweredMatmul {
  /** @throws {DimensionError} if an extent is no non-negative integer. @throws {ShapeError} if the batches do not broadcast. */
  plan(sizes: MatmulSizes): Plan
  explain(sizes: MatmulSizes): Explanation
}

/** Products with fewer rows read the right side as it is. */
const rowsWorthPacking = 32

/**
 * `c[…] = activation(scale · op(a[…]) · op(b[…]) + bias)`, or that added to c: inputs a, b (and the bias), output c; dense, row-major.
 * op(a) is m × k and op(b) is k × n. Kernels are made once a request, sizes are given to the plan.
 */
export function lowerMatmul(request: MatmulRequest, target: Target): LoweredMatmul {
  const kernels = new Map<string, Kernel>()
  const kernelOf = (name: string, make: () => Kernel): Kernel => {
    const known = kernels.get(name) ?? make()
    kernels.set(name, known)
    return known
  }
  const plan = (sizes: MatmulSizes) => planMatmul(request, target, sizes, kernelOf)
  return {
    plan,
    explain: (sizes) => explainPlan('naive', 'dense product of matrices: register tiles, the right side packed where many rows share it', plan(sizes)),
  }
}

/** Kernels of one request by what tells them apart: their options need not be written out for every plan. */
type KernelOf = (name: string, make: () => Kernel) => Kernel

function planMatmul(request: MatmulRequest, target: Target, sizes: MatmulSizes, kernelOf: KernelOf): Plan {
  const { n, k, batchA = [], batchB = [] } = sizes
  for (const [name, value] of Object.entries({ m: sizes.m, n, k }))
    if (!(Number.isSafeInteger(value) && value >= 0)) throw new DimensionError(`lowerMatmul: ${name} is ${value}, but must be a non-negative integer`)
  const { scalar, transposeA = false, transposeB = false } = request
  const matricesB = product(batchB)
  // With one right side for all, entries of the batch are rows below one another.
  const isOneSide = matricesB === 1 && !transposeA
  const m = isOneSide ? sizes.m * product(batchA) : sizes.m
  const parts = isOneSide ? batchParts([], []) : batchParts(batchA, batchB)
  if (m === 0 || n === 0 || parts.every(({ count }) => count === 0)) return { temporaries: [], launches: [] }

  const whole = { m, n, k, scale: sizes.scale ?? 1, parts }
  if (isUnitMatmul(request, target, whole)) return planUnitMatmul(request, target, whole)

  const isPlain = !(request.bias || request.accumulate || request.activation)
  const isOneProduct = product(batchA) * matricesB === 1
  if (isPlain && isOneProduct && transposeA && !transposeB && k >= rowsWorthPacking) return planRowSum(scalar, target, { ...sizes, m }, kernelOf)

  const wide = productShape(target, scalar, n)
  const shape = { ...wide, rows: rowsFor(m, wide) }
  const uses = (m * parts.reduce((total, { count }) => total + count, 0)) / matricesB
  const packed = transposeB || (k > 0 && uses >= rowsWorthPacking)
  const packedSize = Math.ceil(n / shape.width) * shape.width * k
  const options = {
    shape,
    scalar,
    transposeA,
    packed,
    bias: request.bias ?? false,
    accumulate: request.accumulate ?? false,
    scaled: sizes.scale !== undefined && sizes.scale !== 1,
    activation: request.activation ?? null,
  }
  const kernel = kernelOf(`${shape.rows} ${shape.vectors} ${packed} ${options.scaled}`, () => cachedKernel('matmul', options, matmulKernel))
  const right: Slot = packed ? { kind: 'temporary', index: 0 } : { kind: 'input', index: 1 }
  const buffers: Slot[] = [{ kind: 'input', index: 0 }, right, { kind: 'output', index: 0 }, ...(request.bias ? [{ kind: 'input', index: 2 } as const] : [])]
  const launchOf = (part: BatchPart): PlannedLaunch => {
    const [aSize, bSize] = [m * k, packed ? packedSize : k * n]
    const [rowBlock, columnBlock] = blocks(m, n, k, part.count, shape, scalar)
    const { a, b } = part
    return {
      kernel,
      grid: [Math.ceil(m / rowBlock), Math.ceil(n / columnBlock), part.count],
      parameters: [
        ...[m, n, k, rowBlock, columnBlock, part.inner, a.outer * aSize, a.inner * aSize, b.outer * bSize, b.inner * bSize],
        ...[a.start * aSize, b.start * bSize, part.cStart * m * n, ...(options.scaled ? [sizes.scale ?? 1] : [])],
      ],
      buffers,
      flops: 2 * part.count * m * n * k,
      bytes: bytesOf(scalar) * part.count * (m * k + k * n + m * n),
    }
  }
  const launches = parts.map(launchOf)
  if (!packed) return { temporaries: [], launches }
  const packer = kernelOf(`pack ${shape.vectors}`, () => cachedKernel('pack', packOptions(shape, target, scalar, transposeB), packKernel))
  const pack = packLaunch(packer, { n, k, transposeB, matricesB, packedSize, shape, scalar })
  return { temporaries: [{ scalar, length: Math.max(1, packedSize * matricesB) }], launches: [pack, ...launches] }
}

/** A sum over rows of both sides, `c = Σ_row a[row]ᵀ · b[row]`: in parts, for there may be few elements and many rows. */
function planRowSum(scalar: FloatScalar, target: Target, { m, n, k, scale = 1 }: MatmulSizes, kernelOf: KernelOf): Plan {
  const parts: PlanParts = { temporaries: [], launches: [] }
  const shape = sumShape(target, scalar, n)
  const blocks = blocksOf(blockOf(target, shape), { firstPath: 0, lastPath: 1, rows: m, columns: n, offset: 0, rowStride: n })
  const numParts = partsOfSum(sumTuning(target), k, blocks.length / blockEntry, k * (m + n), m * n)
  const output = { slot: { kind: 'output', index: 0 }, scalar, size: m * n } as const
  const slot = placeForSums(parts, numParts, output, scalar)
  const kinds = { x: scalar, g: scalar, sums: scalar, math: scalar, ordered: false, gathersX: false, gathersG: false, unitX: true, unitG: true } as const
  parts.launches.push({
    kernel: kernelOf(`sum ${shape.vectors}`, () => productSumKernel(target, { shape, ...kinds, chunk: chunkRows(target, scalar, shape), blockExtent })),
    grid: [numParts, blocks.length / blockEntry, 1],
    parameters: [k, numParts, 1, m, n, m * n, 0],
    buffers: [{ kind: 'input', index: 0 }, { kind: 'input', index: 1 }, slot, integers(blocks), integers([1, 0, 0, 1, 0, 0, 1]), floats(scalar, [scale])],
    flops: 2 * m * n * k,
    bytes: bytesOf(scalar) * (m * k + k * n + numParts * m * n),
  })
  if (slot.kind === 'temporary') addTotal(parts, { slot, numParts, before: 0 }, output, scalar, target)
  return parts
}

function packOptions(shape: TileShape, target: Target, scalar: FloatScalar, transposeB: boolean) {
  // The number of rows does not matter here; one kernel serves all.
  const general = { ...shape, rows: 1 }
  return { shape: general, lanes: target.lanes, source: scalar, math: scalar, contiguous: transposeB ? ('rows' as const) : ('columns' as const), skipsUnused: false }
}

interface PackSizes {
  readonly n: number
  readonly k: number
  readonly transposeB: boolean
  readonly matricesB: number
  readonly packedSize: number
  readonly shape: TileShape
  readonly scalar: FloatScalar
}

function packLaunch(kernel: Kernel, { n, k, transposeB, matricesB, packedSize, shape, scalar }: PackSizes): PlannedLaunch {
  const [rowStride, columnStride] = transposeB ? [1, k] : [n, 1]
  const table = new Int32Array([0, rowStride, columnStride, k, n, 0])
  const factors = scalar === 'f32' ? new Float32Array([1]) : new Float64Array([1])
  return {
    kernel,
    grid: [Math.ceil(n / shape.width), 1, matricesB],
    parameters: [n * k, packedSize],
    buffers: [{ kind: 'input', index: 1 }, { kind: 'temporary', index: 0 }, { kind: 'constant', data: table }, { kind: 'constant', data: factors }],
    flops: 0,
    bytes: bytesOf(scalar) * matricesB * (n * k + packedSize),
  }
}

/** Programs that keep a GPU busy. */
const enoughPrograms = 8192

/** Rows and columns of a program: a panel of columns is used by all its rows while it lies in the first cache. */
function blocks(m: number, n: number, k: number, batch: number, shape: TileShape, scalar: FloatScalar): readonly [rows: number, columns: number] {
  const { rows, width, depth } = shape
  // Threads have tiles of their own as long as there are few.
  if (depth > 0) return [rows * Math.max(1, Math.min(8, Math.floor((Math.ceil(m / rows) * Math.ceil(n / width) * batch) / enoughPrograms))), width]
  // Rows of the left side in half of a first cache of 32 kB, right sides in half of a second one of 512 kB.
  const cached = Math.max(1, Math.floor(16384 / (bytesOf(scalar) * Math.max(k, 1) * rows)))
  const shared = Math.max(1, Math.ceil((m * batch) / (rows * 8)))
  const columns = Math.max(1, Math.floor(262144 / (bytesOf(scalar) * Math.max(k, 1) * width)))
  return [rows * Math.min(cached, 16, shared), width * Math.min(columns, Math.ceil(n / width))]
}

function product(extents: readonly number[]): number {
  return extents.reduce((total, extent) => total * extent, 1)
}
