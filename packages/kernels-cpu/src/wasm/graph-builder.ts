import { InternalError } from '@equivar/core'
import type { Immediates } from './function-writer.ts'
import { type BranchResult, constantOf, type LoopVariable, type MemoryNumber, type Region, type Source, type Statement, type Value } from './graph.ts'
import { type Opcode, opcode, type WasmType } from './opcodes.ts'
import { simplify } from './simplify.ts'

export interface LoopSpecification {
  /** Values that are handed on, the counter among them if there is one. */
  readonly initial: readonly Value[]
  /** Whether there is an iteration at all; `null` where there is always one. */
  readonly guard: Value | null
  readonly body: (inside: readonly Value[]) => { readonly next: readonly Value[]; readonly condition: Value }
}

/**
 * Makes the graph of a function. What is pure is made once, in the outermost region that has its arguments: so loops hold only
 * what changes in them. Sides of branches keep what they compute, but for constants.
 */
export class GraphBuilder {
  readonly root: Region = { parent: null, depth: 0, isConditional: false, statements: [], known: new Map() }
  /** Times at which each memory was written. */
  readonly writes = new Map<MemoryNumber, number[]>()
  #region = this.root
  #count = 0
  #stamp = 0

  parameter(local: number, type: WasmType): Value {
    return this.#pure({ kind: 'parameter', local }, type, [], `parameter ${local}`)
  }

  i32(value: number): Value {
    return this.#constant('i32_const', value | 0)
  }

  f32(value: number): Value {
    return this.#constant('f32_const', value)
  }

  f64(value: number): Value {
    return this.#constant('f64_const', value)
  }

  /** The result of an instruction without effects that cannot fail. */
  op(name: Opcode, args: readonly Value[], immediates: Immediates = {}): Value {
    return simplify(this, name, args, immediates) ?? this.rawOp(name, args, immediates)
  }

  /** The same, as it is written. */
  rawOp(name: Opcode, args: readonly Value[], immediates: Immediates): Value {
    const { offset, lane, lanes } = immediates
    const key = `${name} ${args.map(({ id }) => id).join(' ')} ${offset ?? ''}@${lane ?? ''}@${lanes?.join() ?? ''}`
    return this.#pure({ kind: 'op', opcode: name, immediates }, resultOf(name), args, key)
  }

  /** `condition ? a : b` */
  select(condition: Value, a: Value, b: Value): Value {
    const known = constantOf(condition)
    if (known !== undefined) return known === 0 ? b : a
    if (a === b) return a
    return this.#pure({ kind: 'select' }, a.type, [a, b, condition], `select ${a.id} ${b.id} ${condition.id}`)
  }

  load(name: Opcode, memory: MemoryNumber, args: readonly Value[], immediates: Immediates): Value {
    const value = this.#make({ kind: 'load', opcode: name, immediates, memory }, resultOf(name), args, this.#region)
    this.#state({ kind: 'value', value, stamp: value.stamp })
    return value
  }

  store(name: Opcode, memory: MemoryNumber, args: readonly Value[], immediates: Immediates, part = 0): void {
    this.#state({ kind: 'store', opcode: name, immediates, memory, args, part, stamp: this.#written(memory) })
  }

  /** Calls another function of the module that changes memory. */
  call(callee: number, memory: MemoryNumber, type: WasmType, args: readonly Value[]): Value {
    this.#written(memory)
    const value = this.#make({ kind: 'call', callee }, type, args, this.#region)
    this.#state({ kind: 'value', value, stamp: value.stamp })
    return value
  }

  loop({ initial, guard, body }: LoopSpecification): readonly Value[] {
    const parent = this.#region
    const stamp = ++this.#stamp
    const region = this.#open(false)
    const inside = initial.map(({ type }) => this.#make({ kind: 'variable' }, type, [], region))
    const { next, condition } = body(inside)
    this.#region = parent
    const variables = inside.map((variable, k): LoopVariable => {
      const [first, following] = [initial[k], next[k]]
      if (!first || !following) throw new InternalError('a loop hands on as many values as it was given')
      return { initial: first, inside: variable, next: following, result: this.#make({ kind: 'variable' }, variable.type, [], parent) }
    })
    this.#state({ kind: 'loop', guard, variables, body: region, condition, stamp })
    return variables.map(({ result }) => result)
  }

  /** Values of whichever side runs. */
  branch(condition: Value, then: () => readonly Value[], otherwise: () => readonly Value[] = () => []): readonly Value[] {
    const known = constantOf(condition)
    if (known !== undefined) return known === 0 ? otherwise() : then()
    const parent = this.#region
    const stamp = ++this.#stamp
    const run = (side: () => readonly Value[]) => {
      const region = this.#open(true)
      const values = side()
      this.#region = parent
      return { region, values }
    }
    const [left, right] = [run(then), run(otherwise)]
    const results = left.values.map((value, k): BranchResult => {
      const other = right.values[k]
      if (other?.type !== value.type) throw new InternalError('both sides of a branch give the same types')
      return { sides: [value, other], result: this.#make({ kind: 'variable' }, value.type, [], parent) }
    })
    this.#state({ kind: 'branch', condition, sides: [left.region, right.region], results, stamp })
    return results.map(({ result }) => result)
  }

  #constant(name: 'i32_const' | 'f32_const' | 'f64_const', value: number): Value {
    const text = Object.is(value, -0) ? '-0' : String(value)
    return this.#pure({ kind: 'op', opcode: name, immediates: { value } }, resultOf(name), [], `${name} ${text}`)
  }

  #pure(source: Source, type: WasmType, args: readonly Value[], key: string): Value {
    for (let region: Region | null = this.#region; region; region = region.parent) {
      const known = region.known.get(key)
      if (known) return known
    }
    const home = this.#homeOf(args)
    const value = this.#make(source, type, args, home)
    home.known.set(key, value)
    home.statements.push({ kind: 'value', value, stamp: value.stamp })
    return value
  }

  /** The outermost region in which something can be computed from these, without doing what may not be needed. */
  #homeOf(args: readonly Value[]): Region {
    const isFree = args.every((arg) => constantOf(arg) !== undefined)
    const depth = Math.max(0, ...args.map(({ region }) => region.depth))
    let home = this.#region
    while (home.parent && home.depth > depth && (isFree || !home.isConditional)) home = home.parent
    return home
  }

  #open(isConditional: boolean): Region {
    this.#region = { parent: this.#region, depth: this.#region.depth + 1, isConditional, statements: [], known: new Map() }
    return this.#region
  }

  #make(source: Source, type: WasmType, args: readonly Value[], region: Region): Value {
    const height = source.kind === 'op' ? 1 + Math.max(0, ...args.map((arg) => arg.height)) : 0
    return { id: this.#count++, type, source, args, region, stamp: ++this.#stamp, height }
  }

  #state(statement: Statement): void {
    this.#region.statements.push(statement)
  }

  #written(memory: MemoryNumber): number {
    const stamp = ++this.#stamp
    const times = this.writes.get(memory)
    if (times) times.push(stamp)
    else this.writes.set(memory, [stamp])
    return stamp
  }
}

function resultOf(name: Opcode): WasmType {
  const { result } = opcode(name)
  if (result === null) throw new InternalError(`${name} has no result`)
  return result
}
