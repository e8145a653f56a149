import type { Tier } from '../cases.ts'
import { Random } from '../random.ts'
import { accessModes, type AccessMode, accessOf, isApplicable, rowsModes, type RowsMode } from './access.ts'
import { coveringRows } from './covering.ts'
import { derivatives, derive, type DerivativeName } from './derivatives.ts'
import { type DescriptorName, descriptorNames, descriptorTable, type Form, forms, multiplicities, type Multiplicity, polynomialOf } from './descriptors.ts'
import { costOf } from './evaluate.ts'
import { type MethodName, methods, mustServe } from './methods.ts'
import { type NumbersMode, numbersModes } from './numbers.ts'

export const batchSizes = [0, 1, 7, 64] as const
export const launchModes = ['enqueue', 'replay'] as const

/** A polynomial, lowered and run, against its definition. */
export interface PolynomialCase {
  readonly category: 'polynomial'
  readonly name: string
  readonly descriptor: DescriptorName
  readonly multiplicity: Multiplicity
  readonly form: Form
  readonly derivative: DerivativeName
  readonly access: AccessMode
  readonly rows: RowsMode
  readonly numbers: NumbersMode
  readonly batchSize: (typeof batchSizes)[number]
  readonly method: MethodName
  readonly launch: (typeof launchModes)[number]
  readonly seed: number
}

type Choices = Omit<PolynomialCase, 'category' | 'name' | 'seed'>
/** What decides whether a case makes sense. */
type Meaning = Omit<Choices, 'numbers' | 'batchSize' | 'launch'>

/** What `indexed_linear` is for: features times weights, the first input, which are those of all entries, of one, or of some kind. */
const layers: readonly DescriptorName[] = ['linear', 'linearWithGaps', 'linearIrDict', 'escn', 'escnCompact', 'gatrLinear']
const layerAccess: readonly AccessMode[] = ['batched', 'sharedFirst', 'species']

/** Those of which tier `ci` has cases with very many rows: one of each way to be lowered, for the memory takes its time. */
const withManyRows: readonly DescriptorName[] = ['linear', 'channelwise', 'symmetricContraction', 'sphericalHarmonics', 'matrices']

/** Products that a case of tier `ci` may take on the host, so that the whole is done in a moment. */
const maxCost = 5e5

export function polynomialCases(tier: Tier, seed: number): PolynomialCase[] {
  return tier === 'ci' ? coveringCases(seed) : allCases(seed)
}

function coveringCases(seed: number): PolynomialCase[] {
  const factors = {
    descriptor: descriptorNames,
    multiplicity: multiplicities,
    form: forms,
    derivative: derivatives,
    access: accessModes,
    rows: rowsModes,
    numbers: numbersModes,
    batchSize: batchSizes,
    method: methods,
    launch: launchModes,
  }
  const rows: Choices[] = coveringRows(factors, (row) => isMeaningful(row) && isCheap(row), seed)
  return rows.map((row) => toCase(row, seed))
}

/** All that changes which kernels are made; the rest in turn. */
function allCases(seed: number): PolynomialCase[] {
  const random = new Random(seed)
  const cases: PolynomialCase[] = []
  for (const descriptor of descriptorNames)
    for (const multiplicity of descriptorTable[descriptor].multiplicities)
      for (const form of forms)
        for (const derivative of derivatives)
          for (const method of methods)
            for (const access of accessModes) {
              const own = { descriptor, multiplicity, form, derivative, method, access }
              const possible = rowsModes.filter((rows) => isMeaningful({ ...own, rows }))
              for (const numbers of numbersModes) {
                const rows = random.pick(possible)
                if (rows === undefined) continue
                const [batchSize, launch] = [random.pick(batchSizes), random.pick(launchModes)]
                cases.push(toCase({ ...own, rows, numbers, batchSize, launch }, seed))
              }
            }
  // In no order, so that shards are alike.
  return random.shuffle(cases)
}

/** Whether a choice is possible, and not the same as a simpler one. */
function isMeaningful({ descriptor, multiplicity, form, derivative, access, rows, method }: Meaning): boolean {
  const entry = descriptorTable[descriptor]
  const own: readonly number[] = entry.multiplicities
  if (!own.includes(multiplicity)) return false
  const polynomial = polynomialOf(descriptor, multiplicity, form)
  if (form !== 'plain' && polynomial.equals(polynomialOf(descriptor, multiplicity, 'plain'))) return false
  if (!isApplicable(access, polynomial)) return false
  const { numIndices } = accessOf(access, polynomial, descriptor)
  if (numIndices === 0 && rows !== 'few') return false
  // Sums into so many rows, and copies of so many inputs, are no more to the point than one.
  if (rows === 'huge' && (access !== 'gathered' || derivative !== 'forward')) return false
  if (method === 'indexed_linear' && !(form === 'plain' && layers.includes(descriptor) && layerAccess.includes(access))) return false
  return canServe(method, descriptor, multiplicity, form, derivative)
}

/** By a multiplicity that coincides with no other extent, for what methods can serve does not depend on it otherwise. */
function canServe(method: MethodName, descriptor: DescriptorName, multiplicity: Multiplicity, form: Form, derivative: DerivativeName): boolean {
  const [polynomial] = derive(polynomialOf(descriptor, multiplicity === 1 ? 1 : 7, form), derivative)
  return mustServe(method, polynomial)
}

function isCheap({ descriptor, multiplicity, form, derivative, batchSize, rows }: Choices): boolean {
  const [polynomial] = derive(polynomialOf(descriptor, multiplicity, form), derivative)
  return costOf(polynomial) * Math.max(1, batchSize) <= maxCost && (rows !== 'huge' || (batchSize > 0 && withManyRows.includes(descriptor)))
}

function toCase(choices: Choices, seed: number): PolynomialCase {
  const { descriptor, multiplicity, form, derivative, access, rows, numbers, batchSize, method, launch } = choices
  const name = [descriptor, multiplicity, form, derivative, access, rows, numbers, batchSize, method, launch].join('/')
  return { category: 'polynomial', name, descriptor, multiplicity, form, derivative, access, rows, numbers, batchSize, method, launch, seed }
}
