const numbers = new WeakMap<object, number>()
let last = 0

/** Number of an object that is told apart by identity. */
function identityOf(x: object): number {
  let number = numbers.get(x)
  if (number === undefined) numbers.set(x, (number = ++last))
  return number
}

/** Text that is equal for equal parameters: plain lists and objects by contents, anything else by identity. */
export function paramsKey(x: unknown): string {
  if (typeof x === 'number') return Object.is(x, -0) ? '-0' : `${x}`
  if (typeof x !== 'object' || x === null) return typeof x === 'string' ? `'${x}'` : String(x)
  if (isList(x)) return `[${x.map(paramsKey).join()}]`
  if (!isPlain(x)) return `#${identityOf(x)}`
  let key = '{'
  for (const [name, member] of Object.entries(x)) key += `${name}:${paramsKey(member)},`
  return `${key}}`
}

export function isList(x: unknown): x is readonly unknown[] {
  return Array.isArray(x)
}

/** Whether an object is told by its members, not a class of its own. */
export function isPlain(x: object): x is Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(x)
  return prototype === Object.prototype || prototype === null
}
