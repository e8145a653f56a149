import { LayoutError } from '../errors.ts'
import { inspectSymbol } from '../math/inspect.ts'

/** The part of a segment that fixes its block: a multiplicity and the dimension of its irrep. */
export interface Block {
  readonly mul: number
  readonly ir: { readonly dim: number }
}

export type LayoutName = 'mul_ir' | 'ir_mul'

/**
 * How the numbers of a segment of irreps lie in memory: a two-dimensional block, row-major. {@link mulIr} and
 * {@link irMul} are the only two.
 */
export class Layout {
  readonly name: LayoutName

  constructor(name: LayoutName) {
    this.name = name
  }

  /** Shape of the block of a segment: (mul, dim) or (dim, mul). */
  shape({ mul, ir }: Block): [number, number] {
    return this.name === 'mul_ir' ? [mul, ir.dim] : [ir.dim, mul]
  }

  toString(): string {
    return this.name === 'mul_ir' ? '(mul,irrep)' : '(irrep,mul)'
  }

  toJSON(): string {
    return this.name
  }

  [inspectSymbol](): string {
    return this.toString()
  }
}

/** Multiplicity outside, components contiguous: e3nn's order. */
export const mulIr: Layout = new Layout('mul_ir')

/** Components outside, multiplicity contiguous: the fast one. */
export const irMul: Layout = new Layout('ir_mul')

/** A layout or its name. */
export type LayoutLike = Layout | LayoutName

/** `x` is a layout or the name of one. */
export function isLayoutLike(x: unknown): x is LayoutLike {
  return x instanceof Layout || x === mulIr.name || x === irMul.name
}

/** @throws {LayoutError} if the text names no layout. */
export function layoutByName(layout: LayoutLike): Layout {
  if (layout instanceof Layout) return layout
  const found = [mulIr, irMul].find(({ name }) => name === layout)
  if (found) return found
  throw new LayoutError(`'${layout}' is no layout; use mulIr ('mul_ir') or irMul ('ir_mul')`)
}
