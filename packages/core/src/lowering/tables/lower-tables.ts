import { InternalError, PolynomialError } from '../../errors.ts'
import type { Kernel, StorageType } from '../../kernels/index.ts'
import { accessOf } from '../channels/declarations.ts'
import { elementsPerProgram, sumPartsKernel } from '../channels/helpers.ts'
import type { Plan, PlannedLaunch, Slot, Target } from '../plan.ts'
import type { FloatScalar, PolynomialRequest, PolynomialSizes } from '../request.ts'
import { widthOf } from '../scalars.ts'
import { splitsOf } from '../splits.ts'
import { elementsPerBlock, type TableBuffer, type TableKernel, tableKernel } from './kernel.ts'
import { type OutputTable, outputTable } from './tables.ts'

/** Kernels by structure: they serve all polynomials that multiply as many operands. */
const kernels = new Map<string, TableKernel>()
const sums = new Map<string, Kernel>()

/** Plans of a polynomial whose terms stand in tables: for any polynomial, without code of its own, and slow. */
export class TableLowering {
  readonly orders: readonly number[]
  readonly #request: PolynomialRequest
  readonly #lanes: number
  readonly #tables: readonly OutputTable[]
  readonly #coefficients = new Map<Float64Array, Float32Array>()

  /** @throws {PolynomialError} if the tables would be too large. */
  constructor(request: PolynomialRequest, { lanes, vectorBytes }: Target) {
    this.#request = request
    this.#lanes = lanes === 'gpu' ? vectorBytes : Math.max(1, Math.floor(vectorBytes / widthOf(request.mathScalar)))
    this.#tables = request.polynomial.outputs.flatMap(({ size }, o) => {
      if (size === 0) return []
      const table = outputTable(request.polynomial, o)
      if (!table) throw new PolynomialError(`method 'naive' cannot serve this polynomial: output ${o} has too many terms for a table; split it into several polynomials`)
      return [table]
    })
    const indices = this.#tables.flatMap(({ output }) => {
      const access = accessOf(request.outputs, output)
      return access.kind === 'indexed' ? [access.index] : []
    })
    this.orders = [...new Set(indices)].sort((a, b) => a - b)
  }

  plan(sizes: PolynomialSizes): Plan {
    const temporaries: { readonly scalar: StorageType; readonly length: number }[] = []
    const launches = this.#tables.flatMap((table) => this.#launches(table, sizes, temporaries))
    return { temporaries, launches }
  }

  #launches(table: OutputTable, sizes: PolynomialSizes, temporaries: { readonly scalar: StorageType; readonly length: number }[]): readonly PlannedLaunch[] {
    const { polynomial, mathScalar, outputs, outputScalars } = this.#request
    const { output } = table
    const size = polynomial.outputs[output]?.size ?? 0
    const access = accessOf(outputs, output)
    const { kernel, buffers } = this.#kernel(table)
    const { splits, entriesPerSplit } = splitsOf(sizes.batchSize)
    const rows = access.kind === 'shared' ? splits : access.kind === 'batched' ? sizes.batchSize : (sizes.outputRows[output] ?? 0)
    const result: Slot = access.kind === 'shared' ? { kind: 'temporary', index: temporaries.push({ scalar: mathScalar, length: rows * size }) - 1 } : { kind: 'output', index: output }
    const to = outputScalars[output] ?? 'f32'
    const own: PlannedLaunch = {
      kernel,
      grid: [rows, Math.ceil(table.numElements / elementsPerBlock)],
      parameters: [sizes.batchSize, entriesPerSplit, table.numElements, size],
      buffers: buffers.map((source) => this.#slot(source, table, result)),
      flops: 2 * table.numProducts * sizes.batchSize,
      bytes: polynomial.inputs.reduce((sum, operand, i) => sum + operand.size * (sizes.inputRows[i] ?? 0) * widthOf(mathScalar), 0) + rows * size * widthOf(to),
    }
    if (access.kind !== 'shared') return [own]
    const sum: PlannedLaunch = {
      kernel: sumKernel(mathScalar, to, size, this.#lanes),
      grid: [1, Math.ceil(size / elementsPerProgram)],
      parameters: [rows],
      buffers: [result, { kind: 'output', index: output }],
      flops: rows * size,
      bytes: rows * size * widthOf(mathScalar),
    }
    return [own, sum]
  }

  #kernel({ output, operations }: OutputTable): TableKernel {
    const { inputs, inputScalars, outputScalars, outputs, mathScalar, polynomial } = this.#request
    const factors = operations.map((operation) => operation.factors)
    const used = [...new Set(factors.flat())].map((i) => [i, accessOf(inputs, i), inputScalars[i], polynomial.inputs[i]?.size])
    const key = JSON.stringify([this.#lanes, factors, used, outputs[output], outputScalars[output], mathScalar])
    const known = kernels.get(key)
    if (known) return known
    const isPartial = accessOf(outputs, output).kind === 'shared'
    const made = tableKernel({ request: this.#request, output, operations: factors, lanes: this.#lanes, isPartial })
    kernels.set(key, made)
    return made
  }

  #slot(source: TableBuffer, { operations, elements }: OutputTable, result: Slot): Slot {
    switch (source.kind) {
      case 'input':
        return { kind: 'input', index: source.operand }
      case 'indices':
        return { kind: 'input', index: this.#request.inputs.length + source.index }
      case 'starts':
      case 'entries':
        return { kind: 'order', index: source.index, part: source.kind }
      case 'elements':
        return { kind: 'constant', data: elements }
      case 'result':
        return result
      case 'termStarts':
      case 'places':
      case 'coefficients': {
        const operation = operations[source.operation]
        if (!operation) throw new InternalError(`no table of operation ${source.operation}`)
        if (source.kind === 'coefficients') return { kind: 'constant', data: this.#inMathScalar(operation.coefficients) }
        return { kind: 'constant', data: source.kind === 'places' ? operation.places : operation.starts }
      }
    }
  }

  #inMathScalar(coefficients: Float64Array): Float32Array | Float64Array {
    if (this.#request.mathScalar === 'f64') return coefficients
    const known = this.#coefficients.get(coefficients) ?? Float32Array.from(coefficients)
    this.#coefficients.set(coefficients, known)
    return known
  }
}

function sumKernel(from: FloatScalar, to: FloatScalar, size: number, lanes: number): Kernel {
  const key = `${from} ${to} ${size} ${lanes}`
  const known = sums.get(key)
  if (known) return known
  const made = sumPartsKernel(from, to, size, undefined, lanes)
  sums.set(key, made)
  return made
}
