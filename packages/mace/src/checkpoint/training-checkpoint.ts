import { FormatError } from '@equivar/core'
import type { Coupling, MaceDefinition, NamedTensor } from '../definition.ts'
import { checkDefinition } from './check-definition.ts'
import { symmetrizeCoupling } from './coupling.ts'
import { dimension, parseIrreps } from './irreps.ts'
import { readStateDict } from './state-dict.ts'

export interface TrainingCheckpointOptions {
  /** The definition from the `.model` file of the same run: it has what a state dict lacks. */
  readonly template: MaceDefinition
}

/** Couplings of one formula differ by rounding only. */
const tolerance = 1e-6

/** Keys that restate the architecture or are empty in every energy model. */
const restated =
  /(?:^|\.)(?:num_interactions|output_mask|weights_(?:\d|max)_zeroed)$|^radial_embedding\.(?:cutoff_fn\.(?:p|r_max)|bessel_fn\.(?:r_max|n))$|^pair_repulsion_fn\.(?:p|r_max|cutoff\.(?:p|r_max))$|\._w3j_\d_\d_\d$/

/**
 * The weights of a training checkpoint (`*_epoch-N.pt`, or a bare state dict) in the architecture of `template`.
 *
 * @throws {FormatError} naming the keys that are missing or left over, and shapes, elements, cutoff or couplings that
 *   differ from the template's.
 */
export function readTrainingCheckpoint(bytes: Uint8Array, { template }: TrainingCheckpointOptions): MaceDefinition {
  const state = readStateDict(bytes)
  const tensors = new Map<string, NamedTensor>()
  for (const [name, { shape }] of template.tensors) {
    const found = state.get(name)
    if (!found) throw new FormatError(`checkpoint: tensor '${name}' of the template is missing; the checkpoint belongs to another model`)
    tensors.set(name, { ...found, shape: withOnes(found.shape, shape) })
  }
  checkHead(state, template)
  for (const [name, tensor] of state) {
    if (template.tensors.has(name) || name === 'atomic_numbers' || name === 'r_max' || restated.test(name)) continue
    const coupling = /^products\.(\d+)\.symmetric_contractions\.contractions\.(\d+)\.U_matrix_(\d+)$/.exec(name)
    if (coupling) checkCoupling(name, tensor, template, coupling.slice(1).map(Number))
    else if (tensor.data.length > 0 || !/\.(?:bias|weight)$/.test(name)) throw new FormatError(`checkpoint: tensor '${name}' has no place in the template; the checkpoint belongs to another model`)
  }
  const dtype = [...tensors.values()].some((tensor) => tensor.dtype === 'float64') ? 'float64' : 'float32'
  const definition = { ...template, architecture: { ...template.architecture, dtype }, tensors } satisfies MaceDefinition
  checkDefinition(definition)
  return definition
}

/** The wanted shape when only axes of length one differ, as between versions; otherwise the shape as it is. */
function withOnes(shape: readonly number[], wanted: readonly number[]): readonly number[] {
  const longer = (axes: readonly number[]) => axes.filter((n) => n !== 1).join()
  return longer(shape) === longer(wanted) ? wanted : shape
}

function checkHead(state: ReadonlyMap<string, NamedTensor>, { architecture }: MaceDefinition): void {
  const numbers = [...(state.get('atomic_numbers')?.data ?? [])]
  if (numbers.join() !== architecture.atomicNumbers.join())
    throw new FormatError(`checkpoint: tensor 'atomic_numbers' is [${numbers.slice(0, 8).join(', ')}], the template has [${architecture.atomicNumbers.join(', ')}]`)
  const cutoff = state.get('r_max')?.data[0] ?? NaN
  if (!(Math.abs(cutoff - architecture.cutoff) <= tolerance * architecture.cutoff))
    throw new FormatError(`checkpoint: tensor 'r_max' is ${cutoff}, the template has ${architecture.cutoff}`)
}

function checkCoupling(name: string, tensor: NamedTensor, template: MaceDefinition, [t = 0, k = 0, degree = 0]: readonly number[]): void {
  const expected = template.couplings[t]?.[k]?.[degree - 1]
  const target = parseIrreps(template.architecture.layers[t]?.interaction.target ?? '', `checkpoint: tensor '${name}'`)
  if (!expected) throw new FormatError(`checkpoint: tensor '${name}' has no place in the template; the checkpoint belongs to another model`)
  const slots = target.map((block) => ({ ...block, mul: 1 }))
  const found = symmetrizeCoupling(tensor, degree, expected.numComponents, dimension(slots), `checkpoint: tensor '${name}'`)
  if (!sameCoupling(found, expected)) throw new FormatError(`checkpoint: tensor '${name}' couples differently from the template's; the checkpoint belongs to another model`)
}

function sameCoupling(a: Coupling, b: Coupling): boolean {
  if (a.numPaths !== b.numPaths || a.values.length !== b.values.length) return false
  const close = a.values.every((value, k) => Math.abs(value - (b.values[k] ?? NaN)) <= tolerance * Math.max(1, Math.abs(value)))
  return close && a.indices.every((index, k) => index === b.indices[k])
}
