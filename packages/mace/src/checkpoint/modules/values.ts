import { FormatError } from '@equivar/core'
import { describe, PickleBytes, PickleGlobal, PickleList, PickleObject, PickleTuple, type PickleValue } from '@equivar/files/readers'
import type { ActivationDefinition } from '../../definition.ts'
import { checkCount, fileIrrep, parseIrreps, type FileIrreps } from '../irreps.ts'

/** Items of a list or tuple. @throws {FormatError} for anything else. */
export function sequence(value: PickleValue | undefined, what: string): readonly PickleValue[] {
  if (value instanceof PickleTuple || value instanceof PickleList) return value.items
  throw new FormatError(`${what}: expected a list, found ${describe(value)}`)
}

/** The arguments of an object of the class. @throws {FormatError} for anything else. */
export function argumentsOf(value: PickleValue | undefined, type: string, what: string): readonly PickleValue[] {
  if (value instanceof PickleObject && value.type.qualifiedName === type) return value.args
  throw new FormatError(`${what}: expected a ${type}, found ${describe(value)}`)
}

/** e3nn's `Irreps`, or a text that says the same. */
export function irrepsOf(value: PickleValue | undefined, what: string): FileIrreps {
  if (typeof value === 'string') return parseIrreps(value, what)
  const [blocks] = argumentsOf(value, 'e3nn.o3._irreps.Irreps', what)
  if (blocks === undefined) return []
  const items = sequence(blocks, what)
  checkCount(items.length, what)
  return items.map((block) => {
    const [pair] = argumentsOf(block, 'e3nn.o3._irreps._MulIr', what)
    const [mul, irrep] = sequence(pair, what)
    const [numbers] = argumentsOf(irrep, 'e3nn.o3._irreps.Irrep', what)
    const [l, p] = sequence(numbers, what)
    return fileIrrep(mul, l, p, what)
  })
}

/** numpy writes a scalar as `scalar(dtype, bytes)`, and the byte order in the state of the dtype. */
export function numpyScalar(value: PickleObject, what: string): number | undefined {
  if (!/^numpy\.(?:_core|core)\.multiarray\.scalar$/.test(value.type.qualifiedName)) return undefined
  const [dtype, content] = value.args
  const [code] = argumentsOf(dtype, 'numpy.dtype', what)
  const order = dtype instanceof PickleObject && dtype.state instanceof PickleTuple ? dtype.state.items[1] : undefined
  if (typeof code !== 'string' || !(content instanceof PickleBytes) || (order !== '<' && order !== '|' && order !== '='))
    throw new FormatError(`${what}: a numpy scalar of an unknown kind (${describe(code)}, byte order ${describe(order)})`)
  const { bytes } = content
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const readers: Readonly<Record<string, (() => number) | undefined>> = {
    f8: () => view.getFloat64(0, true),
    f4: () => view.getFloat32(0, true),
    i8: () => Number(view.getBigInt64(0, true)),
    i4: () => view.getInt32(0, true),
  }
  const read = Object.hasOwn(readers, code) ? readers[code] : undefined
  if (!read || bytes.length !== Number(code.slice(1))) throw new FormatError(`${what}: a numpy scalar of type ${describe(code)} in ${bytes.length} bytes`)
  return read()
}

const functions: ReadonlyMap<string, ActivationDefinition['name']> = new Map([
  ['torch.nn.functional.silu', 'silu'],
  ['torch.nn.functional.sigmoid', 'sigmoid'],
  ['torch.nn.functional.tanh', 'tanh'],
  ['torch.nn.functional.relu', 'relu'],
  ['torch.sigmoid', 'sigmoid'],
  ['torch.tanh', 'tanh'],
  ['torch.relu', 'relu'],
  ['torch.abs', 'abs'],
])

/** An activation function by its name in Python. */
export function functionName(value: PickleValue | undefined, what: string): ActivationDefinition['name'] {
  const name = value instanceof PickleGlobal ? functions.get(value.qualifiedName) : undefined
  if (name === undefined) throw new FormatError(`${what}: activation ${describe(value)} is not known; known are ${[...new Set(functions.values())].join(', ')}`)
  return name
}
