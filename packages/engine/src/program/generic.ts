import { InternalError } from '@equivar/core'
import { encode, isFloat } from '../array/dtype.ts'
import { formatShape, sameShape } from '../array/shape.ts'
import type { AbstractValue } from '../graph/value.ts'
import { Storage } from '../memory/storage.ts'
import { shapeRules } from '../primitives/shapes/table.ts'
import type { AnyParams } from '../primitives/rules.ts'
import type { PrimitiveName } from '../primitives/names.ts'
import { decode, evaluate, probeSizes } from './expression.ts'
import type { ProgramGraph } from './graph.ts'
import { releaseGraph } from './trace.ts'
import { Difference, stepAt, zipGraphs, type SizedElement, type SizedNumber, type Zip, type ZippedGraph } from './zip.ts'

interface ErasedShapeRule {
  shape(inputs: readonly AbstractValue[], params: AnyParams): readonly AbstractValue[]
}
const rules: { readonly [P in PrimitiveName]: ErasedShapeRule } = shapeRules

/** Sizes that a program has been traced with; between the smallest and the largest of each it is trusted to be the same function. */
interface Verified {
  low: number
  high: number
}

/**
 * A program for all sizes: its numbers are expressions of sizes, found from two traces with sizes that are large primes.
 *
 * A function may branch on sizes, so an instance is compared with a trace of its own whenever a size lies outside of those that were
 * compared before; sizes 0 and 1, at which broadcasting is another, are never taken.
 */
export class GenericProgram {
  readonly numSizes: number
  readonly #zipped: ZippedGraph
  readonly #verified: Verified[]

  private constructor(numSizes: number, zipped: ZippedGraph) {
    this.numSizes = numSizes
    this.#zipped = zipped
    const [p, q] = [probeSizes(numSizes, 0), probeSizes(numSizes, 1)]
    this.#verified = p.map((size, k) => ({ low: Math.min(size, q[k] ?? size), high: Math.max(size, q[k] ?? size) }))
  }

  /** Takes over both traces. @throws {Difference} if they are not one function of sizes. */
  static of(numSizes: number, first: ProgramGraph, second: ProgramGraph): GenericProgram {
    try {
      return new GenericProgram(numSizes, zipGraphs(first, second, decoding(probeSizes(numSizes, 0), probeSizes(numSizes, 1))))
    } catch (error) {
      releaseGraph(first)
      throw error
    } finally {
      releaseGraph(second)
    }
  }

  /** The program at given sizes. @throws {Difference} if they do not make one. */
  at(sizes: readonly number[]): ProgramGraph {
    const { graph, shapes, steps, constants } = this.#zipped
    const numberAt = (expression: SizedNumber): number => (typeof expression === 'number' ? expression : integer(evaluate(expression, sizes)))
    const tensors = graph.tensors.map(({ dtype }, id) => ({ dtype, shape: (shapes[id] ?? []).map(numberAt) }))
    const own = new Map<number, Storage>()
    try {
      for (const [id, constant] of constants)
        own.set(id, constant instanceof Storage ? constant.retain() : numberStorage(constant, numberAt, tensors[id], graph))
      const instance = { ...graph, tensors, constants: own, steps: steps.map((step) => stepAt(step, numberAt)) }
      checkShapes(instance)
      return instance
    } catch (error) {
      for (const storage of own.values()) storage.release()
      throw error
    }
  }

  /** Whether a trace at these sizes would add to what is known. */
  isVerified(sizes: readonly number[]): boolean {
    return sizes.every((size, k) => {
      const range = this.#verified[k]
      return range !== undefined && size >= range.low && size <= range.high
    })
  }

  /** @throws {Difference} if a trace at these sizes is not the instance. */
  verify(sizes: readonly number[], instance: ProgramGraph, traced: ProgramGraph): void {
    zipGraphs(instance, traced, equality)
    for (const [k, size] of sizes.entries()) {
      const range = this.#verified[k]
      if (!range) continue
      range.low = Math.min(range.low, size)
      range.high = Math.max(range.high, size)
    }
  }

  dispose(): void {
    releaseGraph(this.#zipped.graph)
  }
}

function decoding(p: readonly number[], q: readonly number[]): Zip {
  const number = (a: number, b: number, what: string): SizedNumber => {
    const found = decode(a, b, p, q)
    if (found === undefined) throw new Difference(`${what} depends on sizes in a way that is no sum or product of them (${a} and ${b})`)
    return found
  }
  return {
    number,
    element(a, b, { dtype }) {
      if (Number.isInteger(a) && Number.isInteger(b)) return { expression: number(a, b, 'a number'), isReciprocal: false }
      const [inverseA, inverseB] = [Math.round(1 / a), Math.round(1 / b)]
      const isExact = isFloat(dtype) && encode([1 / inverseA], dtype)[0] === a && encode([1 / inverseB], dtype)[0] === b
      if (!isExact) throw new Difference(`a number is ${a} at some sizes and ${b} at others`)
      return { expression: number(inverseA, inverseB, 'a number'), isReciprocal: true }
    },
  }
}

const equality: Zip = {
  number(a, b, what) {
    if (a !== b) throw new Difference(`${what} is ${b}, not ${a}`)
    return a
  },
  element(a, b) {
    throw new Difference(`a number is ${b}, not ${a}`)
  },
}

function numberStorage(
  { expression, isReciprocal }: SizedElement,
  numberAt: (expression: SizedNumber) => number,
  spec: AbstractValue | undefined,
  { device }: ProgramGraph,
): Storage {
  if (!spec) throw new InternalError('a constant of a program has no shape')
  const number = numberAt(expression)
  return Storage.ofHost(encode([isReciprocal ? 1 / number : number], spec.dtype), device)
}

function integer(value: number): number {
  if (!Number.isSafeInteger(value)) throw new Difference(`a size would be ${value}`)
  return value
}

function checkShapes({ tensors, steps }: ProgramGraph): void {
  const specOf = (id: number): AbstractValue => {
    const spec = tensors[id]
    if (!spec) throw new InternalError(`a program has no tensor ${id}`)
    return spec
  }
  for (const { shape } of tensors) if (shape.some((extent) => extent < 0)) throw new Difference(`a shape would be ${formatShape(shape)}`)
  for (const step of steps) {
    if (step.kind !== 'primitive') continue
    const outputs = rules[step.primitive].shape(step.inputs.map(specOf), step.params)
    for (const [k, id] of step.outputs.entries()) {
      const [expected, found] = [outputs[k], specOf(id)]
      if (!expected || !sameShape(expected.shape, found.shape))
        throw new Difference(`${step.primitive} would give ${formatShape(expected?.shape ?? [])}, not ${formatShape(found.shape)}`)
    }
  }
}
