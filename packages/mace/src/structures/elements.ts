import { InputError } from '@equivar/core'

const table = (
  'H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr ' +
  'Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu ' +
  'Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr ' +
  'Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og'
).split(' ')

const numbers: ReadonlyMap<string, number> = new Map(table.map((symbol, index) => [symbol, index + 1]))

/** Largest known atomic number, 118 (Og). */
export const maxAtomicNumber = table.length

/** Atomic number of a symbol, or `undefined` when there is no such element; `'CL'` and `'cl'` are read as `'Cl'`. */
export function findAtomicNumber(symbol: string): number | undefined {
  return numbers.get(symbol) ?? numbers.get(symbol.slice(0, 1).toUpperCase() + symbol.slice(1).toLowerCase())
}

/**
 * Atomic number of a chemical symbol, 1 (H) to 118 (Og), whatever the case of its letters.
 *
 * @throws InputError when there is no such element.
 */
export function atomicNumber(symbol: string): number {
  const found = findAtomicNumber(symbol)
  if (found === undefined) throw new InputError(`unknown element ${JSON.stringify(symbol)}; expected a symbol from H to Og`)
  return found
}

/**
 * Chemical symbol of an atomic number, 1 (H) to 118 (Og).
 *
 * @throws InputError when the number is not an integer from 1 to 118.
 */
export function chemicalSymbol(atomicNumber: number): string {
  const symbol = table[atomicNumber - 1]
  if (symbol === undefined) throw new InputError(`no element has atomic number ${atomicNumber}; expected an integer from 1 to ${maxAtomicNumber}`)
  return symbol
}
