import { FormatError } from '@equivar/core'
import type { GlobalTable } from '../pickle/globals.ts'
import { describe, PickleDict, PickleGlobal, PickleTuple, StorageRecord, TensorRecord, type GlobalRule, type PickleValue } from '../pickle/values.ts'
import { storageTypes } from './storage.ts'

const classes = new Set([
  'torch.nn.modules.activation.SiLU',
  'torch.nn.modules.container.ModuleDict',
  'torch.nn.modules.container.ModuleList',
  'torch.nn.modules.container.ParameterList',
  'torch.nn.modules.container.Sequential',
  'torch.nn.modules.linear.Linear',
  'torch.nn.modules.normalization.LayerNorm',
  'torch.nn.modules.sparse.Embedding',
  'torch.device',
  'torch.Size',
  'numpy.dtype',
])

const names = new Set([
  'torch._C._VariableFunctionsClass',
  'torch.nn.functional.relu',
  'torch.nn.functional.sigmoid',
  'torch.nn.functional.silu',
  'torch.nn.functional.tanh',
  'torch.float16',
  'torch.bfloat16',
  'torch.float32',
  'torch.float64',
  'torch.int32',
  'torch.int64',
  'torch.bool',
  'numpy.ndarray',
])

const maxRank = 16

/** Tensors, modules and functions of torch, and numpy's scalars and arrays. */
export const torchGlobals: GlobalTable = (module, name) => {
  const qualified = `${module}.${name}`
  if (storageTypes.has(qualified) || names.has(qualified)) return { kind: 'name' }
  if (classes.has(qualified)) return { kind: 'class' }
  // Graphs of torch.fx stand beside what they were made from; nothing in them is used.
  if (/^torch\.fx\.[\w.]{1,80}$/.test(module) && /^\w{1,80}$/.test(name)) return { kind: 'class' }
  if (/^numpy\.(?:_core|core)\.multiarray$/.test(module) && (name === 'scalar' || name === '_reconstruct')) return { kind: 'class' }
  return module === 'torch._utils' ? rebuilders[name] : undefined
}

const rebuilders: Readonly<Record<string, GlobalRule | undefined>> = {
  __proto__: null as never,
  _rebuild_tensor_v2: { kind: 'call', call: rebuildTensor },
  _rebuild_parameter: { kind: 'call', call: rebuildParameter },
  _rebuild_parameter_with_state: { kind: 'call', call: rebuildParameter },
}

/** `(storage, offset, size, strides, requires_grad, hooks[, metadata])` */
function rebuildTensor(args: readonly PickleValue[], charge: (work: number) => void): TensorRecord {
  const [storage, offset, size, strides, , hooks, metadata] = args
  if (args.length < 6 || args.length > 7 || !(storage instanceof StorageRecord)) throw new FormatError(`pickle: a tensor made from ${describe(storage)}; the file is damaged`)
  requireEmpty(hooks, 'hooks')
  requireEmpty(metadata, 'metadata')
  const what = `pickle: a tensor on storage '${storage.key}'`
  const shape = counts(size, `${what}: size`)
  const steps = counts(strides, `${what}: strides`)
  const [start] = counts(new PickleTuple([offset ?? null]), `${what}: offset`)
  charge(shape.length)
  const tensor = new TensorRecord(storage, start ?? 0, shape, steps)
  if (shape.length !== steps.length) throw new FormatError(`${what}: ${shape.length} axes and ${steps.length} strides; the file is damaged`)
  // Strides of 0 repeat elements; what that adds up to is limited where tensors are read.
  if (!(tensor.size <= Number.MAX_SAFE_INTEGER)) throw new FormatError(`${what}: shape [${shape.join(', ')}] has more elements than can be counted; the file is damaged`)
  const last = shape.reduce((position, n, axis) => position + (n - 1) * (steps[axis] ?? 0), tensor.offset)
  if (tensor.size > 0 && last >= storage.length)
    throw new FormatError(
      `${what}: shape [${shape.join(', ')}], strides [${steps.join(', ')}] and offset ${tensor.offset} reach element ${last} of ${storage.length}; the file is damaged`,
    )
  return tensor
}

function rebuildParameter(args: readonly PickleValue[]): TensorRecord {
  const [tensor] = args
  if (args.length < 3 || !(tensor instanceof TensorRecord)) throw new FormatError(`pickle: a parameter made from ${describe(tensor)}; the file is damaged`)
  return tensor
}

function requireEmpty(value: PickleValue | undefined, what: string): void {
  if (value === undefined || value === null || (value instanceof PickleDict && value.entries.size === 0)) return
  throw new FormatError(`pickle: a tensor with ${what} (${describe(value)}), which are not understood`)
}

function counts(value: PickleValue | undefined, what: string): readonly number[] {
  if (!(value instanceof PickleTuple) || value.items.length > maxRank) throw new FormatError(`${what} is ${describe(value)}; the file is damaged`)
  return value.items.map((item) => {
    if (typeof item !== 'number' || !Number.isSafeInteger(item) || item < 0) throw new FormatError(`${what} has ${describe(item)}; the file is damaged`)
    return item
  })
}

/** Persistent ids of torch: `('storage', class, key, location, numel)`; where it lived does not matter. */
export function loadStorage(id: PickleValue): StorageRecord {
  const [kind, type, key, , length] = id instanceof PickleTuple ? id.items : []
  const storageType = type instanceof PickleGlobal ? storageTypes.get(type.qualifiedName) : undefined
  if (kind !== 'storage' || storageType === undefined) throw new FormatError(`pickle: a storage of ${describe(type)}; only numbers are understood`)
  if (typeof key !== 'string' || !/^\w{1,40}$/.test(key)) throw new FormatError(`pickle: storage key ${describe(key)} is not a plain name; the file is damaged or forged`)
  if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0)
    throw new FormatError(`pickle: storage '${key}' of ${describe(length)} elements; the file is damaged`)
  return new StorageRecord(storageType, key, length)
}
