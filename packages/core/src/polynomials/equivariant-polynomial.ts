import { DimensionError, InputError, PolynomialError } from '../errors.ts'
import type { Rep } from '../groups/index.ts'
import { concatenate, Irreps, IrrepsAndLayout } from '../irreps/index.ts'
import type { HostArray } from '../math/host-array.ts'
import { inspectSymbol } from '../math/inspect.ts'
import type { Derivative } from './derivatives.ts'
import type { Operation } from './operation.ts'
import type { Term } from './polynomial-parts.ts'
import { SegmentedPolynomial } from './segmented-polynomial.ts'
import type { SegmentedTensorProduct } from './segmented-tensor-product.ts'
import { polynomialToText } from './text/polynomial-text.ts'
import type { FlattenOptions } from './transforms/index.ts'

/** At least one representation. */
export type Reps = readonly [Rep, ...Rep[]]

/**
 * A segmented polynomial together with the representations that its inputs and outputs carry: it commutes with the group,
 * `f(ρ_in(g) x) = ρ_out(g) f(x)`. Immutable.
 */
export class EquivariantPolynomial {
  readonly inputs: Reps
  readonly outputs: Reps
  readonly polynomial: SegmentedPolynomial

  /** @throws {DimensionError} if there is not one representation for every operand, of the operand's size. */
  constructor(inputs: Reps, outputs: Reps, polynomial: SegmentedPolynomial) {
    requireSizes('input', inputs, polynomial.inputs)
    requireSizes('output', outputs, polynomial.outputs)
    this.inputs = Object.freeze<Reps>([...inputs])
    this.outputs = Object.freeze<Reps>([...outputs])
    this.polynomial = polynomial
  }

  /**
   * Several polynomials side by side: stacked operands carry the irreps of all behind one another, the others are shared.
   * See {@link SegmentedPolynomial.stack}.
   *
   * @throws {InputError} if a stacked operand carries no irreps with layout.
   * @throws {LayoutError} if layouts of a stacked operand differ where it matters.
   * @throws {PolynomialError} if numbers of operands differ, or a shared operand carries different representations.
   */
  static stack(polynomials: readonly EquivariantPolynomial[], isStacked: readonly boolean[]): EquivariantPolynomial {
    const stacked = SegmentedPolynomial.stack(
      polynomials.map(({ polynomial }) => polynomial),
      isStacked,
    )
    const reps = isStacked.map((isOwn, k) => (isOwn ? stackedRep(polynomials, k) : sharedRep(polynomials, k)))
    return fromReps(reps.slice(0, stacked.numInputs), reps.slice(stacked.numInputs), stacked)
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

  /** See {@link SegmentedPolynomial.jvp}; tangents carry what their primals do. */
  jvp(hasTangent: readonly boolean[]): Derivative<EquivariantPolynomial> {
    return this.#derived(this.polynomial.jvp(hasTangent))
  }

  /** See {@link SegmentedPolynomial.transpose}; cotangents carry what their primals do. */
  transpose(isUndefinedPrimal: readonly boolean[], hasCotangent: readonly boolean[]): Derivative<EquivariantPolynomial> {
    return this.#derived(this.polynomial.transpose(isUndefinedPrimal, hasCotangent))
  }

  /** See {@link SegmentedPolynomial.backward}; cotangents carry what their primals do. */
  backward(requiresGradient: readonly boolean[], hasCotangent: readonly boolean[]): Derivative<EquivariantPolynomial> {
    return this.#derived(this.polynomial.backward(requiresGradient, hasCotangent))
  }

  /** Unrolls modes. See {@link SegmentedPolynomial.flattenModes}. */
  flattenModes(modes: Iterable<string>, options?: FlattenOptions): EquivariantPolynomial {
    return this.#with(this.polynomial.flattenModes(modes, options))
  }

  /** Makes every coefficient a number. */
  flattenCoefficientModes(options?: FlattenOptions): EquivariantPolynomial {
    return this.#with(this.polynomial.flattenCoefficientModes(options))
  }

  /** Drops modes of extent one. See {@link SegmentedPolynomial.squeezeModes}. */
  squeezeModes(modes?: string): EquivariantPolynomial {
    return this.#with(this.polynomial.squeezeModes(modes))
  }

  /** Cuts a mode into chunks. See {@link SegmentedPolynomial.splitMode}. */
  splitMode(mode: string, size: number): EquivariantPolynomial {
    return this.#with(this.polynomial.splitMode(mode, size))
  }

  /** Merges modes that always stand side by side. */
  consolidateModes(): EquivariantPolynomial {
    return this.#with(this.polynomial.consolidateModes())
  }

  /** Canonical names of modes and order of coefficient axes. */
  canonicalizeSubscripts(): EquivariantPolynomial {
    return this.#with(this.polynomial.canonicalizeSubscripts())
  }

  /** Products fused, modes merged and squeezed, what is empty dropped. */
  consolidate(): EquivariantPolynomial {
    return this.#with(this.polynomial.consolidate())
  }

  /** Adds up products of the same operands and subscripts. */
  fuseStps(): EquivariantPolynomial {
    return this.#with(this.polynomial.fuseStps())
  }

  /** Makes products symmetric in factors that are one input. */
  symmetrizeForIdenticalOperands(): EquivariantPolynomial {
    return this.#with(this.polynomial.symmetrizeForIdenticalOperands())
  }

  /** Of all orders of equal factors keeps one: fewer paths, the same value. */
  unsymmetrizeForIdenticalOperands(): EquivariantPolynomial {
    return this.#with(this.polynomial.unsymmetrizeForIdenticalOperands())
  }

  /** Replaces every term; `undefined` drops it. The caller answers for equivariance. */
  applyFn(f: (operation: Operation, product: SegmentedTensorProduct) => Term | undefined): EquivariantPolynomial {
    return this.#with(this.polynomial.applyFn(f))
  }

  /** All outputs times a number. */
  scale(factor: number): EquivariantPolynomial {
    return this.#with(this.polynomial.scale(factor))
  }

  /** Computes only some outputs; the others become zero. */
  computeOnly(compute: readonly boolean[]): EquivariantPolynomial {
    return this.#with(this.polynomial.computeOnly(compute))
  }

  /** Input i of the result is input `order[i]`. */
  permuteInputs(order: readonly number[]): EquivariantPolynomial {
    const polynomial = this.polynomial.permuteInputs(order)
    return fromReps(pick(this.inputs, order), this.outputs, polynomial)
  }

  /** Output o of the result is output `order[o]`. */
  permuteOutputs(order: readonly number[]): EquivariantPolynomial {
    const polynomial = this.polynomial.permuteOutputs(order)
    return fromReps(this.inputs, pick(this.outputs, order), polynomial)
  }

  /** Keeps some operands, inputs first. @throws {PolynomialError} if a kept output depends on a dropped input, or a side becomes empty. */
  filterKeepOperands(keep: readonly boolean[]): EquivariantPolynomial {
    const polynomial = this.polynomial.filterKeepOperands(keep)
    const kept = (reps: Reps, first: number) => reps.filter((_, i) => keep[first + i])
    return fromReps(kept(this.inputs, 0), kept(this.outputs, this.numInputs), polynomial)
  }

  /** Keeps some outputs, and all inputs. */
  filterKeepOutputs(keep: readonly boolean[]): EquivariantPolynomial {
    const polynomial = this.polynomial.filterKeepOutputs(keep)
    return fromReps(
      this.inputs,
      this.outputs.filter((_, o) => keep[o]),
      polynomial,
    )
  }

  /** Drops what no operation holds. @throws {PolynomialError} if no input or no output is left. */
  filterDropUnusedOperands(): EquivariantPolynomial {
    return this.filterKeepOperands(this.polynomial.usedOperands)
  }

  /**
   * One operand for every segment of an operand's irreps; inputs first, negative numbers count from the end.
   *
   * @throws {InputError} if the operand does not exist or carries no irreps with layout.
   * @throws {PolynomialError} if a segment of irreps begins inside a segment of the operand.
   */
  splitOperandByIrrep(operand: number): EquivariantPolynomial {
    const position = operand < 0 ? operand + this.numOperands : operand
    const rep = requireIrreps('splitOperandByIrrep', this.operands[position], operand)
    const polynomial = this.polynomial.splitOperandBySize(position, [0, ...rep.irreps.slices().map(([, end]) => end)])
    const pieces = rep.irreps.segments.map((segment) => new IrrepsAndLayout(new Irreps(rep.irreps.group, [segment]), rep.layout))
    const reps = this.operands.flatMap((own, k) => (k === position ? pieces : [own]))
    return fromReps(reps.slice(0, polynomial.numInputs), reps.slice(polynomial.numInputs), polynomial)
  }

  /** See {@link SegmentedPolynomial.flop}. */
  flop(batchSize?: number): number {
    return this.polynomial.flop(batchSize)
  }

  /** See {@link SegmentedPolynomial.memory}. */
  memory(batchSizes: readonly number[]): number {
    return this.polynomial.memory(batchSizes)
  }

  /** Same polynomial, and the same representations. */
  equals(other: EquivariantPolynomial): boolean {
    const same = (a: readonly Rep[], b: readonly Rep[]) => a.length === b.length && a.every((rep, i) => b[i] !== undefined && rep.equals(b[i]))
    return same(this.inputs, other.inputs) && same(this.outputs, other.outputs) && this.polynomial.equals(other.polynomial)
  }

  /** The printed form of the polynomial, with representations in place of sizes. */
  toString(): string {
    const texts = (reps: Reps) => reps.map((rep) => rep.toString())
    return polynomialToText(this.polynomial, { inputs: texts(this.inputs), outputs: texts(this.outputs) })
  }

  [inspectSymbol](): string {
    return this.toString()
  }

  #with(polynomial: SegmentedPolynomial): EquivariantPolynomial {
    return new EquivariantPolynomial(this.inputs, this.outputs, polynomial)
  }

  #derived([polynomial, map]: Derivative<SegmentedPolynomial>): Derivative<EquivariantPolynomial> {
    const [inputs, outputs] = map<Rep>(this.inputs, this.outputs)
    return [fromReps(inputs, outputs, polynomial), map]
  }
}

function fromReps(inputs: readonly Rep[], outputs: readonly Rep[], polynomial: SegmentedPolynomial): EquivariantPolynomial {
  return new EquivariantPolynomial(requireSome('input', inputs), requireSome('output', outputs), polynomial)
}

function requireSome(side: string, [first, ...rest]: readonly Rep[]): Reps {
  if (!first) throw new PolynomialError(`EquivariantPolynomial: the result would have no ${side}; keep at least one, or use the segmented polynomial`)
  return [first, ...rest]
}

function pick(reps: Reps, order: readonly number[]): readonly Rep[] {
  return order.flatMap((i) => reps[i] ?? [])
}

function requireIrreps(what: string, rep: Rep | undefined, operand: number): IrrepsAndLayout {
  if (!rep) throw new InputError(`${what}: there is no operand ${operand}`)
  if (!(rep instanceof IrrepsAndLayout)) throw new InputError(`${what}: operand ${operand} carries ${rep.toString()}, but must carry irreps with layout; use an IrrepsAndLayout`)
  return rep
}

function stackedRep(polynomials: readonly EquivariantPolynomial[], operand: number): Rep {
  return concatenate(polynomials.map(({ operands }) => requireIrreps('stack', operands[operand], operand)))
}

function sharedRep(polynomials: readonly EquivariantPolynomial[], operand: number): Rep {
  const [first, ...rest] = polynomials.flatMap(({ operands }) => operands[operand] ?? [])
  if (!first) throw new PolynomialError(`stack: there is no operand ${operand}`)
  const other = rest.find((rep) => !rep.equals(first))
  if (other) throw new PolynomialError(`stack: operand ${operand} is shared, but carries ${first.toString()} and ${other.toString()}; stack it or make them equal`)
  return first
}

function requireSizes(side: string, reps: readonly Rep[], operands: readonly { readonly size: number }[]): void {
  if (reps.length !== operands.length)
    throw new DimensionError(`EquivariantPolynomial: ${reps.length} ${side} representations for a polynomial with ${operands.length} ${side}s; pass one for each`)
  for (const [i, rep] of reps.entries())
    if (rep.dim !== operands[i]?.size)
      throw new DimensionError(`EquivariantPolynomial: ${side} ${i} carries ${rep.toString()} of dimension ${rep.dim}, but its operand has size ${operands[i]?.size ?? 0}; make them equal`)
}
