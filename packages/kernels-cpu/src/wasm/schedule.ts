import { constantOf, type LoopVariable, type MemoryNumber, type Region, type Statement, type Value } from './graph.ts'
import type { GraphBuilder } from './graph-builder.ts'

/** Behind the last statement of a region. */
const atEnd = Infinity
/** Trees of this size wait on the stack beside others without holding many registers. */
const smallTree = 3
const largestTree = 300

interface Use {
  readonly region: Region
  readonly index: number
  /** What computes with it; `null` for statements. */
  readonly user: Value | null
  readonly position: number
  readonly stamp: number
}

interface Tree {
  readonly size: number
  readonly loads: readonly { readonly memory: MemoryNumber; readonly stamp: number }[]
}

/**
 * Decides what of a graph is written where: values that nobody uses are left out, those used once stay on the stack until then
 * if nothing speaks against it, and the others wait in locals from their making to their last use.
 */
export class Schedule {
  readonly #uses = new Map<Value, Use[]>()
  readonly #inlined = new Set<Value>()
  /** Values that are handed on by a loop. */
  readonly #handedOn = new Set<Value>()
  readonly #trees = new Map<Value, Tree>()
  readonly #writes: ReadonlyMap<MemoryNumber, readonly number[]>
  /** Where a region is in that around it. */
  readonly #places = new Map<Region, number>()
  readonly #effective = new Map<Value, number>()
  /** What a loop may compute into the place of its variable. */
  readonly #homes = new Map<Value, Value>()

  constructor({ root, writes }: GraphBuilder) {
    this.#writes = writes
    this.#count(root)
    this.#inline(root)
    this.#coalesce(root)
  }

  isUsed(value: Value): boolean {
    return this.#uses.has(value)
  }

  /** Whether the value is computed where it is used, and only there. */
  isInlined(value: Value): boolean {
    return this.#inlined.has(value)
  }

  /** The loop variable in whose place a value is computed. */
  homeOf(value: Value): Value | undefined {
    return this.#homes.get(value)
  }

  /** The last statement of the value's own region that uses it, also inside of it. */
  lastUse(value: Value): number {
    let last = -1
    for (const use of this.#uses.get(value) ?? []) last = Math.max(last, this.#indexIn(value.region, use))
    return last
  }

  #count(region: Region): void {
    for (let index = region.statements.length - 1; index >= 0; index--) {
      const statement = region.statements[index]
      if (!statement) continue
      const { stamp } = statement
      const use = (value: Value, position: number, user: Value | null = null) => this.#use(value, { region, index, user, position, stamp })
      switch (statement.kind) {
        case 'value': {
          const { value } = statement
          if (this.#uses.has(value) || value.source.kind === 'call') value.args.forEach((arg, position) => use(arg, position, value))
          break
        }
        case 'store':
          // Where it is stored is small, so the value may wait behind it.
          for (const arg of statement.args) use(arg, 0)
          break
        case 'loop': {
          this.#places.set(statement.body, index)
          for (const { next } of statement.variables) {
            this.#handedOn.add(next)
            this.#useAtEnd(statement.body, next)
          }
          this.#useAtEnd(statement.body, statement.condition)
          this.#count(statement.body)
          for (const { initial } of statement.variables) use(initial, 0)
          if (statement.guard) use(statement.guard, 0)
          break
        }
        case 'branch':
          statement.sides.forEach((side, k) => {
            this.#places.set(side, index)
            for (const { sides } of statement.results) this.#useAtEnd(side, sides[k === 0 ? 0 : 1])
            this.#count(side)
          })
          use(statement.condition, 0)
      }
    }
  }

  #use(value: Value, use: Use): void {
    const uses = this.#uses.get(value)
    if (uses) uses.push(use)
    else this.#uses.set(value, [use])
  }

  #useAtEnd(region: Region, value: Value): void {
    this.#use(value, { region, index: atEnd, user: null, position: 0, stamp: atEnd })
  }

  #inline(region: Region): void {
    for (const statement of region.statements) {
      if (statement.kind === 'value') this.#decide(statement.value)
      for (const inner of regionsOf(statement)) this.#inline(inner)
    }
  }

  #decide(value: Value): void {
    const { source, args } = value
    const uses = this.#uses.get(value)
    if (!uses || source.kind === 'variable' || source.kind === 'parameter') return
    const own = source.kind === 'load' ? [{ memory: source.memory, stamp: value.stamp }] : []
    const parts = args.flatMap((arg) => (this.#inlined.has(arg) ? (this.#trees.get(arg) ?? []) : []))
    const tree: Tree = { size: parts.reduce((size, part) => size + part.size, 1), loads: [...own, ...parts.flatMap(({ loads }) => loads)] }
    const [use] = uses
    if (source.kind === 'call' || !use || uses.length > 1 || use.region !== value.region || this.#handedOn.has(value)) return
    if (tree.size > largestTree || (use.position > 0 && tree.size > smallTree)) return
    // What is read must not be written before it is used.
    if (tree.loads.some(({ memory, stamp }) => this.#isWritten(memory, stamp, use.stamp))) return
    this.#trees.set(value, tree)
    this.#inlined.add(value)
  }

  #isWritten(memory: MemoryNumber, after: number, before: number): boolean {
    const times = this.#writes.get(memory) ?? []
    let [low, high] = [0, times.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((times[middle] ?? 0) > after) high = middle
      else low = middle + 1
    }
    const next = times[low]
    return next !== undefined && next < before
  }

  #coalesce(region: Region): void {
    for (const statement of region.statements) {
      if (statement.kind === 'loop') for (const variable of statement.variables) this.#coalesceVariable(statement.body, variable)
      for (const inner of regionsOf(statement)) this.#coalesce(inner)
    }
  }

  /** The next value may take the variable's place at once if nobody asks for the present one later. */
  #coalesceVariable(body: Region, { inside, next }: LoopVariable): void {
    const isComputed = next.source.kind === 'op' || next.source.kind === 'select' || next.source.kind === 'load'
    if (!isComputed || next.region !== body || constantOf(next) !== undefined || this.#homes.has(next)) return
    const index = this.#indexOf(next)
    if (this.lastUse(inside) <= index) this.#homes.set(next, inside)
  }

  #indexOf(value: Value): number {
    return value.region.statements.findIndex((statement) => statement.kind === 'value' && statement.value === value)
  }

  /** The statement of a region in which something is used. */
  #indexIn(home: Region, use: Use): number {
    let [region, index] = [use.region, this.#effectiveIndex(use)]
    while (region !== home && region.parent) {
      index = this.#places.get(region) ?? atEnd
      region = region.parent
    }
    return index
  }

  /** Where it is used at last: a user that waits on the stack takes its arguments when it is taken itself. */
  #effectiveIndex({ user, index }: Use): number {
    if (!user || !this.#inlined.has(user)) return index
    const known = this.#effective.get(user)
    if (known !== undefined) return known
    const [use] = this.#uses.get(user) ?? []
    const result = use ? this.#effectiveIndex(use) : index
    this.#effective.set(user, result)
    return result
  }
}

export function regionsOf(statement: Statement): readonly Region[] {
  if (statement.kind === 'loop') return [statement.body]
  return statement.kind === 'branch' ? statement.sides : []
}
