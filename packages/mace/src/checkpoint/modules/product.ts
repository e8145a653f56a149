import type { Coupling, LayerDefinition } from '../../definition.ts'
import { symmetrizeCoupling } from '../coupling.ts'
import { dimension, formatIrreps, type FileIrrep, type FileIrreps } from '../irreps.ts'
import { readLinear } from './linear.ts'
import type { ModuleReader } from './module-reader.ts'

export interface ReadProduct {
  readonly definition: LayerDefinition['product']
  readonly hidden: FileIrreps
  readonly couplings: readonly (readonly Coupling[])[]
}

const maxCorrelation = 8

/**
 * Symmetric contraction of the messages and the linear layer after it.
 *
 * @param target irreps of the messages, all of `channels` multiplicity.
 */
export function readProduct(module: ModuleReader, target: FileIrreps, channels: number, numSpecies: number): ReadProduct {
  module.expectClass('mace.modules.blocks.EquivariantProductBasisBlock')
  module.expectNoAcceleration()
  const useSelfConnection = module.boolean('use_sc')
  const agnostic = module.boolean('use_agnostic_product', false)
  const contraction = module.child('symmetric_contractions')
  contraction.expectClass('mace.modules.symmetric_contraction.SymmetricContraction')
  contraction.expect('internal_weights', true)
  contraction.ignore('shared_weights')
  contraction.expectIrreps('irreps_in', target)
  const hidden = contraction.irreps('irreps_out')
  if (hidden.length === 0 || hidden.some(({ mul }) => mul !== channels))
    contraction.fail(`irreps are '${formatIrreps(hidden)}', blocks of ${channels} channels are needed`, 'irreps_out')
  const blocks = contraction.list('contractions', 'torch.nn.modules.container.ModuleList')
  if (blocks.length !== hidden.length) contraction.fail(`${blocks.length} contractions for '${formatIrreps(hidden)}'`, 'contractions')
  contraction.close()
  const read = hidden.flatMap((irrep, k) => {
    const block = blocks[k]
    return block ? [readContraction(block, target, irrep, agnostic ? 1 : numSpecies)] : []
  })
  const correlation = read[0]?.length ?? 0
  if (read.some(({ length }) => length !== correlation)) module.fail('the irreps differ in their correlation, which is not understood', 'symmetric_contractions')
  readLinear(module.child('linear'), { input: hidden, output: hidden })
  module.close()
  return { definition: { hidden: formatIrreps(hidden), correlation, useSelfConnection, agnostic }, hidden, couplings: read }
}

/** Couplings of one output irrep by degree; `weights_max` belongs to the highest, `weights.0` to the next lower, and so on. */
function readContraction(module: ModuleReader, target: FileIrreps, { mul: channels, l }: FileIrrep, numSpecies: number): readonly Coupling[] {
  module.expectClass('mace.modules.symmetric_contraction.Contraction')
  const correlation = module.integer('correlation')
  if (correlation < 1 || correlation > maxCorrelation) module.fail(`correlation ${correlation}, 1 to ${maxCorrelation} are understood`, 'correlation')
  const slots = target.map((block) => ({ ...block, mul: 1 }))
  module.expect('num_features', channels)
  module.expectIrreps('coupling_irreps', slots)
  // Traced einsums of the contraction, which is fixed.
  module.ignore('graph_opt_main', 'contractions_weighting', 'contractions_features')
  const weights = module.child('weights')
  weights.expectClass('torch.nn.modules.container.ParameterList')
  weights.expect('_size', correlation - 1)
  const couplings: Coupling[] = []
  for (let degree = 1; degree <= correlation; degree++) {
    const name = `U_matrix_${degree}`
    const coupling = symmetrizeCoupling(module.tensor(name), degree, 2 * l + 1, dimension(slots), module.where(name))
    const [owner, weight] = degree === correlation ? [module, 'weights_max'] : [weights, String(correlation - 1 - degree)]
    owner.keep(weight, [numSpecies, coupling.numPaths, channels])
    couplings.push(coupling)
  }
  weights.close()
  // Couplings that vanish carry weights that are zero as well; both are in the file.
  for (const index of [...Array.from({ length: correlation - 1 }, (_, k) => String(k)), 'max']) {
    const name = `weights_${index}_zeroed`
    if (module.has(name)) module.scalar(name)
  }
  module.close()
  return couplings
}
