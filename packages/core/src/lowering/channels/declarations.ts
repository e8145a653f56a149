import type { Expression, KernelBuilder, Memory } from '../../kernels/index.ts'
import type { RowAccess } from '../request.ts'
import { type BufferSource, isSummed, type KernelSpec, type ParameterSource } from './spec.ts'

/** Parameters and buffers of a kernel, declared when they are first asked for. */
export class Declarations {
  readonly builder: KernelBuilder
  readonly spec: KernelSpec
  readonly parameters: ParameterSource[] = []
  readonly buffers: BufferSource[] = []
  readonly #parameters = new Map<string, Expression>()
  readonly #buffers = new Map<string, Memory>()

  constructor(builder: KernelBuilder, spec: KernelSpec) {
    this.builder = builder
    this.spec = spec
  }

  parameter(source: ParameterSource): Expression {
    const name = parameterName(source)
    const known = this.#parameters.get(name)
    if (known) return known
    const value = this.builder.parameter(name, 'index')
    this.#parameters.set(name, value)
    this.parameters.push(source)
    return value
  }

  get batchSize(): Expression {
    return this.parameter({ kind: 'batchSize' })
  }

  /** An operand that is read. */
  input(operand: number): Memory {
    const { request } = this.spec
    const size = request.polynomial.inputs[operand]?.size ?? 0
    const extent = () => {
      const access = accessOf(request.inputs, operand)
      if (access.kind === 'shared') return size
      const rows = access.kind === 'batched' ? this.batchSize : this.parameter({ kind: 'indexRows', index: access.index })
      return this.builder.extentOf(rows).times(size)
    }
    return this.#buffer(`input${operand}`, { kind: 'input', operand }, () => this.builder.buffer(`input${operand}`, request.inputScalars[operand] ?? 'f32', 'read', { extent: extent() }))
  }

  indices(index: number): Memory {
    return this.#buffer(`indices${index}`, { kind: 'indices', index }, () => {
      const below = this.builder.extentOf(this.parameter({ kind: 'indexRows', index }))
      return this.builder.buffer(`indices${index}`, 'i32', 'read', { extent: this.builder.extentOf(this.batchSize), below })
    })
  }

  /** Positions of the entries in the order of an index array. */
  entries(index: number): Memory {
    return this.#buffer(`entries${index}`, { kind: 'order', index, part: 'entries' }, () => {
      const entries = this.builder.extentOf(this.batchSize)
      return this.builder.buffer(`entries${index}`, 'i32', 'read', { extent: entries, below: entries })
    })
  }

  starts(index: number): Memory {
    return this.#buffer(`starts${index}`, { kind: 'order', index, part: 'starts' }, () => {
      const below = this.builder.extentOf(this.batchSize).plus(1)
      const rows = this.spec.iteration.kind === 'pieces' ? this.#rowsOf(index) : this.builder.gridExtent(0)
      return this.builder.buffer(`starts${index}`, 'i32', 'read', { extent: rows.plus(1), below })
    })
  }

  /** An output, or the parts that are added up to it later. */
  output(operand: number): Memory {
    const { request, iteration, isPartial } = this.spec
    const size = request.polynomial.outputs[operand]?.size ?? 0
    const extent = () => {
      // Parts of pieces are numbered by program and row together.
      if (isPartial && iteration.kind === 'pieces') return this.builder.gridExtent(0).plus(this.#rowsOf(iteration.index)).times(size)
      if (isPartial || iteration.kind === 'rows') return this.builder.gridExtent(0).times(size)
      return iteration.kind === 'splits' ? size : this.builder.extentOf(this.batchSize).times(size)
    }
    const scalar = isPartial ? request.mathScalar : (request.outputScalars[operand] ?? 'f32')
    const access = isSummed(iteration) ? 'readWrite' : 'write'
    return this.#buffer(`output${operand}`, { kind: isPartial ? 'partial' : 'output', operand }, () => this.builder.buffer(`output${operand}`, scalar, access, { extent: extent() }))
  }

  #rowsOf(index: number) {
    return this.builder.extentOf(this.parameter({ kind: 'indexRows', index }))
  }

  #buffer(name: string, source: BufferSource, declare: () => Memory): Memory {
    const known = this.#buffers.get(name)
    if (known) return known
    const memory = declare()
    this.#buffers.set(name, memory)
    this.buffers.push(source)
    return memory
  }
}

function parameterName(source: ParameterSource): string {
  if (source.kind === 'indexRows') return `indexRows${source.index}`
  return source.kind
}

export function accessOf(accesses: readonly RowAccess[], operand: number): RowAccess {
  return accesses[operand] ?? { kind: 'batched' }
}
