import { FormatError } from '@equivar/core'
import { describe, expect, it } from 'vitest'
import { checkDefinition, readModelFile } from '../../src/checkpoint/index.ts'
import type { MaceDefinition, NamedTensor } from '../../src/definition.ts'
import { writeDefinition } from '../../src/tensorfile/index.ts'
import { fixture } from './files.ts'

describe('checkDefinition', () => {
  const definition = readModelFile(fixture('nonlinear_mh1.model'))
  const { architecture } = definition

  it.each<readonly [RegExp, (definition: MaceDefinition) => MaceDefinition]>([
    [/tensor 'readouts\.1\.linear_mid\.bias' is missing/, (d) => ({ ...d, tensors: new Map([...d.tensors].filter(([name]) => name !== 'readouts.1.linear_mid.bias')) })],
    [/tensor 'extra' is not understood/, (d) => ({ ...d, tensors: new Map([...d.tensors, ['extra', { dtype: 'float64', shape: [], data: Float64Array.of(1) }]]) })],
    [/'interactions\.0\.alpha' has shape \[1\], \[\] fits/, (d) => ({ ...d, tensors: new Map([...d.tensors, ['interactions.0.alpha', { dtype: 'float64', shape: [1], data: Float64Array.of(1) }]]) })],
    [/'interactions\.0\.alpha'.* has NaN/, (d) => ({ ...d, tensors: new Map([...d.tensors, ['interactions.0.alpha', { dtype: 'float64', shape: [], data: Float64Array.of(NaN) }]]) })],
    [/'interactions\.0\.alpha' has dtype int32/, (d) => ({ ...d, tensors: new Map([...d.tensors, ['interactions.0.alpha', { dtype: 'int32', shape: [], data: Int32Array.of(1) }]]) })],
    [/covalent_radii' has shape \[8\], \[at least 9\] fits/, (d) => ({ ...d, tensors: withRadii(d, (radii) => radii.slice(0, 8)) })],
    [/covalent_radii' has no radius of the element with atomic number 6/, (d) => ({ ...d, tensors: withRadii(d, (radii) => radii.fill(0, 6, 7)) })],
    [/architecture\.cutoff/, (d) => ({ ...d, architecture: { ...architecture, cutoff: 0 } })],
    [/architecture\.heads/, (d) => ({ ...d, architecture: { ...architecture, heads: ['a', 'a'] } })],
    [/architecture\.readouts/, (d) => ({ ...d, architecture: { ...architecture, readouts: [] } })],
    [/architecture\.layers: 2 layers, couplings of 1/, (d) => ({ ...d, couplings: d.couplings.slice(1) })],
    [/layers\[1\]\.interaction\.nodeFeatures/, (d) => withLayer(d, { nodeFeatures: '3x0e' })],
    [/layers\[1\]\.interaction\.gate: only/, (d) => withLayer(d, { gate: null })],
    [/layers\[1\]\.interaction\.densityNetwork/, (d) => withLayer(d, { densityNetwork: null })],
    [/layers\[1\]\.interaction\.radialNetwork\.sizes/, (d) => withLayer(d, { radialNetwork: { ...layer(d).radialNetwork, sizes: [5, 5] } })],
    [/layers\[1\]\.interaction\.avgNumNeighbors/, (d) => withLayer(d, { avgNumNeighbors: -1 })],
    [/layers\[1\]\.product\.hidden/, (d) => withLayer(d, { hidden: '3x0e+3x1o' })],
    [/couplings\[0\]\[0\]\[1\]: entry 0 has an index/, (d) => withCoupling(d, (indices) => (indices[1] = 1000))],
    [/couplings\[0\]\[0\]\[1\]: entry 1 is not in order|entry 1 has an index/, (d) => withCoupling(d, (indices) => indices.set(indices.subarray(0, 4), 4))],
  ])('names what does not fit: %s', (message, change) => {
    checkDefinition(definition)
    const changed = change(definition)
    expect(() => checkDefinition(changed)).toThrow(FormatError)
    expect(() => checkDefinition(changed)).toThrow(message)
    expect(() => writeDefinition(changed)).toThrow(FormatError)
  })
})

type Interaction = MaceDefinition['architecture']['layers'][number]['interaction']

function layer(definition: MaceDefinition): Interaction {
  const found = definition.architecture.layers[1]
  if (!found) throw new Error('no layer')
  return found.interaction
}

function withLayer(definition: MaceDefinition, change: Partial<Interaction>): MaceDefinition {
  const layers = definition.architecture.layers.map((one, t) => (t === 1 ? { ...one, interaction: { ...one.interaction, ...change } } : one))
  return { ...definition, architecture: { ...definition.architecture, layers } }
}

function withCoupling(definition: MaceDefinition, change: (indices: Int32Array) => void): MaceDefinition {
  const couplings = definition.couplings.map((blocks, t) =>
    blocks.map((block, k) =>
      block.map((coupling, n) => {
        if (t !== 0 || k !== 0 || n !== 1) return coupling
        const indices = coupling.indices.slice()
        change(indices)
        return { ...coupling, indices }
      }),
    ),
  )
  return { ...definition, couplings }
}

function withRadii(definition: MaceDefinition, change: (radii: Float64Array) => Float64Array): ReadonlyMap<string, NamedTensor> {
  const name = 'pair_repulsion_fn.covalent_radii'
  const data = change(Float64Array.from(definition.tensors.get(name)?.data ?? []))
  return new Map([...definition.tensors, [name, { dtype: 'float64', shape: [data.length], data }]])
}
