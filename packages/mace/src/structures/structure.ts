import { InputError } from '@equivar/core'
import { latticeBasis, type Periodicity } from './cell.ts'
import { atomicNumber, chemicalSymbol, maxAtomicNumber } from './elements.ts'
import { checkAtomArray, copyAtomArray, type AtomArray } from './atom-arrays.ts'
import { freezeInfo, type InfoValue } from './info.ts'

/** What a {@link Structure} is made of. Give the species as `atomicNumbers` or as `symbols`. */
export interface StructureInit {
  readonly atomicNumbers?: ArrayLike<number> | undefined
  readonly symbols?: readonly string[] | undefined
  /** Å; flat (3N) or one triple per atom. */
  readonly positions: ArrayLike<number> | readonly (readonly number[])[]
  /** Lattice vectors as rows, Å; flat (9) or three triples. Absent or all zero: no cell. */
  readonly cell?: ArrayLike<number> | readonly (readonly number[])[] | null | undefined
  /** One flag for all axes or one each. Absent: periodic exactly if there is a cell. */
  readonly pbc?: boolean | readonly boolean[] | undefined
  readonly info?: ReadonlyMap<string, InfoValue> | Readonly<Record<string, InfoValue>> | undefined
  readonly arrays?: ReadonlyMap<string, AtomArray> | Readonly<Record<string, AtomArray>> | undefined
}

/** Names with a meaning of their own in extended XYZ; they cannot be keys of `info` or names of `arrays`. */
const reservedInfo = new Set(['Lattice', 'Properties', 'pbc'])
const reservedArrays = new Set(['species', 'Z', 'pos'])

/**
 * Atoms in space: species, positions, an optional cell with its periodicity, and any named values that came with them.
 * Immutable: the constructor copies and checks everything, and {@link Structure.with} makes a changed copy.
 *
 * @example
 * const water = new Structure({ symbols: ['O', 'H', 'H'], positions: [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]] })
 *
 * @throws InputError when counts disagree, a coordinate is not finite, an atomic number is outside 1…118, or the cell is
 * singular along its periodic axes.
 */
export class Structure {
  /** Z of every atom, shape (N). */
  readonly atomicNumbers: Int32Array
  /** Å, shape (N, 3), row-major. */
  readonly positions: Float64Array
  /** Lattice vectors as rows, Å, shape (3, 3), or null. */
  readonly cell: Float64Array | null
  readonly pbc: Periodicity
  /** Values of the whole structure by name: energy, stress, config_type, … */
  readonly info: ReadonlyMap<string, InfoValue>
  /** Values of every atom by name: forces, charges, tags, … */
  readonly arrays: ReadonlyMap<string, AtomArray>

  constructor(init: StructureInit) {
    this.atomicNumbers = readSpecies(init)
    this.positions = flatten(init.positions, 'positions')
    if (this.positions.length !== 3 * this.numAtoms) {
      throw new InputError(`${this.numAtoms} atoms need positions of shape (${this.numAtoms}, 3), but ${this.positions.length} numbers were given`)
    }
    requireFinite(this.positions, (index) => `coordinate ${'xyz'[index % 3]} of atom ${Math.floor(index / 3)}`)
    this.cell = readCell(init.cell)
    this.pbc = readPbc(init.pbc, this.cell !== null)
    latticeBasis(this.cell, this.pbc)
    this.info = readInfo(init.info)
    this.arrays = readArrays(init.arrays, this.numAtoms)
  }

  /** N. */
  get numAtoms(): number {
    return this.atomicNumbers.length
  }

  /** Chemical symbols of all atoms. */
  get symbols(): string[] {
    return Array.from(this.atomicNumbers, chemicalSymbol)
  }

  /** A copy with some parts replaced; `info` and `arrays` replace the whole table. */
  with(changes: Partial<StructureInit>): Structure {
    const { atomicNumbers, positions, cell, pbc, info, arrays } = this
    const species = changes.symbols === undefined ? { atomicNumbers } : {}
    return new Structure({ ...species, positions, cell, pbc, info, arrays, ...changes })
  }
}

function readSpecies(init: StructureInit): Int32Array {
  if ((init.atomicNumbers === undefined) === (init.symbols === undefined)) {
    throw new InputError('a structure needs either atomicNumbers or symbols, exactly one of the two')
  }
  const numbers = init.symbols?.map(atomicNumber) ?? Array.from(init.atomicNumbers ?? [])
  if (numbers.length === 0) throw new InputError('a structure needs at least one atom')
  numbers.forEach((z, atom) => {
    if (!Number.isInteger(z) || z < 1 || z > maxAtomicNumber) {
      throw new InputError(`atom ${atom} has atomic number ${z}; expected an integer from 1 (H) to ${maxAtomicNumber} (Og)`)
    }
  })
  return Int32Array.from(numbers)
}

function readCell(cell: StructureInit['cell']): Float64Array | null {
  if (cell === undefined || cell === null) return null
  const flat = flatten(cell, 'cell')
  if (flat.length !== 9) throw new InputError(`a cell has shape (3, 3), but ${flat.length} numbers were given`)
  requireFinite(flat, (index) => `component ${'xyz'[index % 3]} of cell vector ${'abc'[Math.floor(index / 3)]}`)
  return flat.every((x) => x === 0) ? null : flat
}

function readPbc(pbc: StructureInit['pbc'], hasCell: boolean): Periodicity {
  if (pbc === undefined) return [hasCell, hasCell, hasCell]
  if (typeof pbc === 'boolean') return [pbc, pbc, pbc]
  const [a, b, c] = pbc
  if (pbc.length !== 3 || typeof a !== 'boolean' || typeof b !== 'boolean' || typeof c !== 'boolean') {
    throw new InputError(`pbc needs one boolean, or three; got [${pbc.join(', ')}]`)
  }
  return [a, b, c]
}

function readInfo(info: StructureInit['info']): ReadonlyMap<string, InfoValue> {
  const entries = info instanceof Map ? [...info] : Object.entries(info ?? {})
  return new Map(
    entries.map(([key, value]: [string, InfoValue]) => {
      if (key === '' || reservedInfo.has(key)) throw new InputError(`${JSON.stringify(key)} cannot be a key of info: it is reserved in extended XYZ`)
      return [key, freezeInfo(value, key)]
    }),
  )
}

function readArrays(arrays: StructureInit['arrays'], numAtoms: number): ReadonlyMap<string, AtomArray> {
  const entries = arrays instanceof Map ? [...arrays] : Object.entries(arrays ?? {})
  return new Map(
    entries.map(([name, array]: [string, AtomArray]) => {
      if (reservedArrays.has(name)) throw new InputError(`${JSON.stringify(name)} cannot be the name of an array: it is reserved in extended XYZ`)
      checkAtomArray(name, array, numAtoms)
      return [name, copyAtomArray(array)]
    }),
  )
}

function flatten(values: ArrayLike<number> | readonly (readonly number[])[], name: string): Float64Array {
  if (!Array.isArray(values)) return Float64Array.from(values as ArrayLike<number>)
  const list: readonly (number | readonly number[])[] = values
  if (list.every((x) => typeof x === 'number')) return Float64Array.from(list)
  list.forEach((triple, index) => {
    if (typeof triple === 'number' || triple.length !== 3) throw new InputError(`row ${index} of ${name} needs three numbers`)
  })
  return Float64Array.from(list.flat())
}

function requireFinite(values: Float64Array, describe: (index: number) => string): void {
  const index = values.findIndex((x) => !Number.isFinite(x))
  if (index >= 0) throw new InputError(`${describe(index)} is ${values[index]}; expected a finite number`)
}
