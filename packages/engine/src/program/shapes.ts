import { sameShape, type Shape } from '../array/shape.ts'

/** numpy's broadcast of shapes that are known to fit. */
function broadcastShape(shapes: readonly Shape[]): number[] {
  const ndim = Math.max(0, ...shapes.map((shape) => shape.length))
  return Array.from({ length: ndim }, (_, axis) => {
    for (const shape of shapes) {
      const own = shape[axis - ndim + shape.length] ?? 1
      if (own !== 1) return own
    }
    return 1
  })
}

/** Whether `shape` among `others` still gives the broadcast shape `output`. */
export function broadcastsWithout(others: readonly Shape[], shape: Shape, output: Shape): boolean {
  return sameShape(broadcastShape([...others, shape]), output)
}
