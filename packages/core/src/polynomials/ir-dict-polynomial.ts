import { DimensionError } from '../errors.ts'
import type { Irreps } from '../irreps/index.ts'
import { SegmentedPolynomial } from './segmented-polynomial.ts'
import type { SegmentedOperand } from './operand.ts'
import { splitOperandBySize } from './split-operand.ts'

/**
 * A segmented polynomial with one operand for every segment of irreps. `inputIrreps` has one entry for each group of inputs
 * (weights, features, …), `outputIrreps` likewise; inside a group the operands follow the segments.
 *
 * @throws {DimensionError} if the irreps do not describe the operands.
 */
export class IrDictPolynomial {
  readonly polynomial: SegmentedPolynomial
  readonly inputIrreps: readonly Irreps[]
  readonly outputIrreps: readonly Irreps[]

  constructor(polynomial: SegmentedPolynomial, inputIrreps: readonly Irreps[], outputIrreps: readonly Irreps[]) {
    requireDescription('input', inputIrreps, polynomial.inputs)
    requireDescription('output', outputIrreps, polynomial.outputs)
    this.polynomial = polynomial
    this.inputIrreps = Object.freeze([...inputIrreps])
    this.outputIrreps = Object.freeze([...outputIrreps])
  }

  equals(other: IrDictPolynomial): boolean {
    const same = (a: readonly Irreps[], b: readonly Irreps[]) => a.length === b.length && a.every((irreps, i) => b[i] !== undefined && irreps.equals(b[i]))
    return same(this.inputIrreps, other.inputIrreps) && same(this.outputIrreps, other.outputIrreps) && this.polynomial.equals(other.polynomial)
  }

  toString(): string {
    const list = (groups: readonly Irreps[]) => groups.map((irreps) => irreps.toString()).join(', ')
    return `IrDictPolynomial ${list(this.inputIrreps)} -> ${list(this.outputIrreps)}\n${this.polynomial.toString()}`
  }
}

/**
 * Cuts an operand into one for every segment of irreps. Later operands must be split before earlier ones, because splitting
 * renumbers what follows; negative numbers count from the end.
 */
export function splitPolynomialByIrreps(polynomial: SegmentedPolynomial, operand: number, irreps: Irreps): SegmentedPolynomial {
  const offsets = [0, ...irreps.slices().map(([, end]) => end)]
  return SegmentedPolynomial.fromParts(splitOperandBySize(polynomial, operand, offsets))
}

function requireDescription(side: string, groups: readonly Irreps[], operands: readonly SegmentedOperand[]): void {
  const blocks = groups.flatMap((irreps) => irreps.segments)
  if (blocks.length !== operands.length)
    throw new DimensionError(`IrDictPolynomial: ${side}Irreps describe ${blocks.length} operands, one for each segment, but the polynomial has ${operands.length} ${side}s; split its operands by irreps`)
  for (const [k, block] of blocks.entries())
    if (block.dim !== operands[k]?.size)
      throw new DimensionError(`IrDictPolynomial: ${side} operand ${k} (${block.mul}x${block.ir.toString()}): expected size ${block.dim}, got ${operands[k]?.size ?? 0}; make them equal`)
}
