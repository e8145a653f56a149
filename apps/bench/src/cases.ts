import type { CaseInput, OurCase } from './case.ts'
import { evaluation, neighbors } from './models.ts'
import { training } from './training.ts'
import { contraction, convolution, harmonics, linear } from './operations.ts'

type Maker = (input: CaseInput, models: string) => OurCase | Promise<OurCase>

/** What is measured; `peers.py` knows the same names. */
export const cases: Readonly<Record<string, Maker>> = {
  A1: convolution,
  A2: convolution,
  A4: convolution,
  A5: convolution,
  A1m5: convolution,
  A1m33: convolution,
  A1m123: convolution,
  B500: contraction,
  B21: contraction,
  C: linear,
  D: linear,
  E: harmonics,
  'F-l0': evaluation,
  'F-l1': evaluation,
  'F-128': evaluation,
  'F-water': evaluation,
  'G-l0': training,
  'G-l1': training,
  NL100000: neighbors,
}
