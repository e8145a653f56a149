import { SubscriptsError } from '../../errors.ts'
import { SegmentedOperand } from '../operand.ts'
import type { TensorProductParts } from '../parts.ts'
import { Subscripts } from '../subscripts.ts'

/** Extents of modes. */
export type ModeExtents = Readonly<Record<string, number>>

/**
 * Puts the axes of operands and coefficients in the order of other subscripts with the same names; operands may also get
 * axes they did not have. The flat arrays change with the order of axes.
 *
 * @param extents of the modes that an operand did not have.
 * @throws {SubscriptsError} if a mode would be removed, a coefficient mode added, or the extent of an added one is missing.
 */
export function addOrTransposeModes(
  { subscripts, operands, paths }: TensorProductParts,
  target: Subscripts | string,
  extents: ModeExtents = {},
): TensorProductParts {
  const wanted = typeof target === 'string' ? new Subscripts(target) : target
  const where = `addOrTransposeModes: '${subscripts.text}' to '${wanted.text}'`
  if (wanted.numOperands !== subscripts.numOperands) throw new SubscriptsError(`${where}: needs ${subscripts.numOperands} operands, got ${wanted.numOperands}`)
  const coefficientAxes = [...wanted.coefficients].map((mode) => subscripts.coefficients.indexOf(mode))
  if (coefficientAxes.length !== subscripts.coefficients.length || coefficientAxes.includes(-1))
    throw new SubscriptsError(`${where}: coefficient modes can only be put in another order`)
  const newOperands = operands.map((operand, k) => {
    const [before, after] = [subscripts.operands[k] ?? '', wanted.operands[k] ?? '']
    const removed = [...before].find((mode) => !after.includes(mode))
    if (removed !== undefined) throw new SubscriptsError(`${where}: mode '${removed}' of operand ${k} cannot be removed; squeeze or flatten it`)
    const axes = [...after].map((mode) => ({ axis: before.indexOf(mode), added: addedExtent(where, before, mode, k, extents) }))
    return new SegmentedOperand(
      operand.segments.map((shape) => axes.map(({ axis, added }) => shape[axis] ?? added)),
      axes.length,
    )
  })
  const inOrder = coefficientAxes.every((axis, position) => axis === position)
  return {
    subscripts: wanted,
    operands: newOperands,
    paths: inOrder ? paths : paths.map((path) => path.withCoefficients(path.coefficients.permute(coefficientAxes))),
  }
}

function addedExtent(where: string, before: string, mode: string, operand: number, extents: ModeExtents): number {
  if (before.includes(mode)) return 1
  const extent = Object.hasOwn(extents, mode) ? extents[mode] : undefined
  if (extent === undefined) throw new SubscriptsError(`${where}: operand ${operand} gets mode '${mode}', whose extent is not given; pass { ${mode}: n }`)
  return extent
}

/** Appends modes to every operand, on the right. @throws {SubscriptsError} if a mode exists already, or its extent is missing. */
export function appendModesToAllOperands(parts: TensorProductParts, modes: string, extents: ModeExtents): TensorProductParts {
  const { subscripts } = parts
  const present = [...modes].find((mode) => subscripts.has(mode))
  if (present !== undefined) throw new SubscriptsError(`appendModesToAllOperands: '${subscripts.text}' has a mode '${present}' already; use another letter`)
  const target = Subscripts.fromOperands(
    subscripts.operands.map((own) => own + modes),
    subscripts.coefficients,
  )
  return addOrTransposeModes(parts, target, extents)
}
