import type { BinaryOperator, CompareOperator, KernelType, ReduceOperator, ScalarType, UnaryOperator, ValueId } from './ir.ts'

/** What arithmetic takes: a value, or a number that becomes a constant of the other operand's type. */
export type Operand = Expression | number | boolean

/** What a value asks of the builder that it belongs to. */
export interface Operations {
  unary(operator: UnaryOperator, x: Expression): Expression
  binary(operator: BinaryOperator, a: Expression, b: Operand): Expression
  compare(operator: CompareOperator, a: Expression, b: Expression): Expression
  select(condition: Expression, a: Operand, b: Operand): Expression
  fma(a: Expression, b: Operand, c: Operand): Expression
  convert(x: Expression, to: ScalarType): Expression
  bitcast(x: Expression, to: ScalarType): Expression
  reduce(operator: ReduceOperator, x: Expression, active: Operand | undefined): Expression
  literal(value: number | boolean, scalar: ScalarType): Expression
}

export interface ReduceOptions {
  /** Only lanes below take part; all by default. */
  readonly active?: Operand
}

/**
 * A value of a kernel that is being built: what it is called with makes instructions where the builder stands. Every method
 * throws `KernelError` at once if types do not fit, or if a value does not exist at that place.
 */
export class Expression {
  readonly id: ValueId
  readonly type: KernelType
  readonly #operations: Operations

  /** Made by `KernelBuilder`. */
  constructor(operations: Operations, id: ValueId, type: KernelType) {
    this.#operations = operations
    this.id = id
    this.type = type
  }

  get scalar(): ScalarType {
    return this.type.scalar
  }

  /** Whether the value belongs to that builder. */
  isOf(operations: Operations): boolean {
    return this.#operations === operations
  }

  /** A constant of this value's type. */
  literal(value: number | boolean): Expression {
    return this.#operations.literal(value, this.scalar)
  }

  add(other: Operand): Expression {
    return this.#operations.binary('add', this, other)
  }

  sub(other: Operand): Expression {
    return this.#operations.binary('sub', this, other)
  }

  mul(other: Operand): Expression {
    return this.#operations.binary('mul', this, other)
  }

  div(other: Operand): Expression {
    return this.#operations.binary('div', this, other)
  }

  rem(other: Operand): Expression {
    return this.#operations.binary('rem', this, other)
  }

  min(other: Operand): Expression {
    return this.#operations.binary('min', this, other)
  }

  max(other: Operand): Expression {
    return this.#operations.binary('max', this, other)
  }

  and(other: Operand): Expression {
    return this.#operations.binary('and', this, other)
  }

  or(other: Operand): Expression {
    return this.#operations.binary('or', this, other)
  }

  xor(other: Operand): Expression {
    return this.#operations.binary('xor', this, other)
  }

  shiftLeft(other: Operand): Expression {
    return this.#operations.binary('shiftLeft', this, other)
  }

  shiftRight(other: Operand): Expression {
    return this.#operations.binary('shiftRight', this, other)
  }

  neg(): Expression {
    return this.#operations.unary('neg', this)
  }

  abs(): Expression {
    return this.#operations.unary('abs', this)
  }

  sqrt(): Expression {
    return this.#operations.unary('sqrt', this)
  }

  floor(): Expression {
    return this.#operations.unary('floor', this)
  }

  not(): Expression {
    return this.#operations.unary('not', this)
  }

  /** `this · factor + summand`. */
  fma(factor: Operand, summand: Operand): Expression {
    return this.#operations.fma(this, factor, summand)
  }

  equal(other: Operand): Expression {
    return this.#operations.compare('equal', this, this.#same(other))
  }

  notEqual(other: Operand): Expression {
    return this.#operations.compare('notEqual', this, this.#same(other))
  }

  less(other: Operand): Expression {
    return this.#operations.compare('less', this, this.#same(other))
  }

  lessEqual(other: Operand): Expression {
    return this.#operations.compare('lessEqual', this, this.#same(other))
  }

  greater(other: Operand): Expression {
    return this.#operations.compare('less', this.#same(other), this)
  }

  greaterEqual(other: Operand): Expression {
    return this.#operations.compare('lessEqual', this.#same(other), this)
  }

  /** `this ? a : b`; one of them must be a value. */
  select(a: Operand, b: Operand): Expression {
    return this.#operations.select(this, a, b)
  }

  convert(to: ScalarType): Expression {
    return this.#operations.convert(this, to)
  }

  bitcast(to: ScalarType): Expression {
    return this.#operations.bitcast(this, to)
  }

  /** Sum over lanes, uniform. */
  sum({ active }: ReduceOptions = {}): Expression {
    return this.#operations.reduce('sum', this, active)
  }

  /** Minimum or maximum over lanes, uniform. */
  reduce(operator: ReduceOperator, { active }: ReduceOptions = {}): Expression {
    return this.#operations.reduce(operator, this, active)
  }

  #same(other: Operand): Expression {
    return other instanceof Expression ? other : this.literal(other)
  }
}
