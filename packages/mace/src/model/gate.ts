import { irMul } from '@equivar/core'
import { gate, type NDArray } from '@equivar/engine'
import type { LayerDefinition } from '../definition.ts'
import { activate } from './activation.ts'
import { maceIrreps } from './irreps.ts'

type GateDefinition = NonNullable<LayerDefinition['interaction']['gate']>

/** {@link gate} with the irreps and activations of a definition, on rows in the (irrep, mul) layout. */
export function applyGate({ scalars, gated, scalarActivation, gateActivation }: GateDefinition, x: NDArray): NDArray {
  return gate(x, {
    scalars: maceIrreps(scalars).dim,
    gated: maceIrreps(gated),
    layout: irMul,
    scalarActivation: (s) => activate(s, scalarActivation),
    gateActivation: (g) => activate(g, gateActivation),
  })
}
