import { FormatError } from '../../errors.ts'
import { HostArray, sizeOf } from '../../math/host-array.ts'

/** A JSON object. @throws {FormatError} if the value is anything else. */
export function requireObject(where: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new FormatError(`${where} must be an object, got ${kindOf(value)}`)
  return value as Readonly<Record<string, unknown>>
}

/** What an object has under a name of its own. @throws {FormatError} if there is nothing. */
export function requireField(where: string, object: Readonly<Record<string, unknown>>, name: string): unknown {
  if (!Object.hasOwn(object, name)) throw new FormatError(`${where} has no '${name}'; it has ${Object.keys(object).slice(0, 8).join(', ') || 'nothing'}`)
  return object[name]
}

/** A list. @throws {FormatError} if the value is anything else. */
export function requireList(where: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new FormatError(`${where} must be a list, got ${kindOf(value)}`)
  return value
}

/** A text. @throws {FormatError} if the value is anything else. */
export function requireText(where: string, value: unknown): string {
  if (typeof value !== 'string') throw new FormatError(`${where} must be a text, got ${kindOf(value)}`)
  return value
}

/** An integer in `0 … below − 1`. @throws {FormatError} if the value is anything else. */
export function requireIndex(where: string, value: unknown, below: number, what: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= below)
    throw new FormatError(`${where} is ${kindOf(value)}, but must be the number of one of the ${below} ${what}`)
  return value
}

/** A list of non-negative integers. @throws {FormatError} if the value is anything else. */
export function requireExtents(where: string, value: unknown): readonly number[] {
  return requireList(where, value).map((extent, axis) => {
    if (typeof extent !== 'number' || !Number.isSafeInteger(extent) || extent < 0)
      throw new FormatError(`${where}[${axis}] is ${kindOf(extent)}, but extents must be non-negative integers`)
    return extent
  })
}

/** Nested lists of finite numbers of exactly the expected shape. @throws {FormatError} if the value is anything else. */
export function requireTensor(where: string, value: unknown, shape: readonly number[]): HostArray {
  const flat: number[] = []
  // The depth of the recursion is that of the expected shape, whatever the value holds.
  const visit = (nested: unknown, axis: number): void => {
    const extent = shape[axis]
    if (extent === undefined) {
      if (typeof nested !== 'number' || !Number.isFinite(nested)) throw new FormatError(`${where} holds ${kindOf(nested)}, but must hold finite numbers in shape [${shape.join(', ')}]`)
      flat.push(nested)
      return
    }
    const list = requireList(where, nested)
    if (list.length !== extent) throw new FormatError(`${where} holds a list of ${list.length} on axis ${axis}, but must have shape [${shape.join(', ')}]`)
    for (const inner of list) visit(inner, axis + 1)
  }
  visit(value, 0)
  if (flat.length !== sizeOf(shape)) throw new FormatError(`${where} holds ${flat.length} numbers, but must have shape [${shape.join(', ')}]`)
  return new HostArray(shape, Float64Array.from(flat))
}

/** A value in a message: short, whatever it is. */
function kindOf(value: unknown): string {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return `the text '${value.slice(0, 40)}'`
  return Array.isArray(value) ? `a list of ${value.length}` : `a value of type ${typeof value}`
}
