import { KernelError } from '../errors.ts'
import type { Expression, Operand } from './expression.ts'
import type { AtomicOperator, KernelBuffer, MemoryRef, StorageType } from './ir.ts'
import { atomicType, loadLanesType, loadType, requireStore, requireStoreLanes } from './rules.ts'
import type { InstructionWriter } from './writer.ts'

export interface MaskOptions {
  /** Where it is false nothing is read or written; a load gives 0 there. */
  readonly mask?: Expression
}

export interface LanesOptions {
  /** From this lane on nothing is read or written; a load gives 0 there. May be negative, or more than there are lanes. */
  readonly active?: Operand
}

/**
 * A buffer of the launch, or an array that the lanes of a program share: loads and stores where the builder stands. Every
 * method throws `KernelError` if a type does not fit, or the memory is not for that.
 */
export class Memory {
  readonly name: string
  readonly scalar: StorageType
  readonly access: KernelBuffer['access']
  readonly ref: MemoryRef
  readonly #writer: InstructionWriter

  /** Made by `KernelBuilder`. */
  constructor(writer: InstructionWriter, ref: MemoryRef, { name, scalar, access }: Pick<KernelBuffer, 'name' | 'scalar' | 'access'>) {
    this.#writer = writer
    this.ref = ref
    this.name = name
    this.scalar = scalar
    this.access = access
  }

  /** Whether the memory belongs to that builder. */
  isOf(writer: InstructionWriter): boolean {
    return this.#writer === writer
  }

  /** One element for a uniform position, one a lane for a varying one. */
  load(position: Operand, { mask }: MaskOptions = {}): Expression {
    this.#require('load', 'read')
    const index = this.#index(position)
    const type = loadType(this.scalar, index.type, mask ? mask.type : null)
    return this.#read({ op: 'load', memory: this.ref, index: this.#use(index), mask: mask ? this.#use(mask) : null }, type)
  }

  /** Element `base + lane` for every lane. */
  loadLanes(base: Operand, { active }: LanesOptions = {}): Expression {
    this.#require('loadLanes', 'read')
    const [first, count] = [this.#index(base), active === undefined ? null : this.#index(active)]
    const type = loadLanesType(this.scalar, first.type, count && count.type)
    return this.#read({ op: 'loadLanes', memory: this.ref, base: this.#use(first), active: count && this.#use(count) }, type)
  }

  store(position: Operand, element: Operand, { mask }: MaskOptions = {}): void {
    this.#require('store', 'write')
    const [index, value] = [this.#index(position), this.#writer.asExpression(element, this.scalar)]
    requireStore(this.scalar, index.type, value.type, mask ? mask.type : null)
    this.#writer.push({ op: 'store', memory: this.ref, index: this.#use(index), value: this.#use(value), mask: mask ? this.#use(mask) : null })
  }

  /** Element `base + lane` from every lane. */
  storeLanes(base: Operand, element: Operand, { active }: LanesOptions = {}): void {
    this.#require('storeLanes', 'write')
    const [first, count, value] = [this.#index(base), active === undefined ? null : this.#index(active), this.#writer.asExpression(element, this.scalar)]
    requireStoreLanes(this.scalar, first.type, value.type, count && count.type)
    this.#writer.push({ op: 'storeLanes', memory: this.ref, base: this.#use(first), value: this.#use(value), active: count && this.#use(count) })
  }

  /** Replaces an element by `operator(element, value)` at once; what was there before. */
  atomic(operator: AtomicOperator, position: Operand, operand: Operand, { mask }: MaskOptions = {}): Expression {
    this.#require(`atomic ${operator}`, 'readWrite')
    const [index, value] = [this.#index(position), this.#writer.asExpression(operand, this.scalar)]
    const type = atomicType(operator, this.scalar, index.type, value.type, mask ? mask.type : null)
    const operands = { index: this.#use(index), value: this.#use(value), mask: mask ? this.#use(mask) : null }
    return this.#writer.effect({ op: 'atomic', operator, memory: this.ref, ...operands }, type)
  }

  #index(operand: Operand): Expression {
    return this.#writer.asExpression(operand, 'index')
  }

  #use(expression: Expression): number {
    return this.#writer.require(`memory '${this.name}'`, expression)
  }

  /** What is only read stays as it is, so reading it twice is computing twice. */
  #read(...[instruction, type]: Parameters<InstructionWriter['pure']>): Expression {
    return this.access === 'read' ? this.#writer.pure(instruction, type) : this.#writer.effect(instruction, type)
  }

  #require(op: string, need: KernelBuffer['access']): void {
    requireAccess(op, this, need)
  }
}

/** @throws {KernelError} if memory is used against what was declared. */
export function requireAccess(op: string, { name, access }: Pick<KernelBuffer, 'name' | 'access'>, need: KernelBuffer['access']): void {
  if (access !== 'readWrite' && access !== need) throw new KernelError(`${op}: buffer '${name}' is declared '${access}', but this needs '${need}'; declare it 'readWrite'`)
}

/** The types that shared arrays and buffers have in common, for messages and checks. */
export function sharedAsBuffer({ name, scalar }: { readonly name: string; readonly scalar: StorageType }): Pick<KernelBuffer, 'name' | 'scalar' | 'access'> {
  return { name, scalar, access: 'readWrite' }
}
