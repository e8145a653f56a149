import { InputError } from '@equivar/core'
import type { MaceArchitecture } from '../definition.ts'
import { maceIrreps } from '../model/irreps.ts'
import type { Descriptors, EvaluationOptions } from './options.ts'

type DescriptorRequest = Exclude<EvaluationOptions['descriptors'], undefined>

/**
 * Features of all layers side by side, converted from the (irrep, mul) layout of the network to e3nn's (mul, irrep).
 *
 * @param features of every layer, row-major, one row an atom.
 */
export function joinDescriptors(
  features: readonly ArrayLike<number>[],
  architecture: MaceArchitecture,
  first: number,
  last: number,
  request: DescriptorRequest,
): Descriptors {
  const { invariantsOnly = false } = typeof request === 'object' ? request : {}
  const picks = joinedLayers(architecture, request).map(({ product }) => layerPicks(product.hidden, invariantsOnly))
  const size = picks.reduce((sum, { columns }) => sum + columns.length, 0)
  const data = new Float64Array((last - first) * size)
  let offset = 0
  for (const [t, { width, columns }] of picks.entries()) {
    for (let atom = first; atom < last; atom++)
      for (const [c, column] of columns.entries()) data[(atom - first) * size + offset + c] = features[t]?.[atom * width + column] ?? Number.NaN
    offset += columns.length
  }
  return { shape: [last - first, size], data }
}

/** The layers whose features are asked for. @throws {InputError} if the model does not have so many. */
export function joinedLayers({ layers }: MaceArchitecture, request: DescriptorRequest): MaceArchitecture['layers'] {
  const { numLayers = layers.length } = typeof request === 'object' ? request : {}
  if (!(Number.isInteger(numLayers) && numLayers >= 1 && numLayers <= layers.length))
    throw new InputError(`descriptors: numLayers is ${numLayers}, but the model has ${layers.length} layers; ask for 1 to ${layers.length}`)
  return layers.slice(0, numLayers)
}

/** Columns of a layer's features in the order of the (mul, irrep) layout. */
function layerPicks(irreps: string, invariantsOnly: boolean): { readonly width: number; readonly columns: readonly number[] } {
  const columns: number[] = []
  let start = 0
  for (const { mul, ir } of maceIrreps(irreps)) {
    if (!invariantsOnly || ir.isScalar()) for (let u = 0; u < mul; u++) for (let m = 0; m < ir.dim; m++) columns.push(start + m * mul + u)
    start += mul * ir.dim
  }
  return { width: start, columns }
}
