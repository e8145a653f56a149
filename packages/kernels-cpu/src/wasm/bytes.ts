/** Bytes that grow at their end, with the number formats of WebAssembly. */
export class ByteWriter {
  #bytes = new Uint8Array(256)
  #length = 0
  readonly #view = new DataView(new ArrayBuffer(8))

  get length(): number {
    return this.#length
  }

  /** A copy of what was written. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length)
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  /** Replaces a byte that was written before. */
  patch(at: number, value: number): void {
    this.#bytes[at] = value
  }

  append(bytes: ArrayLike<number>): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** Unsigned LEB128 of a number below 2^32. */
  unsigned(value: number): void {
    let rest = value >>> 0
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.byte(rest)
  }

  /** Signed LEB128 of a 32-bit number. */
  signed(value: number): void {
    let rest = value | 0
    while (rest < -0x40 || rest >= 0x40) {
      this.byte((rest & 0x7f) | 0x80)
      rest >>= 7
    }
    this.byte(rest & 0x7f)
  }

  f32(value: number): void {
    this.#view.setFloat32(0, value, true)
    this.append(new Uint8Array(this.#view.buffer, 0, 4))
  }

  f64(value: number): void {
    this.#view.setFloat64(0, value, true)
    this.append(new Uint8Array(this.#view.buffer, 0, 8))
  }

  /** Length in front, as names and sections are written. */
  counted(bytes: ArrayLike<number>): void {
    this.unsigned(bytes.length)
    this.append(bytes)
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }
}
