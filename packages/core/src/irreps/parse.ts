import { GroupMismatchError, IrrepsError } from '../errors.ts'
import { Irrep, type IrrepClass, type IrrepLike } from '../groups/index.ts'
import { MulIrrep } from './mul-irrep.ts'

/** One segment as users write it: a segment, an irrep (multiplicity 1), its string, or `[mul, irrep]`. */
export type SegmentLike = MulIrrep | Irrep | string | readonly [mul: number, ir: IrrepLike]

/**
 * `'4x0e + 1o'`: terms split on `+`, each `MULxIR` or `IR`, blanks anywhere around the tokens; `''` is empty.
 *
 * @throws {IrrepsError} if the text is malformed.
 */
export function parseSegments(group: IrrepClass, text: string): readonly MulIrrep[] {
  if (text.trim() === '') return []
  return text.split('+').map((term) => parseTerm(group, term.trim(), text))
}

function parseTerm(group: IrrepClass, term: string, text: string): MulIrrep {
  if (term === '') throw new IrrepsError(`'${text}' has an empty term; write irreps of ${group.label} joined by single '+' signs`)
  const [, sign, digits, label] = /^(?:([-+]?)(\d+)\s*x\s*)?(.*)$/s.exec(term) ?? []
  if (sign === '-') throw new IrrepsError(`'${text}': the multiplicity -${digits} of '${label}' is negative; multiplicities count copies, so write 0 or more`)
  try {
    return new MulIrrep(digits === undefined ? 1 : Number(digits), group.from(label ?? ''))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new IrrepsError(`cannot read '${term}' in '${text}' as irreps of ${group.label}: ${reason}`, { cause })
  }
}

/** @throws {IrrepsError} if it has the wrong form; {@link GroupMismatchError} if it belongs to another group. */
export function asSegment(group: IrrepClass, x: SegmentLike): MulIrrep {
  if (x instanceof MulIrrep) return new MulIrrep(x.mul, requireGroup(group, x.ir))
  if (x instanceof Irrep) return new MulIrrep(1, requireGroup(group, x))
  if (typeof x === 'string') return new MulIrrep(1, group.from(x))
  // What comes from plain JavaScript can be anything.
  const parts: unknown = x
  if (!Array.isArray(parts)) throw new IrrepsError(`Irreps: ${String(parts)} is no segment; pass an irrep or a pair [mul, irrep]`)
  if (parts.length !== 2) throw new IrrepsError(`Irreps: a segment is a pair [mul, irrep], got ${parts.length} elements`)
  const [mul, ir] = x
  if (typeof mul !== 'number') throw new IrrepsError(`Irreps: the multiplicity ${String(mul)} must be a non-negative integer; write a segment as [mul, irrep]`)
  return new MulIrrep(mul, requireGroup(group, group.from(ir)))
}

function requireGroup(group: IrrepClass, ir: Irrep): Irrep {
  if (ir.group !== group)
    throw new GroupMismatchError(`Irreps of ${group.label}: the irrep ${ir.toString()} belongs to ${ir.group.label}; use one group`)
  return ir
}
