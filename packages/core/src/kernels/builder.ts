import { KernelError } from '../errors.ts'
import { Extent } from './affine.ts'
import { renumber, withoutDeadCode } from './canonical.ts'
import { Expression, type Operand } from './expression.ts'
import type { Affine, Instruction, Kernel, KernelBuffer, KernelParameter, KernelType, ScalarType, SharedArray, StorageType, TileInstruction, TileRef } from './ir.ts'
import { freeze } from './freeze.ts'
import { Memory, sharedAsBuffer } from './memory.ts'
import { branchType, requireCondition, requireTile, requireUniformIndex } from './rules.ts'
import { isAssignable, typeText } from './types.ts'
import { verify } from './verify.ts'
import { InstructionWriter } from './writer.ts'

export interface KernelOptions {
  /** Lanes of a program. */
  readonly lanes: number
  /** Axes of the grid; 1 by default. */
  readonly gridRank?: 1 | 2 | 3
}

export interface BufferOptions {
  /** Number of elements that a launch must provide. */
  readonly extent?: Affine | number
  /** A promise about integers: all elements lie in `0 … below − 1`. */
  readonly below?: Affine | number
}

/** A value that a loop carries on, varying inside although it starts as the same number in all lanes. */
export interface Varying {
  readonly varying: Expression
}

/** Marks the initial value of something that a loop carries and that differs between lanes later. */
export function varying(initial: Expression): Varying {
  return { varying: initial }
}

export type Carried = Expression | Varying

type Values<C extends readonly unknown[]> = { readonly [K in keyof C]: Expression }
type Operands<C extends readonly unknown[]> = { readonly [K in keyof C]: Operand }

export interface LoopOptions<C extends readonly Carried[]> {
  /** 1 by default; positive. */
  readonly step?: Operand
  /** Initial values of what one iteration hands to the next. */
  readonly carry: C
}

/** A tile of a shared array: rows, or columns, begin `stride` elements apart, the first at `offset` (0 by default). */
export interface Tile {
  readonly memory: Memory
  /** What lies in one piece; `'rows'` by default. */
  readonly order?: TileRef['order']
  readonly offset?: Operand
  readonly stride: number
}

export interface TileProduct {
  readonly rows: number
  readonly columns: number
  readonly depth: number
  readonly target: Tile
  readonly a: Tile
  readonly b: Tile
  /** `'exact'` by default. */
  readonly precision?: TileInstruction['precision']
}

/**
 * Makes a {@link Kernel} step by step.
 *
 * Values are {@link Expression}s; a number beside one becomes a constant of its type. What is constant is computed at once, what
 * was computed before in a block around is not computed again, and what is not used is left out.
 *
 * @example
 * ```ts
 * const b = new KernelBuilder('saxpy', { lanes: 32 })
 * const [n, alpha] = [b.parameter('n', 'index'), b.parameter('alpha', 'f32')]
 * const x = b.buffer('x', 'f32', 'read', { extent: b.extentOf(n) })
 * const y = b.buffer('y', 'f32', 'readWrite', { extent: b.extentOf(n) })
 * const base = b.programId(0).mul(32)
 * const active = n.sub(base)
 * y.storeLanes(base, alpha.fma(x.loadLanes(base, { active }), y.loadLanes(base, { active })), { active })
 * const kernel = b.build()
 * ```
 */
export class KernelBuilder {
  readonly name: string
  readonly lanes: number
  readonly gridRank: 1 | 2 | 3
  readonly #writer = new InstructionWriter()
  readonly #parameters: KernelParameter[] = []
  readonly #buffers: KernelBuffer[] = []
  readonly #shared: SharedArray[] = []
  readonly #parameterSlots = new Map<number, number>()

  constructor(name: string, { lanes, gridRank = 1 }: KernelOptions) {
    this.name = name
    this.lanes = lanes
    this.gridRank = gridRank
  }

  /** A number given at launch. An `index` is never negative. */
  parameter(name: string, scalar: KernelParameter['scalar']): Expression {
    this.#requireNew(name)
    const slot = this.#parameters.push({ name, scalar }) - 1
    const value = this.#writer.pure({ op: 'parameter', parameter: slot }, { scalar, uniformity: 'uniform' })
    this.#parameterSlots.set(value.id, slot)
    return value
  }

  /** An `index` parameter as part of the extents of buffers. @throws {KernelError} if the value is no such parameter. */
  extentOf(parameter: Expression): Extent {
    const slot = this.#parameterSlots.get(parameter.id)
    if (slot === undefined || !parameter.isOf(this.#writer) || parameter.scalar !== 'index')
      throw new KernelError(`extentOf takes a parameter of type index of this kernel, but got %${parameter.id}, ${typeText(parameter.type)}`)
    return Extent.parameter(slot)
  }

  /** Number of programs along an axis, as part of the extents of buffers. */
  gridExtent(axis: number): Extent {
    this.#requireAxis('gridExtent', axis)
    return Extent.grid(axis)
  }

  buffer(name: string, scalar: StorageType, access: KernelBuffer['access'], { extent, below }: BufferOptions = {}): Memory {
    this.#requireNew(name)
    const buffer = { name, scalar, access, extent: plainOrNull(extent), below: plainOrNull(below) }
    const slot = this.#buffers.push(buffer) - 1
    return new Memory(this.#writer, { space: 'buffer', slot }, buffer)
  }

  /** Memory of one program, shared by its lanes. */
  shared(name: string, scalar: StorageType, length: number): Memory {
    this.#requireNew(name)
    const slot = this.#shared.push({ name, scalar, length }) - 1
    return new Memory(this.#writer, { space: 'shared', slot }, sharedAsBuffer({ name, scalar }))
  }

  /** A constant; numbers for `f32` are rounded. */
  constant(scalar: ScalarType, value: number | boolean): Expression {
    return this.#writer.literal(value, scalar)
  }

  /** Position of the program along an axis of the grid. */
  programId(axis = 0): Expression {
    this.#requireAxis('programId', axis)
    return this.#writer.pure({ op: 'programId', axis }, { scalar: 'index', uniformity: 'uniform' })
  }

  /** 0 … lanes − 1. */
  lane(): Expression {
    return this.#writer.pure({ op: 'lane' }, { scalar: 'index', uniformity: 'varying' })
  }

  barrier(): void {
    this.#writer.push({ op: 'barrier' })
  }

  /**
   * `for (i = start; i < end; i += step) carried = body(i, carried)`; what it carries after the last iteration.
   *
   * @throws {KernelError} if bounds are no uniform indices, or the body hands on other types than it was given.
   */
  loop(start: Operand, end: Operand, options: { readonly step?: Operand }, body: (i: Expression) => void): void
  loop<const C extends readonly Carried[]>(
    start: Operand,
    end: Operand,
    options: LoopOptions<C>,
    body: (i: Expression, carried: Values<C>) => Operands<C>,
  ): Values<C>
  loop(
    start: Operand,
    end: Operand,
    { step = 1, carry = [] }: { readonly step?: Operand; readonly carry?: readonly Carried[] },
    body: (i: Expression, carried: readonly Expression[]) => unknown,
  ): readonly Expression[] {
    const bounds = { start: this.#bound('start', start), end: this.#bound('end', end), step: this.#bound('step', step) }
    const initial = carry.map((carried) => (carried instanceof Expression ? carried : carried.varying))
    const types = carry.map((carried): KernelType => (carried instanceof Expression ? carried.type : { scalar: carried.varying.scalar, uniformity: 'varying' }))
    for (const value of initial) this.#writer.require('loop', value)

    const { block, value } = this.#writer.inBlock(() => {
      const counter = this.#writer.define({ scalar: 'index', uniformity: 'uniform' })
      const inside = types.map((type) => this.#writer.define(type))
      const handed = body(counter, inside)
      const next = this.#handed('loop', handed, types)
      return { counter, inside, next }
    })
    const results = types.map((type) => this.#writer.define(type))
    const carried = results.map((result, k) => ({ initial: idOf(initial, k), inside: idOf(value.inside, k), next: idOf(value.next, k), result: result.id }))
    this.#writer.push({ op: 'loop', counter: value.counter.id, ...bounds, carried, body: block })
    return results
  }

  /**
   * `condition ? then() : otherwise()` for effects and for values; the values of whichever side ran.
   *
   * @throws {KernelError} if the condition varies between lanes, or the sides give different numbers or types of values.
   */
  branch<const R extends readonly Expression[]>(condition: Expression, then: () => R, otherwise: () => Values<R>): Values<R>
  branch(condition: Expression, then: () => void, otherwise?: () => void): void
  branch(condition: Expression, then: () => unknown, otherwise: () => unknown = () => []): readonly Expression[] {
    requireCondition(condition.type)
    const id = this.#writer.require('branch', condition)
    const sides = [then, otherwise].map((side) => this.#writer.inBlock(() => this.#handed('branch', side())))
    const [first, second] = sides
    const [left, right] = [first?.value ?? [], second?.value ?? []]
    if (left.length !== right.length) throw new KernelError(`branch: one side gives ${left.length} values, the other ${right.length}`)
    const types = left.map((value, k) => branchType(value.type, right[k]?.type ?? value.type))
    const results = types.map((type) => this.#writer.define(type))
    const handed = results.map((result, k) => ({ then: idOf(left, k), otherwise: idOf(right, k), result: result.id }))
    this.#writer.push({ op: 'branch', condition: id, then: first?.block ?? [], otherwise: second?.block ?? [], results: handed })
    return results
  }

  /** `target[i, j] += Σ_k a[i, k] · b[k, j]` in shared memory; see {@link TileInstruction}. */
  tileMultiplyAdd({ rows, columns, depth, target, a, b, precision = 'exact' }: TileProduct): void {
    requireTile(
      [target, a, b].map(({ memory }) => memory.scalar),
      precision,
    )
    const refs = { target: this.#tile(target), a: this.#tile(a), b: this.#tile(b) }
    this.#writer.push({ op: 'tileMultiplyAdd', rows, columns, depth, ...refs, precision })
  }

  /** The kernel. @throws {KernelError} if a part of its declaration is out of its domain. */
  build(): Kernel {
    const body: readonly Instruction[] = this.#writer.body
    const all: Kernel = {
      name: this.name,
      lanes: this.lanes,
      gridRank: this.gridRank,
      parameters: [...this.#parameters],
      buffers: [...this.#buffers],
      shared: [...this.#shared],
      types: [...this.#writer.types],
      body,
    }
    const kernel = renumber(withoutDeadCode(all))
    verify(kernel)
    return freeze(kernel)
  }

  #bound(what: string, operand: Operand): number {
    const value = this.#writer.asExpression(operand, 'index')
    requireUniformIndex('loop', what, value.type)
    return this.#writer.require('loop', value)
  }

  #tile({ memory, offset = 0, order = 'rows', stride }: Tile): TileRef {
    if (!memory.isOf(this.#writer) || memory.ref.space !== 'shared') throw new KernelError(`tileMultiplyAdd: '${memory.name}' is no shared array of this kernel; load it into one first`)
    const value = this.#writer.asExpression(offset, 'index')
    requireUniformIndex('tileMultiplyAdd', 'the offset', value.type)
    return { slot: memory.ref.slot, offset: this.#writer.require('tileMultiplyAdd', value), order, stride }
  }

  /** What a body returned, as values; of the given types, where they are given. */
  #handed(op: string, returned: unknown, types?: readonly KernelType[]): readonly Expression[] {
    const list: readonly unknown[] = Array.isArray(returned) ? returned : []
    if (types && list.length !== types.length) throw new KernelError(`${op}: carries ${types.length} values, but its body hands on ${list.length}`)
    return list.map((item, k) => {
      const type = types?.[k]
      const value = typeof item === 'number' || typeof item === 'boolean' ? this.#writer.literal(item, type?.scalar ?? 'f64') : item
      if (!(value instanceof Expression)) throw new KernelError(`${op}: what a body hands on must be values, got ${typeof item}`)
      this.#writer.require(op, value)
      if (type && !isAssignable(value.type, type))
        throw new KernelError(
          `${op}: carried value ${k} is ${typeText(type)}, but the body hands on ${typeText(value.type)}${value.scalar === type.scalar ? '; start with varying(…)' : ''}`,
        )
      return value
    })
  }

  #requireAxis(op: string, axis: number): void {
    if (!(Number.isInteger(axis) && axis >= 0 && axis < this.gridRank)) throw new KernelError(`${op}: the grid has ${this.gridRank} axes, but axis ${axis} is asked for`)
  }

  #requireNew(name: string): void {
    const taken = [...this.#parameters, ...this.#buffers, ...this.#shared].some((other) => other.name === name)
    if (taken) throw new KernelError(`kernel '${this.name}' has two things named '${name}'`)
  }
}

function idOf(values: readonly Expression[], k: number): number {
  return values[k]?.id ?? 0
}

function plainOrNull(value: Affine | number | undefined): Affine | null {
  if (value === undefined) return null
  const { constant, terms } = Extent.of(value)
  return { constant, terms }
}
