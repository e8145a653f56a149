import { descriptors, Irreps, type EquivariantPolynomial } from '@equivar/core'
import { colors, drawing, element, text } from './svg.ts'

/** The paths of a channelwise tensor product: which segments of features, harmonics and weights each multiplies, and what it adds to. */
export function pathsPicture(): string {
  const features = new Irreps('O3', '8x0e + 8x1o')
  const e = descriptors.channelwiseTensorProduct(features, new Irreps('O3', '0e + 1o'), features)
  const [term] = e.polynomial.operations
  if (term === undefined) throw new Error('a tensor product is one operation')
  const [operation, product] = term
  const names = ['weights', 'features', 'harmonics', 'messages']
  const labels = operandLabels(e)
  const columns = [1, 0, 2, 3]
  const width = 720
  const height = 90 + 62 * Math.max(...product.operands.map(({ numSegments }) => numSegments))
  const place = (operand: number, segment: number) => {
    const buffer = operation.buffers[operand] ?? 0
    return { x: 100 + 170 * columns.indexOf(buffer), y: 90 + 62 * segment }
  }
  const parts: string[] = []
  for (const [p, path] of product.paths.entries()) {
    const ends = path.indices.map((segment, operand) => place(operand, segment)).sort((a, b) => a.x - b.x)
    const d = ends.map(({ x, y }, i) => {
      const before = ends[i - 1]
      return before === undefined ? `M${x} ${y}` : `C${before.x + 85} ${before.y} ${x - 85} ${y} ${x} ${y}`
    })
    parts.push(element('path', { d: d.join(''), fill: 'none', stroke: colors[p % colors.length] ?? '#777', 'stroke-width': 2.5 }))
  }
  for (const [operand, { segments }] of product.operands.entries()) {
    const buffer = operation.buffers[operand] ?? 0
    const { x } = place(operand, 0)
    parts.push(text(x, 30, names[buffer] ?? '', { 'font-weight': 'bold' }))
    parts.push(text(x, 48, `[${product.subscripts.operands[operand] ?? ''}]`, { 'font-family': 'monospace', fill: '#555' }))
    for (const [s, shape] of segments.entries()) {
      const at = place(operand, s)
      parts.push(element('rect', { x: at.x - 48, y: at.y - 19, width: 96, height: 38, rx: 6, fill: '#fff', stroke: '#444' }))
      parts.push(text(at.x, at.y - 2, labels[buffer]?.[s] ?? ''))
      parts.push(text(at.x, at.y + 13, shape.join(' × '), { 'font-size': 11, fill: '#777' }))
    }
  }
  return drawing(width, height, 'Paths of a channelwise tensor product', parts)
}

/** Names of the segments of every operand: those of its irreps, numbers for the weights. */
function operandLabels(e: EquivariantPolynomial): string[][] {
  return e.operands.map((rep, buffer) => {
    const count = e.polynomial.operands[buffer]?.numSegments ?? 0
    const irreps = 'irreps' in rep && rep.irreps instanceof Irreps ? rep.irreps : undefined
    const blocks = irreps === undefined ? [] : [...irreps].map((block) => `${block.mul}x${block.ir.toString()}`)
    return blocks.length === count ? blocks : Array.from({ length: count }, (_, s) => `w${s}`)
  })
}
