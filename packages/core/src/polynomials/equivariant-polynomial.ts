import { DimensionError, LayoutError, PolynomialError } from '../errors.ts'
import type { Rep } from '../groups/index.ts'
import { Irreps, IrrepsAndLayout } from '../irreps/index.ts'
import type { HostArray } from '../math/host-array.ts'
import type { Derivative } from './derivatives.ts'
import { SegmentedPolynomial } from './segmented-polynomial.ts'
import type { FlattenOptions } from './transforms/index.ts'

/** At least one representation. */
export type Reps = readonly [Rep, ...Rep[]]

/**
 * A segmented polynomial together with the representations its inputs and outputs carry: it commutes with the group.
 *
 * @throws {DimensionError} if a representation does not have the size of its operand.
 */
export class EquivariantPolynomial {
  readonly inputs: Reps
  readonly outputs: Reps
  readonly polynomial: SegmentedPolynomial

  constructor(inputs: Reps, outputs: Reps, polynomial: SegmentedPolynomial) {
    requireSizes('input', inputs, polynomial.inputs)
    requireSizes('output', outputs, polynomial.outputs)
    this.inputs = inputs
    this.outputs = outputs
    this.polynomial = polynomial
  }

  /**
   * Several polynomials side by side: a stacked operand carries the irreps of all of them one after another; the others are
   * shared. See {@link SegmentedPolynomial.stack}.
   *
   * @throws {PolynomialError} if a shared operand carries different representations, or a stacked one other than irreps.
   * @throws {LayoutError} if layouts of a stacked operand differ.
   */
  static stack(polynomials: readonly EquivariantPolynomial[], isStacked: readonly boolean[]): EquivariantPolynomial {
    const [first] = polynomials
    if (!first) throw new PolynomialError('EquivariantPolynomial.stack: needs at least one polynomial')
    const stacked = SegmentedPolynomial.stack(
      polynomials.map(({ polynomial }) => polynomial),
      isStacked,
    )
    const reps = first.operands.map((rep, k) => {
      const all = polynomials.map(({ operands }) => operands[k] ?? rep)
      if (isStacked[k]) return concatenateReps(all, k)
      const different = all.find((other) => !other.equals(rep))
      if (different)
        throw new PolynomialError(`EquivariantPolynomial.stack: operand ${k} is shared, but carries ${rep.toString()} in one polynomial and ${different.toString()} in another`)
      return rep
    })
    return EquivariantPolynomial.#make([reps.slice(0, first.numInputs), reps.slice(first.numInputs)], stacked)
  }

  get operands(): readonly Rep[] {
    return [...this.inputs, ...this.outputs]
  }

  get numInputs(): number {
    return this.inputs.length
  }

  get numOutputs(): number {
    return this.outputs.length
  }

  get numOperands(): number {
    return this.numInputs + this.numOutputs
  }

  /** See {@link SegmentedPolynomial.evaluate}. */
  evaluate(...inputs: readonly HostArray[]): HostArray[] {
    return this.polynomial.evaluate(...inputs)
  }

  /** Coefficients become numbers; representations stay. */
  flattenCoefficientModes(options?: FlattenOptions): EquivariantPolynomial {
    return this.#with(this.polynomial.flattenCoefficientModes(options))
  }

  /** Unrolls modes; representations stay. */
  flattenModes(modes: Iterable<string>, options?: FlattenOptions): EquivariantPolynomial {
    return this.#with(this.polynomial.flattenModes(modes, options))
  }

  /** Drops modes of extent one; representations stay. */
  squeezeModes(modes?: string): EquivariantPolynomial {
    return this.#with(this.polynomial.squeezeModes(modes))
  }

  /** See {@link SegmentedPolynomial.consolidateModes}. */
  consolidateModes(): EquivariantPolynomial {
    return this.#with(this.polynomial.consolidateModes())
  }

  /** See {@link SegmentedPolynomial.consolidate}. */
  consolidate(): EquivariantPolynomial {
    return this.#with(this.polynomial.consolidate())
  }

  /** See {@link SegmentedPolynomial.fuseStps}. */
  fuseStps(): EquivariantPolynomial {
    return this.#with(this.polynomial.fuseStps())
  }

  /** See {@link SegmentedPolynomial.symmetrizeForIdenticalOperands}. */
  symmetrizeForIdenticalOperands(): EquivariantPolynomial {
    return this.#with(this.polynomial.symmetrizeForIdenticalOperands())
  }

  /** See {@link SegmentedPolynomial.unsymmetrizeForIdenticalOperands}. */
  unsymmetrizeForIdenticalOperands(): EquivariantPolynomial {
    return this.#with(this.polynomial.unsymmetrizeForIdenticalOperands())
  }

  /** All outputs times a number. */
  scale(factor: number): EquivariantPolynomial {
    return this.#with(this.polynomial.scale(factor))
  }

  /** Input i of the result is input `order[i]`. */
  permuteInputs(order: readonly number[]): EquivariantPolynomial {
    const polynomial = this.polynomial.permuteInputs(order)
    return EquivariantPolynomial.#make([order.flatMap((i) => this.inputs[i] ?? []), this.outputs], polynomial)
  }

  /** Output o of the result is output `order[o]`. */
  permuteOutputs(order: readonly number[]): EquivariantPolynomial {
    const polynomial = this.polynomial.permuteOutputs(order)
    return EquivariantPolynomial.#make([this.inputs, order.flatMap((o) => this.outputs[o] ?? [])], polynomial)
  }

  /** Keeps some operands, inputs first. @throws {PolynomialError} if nothing is left on a side, or a kept output depends on a dropped input. */
  filterKeepOperands(keep: readonly boolean[]): EquivariantPolynomial {
    const polynomial = this.polynomial.filterKeepOperands(keep)
    const kept = [this.inputs.filter((_, i) => keep[i]), this.outputs.filter((_, o) => keep[this.numInputs + o])] as const
    return EquivariantPolynomial.#make(kept, polynomial)
  }

  /** Keeps some outputs, and all inputs. */
  filterKeepOutputs(keep: readonly boolean[]): EquivariantPolynomial {
    const polynomial = this.polynomial.filterKeepOutputs(keep)
    return EquivariantPolynomial.#make([this.inputs, this.outputs.filter((_, o) => keep[o])], polynomial)
  }

  filterDropUnusedOperands(): EquivariantPolynomial {
    return this.filterKeepOperands(this.polynomial.usedOperands)
  }

  /** Computes only some outputs; the others become zero. */
  computeOnly(compute: readonly boolean[]): EquivariantPolynomial {
    return this.#with(this.polynomial.computeOnly(compute))
  }

  /**
   * Cuts an operand into one for every segment of its irreps.
   *
   * @throws {PolynomialError} if the operand does not exist, carries no irreps, or a segment of the polynomial reaches over two
   * segments of irreps.
   */
  splitOperandByIrrep(operand: number): EquivariantPolynomial {
    const position = operand < 0 ? operand + this.numOperands : operand
    const rep = this.operands[position]
    if (!(rep instanceof IrrepsAndLayout))
      throw new PolynomialError(`splitOperandByIrrep: operand ${operand} carries ${rep?.toString() ?? 'nothing'}; only irreps with a layout can be split`)
    if (rep.irreps.length < 2) return this
    const polynomial = this.polynomial.splitOperandBySize(position, [0, ...rep.irreps.slices().map(([, end]) => end)])
    const pieces = rep.irreps.segments.map((segment) => new IrrepsAndLayout(new Irreps(rep.irreps.group, [segment]), rep.layout))
    const replaced = (reps: readonly Rep[], first: number) => reps.flatMap((own, n) => (first + n === position ? pieces : [own]))
    return EquivariantPolynomial.#make([replaced(this.inputs, 0), replaced(this.outputs, this.numInputs)], polynomial)
  }

  /** See {@link SegmentedPolynomial.jvp}; tangents carry the representations of their inputs. */
  jvp(hasTangent: readonly boolean[]): Derivative<EquivariantPolynomial> {
    return this.#derived(this.polynomial.jvp(hasTangent))
  }

  /** See {@link SegmentedPolynomial.transpose}. The representations must be orthogonal, for cotangents carry those of their outputs. */
  transpose(isUndefinedPrimal: readonly boolean[], hasCotangent: readonly boolean[]): Derivative<EquivariantPolynomial> {
    return this.#derived(this.polynomial.transpose(isUndefinedPrimal, hasCotangent))
  }

  /** See {@link SegmentedPolynomial.backward}. The representations must be orthogonal, for cotangents carry those of their outputs. */
  backward(requiresGradient: readonly boolean[], hasCotangent: readonly boolean[]): Derivative<EquivariantPolynomial> {
    return this.#derived(this.polynomial.backward(requiresGradient, hasCotangent))
  }

  /** Additions and multiplications, for a batch. */
  flop(batchSize?: number): number {
    return this.polynomial.flop(batchSize)
  }

  /** Numbers in all operands, each times its batch size. */
  memory(batchSizes: readonly number[]): number {
    return this.polynomial.memory(batchSizes)
  }

  equals(other: EquivariantPolynomial): boolean {
    const same = (a: readonly Rep[], b: readonly Rep[]) => a.length === b.length && a.every((rep, i) => b[i] !== undefined && rep.equals(b[i]))
    return same(this.inputs, other.inputs) && same(this.outputs, other.outputs) && this.polynomial.equals(other.polynomial)
  }

  toString(): string {
    const list = (reps: readonly Rep[]) => reps.map((rep) => rep.toString()).join(', ')
    return `EquivariantPolynomial ${list(this.inputs)} -> ${list(this.outputs)}\n${this.polynomial.toString()}`
  }

  static #make([inputs, outputs]: readonly [readonly Rep[], readonly Rep[]], polynomial: SegmentedPolynomial): EquivariantPolynomial {
    return new EquivariantPolynomial(atLeastOne('input', inputs), atLeastOne('output', outputs), polynomial)
  }

  #with(polynomial: SegmentedPolynomial): EquivariantPolynomial {
    return new EquivariantPolynomial(this.inputs, this.outputs, polynomial)
  }

  #derived([polynomial, map]: Derivative<SegmentedPolynomial>): Derivative<EquivariantPolynomial> {
    return [EquivariantPolynomial.#make(map<Rep>(this.inputs, this.outputs), polynomial), map]
  }
}

function atLeastOne(side: string, reps: readonly Rep[]): Reps {
  const [first, ...rest] = reps
  if (!first) throw new PolynomialError(`EquivariantPolynomial: no ${side} would be left; use the segmented polynomial without representations`)
  return [first, ...rest]
}

function concatenateReps(reps: readonly Rep[], operand: number): IrrepsAndLayout {
  const carried = reps.map((rep) => {
    if (!(rep instanceof IrrepsAndLayout)) throw new PolynomialError(`EquivariantPolynomial.stack: operand ${operand} carries ${rep.toString()}; only irreps with a layout can be stacked`)
    return rep
  })
  const [first, ...rest] = carried
  if (!first) throw new PolynomialError('EquivariantPolynomial.stack: needs at least one polynomial')
  return rest.reduce((total, rep) => {
    if (rep.layout !== total.layout)
      throw new LayoutError(`EquivariantPolynomial.stack: operand ${operand} has layout ${total.layout.name} in one polynomial and ${rep.layout.name} in another; use one`)
    return new IrrepsAndLayout(total.irreps.add(rep.irreps), total.layout)
  }, first)
}

function requireSizes(side: string, reps: readonly Rep[], operands: readonly { readonly size: number }[]): void {
  if (reps.length !== operands.length)
    throw new DimensionError(`EquivariantPolynomial: ${reps.length} ${side} representations for a polynomial with ${operands.length} ${side}s; give one for each`)
  for (const [i, rep] of reps.entries())
    if (rep.dim !== operands[i]?.size)
      throw new DimensionError(`EquivariantPolynomial: ${side} ${i} carries ${rep.toString()} of dimension ${rep.dim}, but its operand has size ${operands[i]?.size ?? 0}`)
}
