import type { TypedArray } from './dtype.ts'
import type { Shape } from './shape.ts'
import { elementCount } from './shape.ts'

const edge = 3

/** Nested brackets with at most the first and last three entries of every axis. */
export function formatElements(data: TypedArray, shape: Shape): string {
  const build = (axis: number, offset: number): string => {
    if (axis === shape.length) return formatNumber(data[offset] ?? Number.NaN)
    const extent = shape[axis] ?? 0
    const stride = elementCount(shape.slice(axis + 1))
    const parts: string[] = []
    for (let i = 0; i < extent; i++) {
      if (extent > 2 * edge + 1 && i === edge) {
        parts.push('…')
        i = extent - edge
      }
      parts.push(build(axis + 1, offset + i * stride))
    }
    return `[${parts.join(', ')}]`
  }
  return build(0, 0)
}

function formatNumber(value: number): string {
  return Number.isInteger(value) ? `${value}` : `${Number(value.toPrecision(7))}`
}
