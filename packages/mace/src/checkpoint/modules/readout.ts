import { describe, textDict } from '@equivar/files/readers'
import type { ActivationDefinition, JointEmbeddingDefinition, ReadoutDefinition } from '../../definition.ts'
import { countScalars, dimension, formatIrreps, sameIrreps, scalars, simplify, type FileIrreps } from '../irreps.ts'
import { readActivation } from './gate.ts'
import { readLinear } from './linear.ts'
import type { ModuleReader } from './module-reader.ts'
import { readSilu, readTorchLinear } from './networks.ts'

/** From node features to one number a head. */
export function readReadout(module: ModuleReader, input: FileIrreps, numHeads: number): ReadoutDefinition {
  module.expectClass(
    'mace.modules.blocks.LinearReadoutBlock',
    'mace.modules.blocks.NonLinearReadoutBlock',
    'mace.modules.blocks.NonLinearBiasReadoutBlock',
  )
  const output = scalars(numHeads)
  const inputText = formatIrreps(input)
  if (module.className === 'LinearReadoutBlock') {
    readLinear(module.child('linear'), { input, output })
    module.close()
    return { kind: 'linear', input: inputText }
  }
  const bias = module.className === 'NonLinearBiasReadoutBlock'
  const hidden = simplify(module.irreps('hidden_irreps'))
  const headsSideBySide = module.has('num_heads') ? module.integer('num_heads') : 1
  const fits = sameIrreps(hidden, scalars(countScalars(hidden))) && dimension(hidden) > 0 && dimension(hidden) % numHeads === 0
  if (!fits) module.fail(`irreps are '${formatIrreps(hidden)}', scalars that ${numHeads} heads share equally are needed`, 'hidden_irreps')
  if (headsSideBySide !== numHeads && headsSideBySide !== 1) module.fail(`${headsSideBySide} heads, the model has ${numHeads}`, 'num_heads')
  readLinear(module.child('linear_1'), { input, output: hidden })
  const activation: ActivationDefinition = readActivation(module.child('non_linearity'), hidden)
  if (bias) readLinear(module.child('linear_mid'), { input: hidden, output: hidden }, { bias })
  readLinear(module.child('linear_2'), { input: hidden, output }, { bias })
  module.close()
  return { kind: bias ? 'non_linear_bias' : 'non_linear', input: inputText, hidden: formatIrreps(hidden), activation, numHeads: headsSideBySide }
}

type Feature = JointEmbeddingDefinition['features'][number]

const specKeys = ['type', 'per', 'in_dim', 'emb_dim', 'num_classes', 'offset', 'use_bias']

/** Embedding of further inputs, such as total charge and spin, that is added to the embedding of the species. */
export function readJointEmbedding(module: ModuleReader, channels: number): JointEmbeddingDefinition {
  module.expectClass('mace.modules.embeddings.GenericJointEmbedding')
  module.expect('base_dim', channels)
  module.expect('out_dim', channels)
  const embedders = module.child('embedders')
  embedders.expectClass('torch.nn.modules.container.ModuleDict')
  const features = readSpecs(module, 'specs').map((feature) => ({ ...feature, bias: readEmbedder(embedders.child(feature.name), feature) }))
  if (features.length === 0) module.fail('no features', 'specs')
  embedders.close()
  const total = features.reduce((sum, { outputSize }) => sum + outputSize, 0)
  const [project, activation, ...others] = module.list('project', 'torch.nn.modules.container.Sequential')
  if (!project || !activation || others.length > 0) module.fail('expected a linear layer and SiLU', 'project')
  readTorchLinear(project, total, channels, false)
  readSilu(activation)
  module.close()
  return { features }
}

function readEmbedder(module: ModuleReader, { kind, inputSize, outputSize }: Omit<Feature, 'bias'>): boolean {
  if (kind === 'categorical') {
    module.expectClass('torch.nn.modules.sparse.Embedding')
    module.ignore('scale_grad_by_freq', 'sparse', 'norm_type', 'padding_idx')
    module.expect('num_embeddings', inputSize)
    module.expect('embedding_dim', outputSize)
    module.expect('max_norm', null)
    module.keep('weight', [inputSize, outputSize])
    module.close()
    return false
  }
  module.expectClass('torch.nn.modules.container.Sequential')
  module.expectOrder(['0', '1', '2'])
  const bias = readTorchLinear(module.child('0'), inputSize, outputSize)
  readSilu(module.child('1'))
  readTorchLinear(module.child('2'), outputSize, outputSize, bias)
  module.close()
  return bias
}

/** The specification of the features, in the order in which their embeddings are concatenated. */
export function readSpecs(module: ModuleReader, name: string): readonly Omit<Feature, 'bias'>[] {
  return [...textDict(module.attribute(name), module.where(name))].map(([feature, value]) => {
    const where = `${name}.${feature}`
    const spec = textDict(value, module.where(where))
    for (const key of spec.keys()) if (!specKeys.includes(key)) module.fail(`key ${describe(key)} is not understood`, where)
    const choose = <Choice extends string>(key: string, choices: readonly Choice[]): Choice =>
      choices.find((choice) => choice === spec.get(key)) ?? module.fail(`${key} is ${describe(spec.get(key))}, expected ${choices.join(' or ')}`, where)
    const size = (key: string): number => {
      const n = spec.get(key)
      return typeof n === 'number' && Number.isSafeInteger(n) && n > 0 ? n : module.fail(`${key} is ${describe(n)}, expected a positive integer`, where)
    }
    const kind = choose('type', ['categorical', 'continuous'])
    const offset = spec.get('offset') ?? 0
    if (typeof offset !== 'number' || !Number.isSafeInteger(offset)) module.fail(`offset is ${describe(offset)}, expected an integer`, where)
    if (kind === 'continuous' && offset !== 0) module.fail('an offset of a continuous feature is not understood', where)
    return {
      name: feature,
      kind,
      level: choose('per', ['graph', 'node']) === 'graph' ? ('graph' as const) : ('atom' as const),
      offset,
      inputSize: size(kind === 'categorical' ? 'num_classes' : 'in_dim'),
      outputSize: size('emb_dim'),
    }
  })
}
