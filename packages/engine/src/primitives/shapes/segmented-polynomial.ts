import { DimensionError, InputError, ShapeError } from '@equivar/core'
import { formatShape } from '../../array/shape.ts'
import type { AbstractValue } from '../../graph/value.ts'
import type { InputAccess } from '../names.ts'
import type { ShapeRule } from '../rules.ts'
import { requireDtype, requireFloat, requireSameDtype } from './elementwise.ts'

const what = 'segmentedPolynomial'

export const segmentedPolynomialShape: ShapeRule<'segmentedPolynomial'> = {
  shape(arrays, { polynomial, inputs, outputs, batchSize }) {
    const numInputs = polynomial.inputs.length
    const operands = arrays.slice(0, numInputs)
    const indices = arrays.slice(numInputs)
    if (operands.length !== numInputs || inputs.length !== numInputs || outputs.length !== polynomial.outputs.length)
      throw new InputError(`${what}: the polynomial has ${numInputs} inputs and ${polynomial.outputs.length} outputs, got ${operands.length} arrays, ${inputs.length} input and ${outputs.length} output accesses`)
    const [first] = operands
    if (!first) throw new InputError(`${what}: a polynomial without inputs has no dtype; fill a constant array instead`)
    for (const [i, index] of indices.entries()) {
      requireDtype(`${what}: index array ${i}`, index, 'int32')
      if (index.shape.length !== 1 || index.shape[0] !== batchSize)
        throw new ShapeError(`${what}: index array ${i} has shape ${formatShape(index.shape)}, the batch ${batchSize} entries; pass one index an entry`)
    }
    for (const [i, x] of operands.entries()) {
      requireFloat(`${what}: input ${i}`, x)
      requireSameDtype(`${what}: inputs 0 and ${i}`, first, x)
      requireOperand(i, x, polynomial.inputs[i]?.size ?? 0, inputs[i], batchSize, indices.length)
    }
    return polynomial.outputs.map(({ size }, k) => {
      const access = outputs[k]
      if (access?.kind === 'indexed') {
        if (!(Number.isInteger(access.rows) && access.rows >= 0)) throw new InputError(`${what}: output ${k} is scattered into ${access.rows} rows; pass the number of rows`)
        requireIndexArray(`output ${k}`, access.index, indices.length)
      }
      const rows = access?.kind === 'indexed' ? access.rows : access?.kind === 'shared' ? 1 : batchSize
      return { dtype: first.dtype, shape: [rows, size] }
    })
  },
}

function requireOperand(i: number, x: AbstractValue, size: number, access: InputAccess | undefined, batchSize: number, numIndices: number): void {
  const [rows = 0, columns] = x.shape
  if (x.shape.length !== 2 || columns !== size)
    throw new DimensionError(`${what}: input ${i} has shape ${formatShape(x.shape)}, its operand ${size} elements; pass rows × ${size}`)
  if (access?.kind === 'shared' && rows !== 1) throw new ShapeError(`${what}: input ${i} is shared by the batch but has ${rows} rows; pass one row`)
  if (access?.kind === 'batched' && rows !== batchSize) throw new ShapeError(`${what}: input ${i} has ${rows} rows, the batch ${batchSize} entries; they must agree, or pass indices`)
  if (access?.kind === 'indexed') requireIndexArray(`input ${i}`, access.index, numIndices)
}

function requireIndexArray(who: string, index: number, count: number): void {
  if (!(index >= 0 && index < count)) throw new InputError(`${what}: ${who} uses index array ${index}, but there are ${count}`)
}
