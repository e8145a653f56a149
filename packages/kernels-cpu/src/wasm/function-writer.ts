import { ByteWriter } from './bytes.ts'
import { type Opcode, opcode, type WasmType } from './opcodes.ts'

export const typeBytes: Readonly<Record<WasmType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b }

/** What stands behind an opcode; which of these, the opcode says. */
export interface Immediates {
  readonly value?: number
  readonly offset?: number
  readonly lane?: number
  /** Sixteen of bytes, for a shuffle. */
  readonly lanes?: readonly number[]
}

/** The body of one function: instructions at the end, locals as they are needed. */
export class FunctionWriter {
  readonly #code = new ByteWriter()
  readonly #parameters: readonly WasmType[]
  readonly #locals: WasmType[] = []
  /** The local that was set by the last instruction, and where that begins. */
  #lastSet: { readonly local: number; readonly at: number; readonly end: number } | undefined

  constructor(parameters: readonly WasmType[]) {
    this.#parameters = parameters
  }

  /** Number of a new local, behind the parameters. */
  newLocal(type: WasmType): number {
    return this.#parameters.length + this.#locals.push(type) - 1
  }

  get(local: number): void {
    const last = this.#lastSet
    if (last?.local === local && last.end === this.#code.length) this.#code.patch(last.at, 0x22)
    else this.#withLocal(0x20, local)
    this.#lastSet = undefined
  }

  set(local: number): void {
    const at = this.#code.length
    this.#withLocal(0x21, local)
    this.#lastSet = { local, at, end: this.#code.length }
  }

  op(name: Opcode, { value = 0, offset = 0, lane = 0, lanes = [] }: Immediates = {}): void {
    const { prefix, code, immediate, alignment } = opcode(name)
    const to = this.#code
    if (prefix === 0) to.byte(code)
    else {
      to.byte(prefix)
      to.unsigned(code)
    }
    switch (immediate) {
      case 'i32':
        to.signed(value)
        break
      case 'f32':
        to.f32(value)
        break
      case 'f64':
        to.f64(value)
        break
      case 'lane':
        to.byte(lane)
        break
      case 'lanes':
        to.append(lanes)
        break
      case 'memory':
      case 'memoryLane':
        to.unsigned(alignment)
        to.unsigned(offset)
        if (immediate === 'memoryLane') to.byte(lane)
        break
      case 'none':
    }
  }

  select(): void {
    this.#code.byte(0x1b)
  }

  drop(): void {
    this.#code.byte(0x1a)
  }

  call(number: number): void {
    this.#code.byte(0x10)
    this.#code.unsigned(number)
  }

  /** Opens a block, loop or if without results; `end` closes it. */
  open(kind: 'block' | 'loop' | 'if'): void {
    this.#code.byte({ block: 0x02, loop: 0x03, if: 0x04 }[kind])
    this.#code.byte(0x40)
  }

  otherwise(): void {
    this.#code.byte(0x05)
  }

  end(): void {
    this.#code.byte(0x0b)
  }

  branchIf(depth: number): void {
    this.#code.byte(0x0d)
    this.#code.unsigned(depth)
  }

  /** The body with its declarations of locals in front, closed. */
  bytes(): Uint8Array<ArrayBuffer> {
    const body = new ByteWriter()
    const runs: { type: WasmType; count: number }[] = []
    for (const type of this.#locals) {
      const last = runs[runs.length - 1]
      if (last?.type === type) last.count++
      else runs.push({ type, count: 1 })
    }
    body.unsigned(runs.length)
    for (const { type, count } of runs) {
      body.unsigned(count)
      body.byte(typeBytes[type])
    }
    body.append(this.#code.bytes())
    body.byte(0x0b)
    return body.bytes()
  }

  #withLocal(code: number, local: number): void {
    this.#code.byte(code)
    this.#code.unsigned(local)
  }
}
