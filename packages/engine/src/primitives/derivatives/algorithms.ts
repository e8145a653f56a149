import type { AlgorithmName } from '../names.ts'
import type { DerivativeRules } from '../rules.ts'

export const algorithmDerivatives: { readonly [P in AlgorithmName]: DerivativeRules<P> } = {
  argsort: { jvp: 'locally constant', transpose: 'never linear' },
  bincount: { jvp: 'locally constant', transpose: 'never linear' },
  compact: { jvp: 'locally constant', transpose: 'never linear' },
  neighborGraph: { jvp: 'locally constant', transpose: 'never linear' },
  random: { jvp: 'locally constant', transpose: 'never linear' },
}
