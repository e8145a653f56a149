import { FormatError, InputError } from '@equivar/core'
import { readSafetensors } from '@equivar/files'
import { Tensor } from '../tensor/tensor.ts'
import { fromNamedTensor, type FileOptions } from './load.ts'
import { save } from './save.ts'

/** What a checkpoint holds: tensors, numbers, texts and truth values, in lists, plain objects and maps. */
export type CheckpointTree = object | number | string | boolean | null

/** A tree with the places of its tensors: `['tensor', name]`, `['list', …]`, `['object', [name, …]…]`, `['map', [key, …]…]`, or a plain value. */
type Written = string | number | boolean | null | readonly ['tensor', string] | readonly ['number', string] | readonly [string, ...unknown[]]

const structureKey = 'equivar.checkpoint'
const maxDepth = 64

/**
 * Everything that a training goes on from as the bytes of one safetensors file: state dictionaries of modules, optimisers, averages and
 * schedules, counters, curves. {@link loadCheckpoint} gives the same tree back, bit by bit.
 *
 * @throws {InputError} (as a rejection) for anything else in the tree. @throws {DtypeError} (as a rejection) for a tensor of uint32.
 * @example
 * const bytes = await saveCheckpoint({ step, model: model.stateDict(), optimizer: optimizer.stateDict(), average: average.stateDict() })
 */
export async function saveCheckpoint(tree: CheckpointTree): Promise<Uint8Array<ArrayBuffer>> {
  const tensors = new Map<string, Tensor>()
  const structure = write(tree, '', tensors, 0)
  return save(tensors, new Map([[structureKey, JSON.stringify(structure)]]))
}

/**
 * What {@link saveCheckpoint} was given. State dictionaries in it are what `loadStateDict` takes; the rest is checked by whoever asks for it.
 *
 * @throws {FormatError} if the file is damaged or was not written by `saveCheckpoint`. @throws {DeviceError} if the device was not opened.
 */
export function loadCheckpoint(bytes: Uint8Array, options: FileOptions = {}): unknown {
  const { tensors, metadata } = readSafetensors(bytes)
  const text = metadata.get(structureKey)
  if (text === undefined) throw new FormatError('checkpoint: the file holds tensors, but was not written by saveCheckpoint; use load')
  let structure: unknown
  try {
    structure = JSON.parse(text)
  } catch (cause) {
    throw new FormatError('checkpoint: the description of the tree is not JSON; the file is damaged', { cause })
  }
  const made = new Map([...tensors].map(([name, found]) => [name, fromNamedTensor(found, options)]))
  return read(structure, made, 0)
}

function write(node: unknown, path: string, tensors: Map<string, Tensor>, depth: number): Written {
  if (depth > maxDepth) throw new InputError(`saveCheckpoint: ${path} lies more than ${maxDepth} levels deep`)
  const inside = (key: string | number, child: unknown) => write(child, path === '' ? `${key}` : `${path}.${key}`, tensors, depth + 1)
  if (node instanceof Tensor) {
    // Names are for people; a second tensor of the same path is told apart by its number.
    const name = tensors.has(path) || path === '' ? `${path}#${tensors.size}` : path
    tensors.set(name, node)
    return ['tensor', name]
  }
  if (typeof node === 'number') return Number.isFinite(node) && !Object.is(node, -0) ? node : ['number', Object.is(node, -0) ? '-0' : `${node}`]
  if (node === null || typeof node === 'string' || typeof node === 'boolean') return node
  if (Array.isArray(node)) return ['list', ...node.map((child: unknown, i) => inside(i, child))]
  if (node instanceof Map) return ['map', ...[...(node as ReadonlyMap<unknown, unknown>)].map(([key, child]) => [keyOf(key, path), inside(keyOf(key, path), child)])]
  if (typeof node === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(node) as object | null))
    return ['object', ...Object.entries(node).map(([key, child]: [string, unknown]) => [key, inside(key, child)])]
  throw new InputError(`saveCheckpoint: ${path} is ${typeof node === 'object' ? `an object of class ${node.constructor.name}` : typeof node}; a checkpoint holds tensors, numbers, texts, truth values, and lists, objects and maps of them`)
}

function keyOf(key: unknown, path: string): string | number {
  if (typeof key === 'string' || (typeof key === 'number' && Number.isFinite(key))) return key
  throw new InputError(`saveCheckpoint: a key of the map ${path} is ${typeof key}; keys are texts or finite numbers`)
}

function read(node: unknown, tensors: ReadonlyMap<string, Tensor>, depth: number): unknown {
  if (depth > maxDepth) throw new FormatError(`checkpoint: the tree is more than ${maxDepth} levels deep; the file is refused`)
  if (!Array.isArray(node)) {
    if (typeof node === 'object' && node !== null) throw new FormatError('checkpoint: an object that saveCheckpoint does not write; the file is damaged')
    return node
  }
  const [kind, ...items] = node as readonly unknown[]
  if (kind === 'list') return items.map((item) => read(item, tensors, depth + 1))
  if (kind === 'object') return Object.fromEntries(items.map((item) => readEntry(item, tensors, depth)))
  if (kind === 'map') return new Map(items.map((item) => readEntry(item, tensors, depth)))
  const [value] = items
  const found = kind === 'tensor' && typeof value === 'string' ? tensors.get(value) : undefined
  if (found) return found
  if (kind === 'number' && typeof value === 'string') return Number(value)
  throw new FormatError(`checkpoint: a node ${JSON.stringify(node).slice(0, 60)} that is not understood; the file is damaged`)
}

function readEntry(item: unknown, tensors: ReadonlyMap<string, Tensor>, depth: number): readonly [string | number, unknown] {
  const [key, child] = Array.isArray(item) ? (item as readonly unknown[]) : []
  if (typeof key !== 'string' && typeof key !== 'number') throw new FormatError('checkpoint: an entry without a name; the file is damaged')
  return [key, read(child, tensors, depth + 1)]
}
