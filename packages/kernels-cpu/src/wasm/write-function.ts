import { InternalError } from '@equivar/core'
import { FunctionWriter } from './function-writer.ts'
import { constantOf, type Region, type Statement, type Value } from './graph.ts'
import type { GraphBuilder } from './graph-builder.ts'
import type { Opcode, WasmType } from './opcodes.ts'
import { Schedule } from './schedule.ts'

/** The body of the function that a graph describes. */
export function writeFunction(graph: GraphBuilder, parameters: readonly WasmType[]): Uint8Array<ArrayBuffer> {
  return new GraphWriter(graph, parameters).run(graph.root)
}

type Loop = Extract<Statement, { readonly kind: 'loop' }>
type Branch = Extract<Statement, { readonly kind: 'branch' }>

/** A load that fills all lanes, in place of a load whose number is spread. */
const spreadLoads: Readonly<Partial<Record<Opcode, Opcode>>> = { f32_load: 'v128_load32_splat', i32_load: 'v128_load32_splat', f64_load: 'v128_load64_splat' }

class GraphWriter {
  readonly #writer: FunctionWriter
  readonly #schedule: Schedule
  readonly #locals = new Map<Value, number>()
  readonly #free = new Map<WasmType, number[]>()

  constructor(graph: GraphBuilder, parameters: readonly WasmType[]) {
    this.#writer = new FunctionWriter(parameters)
    this.#schedule = new Schedule(graph)
  }

  run(root: Region): Uint8Array<ArrayBuffer> {
    this.#region(root, () => undefined)
    return this.#writer.bytes()
  }

  /** Writes a region; `finish` uses what it hands out. */
  #region({ statements }: Region, finish: () => void): void {
    /** Locals that are free again after a statement. */
    const ending = new Map<number, Value[]>()
    const keepUntilLastUse = (value: Value) => {
      const last = this.#schedule.lastUse(value)
      const values = ending.get(last)
      if (values) values.push(value)
      else ending.set(last, [value])
    }
    const release = (index: number) => {
      for (const value of ending.get(index) ?? []) this.#release(value)
    }
    for (const [index, statement] of statements.entries()) {
      switch (statement.kind) {
        case 'value': {
          const { value } = statement
          if (!this.#isWritten(value)) break
          this.#compute(value)
          release(index)
          const home = this.#schedule.homeOf(value)
          if (!this.#schedule.isUsed(value)) this.#writer.drop()
          else if (home) {
            this.#locals.set(value, this.#localOf(home))
            this.#writer.set(this.#localOf(home))
          } else {
            this.#writer.set(this.#allocate(value))
            keepUntilLastUse(value)
          }
          break
        }
        case 'store':
          for (const arg of statement.args) this.#push(arg)
          this.#writer.op(statement.opcode, statement.immediates)
          release(index)
          break
        case 'loop':
          this.#loop(statement)
          release(index)
          this.#keep(statement.variables, index, keepUntilLastUse)
          break
        case 'branch':
          this.#branch(statement)
          release(index)
          this.#keep(statement.results, index, keepUntilLastUse)
      }
    }
    finish()
    release(Infinity)
  }

  #keep(handed: readonly { readonly result: Value }[], index: number, keepUntilLastUse: (value: Value) => void): void {
    for (const { result } of handed) {
      if (this.#schedule.lastUse(result) > index) keepUntilLastUse(result)
      else this.#release(result)
    }
  }

  #loop({ guard, variables, body, condition }: Loop): void {
    for (const { initial, inside, result } of variables) {
      this.#push(initial)
      const local = this.#allocate(result)
      this.#locals.set(inside, local)
      this.#writer.set(local)
    }
    if (guard) {
      this.#writer.open('block')
      this.#push(guard)
      this.#writer.op('i32_eqz')
      this.#writer.branchIf(0)
    }
    this.#writer.open('loop')
    this.#region(body, () => {
      const moved = variables.filter(({ next, inside }) => next !== inside && this.#schedule.homeOf(next) !== inside)
      this.#assign(moved.map(({ next, inside }) => ({ from: next, to: inside })))
      this.#push(condition)
      this.#writer.branchIf(0)
    })
    this.#writer.end()
    if (guard) this.#writer.end()
  }

  #branch({ condition, sides, results }: Branch): void {
    this.#push(condition)
    for (const { result } of results) this.#allocate(result)
    this.#writer.open('if')
    for (const [k, side] of sides.entries()) {
      if (k === 1) {
        if (side.statements.length === 0 && results.length === 0) continue
        this.#writer.otherwise()
      }
      this.#region(side, () => this.#assign(results.map(({ sides: values, result }) => ({ from: k === 0 ? values[0] : values[1], to: result }))))
    }
    this.#writer.end()
  }

  /** All at once: one may be another's old value. */
  #assign(moves: readonly { readonly from: Value; readonly to: Value }[]): void {
    for (const { from } of moves) this.#push(from)
    for (const { to } of [...moves].reverse()) this.#writer.set(this.#localOf(to))
  }

  /** Whether a statement of its own computes the value. */
  #isWritten(value: Value): boolean {
    if (value.source.kind === 'call') return true
    return value.source.kind !== 'parameter' && this.#schedule.isUsed(value) && !this.#schedule.isInlined(value) && constantOf(value) === undefined
  }

  /** Brings a value onto the stack. */
  #push(value: Value): void {
    if (value.source.kind === 'parameter') this.#writer.get(value.source.local)
    else if (constantOf(value) !== undefined || this.#schedule.isInlined(value)) this.#compute(value)
    else this.#writer.get(this.#localOf(value))
  }

  #compute({ source, args }: Value): void {
    switch (source.kind) {
      case 'op': {
        const [arg] = args
        const spread = arg && source.opcode.endsWith('_splat') && this.#schedule.isInlined(arg) && arg.source.kind === 'load' ? spreadLoads[arg.source.opcode] : undefined
        if (spread && arg?.source.kind === 'load') {
          for (const inner of arg.args) this.#push(inner)
          this.#writer.op(spread, arg.source.immediates)
          return
        }
        for (const each of args) this.#push(each)
        this.#writer.op(source.opcode, source.immediates)
        return
      }
      case 'load':
        for (const arg of args) this.#push(arg)
        this.#writer.op(source.opcode, source.immediates)
        return
      case 'select':
        for (const arg of args) this.#push(arg)
        this.#writer.select()
        return
      case 'call':
        for (const arg of args) this.#push(arg)
        this.#writer.call(source.callee)
        return
      default:
        throw new InternalError(`a ${source.kind} is not computed`)
    }
  }

  #allocate(value: Value): number {
    const local = this.#free.get(value.type)?.pop() ?? this.#writer.newLocal(value.type)
    this.#locals.set(value, local)
    return local
  }

  #release(value: Value): void {
    const local = this.#localOf(value)
    const free = this.#free.get(value.type)
    if (free) free.push(local)
    else this.#free.set(value.type, [local])
  }

  #localOf(value: Value): number {
    const local = this.#locals.get(value)
    if (local === undefined) throw new InternalError(`value ${value.id} has no local`)
    return local
  }
}
