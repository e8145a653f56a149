import { ShapeError } from '../../errors.ts'

/** Axes of a batch that are walked together: extent, and distances of the matrices of both sides, in matrices. */
interface BatchAxis {
  readonly extent: number
  readonly a: number
  readonly b: number
}

/** Entries of a batch with at most two axes left, and where its matrices begin. */
export interface BatchPart {
  readonly count: number
  readonly inner: number
  readonly a: { readonly start: number; readonly outer: number; readonly inner: number }
  readonly b: { readonly start: number; readonly outer: number; readonly inner: number }
  readonly cStart: number
}

/**
 * Leading axes that broadcast, as few parts of at most two axes each; all numbers count matrices.
 *
 * @throws {ShapeError} if an extent of one side is neither 1 nor that of the other.
 */
export function batchParts(aBatch: readonly number[], bBatch: readonly number[]): readonly BatchPart[] {
  const axes = mergedAxes(aBatch, bBatch)
  const [inner = { extent: 1, a: 0, b: 0 }, outer = { extent: 1, a: 0, b: 0 }, ...rest] = axes.toReversed()
  const count = inner.extent * outer.extent
  let starts = [{ a: 0, b: 0 }]
  for (const { extent, a, b } of rest.toReversed())
    starts = starts.flatMap((start) => Array.from({ length: extent }, (_, i) => ({ a: start.a + i * a, b: start.b + i * b })))
  return starts.map((start, part) => ({
    count,
    inner: Math.max(1, inner.extent),
    a: { start: start.a, outer: outer.a, inner: inner.a },
    b: { start: start.b, outer: outer.b, inner: inner.b },
    cStart: part * count,
  }))
}

/** Axes without those of extent 1, neighbours in memory joined. */
function mergedAxes(aBatch: readonly number[], bBatch: readonly number[]): BatchAxis[] {
  const ndim = Math.max(aBatch.length, bBatch.length)
  const axes: BatchAxis[] = []
  let [aCount, bCount] = [1, 1]
  for (let axis = 1; axis <= ndim; axis++) {
    const [a = 1, b = 1] = [aBatch[aBatch.length - axis], bBatch[bBatch.length - axis]]
    if (a !== b && a !== 1 && b !== 1) throw new ShapeError(`lowerMatmul: batches [${aBatch.join(', ')}] and [${bBatch.join(', ')}] do not broadcast`)
    const extent = a === 1 ? b : a
    const own = { extent, a: a === 1 ? 0 : aCount, b: b === 1 ? 0 : bCount }
    aCount *= a
    bCount *= b
    if (extent === 1) continue
    const inner = axes.at(-1)
    if (inner && own.a === inner.a * inner.extent && own.b === inner.b * inner.extent) axes[axes.length - 1] = { ...inner, extent: inner.extent * extent }
    else axes.push(own)
  }
  return axes.toReversed()
}
