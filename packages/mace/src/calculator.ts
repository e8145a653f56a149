import { InputError } from '@equivar/core'
import { edgeVectors } from './evaluation/batch-inputs.ts'
import type { Evaluation, EvaluationOptions } from './evaluation/options.ts'
import type { Mace } from './mace.ts'
import { collate, extendedCell, type GraphBatch, type Structure } from './structures/index.ts'

export interface CalculatorOptions extends Omit<EvaluationOptions, 'batchSize' | 'signal'> {
  /** Width of the shell around the cutoff that the neighbour list covers, Å; 0 builds a new list for every call. Default 0.5. */
  readonly skin?: number
}

/**
 * Repeated evaluations of one system as its atoms move. The neighbour list is kept until an atom has moved by half the
 * skin, or species, cell or periodicity change; results are those of {@link Mace.evaluate}. On devices that find neighbours themselves there
 * is no list to keep.
 *
 * @example
 * const calculator = new Calculator(model)
 * for (const frame of trajectory) console.log((await calculator.calculate(frame)).energy)
 */
export class Calculator {
  readonly model: Mace
  readonly #options: CalculatorOptions
  readonly #skin: number
  #known: { readonly structure: Structure; readonly batch: GraphBatch } | undefined
  #numLists = 0

  /** @throws {InputError} unless the skin is a finite number that is not negative. */
  constructor(model: Mace, { skin = 0.5, ...options }: CalculatorOptions = {}) {
    if (!(Number.isFinite(skin) && skin >= 0)) throw new InputError(`Calculator: skin is ${skin}; it must be zero or a positive number of Å`)
    this.model = model
    this.#skin = skin
    this.#options = options
  }

  /** How many neighbour lists were built so far. */
  get numLists(): number {
    return this.#numLists
  }

  /** @throws as {@link Mace.evaluate} does. */
  async calculate(structure: Structure, { signal }: Pick<EvaluationOptions, 'signal'> = {}): Promise<Evaluation> {
    signal?.throwIfAborted()
    const { cutoff } = this.model
    if (this.model.findsNeighbors(this.#options)) return this.#only(await this.model.evaluate([structure], { ...this.#options, signal }))
    const shell = await this.#edgesOf(structure, signal)
    const batch = withinCutoff({ ...shell, positions: structure.positions, cells: extendedCell(structure, cutoff) }, cutoff)
    return this.#only(await this.model.evaluateGraph([structure], batch, { ...this.#options, signal }))
  }

  #only([result]: readonly Evaluation[]): Evaluation {
    if (!result) throw new InputError('Calculator: the structure gave no result')
    return result
  }

  /** All edges that may be shorter than the cutoff. */
  async #edgesOf(structure: Structure, signal: AbortSignal | undefined): Promise<GraphBatch> {
    const known = this.#known
    if (known && this.#skin > 0 && isNear(known.structure, structure, this.#skin / 2)) return known.batch
    const { cutoff, device, method } = this.model
    const batch = await collate([structure], cutoff + this.#skin, { device, method, signal })
    this.#numLists++
    this.#known = { structure, batch }
    return batch
  }
}

/**
 * The batch of one structure with the edges shorter than the cutoff only. Beyond it some models have weights that do not vanish.
 *
 * @throws {InputError} if two atoms have come to the same point.
 */
function withinCutoff(batch: GraphBatch, cutoff: number): GraphBatch {
  const vectors = edgeVectors(batch)
  const { senders, receivers, unitShifts } = batch
  const kept = { senders: new Int32Array(batch.numEdges), receivers: new Int32Array(batch.numEdges), unitShifts: new Int32Array(3 * batch.numEdges) }
  let numEdges = 0
  for (let e = 0; e < batch.numEdges; e++) {
    const [x, y, z] = [vectors[3 * e] ?? 0, vectors[3 * e + 1] ?? 0, vectors[3 * e + 2] ?? 0]
    // The very expression of the neighbour list, so that both decide alike at the last digit.
    const length = Math.sqrt(x * x + y * y + z * z)
    if (length === 0) throw new InputError(`atoms ${senders[e] ?? 0} and ${receivers[e] ?? 0} are at the same point; move one of them`)
    if (!(length < cutoff)) continue
    kept.senders[numEdges] = senders[e] ?? 0
    kept.receivers[numEdges] = receivers[e] ?? 0
    for (let axis = 0; axis < 3; axis++) kept.unitShifts[3 * numEdges + axis] = unitShifts[3 * e + axis] ?? 0
    numEdges++
  }
  return {
    ...batch,
    numEdges,
    edgeOffsets: Int32Array.of(0, numEdges),
    senders: kept.senders.slice(0, numEdges),
    receivers: kept.receivers.slice(0, numEdges),
    unitShifts: kept.unitShifts.slice(0, 3 * numEdges),
  }
}

/** Same atoms in the same cell, none of them further than `distance` from where it was. */
function isNear(a: Structure, b: Structure, distance: number): boolean {
  const same = (x: ArrayLike<number | boolean> | null, y: ArrayLike<number | boolean> | null) =>
    x === y || (x !== null && y !== null && x.length === y.length && Array.from(x).every((value, i) => value === y[i]))
  if (!same(a.atomicNumbers, b.atomicNumbers) || !same(a.pbc, b.pbc) || !same(a.cell, b.cell)) return false
  for (let i = 0; i < a.positions.length; i += 3) {
    const square = [0, 1, 2].reduce((sum, k) => sum + ((a.positions[i + k] ?? 0) - (b.positions[i + k] ?? 0)) ** 2, 0)
    if (!(square <= distance * distance)) return false
  }
  return true
}
