import { array, type FloatDType } from '@equivar/engine'
import { fromArray, tensor, type Tensor } from '@equivar/torchlike'
import type { MaceFunction, MaceInputOptions } from '../mace-function.ts'
import { cellVolume, collate, referenceLabels, type LabelKeys, type ReferenceLabels, type Structure } from '../structures/index.ts'

/** Structures as tensors: a plain object that compiled functions take. Geometry and labels are float64. */
export interface MaceBatch {
  /** [N, 3] Å */
  readonly positions: Tensor
  /** [E, 3] Å */
  readonly shifts: Tensor
  /** [E] int32 */
  readonly senders: Tensor
  readonly receivers: Tensor
  readonly pairs: Readonly<Record<string, Tensor>>
  /** [N] int32 */
  readonly species: Tensor
  readonly atomicNumbers: Tensor
  /** [N, heads] */
  readonly headMask: Tensor
  /** [N] int32, the structure of every atom. */
  readonly batch: Tensor
  /** [G] eV */
  readonly reference: Tensor
  readonly features: Readonly<Record<string, Tensor>>
  /** [G] */
  readonly numAtoms: Tensor
  /** [G] Å³, of extended cells. */
  readonly volumes: Tensor
  readonly labels: MaceLabels
}

/** Reference values; what is missing is 0 with weight 0. */
export interface MaceLabels {
  /** [G] eV */
  readonly energy: Tensor
  /** [N, 3] eV/Å */
  readonly forces: Tensor
  /** [G, 3, 3] eV/Å³ */
  readonly stress: Tensor
  /** [G, 3, 3] eV */
  readonly virials: Tensor
  /** [G], of every structure. */
  readonly weight: Tensor
  readonly energyWeight: Tensor
  readonly forcesWeight: Tensor
  readonly stressWeight: Tensor
  readonly virialsWeight: Tensor
}

export interface MaceBatchOptions extends MaceInputOptions {
  /** Names of reference values where they differ from the conventions. */
  readonly keys?: LabelKeys
}

/** @throws {InputError} if the model does not know an element or the head. @throws {FormatError} for malformed reference values. */
export async function maceBatch(
  f: MaceFunction,
  structures: readonly Structure[],
  dtype: FloatDType,
  { keys, ...options }: MaceBatchOptions = {},
): Promise<MaceBatch> {
  const graph = await collate(structures, f.cutoff)
  const { pairs, features, ...inputs } = f.inputs(structures, graph, dtype, options)
  const labels = structures.map((structure) => referenceLabels(structure, keys))
  const wrapped = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, fromArray(x)])) as { readonly [name in keyof typeof inputs]: Tensor }
  const trees = { pairs, features }
  const wrappedTrees = Object.fromEntries(
    Object.entries(trees).map(([name, tree]) => [name, Object.fromEntries(Object.entries(tree).map(([key, x]) => [key, fromArray(x)]))]),
  ) as { readonly [name in keyof typeof trees]: Readonly<Record<string, Tensor>> }
  return {
    ...wrapped,
    ...wrappedTrees,
    numAtoms: float64(structures.map(({ numAtoms }) => numAtoms)),
    volumes: float64(structures.map((_, g) => cellVolume(graph.cells.subarray(9 * g, 9 * g + 9)))),
    labels: labelTensors(structures, labels),
  }
}

function labelTensors(structures: readonly Structure[], labels: readonly ReferenceLabels[]): MaceLabels {
  const numGraphs = structures.length
  const flat = (values: readonly (Float64Array | null)[], length: (g: number) => number) => {
    const parts = values.map((own, g) => own ?? new Float64Array(length(g)))
    return Float64Array.from(parts.flatMap((part) => [...part]))
  }
  const weights = (name: 'energy' | 'forces' | 'stress' | 'virials') => float64(labels.map((own) => (own[name] === null ? 0 : own.propertyWeights[name])))
  const forces = flat(labels.map((own) => own.forces), (g) => 3 * (structures[g]?.numAtoms ?? 0))
  return {
    energy: float64(labels.map(({ energy }) => energy ?? 0)),
    forces: tensor(forces, { shape: [forces.length / 3, 3] }),
    stress: tensor(flat(labels.map((own) => own.stress), () => 9), { shape: [numGraphs, 3, 3] }),
    virials: tensor(flat(labels.map((own) => own.virials), () => 9), { shape: [numGraphs, 3, 3] }),
    weight: float64(labels.map(({ configWeight }) => configWeight)),
    energyWeight: weights('energy'),
    forcesWeight: weights('forces'),
    stressWeight: weights('stress'),
    virialsWeight: weights('virials'),
  }
}

function float64(values: readonly number[]): Tensor {
  return fromArray(array(Float64Array.from(values)))
}
