import { SubscriptsError } from '../errors.ts'

/** `T[i_0, i_1, …] = sign · T[i_p(0), i_p(1), …]`. */
export interface SignedPermutation {
  readonly permutation: readonly number[]
  readonly sign: 1 | -1
}

/** The symmetry of a tensor under exchange of its indices: a finite group of signed permutations. */
export interface IndexSymmetry {
  readonly numIndices: number
  /** All elements, the identity first. */
  readonly elements: readonly SignedPermutation[]
  /** The identity also occurs with sign −1, so only the zero tensor has this symmetry. */
  readonly isContradictory: boolean
}

/** A formula like `'ijkl=klij=-jikl'`: its letters, in the order of the first term, and its symmetry. */
export interface IndexFormula {
  readonly letters: readonly string[]
  readonly symmetry: IndexSymmetry
}

/** @throws {SubscriptsError} if the terms are not permutations of distinct letters, joined by `=`, each with an optional sign. */
export function parseIndexFormula(formula: string): IndexFormula {
  const terms = formula.replaceAll(/\s/g, '').split('=').map((term) => {
    const [, sign, letters] = /^([-+]?)([a-zA-Z]+)$/.exec(term) ?? []
    if (letters === undefined) throw new SubscriptsError(`'${formula}': '${term}' is no term; write index letters with an optional sign, like 'ijkl=klij=-jikl'`)
    return { sign: sign === '-' ? -1 : 1, letters: [...letters] }
  })
  const [first] = terms
  const letters = first?.letters ?? []
  if (new Set(letters).size !== letters.length) throw new SubscriptsError(`'${formula}': '${letters.join('')}' names a letter twice; name each index by its own letter`)
  const generators = terms.slice(1).map((term): SignedPermutation => {
    if ([...term.letters].sort().join('') !== [...letters].sort().join(''))
      throw new SubscriptsError(`'${formula}': '${term.letters.join('')}' is not a permutation of '${letters.join('')}'; use the same letters in every term`)
    return { permutation: term.letters.map((letter) => letters.indexOf(letter)), sign: term.sign === first?.sign ? 1 : -1 }
  })
  return { letters, symmetry: generateSymmetry(letters.length, generators) }
}

/** Every exchange of two indices gives the factor `sign`: fully symmetric or fully antisymmetric tensors. */
export function fullSymmetry(numIndices: number, sign: 1 | -1): IndexSymmetry {
  const swaps = Array.from({ length: Math.max(0, numIndices - 1) }, (_, k): SignedPermutation => {
    const permutation = Array.from({ length: numIndices }, (_, i) => (i === k ? k + 1 : i === k + 1 ? k : i))
    return { permutation, sign }
  })
  return generateSymmetry(numIndices, swaps)
}

/** No exchange of indices is a symmetry. */
export function noSymmetry(numIndices: number): IndexSymmetry {
  return generateSymmetry(numIndices, [])
}

/** The group that some signed permutations generate. */
function generateSymmetry(numIndices: number, generators: readonly SignedPermutation[]): IndexSymmetry {
  const identity: SignedPermutation = { permutation: Array.from({ length: numIndices }, (_, i) => i), sign: 1 }
  const found = new Map([[identity.permutation.join(), identity]])
  let isContradictory = false
  // A map iterates over the elements added meanwhile, so this ends when products give nothing new.
  for (const element of found.values())
    for (const generator of generators) {
      const permutation = element.permutation.map((i) => generator.permutation[i] ?? 0)
      const sign = element.sign === generator.sign ? 1 : -1
      const known = found.get(permutation.join())
      if (!known) found.set(permutation.join(), { permutation, sign })
      else if (known.sign !== sign) isContradictory = true
    }
  return { numIndices, elements: [...found.values()], isContradictory }
}
