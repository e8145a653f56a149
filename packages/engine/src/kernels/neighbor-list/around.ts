import type * as kernels from '@equivar/core/kernels'
import type { BinValues } from './parameters.ts'

type Expression = kernels.Expression

/** Atoms in the order of bins that may be near an atom. */
export interface Candidates {
  readonly first: Expression
  readonly end: Expression
  /** The lattice translation of these atoms. */
  readonly translation: readonly [Expression, Expression, Expression]
}

interface AxisRange {
  readonly count: Expression
  readonly start: Expression
  readonly end: Expression
  readonly firstImage: Expression
  readonly endImage: Expression
}

/** The periodic image that a bin belongs to which may be numbered down to `−images · count`. */
function imageOf(bin: Expression, count: Expression, images: Expression): Expression {
  return bin.add(images.mul(count)).div(count).sub(images)
}

/** Bins around an own one, and the images that they belong to. */
function rangeOf({ bins, reach, images }: BinValues, axis: 0 | 1 | 2, own: Expression): AxisRange {
  const count = bins[axis]
  const start = own.sub(reach[axis]).max(images[axis].mul(count).neg())
  const end = own.add(reach[axis]).add(1).min(images[axis].add(1).mul(count))
  return { count, start, end, firstImage: imageOf(start, count, images[axis]), endImage: imageOf(end.sub(1), count, images[axis]).add(1) }
}

type Body = (first: Expression, end: Expression, image: Expression, carried: readonly Expression[]) => readonly Expression[]

/** Image by image, the bins of a range that lie in it: numbers of bins of the cell. */
function overImages(b: kernels.KernelBuilder, range: AxisRange, carry: readonly kernels.Carried[], body: Body): readonly Expression[] {
  return b.loop(range.firstImage, range.endImage, { carry }, (image, carried) => {
    const origin = image.mul(range.count)
    return body(range.start.max(origin).sub(origin), range.end.min(origin.add(range.count)).sub(origin), image, carried)
  })
}

/** Hands on what is carried over every run of atoms in bins around one. Bins of a row are consecutive, up to where the next image begins. */
export function aroundBin(
  b: kernels.KernelBuilder,
  grid: BinValues,
  binStarts: kernels.Memory,
  bin: Expression,
  carry: readonly kernels.Carried[],
  visit: (run: Candidates, carried: readonly Expression[]) => readonly Expression[],
): readonly Expression[] {
  const [, bins1, bins2] = grid.bins
  const along0 = bin.div(bins1.mul(bins2))
  const inPlane = bin.sub(along0.mul(bins1.mul(bins2)))
  const along1 = inPlane.div(bins2)
  const ranges = [rangeOf(grid, 0, along0), rangeOf(grid, 1, along1), rangeOf(grid, 2, inPlane.sub(along1.mul(bins2)))] as const
  return overImages(b, ranges[0], carry, (first0, end0, image0, carried0) =>
    b.loop(first0, end0, { carry: carried0 }, (bin0, carriedRow) =>
      overImages(b, ranges[1], carriedRow, (first1, end1, image1, carried1) =>
        b.loop(first1, end1, { carry: carried1 }, (bin1, carriedColumn) =>
          overImages(b, ranges[2], carriedColumn, (first2, end2, image2, carried2) => {
            const row = bin0.mul(bins1).add(bin1).mul(bins2)
            const translation = [image0, image1, image2] as const
            const [first, end] = [binStarts.load(row.add(first2)).convert('index'), binStarts.load(row.add(end2)).convert('index')]
            return visit({ first, end, translation }, carried2)
          }),
        ),
      ),
    ),
  )
}
