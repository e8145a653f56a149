import { HostArray } from '../../src/math/host-array.ts'
import { Path, SegmentedOperand, SegmentedTensorProduct, Subscripts } from '../../src/polynomials/index.ts'

/** Numbers in (−1, 1) that depend on the seed only (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1
  }
}

export function randomArray(shape: readonly number[], random: () => number): HostArray {
  return HostArray.zeros(shape).map(() => random())
}

export interface RandomOptions {
  /** Every mode has these extents in some segments. */
  readonly extents?: readonly number[]
  /** Sets of extents, each with its own segments. */
  readonly numBlocks?: number
  readonly numPaths?: number
  /** Extents of some modes, in all segments. */
  readonly fixed?: Readonly<Record<string, number>>
}

/** A product with some paths, among them repeated ones; some segments are not used. */
export function randomProduct(text: string, seed: number, options: RandomOptions = {}): SegmentedTensorProduct {
  const { extents = [1, 2, 3], numBlocks = 2, numPaths = 6, fixed = {} } = options
  const random = randomNumbers(seed)
  const below = (n: number) => Math.floor(((random() + 1) / 2) * n)
  const subscripts = new Subscripts(text)
  const blocks = Array.from({ length: numBlocks }, () => new Map(subscripts.modes.map((mode) => [mode, fixed[mode] ?? extents[below(extents.length)] ?? 1])))
  const shape = (modes: string, block: ReadonlyMap<string, number>) => [...modes].map((mode) => block.get(mode) ?? 1)
  // Two segments a block, so that paths differ in some operands only.
  const operands = subscripts.operands.map((own) => new SegmentedOperand(blocks.flatMap((block) => [shape(own, block), shape(own, block)]), own.length))
  const paths = Array.from({ length: numPaths }, () => {
    const n = below(numBlocks)
    return new Path(
      operands.map(() => 2 * n + below(2)),
      randomArray(shape(subscripts.coefficients, blocks[n] ?? new Map()), random),
    )
  })
  return new SegmentedTensorProduct(subscripts, operands, [...paths, ...paths.slice(0, 1)])
}

/** Random values for all operands but the last, in a batch. */
export function randomInputs(product: SegmentedTensorProduct, seed: number, batch: readonly number[] = [2]): HostArray[] {
  const random = randomNumbers(seed + 12345)
  return product.operands.slice(0, -1).map((operand) => randomArray([...batch, operand.size], random))
}
