import { InputError, LayoutError } from '../errors.ts'
import { asGroup, type GroupLike, type IrrepClass, isIrrepClass } from '../groups/index.ts'
import { isLayoutLike, type Layout, layoutByName, type LayoutLike } from './layout.ts'

interface Frame {
  readonly group: IrrepClass | undefined
  readonly layout: Layout | undefined
}

let frames: readonly Frame[] = []

// Engines without explicit resource management get the symbol under which compilers look it up.
const dispose: typeof Symbol.dispose = (Symbol as { readonly dispose?: typeof Symbol.dispose }).dispose ?? (Symbol.for('Symbol.dispose') as unknown as typeof Symbol.dispose)

/** A scope opened by {@link assume}; ends when disposed, once. */
class Scope implements Disposable {
  private readonly frame: Frame

  constructor(frame: Frame) {
    this.frame = frame
    frames = [...frames, frame]
  }

  [dispose](): void {
    frames = frames.filter((frame) => frame !== this.frame)
  }
}

/**
 * Assumes a group and a layout where none is given: for the duration of `fn`, whose result is returned, or until the
 * returned object is disposed (`using scope = assume('O3', mulIr)`). Either may be left out, but at least one must be
 * given. Scopes nest, and the inner one replaces both: `assume(irMul)` inside `assume('O3')` leaves no group.
 *
 * @throws {InputError} if `fn` returns a promise: the scope ends before it settles.
 *
 * @example
 * assume('SO3', irMul, () => new Irreps('2x0 + 1').dim) // 5
 */
export function assume<T>(group: GroupLike, layout: LayoutLike, fn: () => T): T
export function assume<T>(groupOrLayout: GroupLike | LayoutLike, fn: () => T): T
export function assume(group: GroupLike, layout: LayoutLike): Disposable
export function assume(groupOrLayout: GroupLike | LayoutLike): Disposable
export function assume<T>(...args: readonly (GroupLike | LayoutLike | (() => T) | undefined)[]): T | Disposable {
  const last = args.at(-1)
  const fn = typeof last === 'function' && !isIrrepClass(last) ? last : undefined
  const frame = frameOf(fn ? args.slice(0, -1) : args)
  const scope = new Scope(frame)
  if (!fn) return scope
  try {
    const result = fn()
    if (result instanceof Promise)
      throw new InputError('assume: the function returned a promise, but the scope ends when it returns; build irreps before awaiting, or pass group and layout')
    return result
  } finally {
    scope[dispose]()
  }
}

function frameOf(args: readonly unknown[]): Frame {
  let group: IrrepClass | undefined
  let layout: Layout | undefined
  for (const [i, arg] of args.entries()) {
    if (arg === undefined) continue
    if (isLayoutLike(arg)) {
      if (layout || args.length > 2) throw new InputError('assume: one group and one layout at most')
      layout = layoutByName(arg)
    } else {
      if (i > 0) throw new LayoutError(`assume: ${describe(arg)} is no layout; use mulIr ('mul_ir') or irMul ('ir_mul')`)
      group = asGroup(arg as GroupLike)
    }
  }
  if (!group && !layout) throw new InputError('assume: neither a group nor a layout was given; pass at least one')
  return { group, layout }
}

function describe(x: unknown): string {
  return typeof x === 'string' ? `'${x}'` : `a ${typeof x}`
}

/**
 * The group of the innermost scope.
 *
 * @throws {InputError} if there is none, unless `raising` is false.
 */
export function getIrrepScope(raising?: true): IrrepClass
export function getIrrepScope(raising: boolean): IrrepClass | undefined
export function getIrrepScope(raising = true): IrrepClass | undefined {
  const group = frames.at(-1)?.group
  if (!group && raising) throw new InputError("no group is assumed here; name it, as in new Irreps('O3', '1o'), or open a scope with assume('O3')")
  return group
}

/**
 * The layout of the innermost scope.
 *
 * @throws {LayoutError} if there is none, unless `raising` is false.
 */
export function getLayoutScope(raising?: true): Layout
export function getLayoutScope(raising: boolean): Layout | undefined
export function getLayoutScope(raising = true): Layout | undefined {
  const layout = frames.at(-1)?.layout
  if (!layout && raising) throw new LayoutError('no layout is assumed here; pass mulIr or irMul, or open a scope with assume(mulIr)')
  return layout
}

/** A layout, the one of this name, or, for undefined, the one of the scope. @throws {LayoutError} if there is none. */
export function asLayout(layout: LayoutLike | undefined): Layout {
  return layout === undefined ? getLayoutScope() : layoutByName(layout)
}
