import { where } from '@equivar/engine'
import { fromArray, nn, type Tensor } from '@equivar/torchlike'
import { InputError } from '@equivar/core'
import type { MaceBatch } from './batch.ts'
import type { MaceOutputs } from './mace-module.ts'

/** λ of every part. */
export interface LossWeights {
  /** Default 1. */
  readonly energy?: number
  /** Default 100. */
  readonly forces?: number
  /** Default 0: not computed. */
  readonly stress?: number
  /** Default 0: not computed. */
  readonly virials?: number
}

export interface HuberLossWeights extends LossWeights {
  /** Default 0.01. */
  readonly delta?: number
}

/**
 * mace-torch's weighted loss: `λ_E mean_g[w w_E ((E − Ê) / n)²] + λ_F mean[w w_F (F − F̂)²] + λ_S mean[w w_S (σ − σ̂)²] +
 * λ_V mean[w w_V ((V − V̂) / n)²]`, w by structure and property, n atoms of a structure.
 *
 * @throws {InputError} if a part is asked for that the outputs do not have.
 */
export function weightedLoss(outputs: MaceOutputs, batch: MaceBatch, { energy = 1, forces = 100, stress = 0, virials = 0 }: LossWeights = {}): Tensor {
  const { labels, numAtoms } = batch
  const total = new Sum()
  if (energy !== 0) {
    const error = outputs.energy.sub(labels.energy).div(numAtoms)
    total.add(error.square().mul(labels.weight).mul(labels.energyWeight).mean(), energy)
  }
  if (forces !== 0) {
    const weight = labels.weight.mul(labels.forcesWeight).indexSelect(0, batch.batch).unsqueeze(1)
    total.add(part('forces', outputs.forces).sub(labels.forces).square().mul(weight).mean(), forces)
  }
  if (stress !== 0) {
    const weight = labels.weight.mul(labels.stressWeight).reshape([-1, 1, 1])
    total.add(part('stress', outputs.stress).sub(labels.stress).square().mul(weight).mean(), stress)
  }
  if (virials !== 0) {
    const weight = labels.weight.mul(labels.virialsWeight).reshape([-1, 1, 1])
    const error = part('virials', outputs.virials).sub(labels.virials).div(numAtoms.reshape([-1, 1, 1]))
    total.add(error.square().mul(weight).mean(), virials)
  }
  return total.result
}

/** mace-torch's Huber loss: of E/n, F and σ, without weights of structures. @throws {InputError} as {@link weightedLoss}. */
export function huberLoss(outputs: MaceOutputs, batch: MaceBatch, { energy = 1, forces = 100, stress = 0, delta = 0.01 }: HuberLossWeights = {}): Tensor {
  const { labels, numAtoms } = batch
  const total = new Sum()
  if (energy !== 0) total.add(nn.huberLoss(outputs.energy.div(numAtoms), labels.energy.div(numAtoms), { delta }), energy)
  if (forces !== 0) total.add(nn.huberLoss(part('forces', outputs.forces), labels.forces, { delta }), forces)
  if (stress !== 0) total.add(nn.huberLoss(part('stress', outputs.stress), labels.stress, { delta }), stress)
  return total.result
}

/**
 * The loss of foundation models: Huber of w_E E/n and w_S σ, and of w_F F with δ smaller where the reference force of an atom is large:
 * δ · {1, 0.7, 0.4, 0.1} below {100, 200, 300, ∞} eV/Å.
 *
 * @throws {InputError} as {@link weightedLoss}.
 */
export function universalLoss(outputs: MaceOutputs, batch: MaceBatch, { energy = 1, forces = 100, stress = 0, delta = 0.01 }: HuberLossWeights = {}): Tensor {
  const { labels, numAtoms } = batch
  const total = new Sum()
  if (energy !== 0) {
    const weight = labels.energyWeight.div(numAtoms)
    total.add(nn.huberLoss(outputs.energy.mul(weight), labels.energy.mul(weight), { delta }), energy)
  }
  if (forces !== 0) {
    const weight = labels.forcesWeight.indexSelect(0, batch.batch).unsqueeze(1)
    const reference = labels.forces.mul(weight)
    const size = reference.norm(1, { keepDims: true })
    const limits = [300, 200, 100].reduce((limit, bound, k) => choose(size.lt(bound), [0.4, 0.7, 1][k] ?? 1, limit), size.mul(0).add(0.1))
    total.add(nn.huberLoss(part('forces', outputs.forces).mul(weight), reference, { delta: limits.mul(delta) }), forces)
  }
  if (stress !== 0) {
    const weight = labels.stressWeight.reshape([-1, 1, 1])
    total.add(nn.huberLoss(part('stress', outputs.stress).mul(weight), labels.stress.mul(weight), { delta }), stress)
  }
  return total.result
}

/** mace-torch's loss `λ_E mean_g[w w_E |E − Ê| / n] + λ_F mean_i |F_i − F̂_i|`. @throws {InputError} as {@link weightedLoss}. */
export function l1l2Loss(outputs: MaceOutputs, batch: MaceBatch, { energy = 1, forces = 100 }: Pick<LossWeights, 'energy' | 'forces'> = {}): Tensor {
  const { labels, numAtoms } = batch
  const total = new Sum()
  if (energy !== 0) total.add(outputs.energy.sub(labels.energy).abs().div(numAtoms).mul(labels.weight).mul(labels.energyWeight).mean(), energy)
  if (forces !== 0) total.add(part('forces', outputs.forces).sub(labels.forces).norm(1).mean(), forces)
  return total.result
}

/** Parts with their weights. */
class Sum {
  #total: Tensor | undefined

  add(loss: Tensor, weight: number): void {
    const weighted = loss.mul(weight)
    this.#total = this.#total ? this.#total.add(weighted) : weighted
  }

  get result(): Tensor {
    if (!this.#total) throw new InputError('loss: all weights are 0; one at least must not be')
    return this.#total
  }
}

function choose(condition: Tensor, value: number, otherwise: Tensor): Tensor {
  return fromArray(where(condition.array, value, otherwise.array))
}

function part(name: 'forces' | 'stress' | 'virials', x: Tensor | undefined): Tensor {
  if (!x) throw new InputError(`loss: it has a weight for ${name}, but the outputs have none; call forward with { ${name === 'forces' ? 'forces' : 'stress'}: true }`)
  return x
}
