/**
 * Points sorted into cubic bins of one edge length; only occupied bins are stored, so that memory is linear in the
 * number of points however far apart they lie.
 */
export class HashGrid {
  /** Coordinates in the order of bins, and the number each point was given with; ascending within a bin. */
  readonly x: Float64Array
  readonly y: Float64Array
  readonly z: Float64Array
  readonly id: Int32Array
  /** Points of bin b are `start[b]` … `start[b + 1] − 1`. */
  readonly start: Int32Array
  readonly #inverseEdge: number
  readonly #origin: readonly [number, number, number]
  readonly #table: Int32Array
  /** Integer coordinates of the bins, shape (bins, 3). */
  readonly #coordinates: Int32Array
  #numBins = 0

  constructor(x: Float64Array, y: Float64Array, z: Float64Array, edge: number) {
    const count = x.length
    this.#inverseEdge = 1 / edge
    this.#origin = [minimum(x), minimum(y), minimum(z)]
    this.#table = new Int32Array(2 ** Math.ceil(Math.log2(2 * count + 2))).fill(-1)
    this.#coordinates = new Int32Array(3 * count)

    const bins = new Int32Array(count)
    const start = new Int32Array(count + 2)
    for (let p = 0; p < count; p++) {
      const bin = this.#insert(this.axisBin(x[p] ?? NaN, 0), this.axisBin(y[p] ?? NaN, 1), this.axisBin(z[p] ?? NaN, 2))
      bins[p] = bin
      start[bin + 2] = (start[bin + 2] ?? 0) + 1
    }
    for (let b = 2; b < start.length; b++) start[b] = (start[b] ?? 0) + (start[b - 1] ?? 0)
    this.x = new Float64Array(count)
    this.y = new Float64Array(count)
    this.z = new Float64Array(count)
    this.id = new Int32Array(count)
    // start[b + 1] runs from the first to the last point of bin b here, and is the beginning of bin b + 1 afterwards.
    for (let p = 0; p < count; p++) {
      const next = (bins[p] ?? 0) + 1
      const slot = start[next] ?? 0
      start[next] = slot + 1
      this.x[slot] = x[p] ?? NaN
      this.y[slot] = y[p] ?? NaN
      this.z[slot] = z[p] ?? NaN
      this.id[slot] = p
    }
    this.start = start
  }

  /** Integer coordinate of a bin along one axis. */
  axisBin(coordinate: number, axis: 0 | 1 | 2): number {
    return Math.floor((coordinate - this.#origin[axis]) * this.#inverseEdge)
  }

  /** Number of the bin at integer coordinates, −1 when it is empty. */
  find(i: number, j: number, k: number): number {
    const table = this.#table
    const coordinates = this.#coordinates
    const mask = table.length - 1
    for (let slot = hash(i, j, k) & mask; ; slot = (slot + 1) & mask) {
      const bin = table[slot] ?? -1
      if (bin < 0 || (coordinates[3 * bin] === i && coordinates[3 * bin + 1] === j && coordinates[3 * bin + 2] === k)) return bin
    }
  }

  #insert(i: number, j: number, k: number): number {
    const found = this.find(i, j, k)
    if (found >= 0) return found
    const bin = this.#numBins++
    this.#coordinates.set([i, j, k], 3 * bin)
    const mask = this.#table.length - 1
    let slot = hash(i, j, k) & mask
    while ((this.#table[slot] ?? -1) >= 0) slot = (slot + 1) & mask
    this.#table[slot] = bin
    return bin
  }
}

/** Mixes three integers well in all bits (multiply and xor-shift), so that neighbouring bins do not collide in runs. */
function hash(i: number, j: number, k: number): number {
  let h = Math.imul(i, 0x9e3779b1) ^ Math.imul(j, 0x85ebca77) ^ Math.imul(k, 0xc2b2ae3d)
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39)
  return h ^ (h >>> 15)
}

function minimum(values: Float64Array): number {
  let low = Infinity
  for (const x of values) if (x < low) low = x
  return low
}
