import { FormatError } from '@equivar/core'
import { textDict } from './pickle/text-dict.ts'
import { describe, PickleDict, PickleObject, TensorRecord, type PickleValue } from './pickle/values.ts'
import { isSafetensors, readSafetensors } from './safetensors/safetensors.ts'
import type { NamedTensor } from './tensors.ts'
import { TorchArchive, type TorchArchiveOptions } from './torch/archive.ts'

const maxDepth = 64

/**
 * The tensors of a file by their state-dict keys: of a state dict that `torch.save` wrote, a dict that has one under `model`, a pickled module
 * whose classes are among `globals`, or a safetensors file. Small floats arrive widened to float32, integers as int32. Nothing in the file is
 * run: a pickle becomes inert records, and names that are not known are refused.
 *
 * @throws {FormatError} when the file is damaged or holds something else.
 */
export function readStateDict(bytes: Uint8Array, options: TorchArchiveOptions = {}): ReadonlyMap<string, NamedTensor> {
  if (isSafetensors(bytes)) return readSafetensors(bytes).tensors
  const archive = new TorchArchive(bytes, options)
  const { root } = archive
  const records = root instanceof PickleObject ? moduleTensors(root) : dictTensors(root)
  return new Map([...records].map(([name, record]) => [name, archive.tensor(record, name)]))
}

function dictTensors(root: PickleValue): ReadonlyMap<string, TensorRecord> {
  const dict = findStateDict(root)
  if (!dict) throw new FormatError(`state dict: the file holds ${describe(root)}, not tensors by name`)
  const records = new Map<string, TensorRecord>()
  for (const [name, value] of textDict(dict, 'state dict')) {
    if (!(value instanceof TensorRecord)) throw new FormatError(`state dict: '${name}' is ${describe(value)}, not a tensor`)
    records.set(name, value)
  }
  return records
}

/** The state dict of a training checkpoint, or the object itself when it is one. */
export function findStateDict(root: PickleValue): PickleDict | undefined {
  if (!(root instanceof PickleDict)) return undefined
  const model = root.get('model')
  if (model instanceof PickleDict) return model
  for (const value of root.entries.values()) if (!(value instanceof TensorRecord)) return undefined
  return root
}

/** Parameters and buffers of a module and of all below it, depth first. */
function moduleTensors(root: PickleObject): ReadonlyMap<string, TensorRecord> {
  const records = new Map<string, TensorRecord>()
  const pending: { readonly module: PickleObject; readonly prefix: string; readonly depth: number }[] = [{ module: root, prefix: '', depth: 0 }]
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { module, prefix, depth } = next
    if (depth > maxDepth) throw new FormatError(`state dict: '${prefix.slice(0, 80)}' lies more than ${maxDepth} modules deep; the file is refused`)
    // Graphs that torch.fx traced have no state of their own.
    if (module.state === undefined) continue
    const state = textDict(module.state, `state dict: '${prefix}'`)
    for (const group of ['_parameters', '_buffers'])
      for (const [name, value] of textDict(state.get(group) ?? new PickleDict(), `state dict: '${prefix}${group}'`))
        if (value instanceof TensorRecord) records.set(`${prefix}${name}`, value)
    for (const [name, child] of textDict(state.get('_modules') ?? new PickleDict(), `state dict: '${prefix}_modules'`))
      if (child instanceof PickleObject) pending.push({ module: child, prefix: `${prefix}${name}.`, depth: depth + 1 })
    if (pending.length + records.size > maxEntries) throw new FormatError(`state dict: more than ${maxEntries} tensors and modules; the file is refused`)
  }
  return records
}

/** Modules may be shared, so a small file could describe a tree of any size. */
const maxEntries = 100_000
