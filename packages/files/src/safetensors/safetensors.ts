import { FormatError, InputError } from '@equivar/core'
import { decodeUtf8, isPlainName } from '../container/byte-reader.ts'
import type { StorageType } from '../pickle/values.ts'
import type { NamedTensor } from '../tensors.ts'
import { decodeNumbers, dtypeOf, itemSizes } from '../torch/storage.ts'
import { readObject, type JsonReader } from './json-reader.ts'

export interface SafetensorsContent {
  readonly tensors: ReadonlyMap<string, NamedTensor>
  readonly metadata: ReadonlyMap<string, string>
}

const maxHeaderBytes = 2 ** 24
const maxRank = 16
const alignment = 8

const storageTypes: Readonly<Record<string, StorageType | undefined>> = {
  __proto__: null as never,
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U8: 'uint8',
  BOOL: 'bool',
}

const codes = { float64: 'F64', float32: 'F32', int32: 'I32', bool: 'BOOL' } as const satisfies Record<NamedTensor['dtype'], string>

/** Whether the bytes begin like a safetensors file: a plausible header length and an opening brace. */
export function isSafetensors(bytes: Uint8Array): boolean {
  return bytes.length > 8 && bytes[8] === 0x7b && bytes[6] === 0 && bytes[7] === 0
}

/**
 * Reads a safetensors file: 8 bytes of header length, a JSON header, the numbers.
 *
 * The header is checked before any number is read: offsets must lie in the file, fit shape and dtype, and cover the data
 * without overlap or gap. Small floats arrive widened, integers as int32. Format:
 * https://huggingface.co/docs/safetensors
 *
 * @throws {FormatError} naming the field of the header or the tensor that is wrong.
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsContent {
  if (bytes.length < 8) throw new FormatError(`safetensors: ${bytes.length} bytes are too few; the file is truncated`)
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true)
  if (length > BigInt(maxHeaderBytes)) throw new FormatError(`safetensors: header of ${length.toString()} bytes, at most ${maxHeaderBytes} are accepted`)
  const start = 8 + Number(length)
  if (start > bytes.length) throw new FormatError(`safetensors: header of ${length.toString()} bytes in a file of ${bytes.length}; the file is truncated`)
  const data = bytes.subarray(start)
  const header = parseHeader(bytes.subarray(8, start))
  let metadata: ReadonlyMap<string, string> = new Map()
  const views: TensorView[] = []
  for (const [name, value] of header) {
    if (!isPlainName(name)) throw new FormatError(`safetensors: tensor name ${JSON.stringify(name.slice(0, 80))} is not a plain name`)
    if (name === '__metadata__') metadata = readMetadata(value)
    else views.push(readObject(value, `safetensors: tensor ${JSON.stringify(name.slice(0, 80))}`, (reader) => readView(name, reader, data.length)))
  }
  checkCoverage(views, data.length)
  const tensors = new Map<string, NamedTensor>()
  for (const { name, type, shape, begin, end } of views)
    tensors.set(name, { dtype: dtypeOf(type), shape, data: decodeNumbers(data.subarray(begin, end), type, `safetensors: tensor '${name}'`) })
  return { tensors, metadata }
}

interface TensorView {
  readonly name: string
  readonly type: StorageType
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

function parseHeader(bytes: Uint8Array): readonly (readonly [string, unknown])[] {
  const text = decodeUtf8(bytes, 'safetensors: the header')
  let header: unknown
  try {
    header = JSON.parse(text)
  } catch (cause) {
    throw new FormatError('safetensors: the header is not JSON; the file is damaged', { cause })
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) throw new FormatError('safetensors: the header is not an object; the file is damaged')
  return Object.entries(header)
}

function readMetadata(value: unknown): ReadonlyMap<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new FormatError('safetensors: __metadata__ is not an object')
  return new Map(
    Object.entries(value).map(([key, text]: [string, unknown]) => {
      if (typeof text !== 'string') throw new FormatError(`safetensors: __metadata__, key ${JSON.stringify(key.slice(0, 80))}: not a text`)
      return [key, text]
    }),
  )
}

function readView(name: string, reader: JsonReader, dataLength: number): TensorView {
  const code = reader.text('dtype')
  const type = storageTypes[code] ?? reader.fail('dtype', `${JSON.stringify(code.slice(0, 20))} is not one of ${Object.keys(storageTypes).join(', ')}`)
  const shape = reader.integers('shape')
  const [begin, end, ...others] = reader.integers('data_offsets')
  if (shape.length > maxRank) reader.fail('shape', `${shape.length} axes, at most ${maxRank} are accepted`)
  if (begin === undefined || end === undefined || others.length > 0 || begin > end || end > dataLength)
    reader.fail('data_offsets', `[${[begin, end, ...others].slice(0, 4).join(', ')}] do not lie in the ${dataLength} bytes of data; the file is truncated or damaged`)
  const expected = shape.reduce((size, n) => size * n, 1) * itemSizes[type]
  if (end - begin !== expected) reader.fail('data_offsets', `${end - begin} bytes, shape [${shape.join(', ')}] of ${code} needs ${expected}`)
  return { name, type, shape, begin, end }
}

/** Every byte of the data belongs to exactly one tensor. */
function checkCoverage(views: readonly TensorView[], length: number): void {
  const sorted = [...views].sort((a, b) => a.begin - b.begin || a.end - b.end)
  let position = 0
  for (const { name, begin, end } of sorted) {
    if (begin !== position) throw new FormatError(`safetensors: tensor '${name}' starts at ${begin}, the one before it ends at ${position}; tensors must not overlap or leave gaps`)
    position = end
  }
  if (position !== length) throw new FormatError(`safetensors: ${length - position} bytes after the last tensor; the file is damaged`)
}

/**
 * Writes a safetensors file, tensors in the given order behind a header padded to 8 bytes.
 *
 * @throws {InputError} when a tensor's data does not fit its shape and dtype.
 */
export function writeSafetensors(tensors: ReadonlyMap<string, NamedTensor>, metadata: ReadonlyMap<string, string> = new Map()): Uint8Array<ArrayBuffer> {
  const header: [string, unknown][] = metadata.size > 0 ? [['__metadata__', Object.fromEntries(metadata)]] : []
  // Widest elements first, so that every tensor starts at a multiple of its element size.
  const ordered = [...tensors].sort(([, a], [, b]) => itemSizes[b.dtype] - itemSizes[a.dtype])
  let position = 0
  for (const [name, tensor] of ordered) {
    checkTensor(name, tensor)
    const end = position + tensor.data.byteLength
    header.push([name, { dtype: codes[tensor.dtype], shape: tensor.shape, data_offsets: [position, end] }])
    position = end
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)))
  const headerLength = Math.ceil(text.length / alignment) * alignment
  if (headerLength > maxHeaderBytes) throw new InputError(`writeSafetensors: a header of ${headerLength} bytes, at most ${maxHeaderBytes} can be read again`)
  const bytes = new Uint8Array(8 + headerLength + position)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true)
  bytes.fill(0x20, 8, 8 + headerLength)
  bytes.set(text, 8)
  let offset = 8 + headerLength
  for (const [, { data }] of ordered) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset)
    offset += data.byteLength
  }
  return bytes
}

function checkTensor(name: string, { dtype, shape, data }: NamedTensor): void {
  const size = shape.reduce((product, n) => product * n, 1)
  if (name === '__metadata__') throw new InputError("writeSafetensors: a tensor cannot be named '__metadata__'")
  if (data.length !== size || data.byteLength !== size * itemSizes[dtype])
    throw new InputError(`writeSafetensors: tensor '${name}' of shape [${shape.join(', ')}] and dtype ${dtype} has ${data.length} elements in ${data.byteLength} bytes`)
}
