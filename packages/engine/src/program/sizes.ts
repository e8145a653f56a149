import type { Shape } from '../array/shape.ts'

/** Shapes of all inputs. */
export type Shapes = readonly Shape[]

/** Which extents of the inputs are one size: for each input and axis a number, or the number of the size. */
export interface SizeLayout {
  readonly count: number
  readonly extents: readonly (readonly (number | { readonly size: number })[])[]
}

/**
 * Sizes that explain all of the given shapes: extents that were always the same are numbers, extents that were always equal to each
 * other are one size. `undefined` if ranks differ.
 */
export function sizeLayout(known: readonly Shapes[]): SizeLayout | undefined {
  const [first] = known
  if (!first || known.some((shapes) => shapes.length !== first.length || shapes.some((shape, i) => shape.length !== first[i]?.length))) return undefined
  const sizes = new Map<string, number>()
  const extents = first.map((shape, i) =>
    shape.map((extent, axis) => {
      const seen = known.map((shapes) => shapes[i]?.[axis] ?? 0)
      if (seen.every((other) => other === extent)) return extent
      const key = seen.join()
      const size = sizes.get(key) ?? sizes.size
      sizes.set(key, size)
      return { size }
    }),
  )
  return { count: sizes.size, extents }
}

/** The sizes of shapes, or `undefined` if they are not of that layout. */
export function sizesOf({ count, extents }: SizeLayout, shapes: Shapes): readonly number[] | undefined {
  const sizes: (number | undefined)[] = Array.from({ length: count }, () => undefined)
  for (const [i, own] of extents.entries()) {
    const shape = shapes[i]
    if (shape?.length !== own.length) return undefined
    for (const [axis, expected] of own.entries()) {
      const extent = shape[axis] ?? 0
      if (typeof expected === 'number') {
        if (extent !== expected) return undefined
      } else {
        const before = sizes[expected.size]
        if (before !== undefined && before !== extent) return undefined
        sizes[expected.size] = extent
      }
    }
  }
  return sizes.map((size) => size ?? 0)
}

/** Shapes of that layout. */
export function shapesAt({ extents }: SizeLayout, sizes: readonly number[]): Shape[] {
  return extents.map((own) => own.map((extent) => (typeof extent === 'number' ? extent : (sizes[extent.size] ?? 0))))
}

/** Whether a size behaves as all larger ones: at 0 and 1, broadcasting is another. */
export function isOrdinary(size: number): boolean {
  return size >= 2
}

/** Whether shapes of the same ranks differ in ordinary sizes only. */
export function differOrdinarily(a: Shapes, b: Shapes): boolean {
  return a.every((shape, i) => shape.every((extent, axis) => extent === b[i]?.[axis] || (isOrdinary(extent) && isOrdinary(b[i]?.[axis] ?? 0))))
}
