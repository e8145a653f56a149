/** Mean absolute and root-mean-square differences, gathered one by one. */
export class ErrorStatistics {
  #count = 0
  #absolute = 0
  #squares = 0

  add(difference: number): void {
    this.#count++
    this.#absolute += Math.abs(difference)
    this.#squares += difference * difference
  }

  /** Adds every difference between two arrays of one length. */
  addAll(predicted: Float64Array, reference: Float64Array): void {
    predicted.forEach((value, index) => this.add(value - (reference[index] ?? NaN)))
  }

  get count(): number {
    return this.#count
  }

  get meanAbsolute(): number {
    return this.#absolute / this.#count
  }

  get rootMeanSquare(): number {
    return Math.sqrt(this.#squares / this.#count)
  }
}
