import type { CaseInput, OurCase, Runtime } from './case.ts'
import { evaluation, neighbors } from './models.ts'
import { training } from './training.ts'
import { contraction, convolution, fullyConnected, harmonics, linear } from './operations.ts'

export type Section = 'operations' | 'models' | 'training' | 'neighbors' | 'sizes' | 'large'

export interface CaseEntry {
  readonly section: Section
  readonly make: (input: CaseInput, runtime: Runtime) => OurCase | Promise<OurCase>
  /** Passes that are timed where no opponent knows the case. */
  readonly alone: readonly string[]
}

const operation = (make: CaseEntry['make'], ...alone: readonly string[]): CaseEntry => ({ section: 'operations', make, alone })
const model: CaseEntry = { section: 'models', make: evaluation, alone: ['ef'] }
const step: CaseEntry = { section: 'training', make: training, alone: ['step'] }
const list: CaseEntry = { section: 'neighbors', make: neighbors, alone: ['fwd'] }
const box: CaseEntry = { section: 'sizes', make: evaluation, alone: ['ef'] }
const large = (entry: CaseEntry): CaseEntry => ({ ...entry, section: 'large' })

/** What is measured; `peers.py` knows the same names. A number behind `m` is a multiplicity, one behind `x` multiplies the rows. */
export const cases: Readonly<Record<string, CaseEntry>> = {
  A1: operation(convolution, 'fwd', 'fb'),
  A2: operation(convolution, 'fwd', 'fb'),
  A4: operation(convolution, 'fwd', 'fb'),
  A5: operation(convolution, 'fwd', 'fb', 'db'),
  A1m5: operation(convolution, 'fwd', 'fb'),
  A1m33: operation(convolution, 'fwd', 'fb'),
  A1m123: operation(convolution, 'fwd', 'fb'),
  B500: operation(contraction, 'fwd', 'fb'),
  B21: operation(contraction, 'fwd', 'fb', 'db'),
  B500m13: operation(contraction, 'fwd', 'fb'),
  C: operation(linear, 'fwd', 'fb', 'db'),
  Cm33: operation(linear, 'fwd', 'fb', 'db'),
  D: operation(linear, 'fwd', 'fb'),
  T: operation(fullyConnected, 'fwd', 'fb', 'db'),
  Tm5: operation(fullyConnected, 'fwd', 'fb', 'db'),
  E: operation(harmonics, 'fwd', 'fb', 'db'),
  'F-l0': model,
  'F-l1': model,
  'F-128': model,
  'F-water': model,
  'G-l0': step,
  'G-l1': step,
  NL1000: list,
  NL10000: list,
  NL100000: list,
  'S-21': box,
  'S-192': box,
  'S-1536': box,
  'S-12288': box,
  'S-98304': box,
  A1x10: large(operation(convolution, 'fwd', 'fb', 'db')),
  A2x10: large(operation(convolution, 'fwd', 'fb', 'db')),
  A3x10: large(operation(convolution, 'fwd', 'fb', 'db')),
  A4x10: large(operation(convolution, 'fwd', 'fb', 'db')),
  A1m5x10: large(operation(convolution, 'fwd', 'fb')),
  A1m33x10: large(operation(convolution, 'fwd', 'fb')),
  A1m123x10: large(operation(convolution, 'fwd', 'fb')),
  B500x10: large(operation(contraction, 'fwd', 'fb', 'db')),
  B500dx10: large(operation(contraction, 'fwd', 'fb', 'db')),
  Cx50: large(operation(linear, 'fwd', 'fb', 'db')),
  Ex4: large(operation(harmonics, 'fwd', 'fb', 'db')),
  'L-1029': large(model),
  'L-20577': large(model),
  'L-46875': large(model),
  'L-20577-low': large(model),
  'L-46875-low': large(model),
  'L-192000-low': large(model),
  'L-20577-tf32': large(model),
  'M-20577': large(model),
  'G-64x10': large(step),
  'G-64x32': large(step),
}

/** @throws if there is no such case. */
export function caseNamed(name: string): CaseEntry {
  const entry = cases[name]
  if (!entry) throw new Error(`there is no case ${name}; the cases are ${Object.keys(cases).join(', ')}`)
  return entry
}

/** Names of the cases of some sections, in order. */
export function casesOf(sections: readonly string[]): readonly string[] {
  return Object.entries(cases).flatMap(([name, { section }]) => (sections.includes(section) ? [name] : []))
}
