import { elementCount, rowMajorStrides } from '../../array/shape.ts'
import type { Block, ProductDescription, Program } from './program.ts'

type Extents = ReadonlyMap<string, number>

interface PathGeometry {
  readonly extents: Extents
  /** Stride of every mode in every operand. */
  readonly strides: readonly ReadonlyMap<string, number>[]
  /** Where the path's segment starts in every operand. */
  readonly starts: readonly number[]
  readonly coefficients: Float64Array
}

/** Chooses the loops and unrolls the rest. Zero coefficients and empty segments leave nothing behind. */
export function lowerProduct(product: ProductDescription, output: number): Program {
  const paths = geometry(product)
  const modes = [...new Set(product.operandModes.flat())].filter((mode) => !product.coefficientModes.includes(mode))
  const vector = chooseVectorMode(paths, modes)
  const blocks = paths.flatMap((path) => lowerPath(path, product, modes, vector, output))
  return { numOperands: product.operandModes.length, output, blocks: merged(blocks) }
}

function geometry(product: ProductDescription): PathGeometry[] {
  const segmentStarts = product.segments.map((segments) => {
    let start = 0
    return segments.map((shape) => {
      const own = start
      start += elementCount(shape)
      return own
    })
  })
  return product.paths.map(({ indices, coefficients }) => {
    const extents = new Map<string, number>()
    for (const [axis, mode] of product.coefficientModes.entries()) extents.set(mode, coefficients.shape[axis] ?? 1)
    const strides = product.operandModes.map((modes, k) => {
      const shape = product.segments[k]?.[indices[k] ?? 0] ?? []
      const own = rowMajorStrides(shape)
      for (const [axis, mode] of modes.entries()) extents.set(mode, shape[axis] ?? 1)
      return new Map(modes.map((mode, axis) => [mode, own[axis] ?? 1]))
    })
    return { extents, strides, starts: segmentStarts.map((starts, k) => starts[indices[k] ?? 0] ?? 0), coefficients: coefficients.data }
  })
}

/** The mode worth being innermost: long, and contiguous in every operand that has it. */
function chooseVectorMode(paths: readonly PathGeometry[], modes: readonly string[]): string | undefined {
  let best: string | undefined
  let bestScore = 0
  for (const mode of modes) {
    let score = 0
    for (const { extents, strides } of paths) {
      const extent = extents.get(mode) ?? 1
      if (extent < 2) continue
      const isContiguous = strides.every((own) => (own.get(mode) ?? 1) === 1)
      score += Math.min(extent, 64) * (isContiguous ? 2 : 1)
    }
    if (score > bestScore) {
      best = mode
      bestScore = score
    }
  }
  return best
}

function lowerPath(path: PathGeometry, product: ProductDescription, modes: readonly string[], vector: string | undefined, output: number): Block[] {
  const extent = (mode: string) => path.extents.get(mode) ?? 1
  if (modes.some((mode) => extent(mode) === 0)) return []
  const loops = modes.filter((mode) => mode !== vector && extent(mode) > 1)
  const matrix = loops.reduce<string | undefined>((a, b) => (a === undefined || extent(b) > extent(a) ? b : a), undefined)
  const unrolled = loops.filter((mode) => mode !== matrix)
  const stridesOf = (mode: string | undefined) => Int32Array.from(path.strides, (own) => (mode === undefined ? 0 : (own.get(mode) ?? 0)))
  const vectorStrides = stridesOf(vector)
  const inputs = path.strides.map((_, k) => k).filter((k) => k !== output)
  const items = unroll(path, [...product.coefficientModes], unrolled)
  if (items.coefficients.length === 0) return []
  return [
    {
      numMatrix: matrix === undefined ? 1 : extent(matrix),
      numVector: vector === undefined ? 1 : extent(vector),
      matrixStrides: stridesOf(matrix),
      vectorStrides,
      vectors: inputs.filter((k) => vectorStrides[k] !== 0),
      scalars: inputs.filter((k) => vectorStrides[k] === 0),
      ...items,
    },
  ]
}

/** Blocks with the same loops become one: thousands of paths with a single item each would spend their time on starting. */
function merged(blocks: readonly Block[]): Block[] {
  const alike = new Map<string, Block[]>()
  for (const block of blocks) {
    const key = [block.numMatrix, block.numVector, block.matrixStrides.join(), block.vectorStrides.join()].join(' ')
    const list = alike.get(key)
    if (list) list.push(block)
    else alike.set(key, [block])
  }
  return [...alike.values()].flatMap((list) => {
    const [first] = list
    if (!first) return []
    const coefficients = Float64Array.from(list.flatMap((block) => [...block.coefficients]))
    const offsets = Int32Array.from(list.flatMap((block) => [...block.offsets]))
    return { ...first, coefficients, offsets }
  })
}

/** One item for every non-zero coefficient and every setting of the unrolled modes. */
function unroll(path: PathGeometry, coefficientModes: readonly string[], unrolled: readonly string[]): Pick<Block, 'coefficients' | 'offsets'> {
  const coefficientOffsets = offsetsOf(path, coefficientModes)
  const loopOffsets = offsetsOf(path, unrolled)
  const numOperands = path.starts.length
  const nonZero = Array.from(path.coefficients.keys()).filter((i) => path.coefficients[i] !== 0)
  const numLoops = loopOffsets.length / numOperands
  const coefficients = new Float64Array(nonZero.length * numLoops)
  const offsets = new Int32Array(coefficients.length * numOperands)
  let item = 0
  for (const i of nonZero) {
    for (let j = 0; j < numLoops; j++, item++) {
      coefficients[item] = path.coefficients[i] ?? 0
      for (let k = 0; k < numOperands; k++)
        offsets[item * numOperands + k] = (path.starts[k] ?? 0) + (coefficientOffsets[i * numOperands + k] ?? 0) + (loopOffsets[j * numOperands + k] ?? 0)
    }
  }
  return { coefficients, offsets }
}

/** Offsets in every operand for every setting of some modes, in row-major order of the settings. */
function offsetsOf(path: PathGeometry, modes: readonly string[]): Int32Array {
  const numOperands = path.starts.length
  let table = new Int32Array(numOperands)
  for (const mode of modes) {
    const extent = path.extents.get(mode) ?? 1
    const count = table.length / numOperands
    const next = new Int32Array(table.length * extent)
    for (let i = 0; i < count; i++)
      for (let j = 0; j < extent; j++)
        for (let k = 0; k < numOperands; k++)
          next[(i * extent + j) * numOperands + k] = (table[i * numOperands + k] ?? 0) + j * (path.strides[k]?.get(mode) ?? 0)
    table = next
  }
  return table
}
