import type { TypedArray } from '../array/dtype.ts'

let live = 0

/**
 * Number of buffers that are held at this moment. Arrays that share memory (a reshape, a tracked copy) count once;
 * what a recorded graph still needs counts too.
 */
export function liveBuffers(): number {
  return live
}

/** A buffer shared by one or more values; it is gone when the last of them lets go. */
export class Storage {
  readonly byteLength: number
  #data: TypedArray | undefined
  #holders = 1

  constructor(data: TypedArray) {
    this.#data = data
    this.byteLength = data.byteLength
    live++
  }

  /** The elements; `undefined` after release. */
  get data(): TypedArray | undefined {
    return this.#data
  }

  retain(): this {
    this.#holders++
    return this
  }

  release(): void {
    if (--this.#holders > 0 || this.#data === undefined) return
    this.#data = undefined
    live--
  }
}
