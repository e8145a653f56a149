import { irMul, Irreps, mulIr, type Layout } from '@equivar/core'
import { colors, drawing, element, text } from './svg.ts'

const side = 40

/** The numbers of `2x0e + 3x1o` in memory, from left to right, in both layouts: colour for the channel, letter for the component. */
export function layoutsPicture(irreps = new Irreps('O3', '2x0e + 3x1o')): string {
  const rows = [mulIr, irMul].flatMap((layout, n) => row(irreps, layout, 42 + n * 108))
  return drawing(irreps.dim * side + 170, 220, `Two layouts of ${irreps.toString()}`, rows)
}

function row(irreps: Irreps, layout: Layout, y: number): string[] {
  const parts = [text(10, y + 26, layout.name, { 'text-anchor': 'start', 'font-family': 'monospace', 'font-size': 14 })]
  let x = 90
  for (const block of irreps) {
    const start = x
    const [outer, inner] = layout.shape(block)
    for (let a = 0; a < outer; a++)
      for (let b = 0; b < inner; b++, x += side) {
        const [channel, component] = layout.name === 'mul_ir' ? [a, b] : [b, a]
        parts.push(element('rect', { x, y, width: side - 2, height: side, rx: 4, fill: colors[channel] ?? '#777', 'fill-opacity': 0.85 }))
        const letter = block.ir.dim === 1 ? '' : ['x', 'y', 'z'][component]
        parts.push(text(x + side / 2 - 1, y + 26, `${letter ?? component}${subscript(channel)}`, { fill: '#fff', 'font-size': 15 }))
      }
    parts.push(element('path', { d: `M${start} ${y + side + 8}H${x - 2}`, stroke: '#777' }))
    parts.push(text((start + x) / 2, y + side + 24, `${block.mul}x${block.ir.toString()}: shape ${outer} × ${inner}`, { fill: '#555', 'font-size': 12 }))
    x += 12
  }
  return parts
}

function subscript(channel: number): string {
  return ['₁', '₂', '₃', '₄', '₅', '₆'][channel] ?? ''
}
