import { describe, isPlainName, type PickleValue, type TorchArchive } from '@equivar/files/readers'
import type { Coupling, LayerDefinition, MaceArchitecture, MaceDefinition, NamedTensor, ReadoutDefinition } from '../../definition.ts'
import { dimension, formatIrreps, numIrreps, sameIrreps, scalars, type FileIrreps } from '../irreps.ts'
import { readInteraction, type ReadInteraction } from './interaction.ts'
import { readLinear } from './linear.ts'
import { ModuleReader, type ReadingContext } from './module-reader.ts'
import { readProduct, type ReadProduct } from './product.ts'
import { readPairRepulsion, readRadialEmbedding } from './radial.ts'
import { readJointEmbedding, readReadout, readSpecs } from './readout.ts'
import { sequence } from './values.ts'

const maxLayers = 64
const maxAtomicNumber = 118
const maxEll = 16

/**
 * The definition of a pickled mace-torch model.
 *
 * Every attribute, tensor and submodule is either used, verified against the formulas, or named as being without effect.
 *
 * @throws {FormatError} naming the dotted path of the first thing that is not understood or does not fit.
 */
export function readModel(root: PickleValue, archive: TorchArchive): MaceDefinition {
  const context: ReadingContext = { archive, tensors: new Map() }
  const module = new ModuleReader(root, '', context)
  module.expectClass('mace.modules.models.MACE', 'mace.modules.models.ScaleShiftMACE')
  // They restate what the submodules, which are read, say in full.
  module.ignore('lammps_mliap', 'edge_irreps', 'use_reduced_cg', 'use_agnostic_product', 'use_so3', 'use_last_readout_only', 'use_edge_irreps_first')
  const cutoff = module.scalar('r_max')
  if (!(cutoff > 0)) module.fail(`the cutoff ${cutoff} is not positive`, 'r_max')
  const atomicNumbers = readAtomicNumbers(module)
  const species = scalars(atomicNumbers.length)
  const heads = readHeads(module)
  const embedding = readNodeEmbedding(module.child('node_embedding'), species)
  const radial = readRadialEmbedding(module.child('radial_embedding'), cutoff)
  module.expect('apply_cutoff', radial.applyCutoff)
  const harmonics = readHarmonics(module.child('spherical_harmonics'))
  readAtomicEnergies(module.child('atomic_energies_fn'), heads.length, atomicNumbers.length)
  const layers = readLayers(module, { species, nodeFeatures: embedding, harmonics, numRadial: radial.basis.count })
  const readouts = readReadouts(module, layers, heads.length)
  const model = module.className as MaceArchitecture['model']
  if (model === 'ScaleShiftMACE') readScaleShift(module.child('scale_shift'), heads.length)
  module.expect('pair_repulsion', true)
  const pairRepulsion = module.optionalChild('pair_repulsion_fn')
  if (module.has('pair_repulsion') !== (pairRepulsion !== undefined)) module.fail('attribute and submodule pair_repulsion_fn must exist together', 'pair_repulsion')
  const extras = readExtras(module, embedding, heads.length)
  const architecture: MaceArchitecture = {
    model,
    dtype: widestDtype(context.tensors),
    heads,
    atomicNumbers,
    cutoff,
    maxEll: harmonics.length - 1,
    harmonics: formatIrreps(harmonics),
    radial,
    pairRepulsion: pairRepulsion ? readPairRepulsion(pairRepulsion) : null,
    ...extras,
    layers: layers.map(({ interaction, product }): LayerDefinition => ({ interaction: interaction.definition, product: product.definition })),
    readouts,
  }
  module.close()
  return { architecture, tensors: context.tensors, couplings: layers.map(({ product }): readonly (readonly Coupling[])[] => product.couplings) }
}

function readAtomicNumbers(module: ModuleReader): readonly number[] {
  const { data, shape } = module.tensor('atomic_numbers')
  const numbers = [...data]
  const valid = numbers.every((z) => Number.isInteger(z) && z >= 1 && z <= maxAtomicNumber) && new Set(numbers).size === numbers.length
  if (shape.length !== 1 || numbers.length === 0 || !valid)
    module.fail(`expected different atomic numbers from 1 to ${maxAtomicNumber}, found [${numbers.slice(0, 8).join(', ')}]`, 'atomic_numbers')
  return numbers
}

/** Older files have one head and no name for it. */
function readHeads(module: ModuleReader): readonly string[] {
  const value = module.attribute('heads')
  if (value === undefined || value === null) return ['Default']
  const heads = sequence(value, module.where('heads')).map((head) =>
    typeof head === 'string' && isPlainName(head) ? head : module.fail(`expected names, found ${describe(head)}`, 'heads'),
  )
  if (heads.length === 0 || new Set(heads).size !== heads.length) module.fail(`expected different names, found [${heads.join(', ')}]`, 'heads')
  return heads
}

function readNodeEmbedding(module: ModuleReader, species: FileIrreps): FileIrreps {
  module.expectClass('mace.modules.blocks.LinearNodeEmbeddingBlock')
  const { output } = readLinear(module.child('linear'), { input: species })
  if (output.length !== 1 || !sameIrreps(output, scalars(numIrreps(output)))) module.fail(`irreps are '${formatIrreps(output)}', one block of 0e is needed`, 'linear.irreps_out')
  module.close()
  return output
}

/** `Y_0 … Y_lmax` of the unit vector, component-normalised. */
function readHarmonics(module: ModuleReader): FileIrreps {
  module.expectClass('e3nn.o3._spherical_harmonics.SphericalHarmonics')
  module.ignore('_prof_str', '_is_range_lmax')
  module.expect('normalize', true)
  module.expect('normalization', 'component')
  const lmax = module.integer('_lmax')
  if (lmax < 0 || lmax > maxEll) module.fail(`degree ${lmax}, at most ${maxEll} is understood`, '_lmax')
  const input = module.irreps('irreps_in')
  const parity = input[0]?.p ?? 1
  if (!sameIrreps(input, [{ mul: 1, l: 1, p: parity }])) module.fail(`irreps are '${formatIrreps(input)}', '1x1o' or '1x1e' is needed`, 'irreps_in')
  const output = Array.from({ length: lmax + 1 }, (_, l) => ({ mul: 1, l, p: l % 2 === 0 ? (1 as const) : parity }))
  module.expectIrreps('irreps_out', output)
  if (module.integers('_ls_list').join() !== output.map(({ l }) => l).join()) module.fail(`degrees are not 0 to ${lmax}`, '_ls_list')
  module.close()
  return output
}

/** Older files store one head without its axis. */
function readAtomicEnergies(module: ModuleReader, numHeads: number, numSpecies: number): void {
  module.expectClass('mace.modules.blocks.AtomicEnergiesBlock')
  module.keepReshaped('atomic_energies', [numHeads, numSpecies])
  module.close()
}

function readScaleShift(module: ModuleReader, numHeads: number): void {
  module.expectClass('mace.modules.blocks.ScaleShiftBlock')
  module.keepReshaped('scale', [numHeads])
  module.keepReshaped('shift', [numHeads])
  module.close()
}

interface ReadLayer {
  readonly interaction: ReadInteraction
  readonly product: ReadProduct
}

function readLayers(module: ModuleReader, inputs: Parameters<typeof readInteraction>[1]): readonly ReadLayer[] {
  const interactions = module.list('interactions', 'torch.nn.modules.container.ModuleList')
  const products = module.list('products', 'torch.nn.modules.container.ModuleList')
  if (interactions.length < 1 || interactions.length > maxLayers || products.length !== interactions.length || module.scalar('num_interactions') !== interactions.length)
    module.fail(`${interactions.length} interactions, ${products.length} products, num_interactions ${module.scalar('num_interactions')}`, 'interactions')
  let nodeFeatures = inputs.nodeFeatures
  const layers: ReadLayer[] = []
  for (const [t, reader] of interactions.entries()) {
    const interaction = readInteraction(reader, { ...inputs, nodeFeatures })
    const product = readProduct(products[t] ?? module.child('products'), interaction.target, interaction.channels, numIrreps(inputs.species))
    if (!sameIrreps(product.hidden, interaction.hidden))
      module.fail(`irreps of the product are '${formatIrreps(product.hidden)}', those of the interaction '${formatIrreps(interaction.hidden)}'`, `products.${t}`)
    layers.push({ interaction, product })
    nodeFeatures = product.hidden
  }
  return layers
}

/** One readout a layer, or a single one that reads the last layer. */
function readReadouts(module: ModuleReader, layers: readonly ReadLayer[], numHeads: number): readonly ReadoutDefinition[] {
  const readouts = module.list('readouts', 'torch.nn.modules.container.ModuleList')
  if (readouts.length !== 1 && readouts.length !== layers.length) module.fail(`${readouts.length} readouts for ${layers.length} layers`, 'readouts')
  return readouts.map((readout, k) => {
    const layer = layers.at(readouts.length === 1 ? -1 : k)
    return readReadout(readout, layer?.product.hidden ?? [], numHeads)
  })
}

function readExtras(module: ModuleReader, embedding: FileIrreps, numHeads: number): Pick<MaceArchitecture, 'jointEmbedding' | 'embeddingReadout'> {
  const joint = module.optionalChild('joint_embedding')
  const jointEmbedding = joint ? readJointEmbedding(joint, dimension(embedding)) : null
  if (module.has('embedding_specs')) {
    const specs = readSpecs(module, 'embedding_specs')
    const read = jointEmbedding?.features.map((feature) => ({ ...feature, bias: undefined }))
    if (JSON.stringify(specs) !== JSON.stringify(read)) module.fail('differs from joint_embedding.specs', 'embedding_specs')
  }
  const readout = module.optionalChild('embedding_readout')
  if (readout && !jointEmbedding) module.fail('a readout of an embedding that does not exist', 'embedding_readout')
  if (readout && readReadout(readout, embedding, numHeads).kind !== 'linear') module.fail('expected a LinearReadoutBlock', 'embedding_readout')
  if (readout && module.className === 'MACE' && numHeads > 1) module.fail('class MACE cannot evaluate an embedding readout of several heads', 'embedding_readout')
  return { jointEmbedding, embeddingReadout: readout !== undefined }
}

function widestDtype(tensors: ReadonlyMap<string, NamedTensor>): 'float32' | 'float64' {
  for (const { dtype } of tensors.values()) if (dtype === 'float64') return 'float64'
  return 'float32'
}
