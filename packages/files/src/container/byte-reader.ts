import { FormatError } from '@equivar/core'

const maxNameLength = 200
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Cursor over little-endian bytes; every read is checked against the end before anything is allocated. */
export class ByteReader {
  readonly bytes: Uint8Array
  readonly #view: DataView
  readonly #what: string
  position = 0

  /** @param what names the bytes in errors, for example `'data.pkl'`. */
  constructor(bytes: Uint8Array, what: string) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#what = what
  }

  get remaining(): number {
    return this.bytes.length - this.position
  }

  /** Moves past `count` bytes and returns where they started. @throws {FormatError} when the bytes end before. */
  skip(count: number): number {
    const start = this.position
    if (count < 0 || count > this.remaining)
      throw new FormatError(`${this.#what}: ${count} bytes wanted at offset ${start}, ${this.remaining} are left; the file is truncated or damaged`)
    this.position = start + count
    return start
  }

  uint8(): number {
    return this.#view.getUint8(this.skip(1))
  }

  uint16(): number {
    return this.#view.getUint16(this.skip(2), true)
  }

  uint32(): number {
    return this.#view.getUint32(this.skip(4), true)
  }

  int32(): number {
    return this.#view.getInt32(this.skip(4), true)
  }

  /** @throws {FormatError} for a value that no file offset or size can have. */
  uint64(): number {
    const value = this.#view.getBigUint64(this.skip(8), true)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new FormatError(`${this.#what}: size or offset ${value.toString()} is absurd; the file is damaged`)
    return Number(value)
  }

  float64BigEndian(): number {
    return this.#view.getFloat64(this.skip(8), false)
  }

  /** A view, not a copy. */
  take(count: number): Uint8Array {
    const start = this.skip(count)
    return this.bytes.subarray(start, start + count)
  }

  text(count: number): string {
    const start = this.position
    return decodeUtf8(this.take(count), `${this.#what}: text at offset ${start}`)
  }
}

/** Whether a name from a file can stand in a message: printable, on one line, not too long. */
export function isPlainName(name: string): boolean {
  return name.length <= maxNameLength && !/\p{C}|\p{Zl}|\p{Zp}/u.test(name)
}

/** @throws {FormatError} when the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new FormatError(`${what} is not UTF-8; the file is damaged`, { cause })
  }
}
