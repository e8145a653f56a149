import type { TensorProductParts } from '../parts.ts'
import { flop, memory } from '../transforms/cost.ts'
import { extentsToText } from './extents-text.ts'

/** One line: `uv,iu,iv sizes=22,10,18 num_segments=2,2,2 num_paths=2 i={1, 3} u={2, 4} v={3, 5}`. */
export function tensorProductToLine(parts: TensorProductParts): string {
  const { subscripts, operands, paths } = parts
  const list = (of: (operand: (typeof operands)[number]) => number) => operands.map(of).join()
  const counts = `sizes=${list(({ size }) => size)} num_segments=${list(({ numSegments }) => numSegments)} num_paths=${paths.length}`
  return [subscripts.toString(), counts, extentsToText(parts)].filter((piece) => piece !== '').join(' ')
}

/**
 * Everything: the line, then every segment with its place in the flat operand, what it costs to compute each operand, and
 * every path with its coefficients as nested lists.
 */
export function tensorProductToText(parts: TensorProductParts): string {
  const { subscripts, operands, paths } = parts
  const lines = [tensorProductToLine(parts)]
  for (const [k, operand] of operands.entries()) {
    lines.push(`operand ${k} [${subscripts.operands[k] ?? ''}] size=${operand.size} flop=${flop(parts, k)}`)
    for (const [s, shape] of operand.segments.entries()) lines.push(`  segment ${s} (${shape.join(', ')}) at ${operand.offsets[s] ?? 0}`)
  }
  const total = memory(
    operands,
    operands.map(() => 1),
  )
  lines.push(`memory ${total}`, `paths [${subscripts.coefficients}]`)
  for (const { indices, coefficients } of paths) lines.push(`  ${indices.join(' ')}: ${JSON.stringify(coefficients.toNested())}`)
  return lines.join('\n')
}
