import { concatenate, mul, reshape, slice, type NDArray } from '@equivar/engine'
import type { LayerDefinition } from '../definition.ts'
import { activate } from './activation.ts'
import { maceIrreps } from './irreps.ts'

type GateDefinition = NonNullable<LayerDefinition['interaction']['gate']>

/**
 * `[s, g, v] → [act(s), act_g(g) ⊙ v]`: scalars are activated, and every channel of the other irreps is multiplied by an
 * activated scalar of its own. Rows are in the (irrep, mul) layout: scalars, then gates in the order of the gated blocks.
 *
 * Source: Weiler et al., arXiv:1807.02547, section 4.3.
 */
export function applyGate(definition: GateDefinition, x: NDArray): NDArray {
  const rows = x.shape[0] ?? 0
  let offset = 0
  const next = (width: number) => {
    const part = slice(x, [0, offset], [rows, offset + width])
    offset += width
    return part
  }
  const scalars = activate(next(maceIrreps(definition.scalars).dim), definition.scalarActivation)
  const gates = activate(next(maceIrreps(definition.gates).dim), definition.gateActivation)
  const out = [scalars]
  let gate = 0
  for (const { mul: channels, ir } of maceIrreps(definition.gated)) {
    const factor = reshape(slice(gates, [0, gate], [rows, gate + channels]), [rows, 1, channels])
    const block = reshape(next(ir.dim * channels), [rows, ir.dim, channels])
    out.push(reshape(mul(block, factor), [rows, ir.dim * channels]))
    gate += channels
  }
  return concatenate(out, 1)
}
