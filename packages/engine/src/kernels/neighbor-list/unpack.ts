import type { NeighborGrid } from './grid.ts'

/** Lattice translations by the number of an image: descending, which is ascending in unit shifts. */
function translations([m0, m1, m2]: readonly [number, number, number]): Int32Array {
  const all: number[] = []
  for (let i = m0; i >= -m0; i--) for (let j = m1; j >= -m1; j--) for (let k = m2; k >= -m2; k--) all.push(i, j, k)
  return Int32Array.from(all)
}

/** The edges that kernels found, on the host. */
export interface PackedEdges {
  readonly numEdges: number
  /** [N + 1] */
  readonly starts: Int32Array
  /** [3, N] */
  readonly cells: Int32Array
  /** [E], `sender · 2^imageBits + image` */
  readonly edges: Int32Array
}

/** Senders, receivers and unit shifts: `unitShift = cells[sender] − translation − cells[receiver]`. */
export function unpackEdges({ numAtoms, images, imageBits }: NeighborGrid, { numEdges, starts, cells, edges }: PackedEdges) {
  const [senders, receivers, unitShifts] = [new Int32Array(numEdges), new Int32Array(numEdges), new Int32Array(3 * numEdges)]
  const table = translations(images)
  const mask = 2 ** imageBits - 1
  const home = (images[0] * (2 * images[1] + 1) + images[1]) * (2 * images[2] + 1) + images[2]
  const isWrapped = !cells.some((cell) => cell !== 0)
  for (let receiver = 0; receiver < numAtoms; receiver++) {
    const end = starts[receiver + 1] ?? 0
    for (let e = starts[receiver] ?? 0; e < end; e++) {
      const edge = edges[e] ?? 0
      const sender = edge >>> imageBits
      const image = edge & mask
      senders[e] = sender
      receivers[e] = receiver
      // Most shifts are zero, as new arrays are.
      if (isWrapped && image === home) continue
      for (let axis = 0; axis < 3; axis++)
        unitShifts[3 * e + axis] = (cells[axis * numAtoms + sender] ?? 0) - (table[3 * image + axis] ?? 0) - (cells[axis * numAtoms + receiver] ?? 0)
    }
  }
  return { numEdges, senders, receivers, unitShifts }
}
