import { Irreps, O3E3nn } from '@equivar/core'

/** Irreps as e3nn 0.4.4 orders and couples them: what every MACE checkpoint is written in. */
export function maceIrreps(text: string): Irreps {
  return new Irreps(O3E3nn, text)
}

/** Multiplicity shared by all segments, the number of channels C. */
export function channelsOf(irreps: Irreps): number {
  for (const { mul } of irreps) return mul
  return 0
}
