import { interactionKinds, type InteractionKind, type LayerDefinition, type RadialNetworkDefinition } from '../../definition.ts'
import { countScalars, dimension, formatIrreps, numIrreps, sameIrreps, scalars, simplify, type FileIrreps } from '../irreps.ts'
import { gateIrreps, readGate } from './gate.ts'
import { readLinear } from './linear.ts'
import type { ModuleReader } from './module-reader.ts'
import { readRadialNetwork } from './networks.ts'
import { readConvolution, readSpeciesProduct } from './tensor-product.ts'

export interface InteractionInputs {
  /** `n x0e`, the one-hot species. */
  readonly species: FileIrreps
  readonly nodeFeatures: FileIrreps
  readonly harmonics: FileIrreps
  readonly numRadial: number
}

export interface ReadInteraction {
  readonly definition: LayerDefinition['interaction']
  readonly target: FileIrreps
  readonly hidden: FileIrreps
  readonly channels: number
}

/** Irreps that every interaction class has, verified against what comes in. */
interface Frame extends InteractionInputs {
  readonly edgeFeatures: FileIrreps
  readonly target: FileIrreps
  readonly hidden: FileIrreps
}

/** What the classes differ in. */
interface Parts {
  readonly radialNetwork: RadialNetworkDefinition
  readonly densityNetwork: RadialNetworkDefinition | null
  readonly gate: LayerDefinition['interaction']['gate']
}

/** One interaction of any of the six classes. */
export function readInteraction(module: ModuleReader, inputs: InteractionInputs): ReadInteraction {
  module.expectClass(...interactionKinds.map((kind) => `mace.modules.blocks.${kind}`))
  module.expectNoAcceleration()
  // Widths are verified where the network is read; this one is what the user asked for.
  module.ignore('radial_MLP')
  const frame = readFrame(module, inputs)
  const channels = frame.target[0]?.mul ?? 0
  if (channels < 1 || frame.target.some(({ mul }) => mul !== channels))
    module.fail(`irreps are '${formatIrreps(frame.target)}', blocks of equal multiplicity are needed`, 'target_irreps')
  const avgNumNeighbors = module.number('avg_num_neighbors')
  if (!(avgNumNeighbors > 0)) module.fail(`the number is ${avgNumNeighbors}, it must be positive`, 'avg_num_neighbors')
  const kind = module.className as InteractionKind
  const parts = readers[kind](module, frame)
  readReshape(module.child('reshape'), frame.target)
  module.close()
  const definition = {
    kind,
    nodeFeatures: formatIrreps(frame.nodeFeatures),
    edgeFeatures: formatIrreps(frame.edgeFeatures),
    target: formatIrreps(frame.target),
    hidden: formatIrreps(frame.hidden),
    avgNumNeighbors,
    ...parts,
  }
  return { definition, target: frame.target, hidden: frame.hidden, channels }
}

function readFrame(module: ModuleReader, inputs: InteractionInputs): Frame {
  module.expectIrreps('node_attrs_irreps', inputs.species)
  module.expectIrreps('node_feats_irreps', inputs.nodeFeatures)
  module.expectIrreps('edge_attrs_irreps', inputs.harmonics)
  module.expectIrreps('edge_feats_irreps', scalars(inputs.numRadial))
  const target = module.irreps('target_irreps')
  module.expectIrreps('irreps_out', target)
  const edge = module.attribute('edge_irreps')
  const edgeFeatures = edge === undefined || edge === null ? inputs.nodeFeatures : module.irreps('edge_irreps')
  return { ...inputs, target, edgeFeatures, hidden: module.irreps('hidden_irreps') }
}

/** Messages before normalisation: up-projection, convolution with radial weights, linear layer. */
function readMessages(module: ModuleReader, frame: Frame, numRadial: number, linear: string, output: FileIrreps): RadialNetworkDefinition {
  readLinear(module.child('linear_up'), { input: frame.nodeFeatures, output: frame.edgeFeatures })
  const convolution = readConvolution(module.child('conv_tp'), frame.edgeFeatures, frame.harmonics, frame.target)
  readLinear(module.child(linear), { input: convolution.output, output })
  return readRadialNetwork(module.child('conv_tp_weights'), numRadial, convolution.numWeights)
}

const readers: { readonly [kind in InteractionKind]: (module: ModuleReader, frame: Frame) => Parts } = {
  RealAgnosticInteractionBlock: (module, frame) => {
    readSpeciesProduct(module.child('skip_tp'), frame.target, frame.species, frame.target)
    return { radialNetwork: readMessages(module, frame, frame.numRadial, 'linear', frame.target), densityNetwork: null, gate: null }
  },
  RealAgnosticResidualInteractionBlock: (module, frame) => {
    readSpeciesProduct(module.child('skip_tp'), frame.nodeFeatures, frame.species, frame.hidden)
    return { radialNetwork: readMessages(module, frame, frame.numRadial, 'linear', frame.target), densityNetwork: null, gate: null }
  },
  RealAgnosticDensityInteractionBlock: (module, frame) => {
    readSpeciesProduct(module.child('skip_tp'), frame.target, frame.species, frame.target)
    const densityNetwork = readRadialNetwork(module.child('density_fn'), frame.numRadial, 1)
    return { radialNetwork: readMessages(module, frame, frame.numRadial, 'linear', frame.target), densityNetwork, gate: null }
  },
  RealAgnosticDensityResidualInteractionBlock: (module, frame) => {
    readSpeciesProduct(module.child('skip_tp'), frame.nodeFeatures, frame.species, frame.hidden)
    const densityNetwork = readRadialNetwork(module.child('density_fn'), frame.numRadial, 1)
    return { radialNetwork: readMessages(module, frame, frame.numRadial, 'linear', frame.target), densityNetwork, gate: null }
  },
  RealAgnosticAttResidualInteractionBlock: (module, frame) => {
    const down = module.irreps('node_feats_down_irreps')
    if (!sameIrreps(down, scalars(numIrreps(down)))) module.fail(`irreps are '${formatIrreps(down)}', one block of 0e is needed`, 'node_feats_down_irreps')
    readLinear(module.child('linear_down'), { input: frame.nodeFeatures, output: down })
    readLinear(module.child('skip_linear'), { input: frame.nodeFeatures, output: frame.hidden })
    const numRadial = frame.numRadial + 2 * dimension(down)
    return { radialNetwork: readMessages(module, frame, numRadial, 'linear', frame.target), densityNetwork: null, gate: null }
  },
  RealAgnosticResidualNonLinearInteractionBlock: (module, frame) => {
    const embedding = scalars(countScalars(frame.nodeFeatures))
    for (const name of ['source_embedding', 'target_embedding']) readLinear(module.child(name), { input: frame.species, output: embedding })
    const irreps = gateIrreps(frame.target)
    module.expectIrreps('irreps_nonlin', irreps.input)
    const numRadial = frame.numRadial + 2 * dimension(embedding)
    const radialNetwork = readMessages(module, frame, numRadial, 'linear_1', irreps.input)
    const densityNetwork = readRadialNetwork(module.child('density_fn'), numRadial, 1)
    readLinear(module.child('linear_res'), { input: frame.edgeFeatures, output: irreps.input })
    const gate = readGate(module.child('equivariant_nonlin'), irreps)
    readLinear(module.child('linear_2'), { input: frame.target, output: frame.target })
    readLinear(module.child('skip_tp'), { input: frame.nodeFeatures, output: frame.hidden })
    for (const name of ['alpha', 'beta']) module.keep(name, [])
    // Between layouts of cuEquivariance, in mace-torch 0.3.14 and 0.3.15.
    for (const name of ['transpose_mul_ir', 'transpose_ir_mul']) module.expect(name, null)
    return { radialNetwork, densityNetwork, gate }
  },
}

/** Rearranges the flat messages to channels × components. */
function readReshape(module: ModuleReader, target: FileIrreps): void {
  module.expectClass('mace.modules.irreps_tools.reshape_irreps')
  module.expectNoAcceleration()
  module.expectIrreps('irreps', target)
  const [dims, muls] = [module.integers('dims'), module.integers('muls')]
  if (dims.join() !== target.map(({ l }) => 2 * l + 1).join() || muls.join() !== target.map(({ mul }) => mul).join())
    module.fail(`dimensions [${dims.join(', ')}] and multiplicities [${muls.join(', ')}] are not those of '${formatIrreps(simplify(target))}'`)
  module.close()
}
