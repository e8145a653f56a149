import type { JsonReader } from '@equivar/files/readers'
import {
  interactionKinds,
  type ActivationDefinition,
  type JointEmbeddingDefinition,
  type LayerDefinition,
  type MaceArchitecture,
  type RadialDefinition,
  type RadialNetworkDefinition,
  type ReadoutDefinition,
} from '../definition.ts'

const maxSpecies = 118
const maxOrder = 1000

/** The architecture from parsed JSON, every field checked for its type; {@link checkDefinition} checks what it means. */
export function readArchitecture(json: JsonReader): MaceArchitecture {
  return {
    model: json.choice('model', ['MACE', 'ScaleShiftMACE']),
    dtype: json.choice('dtype', ['float32', 'float64']),
    heads: json.texts('heads'),
    atomicNumbers: json.list('atomicNumbers', (z, path) => atomicNumber(z, path, json)),
    cutoff: json.number('cutoff'),
    maxEll: json.integer('maxEll', 0, 16),
    harmonics: json.text('harmonics'),
    radial: json.object('radial', readRadial),
    pairRepulsion: json.optionalObject('pairRepulsion', (pair) => ({ cutoffOrder: pair.integer('cutoffOrder', 1, maxOrder) })),
    jointEmbedding: json.optionalObject('jointEmbedding', readJointEmbedding),
    embeddingReadout: json.boolean('embeddingReadout'),
    layers: json.objects('layers', readLayer),
    readouts: json.objects('readouts', readReadout),
  }
}

function atomicNumber(value: unknown, path: string, json: JsonReader): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maxSpecies ? value : json.fail(path, `expected an atomic number from 1 to ${maxSpecies}`)
}

function readRadial(json: JsonReader): RadialDefinition {
  return {
    basis: json.object('basis', readBasis),
    cutoffOrder: json.integer('cutoffOrder', 1, maxOrder),
    applyCutoff: json.boolean('applyCutoff'),
    transform: json.value('transform') === null ? null : json.choice<'agnesi' | 'soft'>('transform', ['agnesi', 'soft']),
  }
}

function readBasis(json: JsonReader): RadialDefinition['basis'] {
  const kind = json.choice('kind', ['bessel', 'gaussian', 'chebyshev'])
  const count = json.integer('count', 1)
  return kind === 'gaussian' ? { kind, count, coefficient: json.number('coefficient') } : { kind, count }
}

function readLayer(json: JsonReader): LayerDefinition {
  return { interaction: json.object('interaction', readInteraction), product: json.object('product', readProduct) }
}

function readInteraction(json: JsonReader): LayerDefinition['interaction'] {
  return {
    kind: json.choice('kind', interactionKinds),
    nodeFeatures: json.text('nodeFeatures'),
    edgeFeatures: json.text('edgeFeatures'),
    target: json.text('target'),
    hidden: json.text('hidden'),
    avgNumNeighbors: json.number('avgNumNeighbors'),
    radialNetwork: json.object('radialNetwork', readNetwork),
    densityNetwork: json.optionalObject('densityNetwork', readNetwork),
    gate: json.optionalObject('gate', (gate) => ({
      scalars: gate.text('scalars'),
      gates: gate.text('gates'),
      gated: gate.text('gated'),
      scalarActivation: gate.object('scalarActivation', readActivation),
      gateActivation: gate.object('gateActivation', readActivation),
    })),
  }
}

function readProduct(json: JsonReader): LayerDefinition['product'] {
  return {
    hidden: json.text('hidden'),
    correlation: json.integer('correlation', 1, 8),
    useSelfConnection: json.boolean('useSelfConnection'),
    agnostic: json.boolean('agnostic'),
  }
}

function readNetwork(json: JsonReader): RadialNetworkDefinition {
  return {
    kind: json.choice('kind', ['fully_connected', 'layer_norm_mlp']),
    sizes: json.integers('sizes', 1),
    activation: json.object('activation', readActivation),
  }
}

function readActivation(json: JsonReader): ActivationDefinition {
  return { name: json.choice('name', ['silu', 'tanh', 'sigmoid', 'abs', 'relu', 'identity']), scale: json.number('scale') }
}

function readReadout(json: JsonReader): ReadoutDefinition {
  const kind = json.choice('kind', ['linear', 'non_linear', 'non_linear_bias'])
  const input = json.text('input')
  if (kind === 'linear') return { kind, input }
  return { kind, input, hidden: json.text('hidden'), activation: json.object('activation', readActivation), numHeads: json.integer('numHeads', 1) }
}

function readJointEmbedding(json: JsonReader): JointEmbeddingDefinition {
  return {
    features: json.objects('features', (feature) => ({
      name: feature.text('name'),
      kind: feature.choice('kind', ['categorical', 'continuous']),
      level: feature.choice('level', ['graph', 'atom']),
      offset: feature.integer('offset', -1_000_000, 1_000_000),
      inputSize: feature.integer('inputSize', 1),
      outputSize: feature.integer('outputSize', 1),
      bias: feature.boolean('bias'),
    })),
  }
}
