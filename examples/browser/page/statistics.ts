/** Follows a conserved quantity: how much the straight line through its values rises, and between which bounds they lie. */
export class Conservation {
  readonly #first: number
  #count = 0
  #meanStep = 0
  #mean = 0
  #covariance = 0
  #variance = 0
  #low = 0
  #high = 0

  constructor(first: number) {
    this.#first = first
    this.add(first)
  }

  /** The next of values at equal distances. */
  add(value: number): void {
    // Less the first one, so that small changes of a large number keep their digits.
    const change = value - this.#first
    const step = this.#count++
    const before = step - this.#meanStep
    this.#meanStep += before / this.#count
    this.#mean += (change - this.#mean) / this.#count
    this.#covariance += before * (change - this.#mean)
    this.#variance += before * (step - this.#meanStep)
    this.#low = Math.min(this.#low, change)
    this.#high = Math.max(this.#high, change)
  }

  /** Of the line of least squares, from the first to the last value. */
  get drift(): number {
    return this.#variance === 0 ? 0 : (this.#covariance / this.#variance) * (this.#count - 1)
  }

  get peakToPeak(): number {
    return this.#high - this.#low
  }
}
