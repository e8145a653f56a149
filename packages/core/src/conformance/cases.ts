import type { PolynomialCase } from './polynomials/cases.ts'

/** A kernel against the interpreter. */
export interface KernelCase {
  readonly category: 'kernel'
  /** `family/variant`, unique. */
  readonly name: string
  readonly seed: number
}

/** A rule of the backend contract. */
export interface ContractCase {
  readonly category: 'contract'
  readonly name: string
  readonly seed: number
}

/** What is tested, as plain data. */
export type ConformanceCase = PolynomialCase | KernelCase | ContractCase

/** `ci`: every descriptor, access, element type, order of derivative and method, in pairs; `full`: all of them together. */
export type Tier = 'ci' | 'full'
