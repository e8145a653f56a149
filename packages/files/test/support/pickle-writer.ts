import { concat, text, u32 } from './zip-writer.ts'

/** Opcodes put together by hand; what they mean is in `unpickler.ts`. */
export const opcode = {
  global: (module: string, name: string) => text(`c${module}\n${name}\n`),
  text: (value: string) => concat([Uint8Array.of(0x58), u32(text(value).length), text(value)]),
  int: (value: number) => concat([Uint8Array.of(0x4a), u32(value)]),
  float: (value: number) => {
    const bytes = new Uint8Array(9)
    bytes[0] = 0x47
    new DataView(bytes.buffer).setFloat64(1, value, false)
    return bytes
  },
  tuple: (...items: readonly Uint8Array[]) => concat([Uint8Array.of(0x28), ...items, Uint8Array.of(0x74)]),
  list: (...items: readonly Uint8Array[]) => concat([Uint8Array.of(0x5d, 0x28), ...items, Uint8Array.of(0x65)]),
  dict: (...items: readonly Uint8Array[]) => concat([Uint8Array.of(0x7d, 0x28), ...items, Uint8Array.of(0x75)]),
  call: (callee: Uint8Array, ...args: readonly Uint8Array[]) => concat([callee, opcode.tuple(...args), Uint8Array.of(0x52)]),
  none: Uint8Array.of(0x4e),
  false: Uint8Array.of(0x89),
}

/** A pickle of protocol 2. */
export function pickle(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return concat([Uint8Array.of(0x80, 2), ...parts, Uint8Array.of(0x2e)])
}

/** A storage and a tensor on it, with any numbers in it. */
export function tensor(options: {
  readonly storage?: string
  readonly key?: string
  readonly numel?: Uint8Array
  readonly offset?: number
  readonly shape?: readonly number[]
  readonly strides?: readonly number[]
  readonly metadata?: Uint8Array
}): Uint8Array<ArrayBuffer> {
  const { storage = 'DoubleStorage', key = '0', numel = opcode.int(4), offset = 0, shape = [4], strides = [1], metadata } = options
  const id = opcode.tuple(opcode.text('storage'), opcode.global('torch', storage), opcode.text(key), opcode.text('cpu'), numel)
  const args = [concat([id, Uint8Array.of(0x51)]), opcode.int(offset), opcode.tuple(...shape.map(opcode.int)), opcode.tuple(...strides.map(opcode.int))]
  const hooks = opcode.call(opcode.global('collections', 'OrderedDict'))
  return opcode.call(opcode.global('torch._utils', '_rebuild_tensor_v2'), ...args, opcode.false, hooks, ...(metadata ? [metadata] : []))
}

/** An opcode with its argument, as bytes of a pickle. */
export interface PickleToken {
  readonly code: number
  readonly bytes: Uint8Array
}

const fixedLengths: ReadonlyMap<number, number> = new Map([
  [0x80, 1], [0x4a, 4], [0x4b, 1], [0x4d, 2], [0x47, 8], [0x71, 1], [0x72, 4], [0x68, 1], [0x6a, 4],
])

/** The opcodes of a pickle of protocol 2 as torch writes it. */
export function tokens(bytes: Uint8Array): PickleToken[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const result: PickleToken[] = []
  for (let start = 0; start < bytes.length; ) {
    const code = bytes[start] ?? 0
    let length = 1 + (fixedLengths.get(code) ?? 0)
    if (code === 0x58) length = 5 + view.getUint32(start + 1, true)
    if (code === 0x63) length = bytes.indexOf(0x0a, bytes.indexOf(0x0a, start) + 1) + 1 - start
    result.push({ code, bytes: bytes.subarray(start, start + length) })
    start += length
  }
  return result
}
