import { InputError } from '@equivar/core'

/**
 * Named values of every atom: `components` values each, atom-major, so that component c of atom i is
 * `data[i · components + c]`. Integers are kept as float64 numbers, exact to 2^53; logicals are 0 or 1.
 */
export type AtomArray =
  | { readonly kind: 'real' | 'integer'; readonly components: number; readonly data: Float64Array }
  | { readonly kind: 'logical'; readonly components: number; readonly data: Uint8Array }
  | { readonly kind: 'string'; readonly components: number; readonly data: readonly string[] }

/** Shorthand for real values: `realArray(3, forces)`. */
export function realArray(components: number, data: ArrayLike<number>): AtomArray {
  return { kind: 'real', components, data: Float64Array.from(data) }
}

/** @throws InputError when the size disagrees with the number of atoms or a value does not fit its kind. */
export function checkAtomArray(name: string, array: AtomArray, numAtoms: number): void {
  if (!/^[^\s:"'=]+$/.test(name)) {
    throw new InputError(`${JSON.stringify(name)} cannot be the name of an array: expected no blanks, quotes, colons or equals signs`)
  }
  const { components, data } = array
  if (!Number.isInteger(components) || components < 1) throw new InputError(`array ${name} has ${components} components; expected a positive integer`)
  if (data.length !== numAtoms * components) {
    throw new InputError(`array ${name} has ${data.length} values, but ${numAtoms} atoms of ${components} components need ${numAtoms * components}`)
  }
  if (array.kind === 'integer') {
    const index = array.data.findIndex((x) => !Number.isSafeInteger(x))
    if (index >= 0) throw new InputError(`value ${index} of array ${name} is ${array.data[index]}; expected an integer below 2^53`)
  } else if (array.kind === 'logical') {
    const index = array.data.findIndex((x) => x > 1)
    if (index >= 0) throw new InputError(`value ${index} of array ${name} is ${array.data[index]}; expected 0 or 1`)
  }
}

/** An independent copy, so that a structure does not change with its caller's arrays. */
export function copyAtomArray(array: AtomArray): AtomArray {
  switch (array.kind) {
    case 'real':
    case 'integer':
      return Object.freeze({ kind: array.kind, components: array.components, data: array.data.slice() })
    case 'logical':
      return Object.freeze({ kind: array.kind, components: array.components, data: array.data.slice() })
    case 'string':
      return Object.freeze({ kind: array.kind, components: array.components, data: Object.freeze([...array.data]) })
  }
}
