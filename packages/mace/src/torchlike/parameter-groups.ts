import type { Parameter } from '@equivar/torchlike'
import type { MaceModule } from './mace-module.ts'

export interface MaceParameterGroup {
  readonly name: string
  readonly params: readonly Parameter[]
  readonly weightDecay: number
}

/**
 * mace-torch's groups: weight decay for products and for the linear layers behind convolutions, none for all others. For
 * `new Adam(groups, { lr: 0.01, amsgrad: true })`.
 *
 * @param weightDecay default 5e-7
 */
export function parameterGroups(model: MaceModule, weightDecay = 5e-7): MaceParameterGroup[] {
  const all = [...model.namedParameters()]
  const group = (name: string, decay: number, isMember: (path: string) => boolean): MaceParameterGroup => ({
    name,
    params: all.filter(([path]) => isMember(path)).map(([, parameter]) => parameter),
    weightDecay: decay,
  })
  const isDecayed = (path: string) => path.startsWith('interactions.') && (path.includes('linear.weight') || path.includes('skip_tp_full.weight'))
  return [
    group('embedding', 0, (path) => path.startsWith('node_embedding.')),
    group('interactions_decay', weightDecay, isDecayed),
    group('interactions_no_decay', 0, (path) => path.startsWith('interactions.') && !isDecayed(path)),
    group('products', weightDecay, (path) => path.startsWith('products.')),
    group('readouts', 0, (path) => path.startsWith('readouts.')),
    group('joint_embedding', 0, (path) => path.startsWith('joint_embedding.')),
    group('embedding_readout', 0, (path) => path.startsWith('embedding_readout.')),
  ].filter(({ params }) => params.length > 0)
}
