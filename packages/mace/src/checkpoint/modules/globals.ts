import { FormatError } from '@equivar/core'
import type { GlobalTable } from '@equivar/files/readers'

/** Classes of mace-torch and e3nn that an energy model consists of. */
const classes: Readonly<Record<string, readonly string[] | undefined>> = {
  __proto__: null as never,
  'mace.modules.models': ['MACE', 'ScaleShiftMACE'],
  'mace.modules.blocks': [
    'AtomicEnergiesBlock',
    'EquivariantProductBasisBlock',
    'LinearNodeEmbeddingBlock',
    'LinearReadoutBlock',
    'NonLinearBiasReadoutBlock',
    'NonLinearReadoutBlock',
    'RadialEmbeddingBlock',
    'RealAgnosticAttResidualInteractionBlock',
    'RealAgnosticDensityInteractionBlock',
    'RealAgnosticDensityResidualInteractionBlock',
    'RealAgnosticInteractionBlock',
    'RealAgnosticResidualInteractionBlock',
    'RealAgnosticResidualNonLinearInteractionBlock',
    'ScaleShiftBlock',
  ],
  'mace.modules.radial': ['AgnesiTransform', 'BesselBasis', 'ChebychevBasis', 'GaussianBasis', 'PolynomialCutoff', 'RadialMLP', 'SoftTransform', 'ZBLBasis'],
  'mace.modules.embeddings': ['GenericJointEmbedding'],
  'mace.modules.gate': ['GatedEquivariantBlock'],
  'mace.modules.irreps_tools': ['reshape_irreps'],
  'mace.modules.symmetric_contraction': ['Contraction', 'SymmetricContraction'],
  'mace.modules.wrapper_ops': ['CuEquivarianceConfig', 'OEQConfig'],
  'e3nn.o3._irreps': ['Irrep', 'Irreps', '_MulIr'],
  'e3nn.o3._linear': ['Instruction', 'Linear'],
  'e3nn.o3._spherical_harmonics': ['SphericalHarmonics'],
  'e3nn.o3._tensor_product._instruction': ['Instruction'],
  'e3nn.o3._tensor_product._sub': ['ElementwiseTensorProduct', 'FullyConnectedTensorProduct'],
  'e3nn.o3._tensor_product._tensor_product': ['TensorProduct'],
  'e3nn.math._normalize_activation': ['normalize2mom'],
  'e3nn.nn._activation': ['Activation'],
  'e3nn.nn._extract': ['Extract'],
  'e3nn.nn._fc': ['FullyConnectedNet', '_Layer'],
  'e3nn.nn._gate': ['Gate', '_Sortcut'],
}

/** @throws {FormatError} with the remedy for files of kinds that are known and not read here. */
export const maceGlobals: GlobalTable = (module, name) => {
  if (classes[module]?.includes(name) === true) return { kind: 'class' }
  if (/^cuequivariance(?:_|\.|$)/.test(module))
    throw new FormatError(
      `model: the file holds cuEquivariance layers (${module}.${name}); convert it to the e3nn format with mace's command mace_cueq_to_e3nn, or train without --only_cueq`,
    )
  if (/^openequivariance(?:_|\.|$)/.test(module))
    throw new FormatError(`model: the file holds OpenEquivariance layers (${module}.${name}); convert it to the e3nn format with mace's command mace_oeq_to_e3nn`)
  if (/^(?:__torch__|torch\.jit|torch\._C\._jit)/.test(module))
    throw new FormatError(`model: the file holds compiled TorchScript (${module}.${name}); use the .model file that mace_run_train wrote`)
  if (module.startsWith('mace.calculators.'))
    throw new FormatError(`model: the file holds a wrapper for another program (${module}.${name}); use the .model file that it was made from`)
  if (module.startsWith('mace.modules.'))
    throw new FormatError(`model: ${module}.${name} is not a part of the energy models that are read here, MACE and ScaleShiftMACE`)
  return undefined
}
