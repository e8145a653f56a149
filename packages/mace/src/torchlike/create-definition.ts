import { InputError } from '@equivar/core'
import * as descriptors from '@equivar/core/descriptors'
import { normalQuantile, secondMomentScales } from '@equivar/engine'
import { checkDefinition, expectedShapes } from '../checkpoint/check-definition.ts'
import { symmetrizeCoupling } from '../checkpoint/coupling.ts'
import type { Coupling, LayerDefinition, MaceArchitecture, MaceDefinition, NamedTensor } from '../definition.ts'
import { maceIrreps } from '../model/irreps.ts'
import { atomicNumber } from '../structures/index.ts'

export interface CreateOptions {
  /** Symbols or atomic numbers. */
  readonly elements: readonly (string | number)[]
  /** Channels of every irrep. */
  readonly channels: number
  /** Largest degree of the features between layers. */
  readonly maxL: number
  /** Largest degree of the harmonics. Default 3. */
  readonly maxEll?: number
  /** Largest number of neighbours in one product. Default 3. */
  readonly correlation?: number
  /** Default 2. */
  readonly numLayers?: number
  /** Å, default 5. */
  readonly cutoff?: number
  /** Bessel functions, default 8. */
  readonly numRadial?: number
  /** Order of the cutoff, default 5. */
  readonly cutoffOrder?: number
  /** Hidden widths of radial networks. Default [64, 64, 64]. */
  readonly radialWidths?: readonly number[]
  /** Hidden channels of the last readout. Default 16. */
  readonly readoutChannels?: number
  /** Mean number of neighbours in the training set. Default 1. */
  readonly avgNumNeighbors?: number
  /** eV of single atoms, in the order of the atomic numbers. Default 0. */
  readonly referenceEnergies?: readonly number[]
  /** Factor and offset of the energies of atoms, eV. Default 1 and 0. */
  readonly scale?: number
  readonly shift?: number
  /** Default `'RealAgnosticResidualInteractionBlock'`. */
  readonly firstInteraction?: 'RealAgnosticInteractionBlock' | 'RealAgnosticResidualInteractionBlock'
  /** Default float64. */
  readonly dtype?: 'float32' | 'float64'
  /** Of the initial parameters. Default 0. */
  readonly seed?: number
}

/**
 * A MACE model with random parameters, as mace-torch initialises them: normal, contraction weights divided by their number of paths.
 *
 * @throws {InputError} for options out of range.
 */
export function createDefinition(options: CreateOptions): MaceDefinition {
  const { numLayers = 2, correlation = 3, maxEll = 3, channels, maxL, cutoff = 5, numRadial = 8, dtype = 'float64', seed = 0, scale = 1, shift = 0 } = options
  for (const [name, value] of Object.entries({ numLayers, correlation, channels, numRadial }))
    if (!(Number.isSafeInteger(value) && value >= 1)) throw new InputError(`createDefinition: ${name} is ${value}; it must be a positive integer`)
  for (const [name, value] of Object.entries({ maxEll, maxL }))
    if (!(Number.isSafeInteger(value) && value >= 0)) throw new InputError(`createDefinition: ${name} is ${value}; it must be an integer that is not negative`)
  const atomicNumbers = [...new Set(options.elements.map((element) => (typeof element === 'number' ? element : atomicNumber(element))))].sort((a, b) => a - b)
  const { referenceEnergies = atomicNumbers.map(() => 0) } = options
  if (referenceEnergies.length !== atomicNumbers.length) throw new InputError(`createDefinition: ${referenceEnergies.length} reference energies for ${atomicNumbers.length} elements`)
  const architecture = architectureOf({ ...options, numLayers, correlation, maxEll, cutoff, numRadial, dtype }, atomicNumbers)
  const couplings = architecture.layers.map(({ interaction, product }) => couplingsOf(interaction.target, product.hidden, correlation))
  const known = new Map<string, readonly number[]>([
    ['atomic_energies_fn.atomic_energies', referenceEnergies],
    ['scale_shift.scale', [scale]],
    ['scale_shift.shift', [shift]],
    ['radial_embedding.bessel_fn.bessel_weights', Array.from({ length: numRadial }, (_, n) => ((n + 1) * Math.PI) / cutoff)],
    ['radial_embedding.bessel_fn.prefactor', [Math.sqrt(2 / cutoff)]],
  ])
  const draw = normalNumbers(seed)
  const tensors = new Map(
    [...expectedShapes(architecture, couplings)].map(([name, shape]): readonly [string, NamedTensor] => {
      const size = shape.reduce((a, b) => a * b, 1)
      const divisor = name.includes('symmetric_contractions') ? (shape[1] ?? 1) : 1
      const values = known.get(name) ?? Array.from({ length: size }, () => draw() / divisor)
      return [name, { dtype, shape, data: dtype === 'float64' ? Float64Array.from(values) : Float32Array.from(values) }]
    }),
  )
  const definition = { architecture, tensors, couplings }
  checkDefinition(definition)
  return definition
}

type Settled = CreateOptions & Required<Pick<CreateOptions, 'numLayers' | 'correlation' | 'maxEll' | 'cutoff' | 'numRadial' | 'dtype'>>

function architectureOf(options: Settled, atomicNumbers: readonly number[]): MaceArchitecture {
  const { channels, maxL, maxEll, numLayers, correlation, numRadial, avgNumNeighbors = 1, radialWidths = [64, 64, 64], readoutChannels = 16 } = options
  const upTo = (l: number, mul: string) => Array.from({ length: l + 1 }, (_, k) => `${mul}${k}${k % 2 === 0 ? 'e' : 'o'}`).join('+')
  const harmonics = upTo(maxEll, '1x')
  const [scalars, features, target] = [`${channels}x0e`, upTo(maxL, `${channels}x`), upTo(maxEll, `${channels}x`)]
  const residual = 'RealAgnosticResidualInteractionBlock'
  const { firstInteraction = residual } = options
  const activation = { name: 'silu', scale: secondMomentScales.silu } as const
  const layers = Array.from({ length: numLayers }, (_, t): LayerDefinition => {
    const nodeFeatures = t === 0 ? scalars : features
    const hidden = t + 1 === numLayers ? scalars : features
    const numWeights = descriptors.channelwiseTensorProduct(maceIrreps(nodeFeatures), maceIrreps(harmonics), maceIrreps(target)).inputs[0].dim
    return {
      interaction: {
        kind: t === 0 ? firstInteraction : residual,
        nodeFeatures,
        edgeFeatures: nodeFeatures,
        target,
        hidden,
        avgNumNeighbors,
        radialNetwork: { kind: 'fully_connected', sizes: [numRadial, ...radialWidths, numWeights], activation },
        densityNetwork: null,
        gate: null,
      },
      product: { hidden, correlation, useSelfConnection: t > 0 || firstInteraction === residual, agnostic: false },
    }
  })
  return {
    model: 'ScaleShiftMACE',
    dtype: options.dtype,
    heads: ['Default'],
    atomicNumbers,
    cutoff: options.cutoff,
    maxEll,
    harmonics,
    radial: { basis: { kind: 'bessel', count: numRadial }, cutoffOrder: options.cutoffOrder ?? 5, applyCutoff: true, transform: null },
    pairRepulsion: null,
    jointEmbedding: null,
    embeddingReadout: false,
    layers,
    readouts: layers.map(({ product }, t) =>
      t + 1 < numLayers
        ? { kind: 'linear', input: product.hidden }
        : { kind: 'non_linear', input: product.hidden, hidden: `${readoutChannels}x0e`, activation, numHeads: 1 },
    ),
  }
}

function couplingsOf(target: string, hidden: string, correlation: number): readonly (readonly Coupling[])[] {
  const [from, to] = [maceIrreps(target), maceIrreps(hidden)]
  const dimension = [...from].reduce((sum, { ir }) => sum + ir.dim, 0)
  return [...to].map(({ ir }) =>
    Array.from({ length: correlation }, (_, k) => {
      const basis = descriptors.originalMaceBasis(from, ir, k + 1)
      const shape = ir.dim === 1 ? basis.shape.slice(1) : basis.shape
      return symmetrizeCoupling({ dtype: 'float64', shape, data: Float64Array.from(basis.data) }, k + 1, ir.dim, dimension, `coupling of degree ${k + 1} to ${ir}`)
    }),
  )
}

/** Normal numbers by the quantiles of uniform ones (a generator of 32 bits: mulberry32, two words a number). */
function normalNumbers(seed: number): () => number {
  let state = seed >>> 0
  const word = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
  return () => normalQuantile((word() + word() / 2 ** 32 + 2 ** -33) / 2 ** 32)
}
