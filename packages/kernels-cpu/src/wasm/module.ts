import { ByteWriter } from './bytes.ts'
import { typeBytes } from './function-writer.ts'
import type { WasmType } from './opcodes.ts'

export interface FunctionType {
  readonly parameters: readonly WasmType[]
  readonly results: readonly WasmType[]
}

export interface ModuleFunction {
  readonly type: FunctionType
  /** Declarations of locals and code. */
  readonly body: Uint8Array
  /** `null` for what only other functions of the module call. */
  readonly exportName: string | null
}

export interface MemoryOptions {
  readonly sharedMemory: boolean
  /** Most pages of 64 KiB. */
  readonly maxPages: number
}

const [typeSection, importSection, functionSection, exportSection, codeSection] = [1, 2, 3, 7, 10]

/** A module of functions, numbered in their order, over memory that it imports as `env.memory`. */
export function moduleBytes(functions: readonly ModuleFunction[], { sharedMemory, maxPages }: MemoryOptions): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter()
  out.append([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
  section(out, typeSection, (to) => {
    to.unsigned(functions.length)
    for (const { type } of functions) {
      to.byte(0x60)
      to.counted(type.parameters.map((name) => typeBytes[name]))
      to.counted(type.results.map((name) => typeBytes[name]))
    }
  })
  section(out, importSection, (to) => {
    to.unsigned(1)
    writeName(to, 'env')
    writeName(to, 'memory')
    to.byte(0x02)
    // A maximum is given; shared memory has a bit more.
    to.byte(sharedMemory ? 0x03 : 0x01)
    to.unsigned(1)
    to.unsigned(maxPages)
  })
  section(out, functionSection, (to) => {
    to.unsigned(functions.length)
    for (const number of functions.keys()) to.unsigned(number)
  })
  const exported = [...functions.entries()].filter(([, { exportName }]) => exportName !== null)
  section(out, exportSection, (to) => {
    to.unsigned(exported.length)
    for (const [number, { exportName }] of exported) {
      writeName(to, exportName ?? '')
      to.byte(0x00)
      to.unsigned(number)
    }
  })
  section(out, codeSection, (to) => {
    to.unsigned(functions.length)
    for (const { body } of functions) to.counted(body)
  })
  return out.bytes()
}

function section(out: ByteWriter, id: number, write: (to: ByteWriter) => void): void {
  const content = new ByteWriter()
  write(content)
  out.byte(id)
  out.counted(content.bytes())
}

function writeName(to: ByteWriter, name: string): void {
  to.counted(new TextEncoder().encode(name))
}
