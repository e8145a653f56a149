/** Numbers that are the same for the same seed, everywhere: splitmix32. */
export class Random {
  #state: number

  /** @param seed a number, or a text. */
  constructor(seed: number | string) {
    this.#state = typeof seed === 'number' ? seed >>> 0 : hash(seed)
  }

  /** 32 bits. */
  word(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let z = this.#state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }

  /** In 0 … below − 1. */
  integer(below: number): number {
    return Math.floor((this.word() / 2 ** 32) * below)
  }

  /** In ±1, never close to 0: errors relative to the largest number then mean something. @param negative share of numbers below 0. */
  number(negative = 1 / 2): number {
    const size = 0.1 + (0.9 * this.word()) / 2 ** 32
    return this.word() < negative * 2 ** 32 ? -size : size
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly [T, ...T[]]): T
  pick<T>(list: readonly T[]): T | undefined
  pick<T>(list: readonly T[]): T | undefined {
    return list[this.integer(list.length)]
  }

  shuffle<T>(list: readonly T[]): T[] {
    const result = [...list]
    for (let k = result.length - 1; k > 0; k--) {
      const other = this.integer(k + 1)
      const [a, b] = [result[k], result[other]]
      if (a !== undefined && b !== undefined) [result[k], result[other]] = [b, a]
    }
    return result
  }
}

/** FNV-1a. */
function hash(text: string): number {
  let state = 0x811c9dc5
  for (let k = 0; k < text.length; k++) state = Math.imul(state ^ text.charCodeAt(k), 0x01000193)
  return state >>> 0
}
