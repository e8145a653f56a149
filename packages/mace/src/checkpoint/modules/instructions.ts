import { describe, type PickleValue } from '@equivar/files/readers'
import type { ModuleReader } from './module-reader.ts'
import { argumentsOf, sequence } from './values.ts'

/** Path weights of e3nn are computed in double precision from integers. */
const tolerance = 1e-6

/** An instruction as the formulas give it; e3nn lists its fields as they stand here, with shape and weight in either order. */
export interface ExpectedInstruction {
  readonly fields: readonly (number | string | boolean)[]
  readonly shape: readonly number[]
  readonly weight: number
  /** Linear layers put the shape before the weight, tensor products after it. */
  readonly shapeFirst: boolean
}

/**
 * Compares the stored instruction list with the formulas, one by one, so that a forged file costs no more than its size.
 *
 * @throws {FormatError} at the first difference, naming both sides.
 */
export function checkInstructions(module: ModuleReader, type: string, expected: Iterable<ExpectedInstruction>): void {
  const stored = sequence(module.attribute('instructions'), module.where('instructions'))
  let count = 0
  for (const instruction of expected) {
    const name = `instructions[${count}]`
    const found = stored[count++]
    if (found === undefined) module.fail(`${stored.length} instructions are stored, the irreps give more`, 'instructions')
    checkInstruction(module, name, argumentsOf(found, type, module.where(name)), instruction)
  }
  if (stored.length > count) module.fail(`${stored.length} instructions are stored, the irreps give ${count}`, 'instructions')
}

function checkInstruction(module: ModuleReader, name: string, found: readonly PickleValue[], expected: ExpectedInstruction): void {
  const { fields, shape, weight, shapeFirst } = expected
  if (found.length !== fields.length + 2) module.fail(`${found.length} fields, expected ${fields.length + 2}`, name)
  for (const [k, field] of fields.entries()) if (found[k] !== field) module.fail(`field ${k} is ${describe(found[k])}, the irreps give ${field}`, name)
  const [first, second] = found.slice(fields.length)
  const foundShape = sequence(shapeFirst ? first : second, module.where(name))
  const foundWeight = shapeFirst ? second : first
  if (foundShape.length !== shape.length || shape.some((n, axis) => foundShape[axis] !== n))
    module.fail(`weight shape is [${foundShape.map(describe).join(', ')}], the irreps give [${shape.join(', ')}]`, name)
  if (typeof foundWeight !== 'number' || !(Math.abs(foundWeight - weight) <= tolerance * weight))
    module.fail(`path weight is ${describe(foundWeight)}, the irreps give ${weight}; the file uses another normalisation`, name)
}
