import type { Immediates } from './function-writer.ts'
import type { Opcode, WasmType } from './opcodes.ts'

/**
 * Code as a graph: values in single-assignment form inside of nested regions, between what has an effect. It is made by
 * `GraphBuilder`, planned by `Schedule` and written by `writeFunction`.
 */

/** Which memory an access touches; accesses to different numbers never meet. */
export type MemoryNumber = number

export type Source =
  | { readonly kind: 'op'; readonly opcode: Opcode; readonly immediates: Immediates }
  /** Its result depends on what was stored before. */
  | { readonly kind: 'load'; readonly opcode: Opcode; readonly immediates: Immediates; readonly memory: MemoryNumber }
  /** Arguments are both values and the condition. */
  | { readonly kind: 'select' }
  /** A function of the module that reads and writes memory. */
  | { readonly kind: 'call'; readonly callee: number }
  /** A parameter of the function. */
  | { readonly kind: 'parameter'; readonly local: number }
  /** Set by a loop or by both sides of a branch. */
  | { readonly kind: 'variable' }

export interface Value {
  readonly id: number
  readonly type: WasmType
  readonly source: Source
  readonly args: readonly Value[]
  readonly region: Region
  /** Time of its making. */
  readonly stamp: number
  /** Longest way through pure instructions to it. */
  readonly height: number
}

/** What one iteration hands to the next: `inside` and `result` live in one local. */
export interface LoopVariable {
  readonly initial: Value
  readonly inside: Value
  readonly next: Value
  readonly result: Value
}

export type Statement =
  | { readonly kind: 'value'; readonly value: Value; readonly stamp: number }
  | {
      readonly kind: 'store'
      readonly opcode: Opcode
      readonly immediates: Immediates
      readonly memory: MemoryNumber
      readonly args: readonly Value[]
      /** Which vector of the lanes it stores, or a part of; those of different vectors may change places. */
      readonly part: number
      readonly stamp: number
    }
  /** Runs the body, and again while the condition, computed in it, holds; not at all where `guard` is false. */
  | {
      readonly kind: 'loop'
      readonly guard: Value | null
      readonly variables: readonly LoopVariable[]
      readonly body: Region
      readonly condition: Value
      readonly stamp: number
    }
  | {
      readonly kind: 'branch'
      readonly condition: Value
      readonly sides: readonly [Region, Region]
      readonly results: readonly BranchResult[]
      readonly stamp: number
    }

export interface BranchResult {
  readonly sides: readonly [Value, Value]
  readonly result: Value
}

export interface Region {
  readonly parent: Region | null
  readonly depth: number
  /** Sides of a branch run or do not, so that work is not moved out of them. */
  readonly isConditional: boolean
  readonly statements: Statement[]
  /** Values by what computes them. */
  readonly known: Map<string, Value>
}

/** The number that a value always is. */
export function constantOf({ source }: Value): number | undefined {
  if (source.kind !== 'op') return undefined
  const isConstant = source.opcode === 'i32_const' || source.opcode === 'f32_const' || source.opcode === 'f64_const'
  return isConstant ? (source.immediates.value ?? 0) : undefined
}
