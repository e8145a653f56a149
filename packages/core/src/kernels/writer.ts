import { InternalError, KernelError } from '../errors.ts'
import { binaryFunction, bitcastFunction, compareFunction, convertFunction, isExact, unaryFunction } from './arithmetic.ts'
import { Expression, type Operand, type Operations } from './expression.ts'
import type { BinaryOperator, CompareOperator, Instruction, KernelType, MemoryRef, ReduceOperator, ScalarType, UnaryOperator, ValueId } from './ir.ts'
import { binaryType, bitcastType, compareType, convertType, fmaType, reduceType, selectType, unaryType } from './rules.ts'
import { isFloat } from './types.ts'

/** A block that is being written. */
interface Scope {
  readonly instructions: Instruction[]
  /** Values by what computes them. */
  readonly known: Map<string, Expression>
}

/** An instruction before its result has a number. */
type WithoutResult<I> = I extends { readonly result: ValueId } ? Omit<I, 'result'> : never
export type Defining = WithoutResult<Instruction>

const commutative: readonly BinaryOperator[] = ['add', 'mul', 'min', 'max', 'and', 'or', 'xor']

/**
 * Writes instructions into nested blocks: gives values their numbers and types, computes what is constant, and computes nothing
 * twice in a block and those inside of it.
 */
export class InstructionWriter implements Operations {
  readonly types: KernelType[] = []
  /** Constants and what is given at launch, in front of everything and visible everywhere. */
  readonly #prologue: Scope = { instructions: [], known: new Map() }
  readonly #scopes: Scope[] = [{ instructions: [], known: new Map() }]
  readonly #homes = new Map<ValueId, Scope>()
  readonly #constants = new Map<ValueId, number>()

  /** Everything written so far. */
  get body(): readonly Instruction[] {
    if (this.#scopes.length !== 1) throw new KernelError('a kernel cannot be built inside of its own loops and branches')
    return [...this.#prologue.instructions, ...this.#top.instructions]
  }

  /** How many blocks are open around this place. */
  get depth(): number {
    return this.#scopes.length - 1
  }

  get #top(): Scope {
    const top = this.#scopes[this.#scopes.length - 1]
    if (!top) throw new InternalError('no open block')
    return top
  }

  /** Runs `write` in a block of its own. */
  inBlock<T>(write: () => T): { readonly block: readonly Instruction[]; readonly value: T } {
    const scope: Scope = { instructions: [], known: new Map() }
    this.#scopes.push(scope)
    try {
      const value = write()
      return { block: scope.instructions, value }
    } finally {
      this.#scopes.pop()
    }
  }

  /** A value that is defined by structure, in the block that is open. */
  define(type: KernelType): Expression {
    return this.#defineIn(this.#top, type)
  }

  /** Adds an instruction without a result, or one whose results are defined already. */
  push(instruction: Instruction): void {
    this.#top.instructions.push(instruction)
  }

  /** Adds an instruction that has an effect. */
  effect(instruction: Defining, type: KernelType): Expression {
    const result = this.define(type)
    this.push({ ...instruction, result: result.id })
    return result
  }

  /** The value of an instruction without effects, an earlier one if it was computed before. */
  pure(instruction: Defining, type: KernelType): Expression {
    const key = keyOf(instruction, type)
    for (const scope of [this.#prologue, ...this.#scopes]) {
      const known = scope.known.get(key)
      if (known) return known
    }
    const home = isGiven(instruction) ? this.#prologue : this.#top
    const result = this.#defineIn(home, type)
    home.instructions.push({ ...instruction, result: result.id })
    home.known.set(key, result)
    return result
  }

  /** @throws {KernelError} if a value belongs to another kernel, or to a block that is closed. */
  require(op: string, expression: Expression): ValueId {
    if (!expression.isOf(this)) throw new KernelError(`${op}: value %${expression.id} belongs to another kernel`)
    const home = this.#homes.get(expression.id)
    if (home !== this.#prologue && !this.#scopes.some((scope) => scope === home))
      throw new KernelError(`${op}: value %${expression.id} belongs to a block that is closed; hand it out of the loop or branch as a result`)
    return expression.id
  }

  /** A value from an operand: numbers become constants of the given type. */
  asExpression(operand: Operand, scalar: ScalarType): Expression {
    return operand instanceof Expression ? operand : this.literal(operand, scalar)
  }

  literal(value: number | boolean, scalar: ScalarType): Expression {
    const number = scalar === 'f32' ? Math.fround(Number(value)) : Number(value)
    const isTooLarge = Number.isFinite(Number(value)) && !Number.isFinite(number)
    if ((typeof value === 'boolean') !== (scalar === 'bool') || isTooLarge || !isExact(scalar, number)) throw new KernelError(`constant ${value} is no ${scalar}`)
    const result = this.pure({ op: 'constant', value: number }, { scalar, uniformity: 'uniform' })
    this.#constants.set(result.id, number)
    return result
  }

  unary(operator: UnaryOperator, x: Expression): Expression {
    const type = unaryType(operator, x.type)
    const instruction = { op: 'unary', operator, x: this.require(operator, x) } as const
    const known = this.#constants.get(x.id)
    return known === undefined ? this.pure(instruction, type) : this.#folded(unaryFunction(operator, x.scalar)(known), type)
  }

  binary(operator: BinaryOperator, left: Expression, right: Operand): Expression {
    const other = this.asExpression(right, left.scalar)
    const type = binaryType(operator, left.type, other.type)
    this.require(operator, left)
    this.require(operator, other)
    const [a, b] = commutative.includes(operator) && left.id > other.id ? [other, left] : [left, other]
    return this.#simplified(operator, left, other) ?? this.pure({ op: 'binary', operator, a: a.id, b: b.id }, type)
  }

  compare(operator: CompareOperator, a: Expression, b: Expression): Expression {
    const type = compareType(operator, a.type, b.type)
    const instruction = { op: 'compare', operator, a: this.require(operator, a), b: this.require(operator, b) } as const
    const [left, right] = [this.#constants.get(a.id), this.#constants.get(b.id)]
    if (left === undefined || right === undefined) return this.pure(instruction, type)
    return this.#folded(compareFunction(operator)(left, right), type)
  }

  select(condition: Expression, a: Operand, b: Operand): Expression {
    const model = a instanceof Expression ? a : b
    if (!(model instanceof Expression)) throw new KernelError('select: one of the two sides must be a value, not a number, so that the type is known')
    const [left, right] = [this.asExpression(a, model.scalar), this.asExpression(b, model.scalar)]
    const type = selectType(condition.type, left.type, right.type)
    const instruction = { op: 'select', condition: this.require('select', condition), a: this.require('select', left), b: this.require('select', right) } as const
    const known = this.#constants.get(condition.id)
    if (known !== undefined) return known === 1 ? left : right
    return left.id === right.id ? left : this.pure(instruction, type)
  }

  fma(a: Expression, b: Operand, c: Operand): Expression {
    const [factor, summand] = [this.asExpression(b, a.scalar), this.asExpression(c, a.scalar)]
    const type = fmaType(a.type, factor.type, summand.type)
    const [x, y, z] = [this.require('fma', a), this.require('fma', factor), this.require('fma', summand)]
    if ([x, y, z].every((id) => this.#constants.has(id))) return a.mul(factor).add(summand)
    return this.pure({ op: 'fma', a: Math.min(x, y), b: Math.max(x, y), c: z }, type)
  }

  convert(x: Expression, to: ScalarType): Expression {
    const type = convertType(x.type, to)
    const instruction = { op: 'convert', x: this.require('convert', x) } as const
    if (x.scalar === to) return x
    const known = this.#constants.get(x.id)
    return known === undefined ? this.pure(instruction, type) : this.#folded(convertFunction(x.scalar, to)(known), type)
  }

  bitcast(x: Expression, to: ScalarType): Expression {
    const type = bitcastType(x.type, to)
    const instruction = { op: 'bitcast', x: this.require('bitcast', x) } as const
    if (x.scalar === to) return x
    const known = this.#constants.get(x.id)
    return known === undefined ? this.pure(instruction, type) : this.#folded(bitcastFunction(x.scalar, to)(known), type)
  }

  reduce(operator: ReduceOperator, x: Expression, active: Operand | undefined): Expression {
    const count = active === undefined ? null : this.asExpression(active, 'index')
    const type = reduceType(operator, x.type, count && count.type)
    return this.pure({ op: 'reduce', operator, x: this.require('reduce', x), active: count && this.require('reduce', count) }, type)
  }

  #defineIn(home: Scope, type: KernelType): Expression {
    const expression = new Expression(this, this.types.length, type)
    this.types.push(type)
    this.#homes.set(expression.id, home)
    return expression
  }

  #folded(value: number, { scalar }: KernelType): Expression {
    return this.literal(scalar === 'bool' ? value === 1 : value, scalar)
  }

  /** The result, where it is a constant or one of the operands whatever the other is. */
  #simplified(operator: BinaryOperator, a: Expression, b: Expression): Expression | undefined {
    const [left, right] = [this.#constants.get(a.id), this.#constants.get(b.id)]
    const isFractional = isFloat(a.scalar)
    if (left !== undefined && right !== undefined && (isFractional || right !== 0 || (operator !== 'div' && operator !== 'rem')))
      return this.#folded(binaryFunction(operator, a.scalar)(left, right), a.type)
    if (operator === 'mul' && left === 1) return b
    if ((operator === 'mul' || operator === 'div') && right === 1) return a
    // For floating point these would lose NaN, or the sign of a zero.
    if (isFractional || a.scalar === 'bool') return undefined
    if (operator === 'add' && left === 0) return b
    if ((operator === 'add' || operator === 'sub') && right === 0) return a
    return operator === 'mul' && (left === 0 || right === 0) ? this.literal(0, a.scalar) : undefined
  }
}

/** What a launch or the kernel's text gives: worth nothing to compute, and the same everywhere. */
function isGiven({ op }: Defining): boolean {
  return op === 'constant' || op === 'parameter' || op === 'programId' || op === 'lane'
}

/** Text that is equal for equal instructions: their fields come in one order, the operation first. */
function keyOf(instruction: Defining, { scalar }: KernelType): string {
  const fields: readonly (string | number | MemoryRef | null)[] = Object.values(instruction)
  let key: string = scalar
  for (const value of fields) {
    if (value !== null && typeof value === 'object') key += ` ${value.space}${value.slot}`
    else key += Object.is(value, -0) ? ' -0' : ` ${String(value)}`
  }
  return key
}
