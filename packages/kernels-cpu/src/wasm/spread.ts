import { InternalError } from '@equivar/core'
import type * as kernels from '@equivar/core/kernels'
import type { Value } from './graph.ts'
import type { GraphBuilder } from './graph-builder.ts'
import type { Opcode, WasmType } from './opcodes.ts'

export type Scalar = kernels.ScalarType

/** Numbers in one vector register: f64 has two, everything else four. A `bool` is a mask of 32 bits, or of 64 beside f64. */
export type Width = 2 | 4

/**
 * A value of the kernel in code: one number, or vectors with all lanes. A varying `bool` has masks in one width or in both;
 * the other is made when it is asked for.
 */
export type Operand =
  | { readonly kind: 'one'; readonly scalar: Scalar; readonly value: Value }
  | { readonly kind: 'many'; readonly scalar: Scalar; readonly parts: readonly Value[]; readonly width: Width }

export const one = (scalar: Scalar, value: Value): Operand => ({ kind: 'one', scalar, value })
export const many = (scalar: Scalar, parts: readonly Value[], width: Width = widthOf(scalar)): Operand => ({ kind: 'many', scalar, parts, width })

export function widthOf(scalar: Scalar): Width {
  return scalar === 'f64' ? 2 : 4
}

export function bytesOf(scalar: Scalar): 4 | 8 {
  return scalar === 'f64' ? 8 : 4
}

export function typeOf(scalar: Scalar): WasmType {
  return scalar === 'f32' || scalar === 'f64' ? scalar : 'i32'
}

/** Shape of the vectors that hold a type, as it begins the names of instructions. */
export function shapeOf(scalar: Scalar): 'f32x4' | 'f64x2' | 'i32x4' {
  return scalar === 'f32' ? 'f32x4' : scalar === 'f64' ? 'f64x2' : 'i32x4'
}

export function at<T>(list: readonly T[], index: number): T {
  const item = list[index]
  if (item === undefined) throw new InternalError(`there is no part ${index} of ${list.length}`)
  return item
}

/** Bytes of both arguments of a shuffle that picks whole numbers of so many bytes. */
export function pick(bytes: 4 | 8, ...lanes: readonly number[]): readonly number[] {
  return lanes.flatMap((lane) => Array.from({ length: bytes }, (_, k) => lane * bytes + k))
}

/** Turns numbers into vectors and back, for a number of lanes. */
export class Lanes {
  readonly graph: GraphBuilder
  readonly count: number

  constructor(graph: GraphBuilder, count: number) {
    this.graph = graph
    this.count = count
  }

  /** Whether varying values are single numbers, too. */
  get isSingle(): boolean {
    return this.count === 1
  }

  partsOf(width: Width): number {
    return Math.ceil(this.count / width)
  }

  constant(scalar: Scalar, value: number): Value {
    if (scalar === 'f32') return this.graph.f32(value)
    return scalar === 'f64' ? this.graph.f64(value) : this.graph.i32(value)
  }

  /** A number in all lanes of a vector. */
  splat(scalar: Scalar, value: Value): Value {
    return this.graph.op(`${shapeOf(scalar)}_splat`, [value])
  }

  extract(scalar: Scalar, vector: Value, lane: number): Value {
    return this.graph.op(`${shapeOf(scalar)}_extract_lane`, [vector], { lane })
  }

  /** A single number; a `bool` of all lanes as 0 and 1. */
  number(operand: Operand): Value {
    if (operand.kind === 'many') throw new InternalError('a varying value is used as a single number')
    return operand.value
  }

  /** The number of one lane. */
  ofLane(operand: Operand, lane: number): Value {
    if (operand.kind === 'one') return operand.value
    const { scalar, width } = operand
    const part = at(operand.parts, Math.floor(lane / width))
    if (scalar !== 'bool') return this.extract(scalar, part, lane % width)
    return this.graph.op('i32_and', [this.extract('i32', part, (lane % width) * (4 / width)), this.graph.i32(1)])
  }

  /** Vectors of an operand; one number is spread. */
  parts(operand: Operand, width: Width = operand.kind === 'many' ? operand.width : widthOf(operand.scalar)): readonly Value[] {
    if (operand.kind === 'many') return operand.width === width ? operand.parts : this.#otherWidth(operand.parts, width)
    const { scalar, value } = operand
    const number = scalar === 'bool' ? this.graph.op('i32_sub', [this.graph.i32(0), value]) : value
    const vector = this.splat(scalar, number)
    return Array.from({ length: this.partsOf(width) }, () => vector)
  }

  /** Vectors from the numbers of all lanes. */
  collect(scalar: Scalar, numbers: readonly Value[]): readonly Value[] {
    const width = widthOf(scalar)
    return Array.from({ length: this.partsOf(width) }, (_, part) => {
      const own = numbers.slice(part * width, (part + 1) * width)
      return own.reduce<Value | undefined>(
        (vector, number, lane) => (vector ? this.graph.op(`${shapeOf(scalar)}_replace_lane`, [vector, number], { lane }) : this.splat(scalar, number)),
        undefined,
      )
    }).filter((vector) => vector !== undefined)
  }

  /** An instruction on vectors, part by part. */
  map(name: Opcode, operands: readonly (readonly Value[])[]): readonly Value[] {
    const [first = []] = operands
    return first.map((_, part) => this.graph.op(name, operands.map((parts) => at(parts, part))))
  }

  /** Masks for numbers of the other size. */
  #otherWidth(parts: readonly Value[], width: Width): readonly Value[] {
    if (width === 2)
      return Array.from({ length: this.partsOf(2) }, (_, k) => this.graph.op(k % 2 === 0 ? 'i64x2_extend_low_i32x4_s' : 'i64x2_extend_high_i32x4_s', [at(parts, k >> 1)]))
    return Array.from({ length: this.partsOf(4) }, (_, k) => {
      const low = at(parts, 2 * k)
      return this.graph.op('i8x16_shuffle', [low, parts[2 * k + 1] ?? low], { lanes: pick(4, 0, 2, 4, 6) })
    })
  }
}
