import { FormatError } from '@equivar/core'
import { describe, expect, it } from 'vitest'
import { checkDefinition, readModelFile, readStateDict, readTrainingCheckpoint } from '../../src/checkpoint/index.ts'
import { readDefinition, writeDefinition } from '../../src/tensorfile/index.ts'
import { fixture, modelNames } from './files.ts'

describe('reading .model files of the reference implementation', () => {
  it.each(modelNames)('%s is understood, self-consistent, and survives the own format unchanged', (name) => {
    const definition = readModelFile(fixture(name))
    checkDefinition(definition)
    const again = readDefinition(writeDefinition(definition))
    expect(again.architecture).toEqual(definition.architecture)
    expect(again.couplings).toEqual(definition.couplings)
    expect(Object.fromEntries(again.tensors)).toEqual(Object.fromEntries(definition.tensors))
  })

  it('states what the example model of the specification is', () => {
    const { architecture, tensors, couplings } = readModelFile(fixture('example_16x0e_16x1o_l3.model'))
    expect(architecture).toMatchObject({ model: 'ScaleShiftMACE', dtype: 'float64', heads: ['Default'], maxEll: 3, harmonics: '1x0e+1x1o+1x2e+1x3o' })
    expect(architecture.radial).toEqual({ basis: { kind: 'bessel', count: 8 }, cutoffOrder: 5, applyCutoff: true, transform: null })
    expect(architecture.layers.map(({ interaction }) => [interaction.kind, interaction.nodeFeatures, interaction.target, interaction.hidden])).toEqual([
      ['RealAgnosticInteractionBlock', '16x0e', '16x0e+16x1o+16x2e+16x3o', '16x0e+16x1o'],
      ['RealAgnosticResidualInteractionBlock', '16x0e+16x1o', '16x0e+16x1o+16x2e+16x3o', '16x0e'],
    ])
    expect(architecture.layers.map(({ product }) => product)).toEqual([
      { hidden: '16x0e+16x1o', correlation: 3, useSelfConnection: false, agnostic: false },
      { hidden: '16x0e', correlation: 3, useSelfConnection: true, agnostic: false },
    ])
    expect(architecture.layers[1]?.interaction.radialNetwork).toEqual({ kind: 'fully_connected', sizes: [8, 64, 64, 64, 160], activation: { name: 'silu', scale: 1.6791767923989418 } })
    expect(architecture.readouts.map(({ kind }) => kind)).toEqual(['linear', 'non_linear'])
    expect(tensors.get('interactions.1.skip_tp.weight')?.shape).toEqual([768])
    expect(couplings.map((layer) => layer.map((block) => block.map(({ numPaths }) => numPaths)))).toEqual([[[1, 4, 23], [1, 6, 51]], [[1, 4, 23]]])
  })

  it('counts the parameters as the reference does', () => {
    const { tensors } = readModelFile(fixture('example_16x0e_16x1o_l3.model'))
    const buffers = /^(?:radial_embedding|atomic_energies_fn|scale_shift)\./
    const parameters = [...tensors].filter(([name]) => !buffers.test(name)).reduce((sum, [, { data }]) => sum + data.length, 0)
    expect(parameters).toBe(46512)
  })

  it('reads numpy scalars and 0-d tensors among the attributes', () => {
    const { layers } = readModelFile(fixture('avg_num_neighbors.model')).architecture
    expect(layers.map(({ interaction }) => interaction.avgNumNeighbors)).toEqual([3.75, 5.125])
  })

  it('normalises the layout of old files', () => {
    const { architecture, tensors } = readModelFile(fixture('old_layout.model'))
    expect(architecture.heads).toEqual(['Default'])
    expect(architecture.radial.cutoffOrder).toBe(5)
    expect(tensors.get('atomic_energies_fn.atomic_energies')?.shape).toEqual([1, 3])
    expect(tensors.get('scale_shift.scale')?.shape).toEqual([1])
  })

  it('widens small floats', () => {
    const { tensors, architecture } = readModelFile(fixture('half_storages.model'))
    expect(architecture.dtype).toBe('float32')
    for (const { data } of tensors.values()) expect(data).toBeInstanceOf(Float32Array)
  })

  it('keeps the parts that few models have', () => {
    const { architecture } = readModelFile(fixture('nonlinear_omol.model'))
    expect(architecture.embeddingReadout).toBe(true)
    expect(architecture.jointEmbedding?.features.map(({ name, kind, level, offset, bias }) => [name, kind, level, offset, bias])).toEqual([
      ['total_charge', 'continuous', 'graph', 0, true],
      ['total_spin', 'categorical', 'graph', -1, false],
      ['site', 'categorical', 'atom', 0, false],
      ['tag', 'continuous', 'atom', 0, false],
    ])
    const old = readModelFile(fixture('nonlinear_gate.model')).architecture.layers[0]?.interaction.gate
    const current = readModelFile(fixture('nonlinear.model')).architecture.layers[0]?.interaction.gate
    expect(old).toEqual(current)
    expect(current).toMatchObject({ scalars: '3x0e', gates: '6x0e', gated: '3x1o+3x2e', gateActivation: { name: 'sigmoid' } })
  })
})

describe('training checkpoints', () => {
  const template = readModelFile(fixture('checkpoint.model'))

  it('gives the weights of the run in the architecture of its model', () => {
    const definition = readTrainingCheckpoint(fixture('checkpoint.pt'), { template })
    expect(definition.architecture).toEqual(template.architecture)
    expect([...definition.tensors.keys()]).toEqual([...template.tensors.keys()])
    // The fixture's checkpoint was taken from this very model.
    for (const [name, { data }] of template.tensors) expect(definition.tensors.get(name)?.data, name).toEqual(data)
  })

  it('is refused by the plain loader, which says what to do', () => {
    expect(() => readModelFile(fixture('checkpoint.pt'))).toThrow(/state dict or training checkpoint.*readTrainingCheckpoint/)
  })

  it('names what another model lacks, has too much or has differently', () => {
    const other = readModelFile(fixture('layers_1.model'))
    expect(() => readTrainingCheckpoint(fixture('checkpoint.pt'), { template: other })).toThrow(FormatError)
    expect(() => readTrainingCheckpoint(fixture('checkpoint.pt'), { template: readModelFile(fixture('density.model')) })).toThrow(/'interactions\.0\.density_fn\.layer0\.weight' of the template is missing/)
    expect(() => readTrainingCheckpoint(fixture('checkpoint.pt'), { template: readModelFile(fixture('base_l2.model')) })).toThrow(FormatError)
    const cutoff = { ...template, architecture: { ...template.architecture, cutoff: 4 } }
    expect(() => readTrainingCheckpoint(fixture('checkpoint.pt'), { template: cutoff })).toThrow(/'r_max' is 3.5, the template has 4/)
    const [first = [], ...others] = template.couplings
    const altered = first.map((block) => block.map((coupling) => ({ ...coupling, values: coupling.values.map((value) => 2 * value) })))
    expect(() => readTrainingCheckpoint(fixture('checkpoint.pt'), { template: { ...template, couplings: [altered, ...others] } })).toThrow(/couples differently/)
  })
})

describe('state dicts', () => {
  it('are read from checkpoints and modules, with the same numbers', () => {
    const fromCheckpoint = readStateDict(fixture('checkpoint.pt'))
    const fromModule = readStateDict(fixture('checkpoint.model'))
    // Buffers of compiled code exist in memory and in state dicts only.
    const names = [...fromCheckpoint.keys()].filter((name) => !name.includes('._compiled_main'))
    expect(names.sort()).toEqual([...fromModule.keys()].sort())
    for (const name of names) expect(fromModule.get(name), name).toEqual(fromCheckpoint.get(name))
  })

  it('are read from safetensors', () => {
    const definition = readModelFile(fixture('layers_1.model'))
    const tensors = readStateDict(writeDefinition(definition))
    expect(tensors.get('scale_shift.scale')).toEqual(definition.tensors.get('scale_shift.scale'))
  })
})
