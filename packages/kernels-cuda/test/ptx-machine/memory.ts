/** Memory in which a thread reads and writes, with every access checked. */
export class MachineMemory {
  readonly #name: string
  readonly #first: number
  readonly #bytes: DataView
  readonly buffer: ArrayBuffer

  constructor(name: string, buffer: ArrayBuffer, first: number) {
    this.#name = name
    this.#first = first
    this.buffer = buffer
    this.#bytes = new DataView(buffer)
  }

  f32(address: number): number {
    return this.#bytes.getFloat32(this.#at(address, 4), true)
  }

  f64(address: number): number {
    return this.#bytes.getFloat64(this.#at(address, 8), true)
  }

  b32(address: number): number {
    return this.#bytes.getInt32(this.#at(address, 4), true)
  }

  b64(address: number): number {
    return Number(this.#bytes.getBigInt64(this.#at(address, 8), true))
  }

  setF32(address: number, value: number): void {
    this.#bytes.setFloat32(this.#at(address, 4), value, true)
  }

  setF64(address: number, value: number): void {
    this.#bytes.setFloat64(this.#at(address, 8), value, true)
  }

  setB32(address: number, value: number): void {
    this.#bytes.setInt32(this.#at(address, 4), value, true)
  }

  setB64(address: number, value: number): void {
    this.#bytes.setBigInt64(this.#at(address, 8), BigInt(value), true)
  }

  /** An access of several elements is aligned as a whole. */
  requireAligned(address: number, bytes: number): void {
    if (address % bytes !== 0) throw new Error(`${this.#name}: ${bytes} bytes at ${address} are not aligned`)
  }

  #at(address: number, bytes: number): number {
    if (!(address >= this.#first && address + bytes <= this.#bytes.byteLength)) throw new Error(`${this.#name}: ${bytes} bytes at ${address} lie outside of ${this.#first} … ${this.#bytes.byteLength}`)
    this.requireAligned(address, bytes)
    return address
  }
}
