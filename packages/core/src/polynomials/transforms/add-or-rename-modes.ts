import { SubscriptsError } from '../../errors.ts'
import { SegmentedOperand } from '../operand.ts'
import type { TensorProductParts } from '../parts.ts'
import { type ModeMapping, Subscripts } from '../subscripts.ts'

/**
 * Renames modes, or embeds the product in subscripts that have more modes; axes of new modes have extent one.
 *
 * @param mapping what every present mode is called in the new subscripts; needed only where there are several ways.
 * @throws {SubscriptsError} if the present subscripts do not arise from the new ones by deleting modes, or do so in several ways.
 */
export function addOrRenameModes({ subscripts, operands, paths }: TensorProductParts, target: Subscripts | string, mapping?: ModeMapping): TensorProductParts {
  const wanted = typeof target === 'string' ? new Subscripts(target) : target
  const embeddings = subscripts.isSubsetOf(wanted).filter((found) => mapping === undefined || subscripts.modes.every((mode) => found[mode] === mapping[mode]))
  const [embedding, second] = embeddings
  if (embedding === undefined) {
    const under = mapping ? ` with ${describe(mapping)}` : ''
    throw new SubscriptsError(`addOrRenameModes: '${subscripts.text}' does not arise from '${wanted.text}' by deleting modes${under}`)
  }
  if (second !== undefined)
    throw new SubscriptsError(`addOrRenameModes: '${subscripts.text}' arises from '${wanted.text}' in several ways, ${embeddings.map(describe).join(' or ')}; pass one as mapping`)
  const oldNames = new Map(Object.entries(embedding).map(([old, name]) => [name, old]))
  return {
    subscripts: wanted,
    operands: operands.map((operand, k) => {
      const modes = wanted.operands[k] ?? ''
      const axes = [...modes].map((mode) => (subscripts.operands[k] ?? '').indexOf(oldNames.get(mode) ?? ' '))
      if (axes.length === operand.ndim) return operand
      return new SegmentedOperand(
        operand.segments.map((shape) => axes.map((axis) => shape[axis] ?? 1)),
        axes.length,
      )
    }),
    paths,
  }
}

function describe(mapping: ModeMapping): string {
  return `{ ${Object.entries(mapping)
    .map(([from, to]) => `${from}: ${to}`)
    .join(', ')} }`
}
