import type { RadialDefinition } from '../../definition.ts'
import type { ModuleReader } from './module-reader.ts'

/** Numbers that follow from the cutoff are compared at the precision of float32. */
const tolerance = 1e-6

/** The radial embedding; `cutoff` is the r_max of the model. */
export function readRadialEmbedding(module: ModuleReader, cutoff: number): RadialDefinition {
  module.expectClass('mace.modules.blocks.RadialEmbeddingBlock')
  const applyCutoff = module.boolean('apply_cutoff', true)
  const cutoffOrder = readCutoff(module.child('cutoff_fn'), cutoff)
  const basis = readBasis(module.child('bessel_fn'), cutoff)
  module.expect('out_dim', basis.count)
  const transform = module.optionalChild('distance_transform')
  const definition = { basis, cutoffOrder, applyCutoff, transform: transform ? readTransform(transform) : null }
  module.close()
  return definition
}

/** Polynomial cutoff of order p; p is a float in older files. */
function readCutoff(module: ModuleReader, cutoff: number): number {
  module.expectClass('mace.modules.radial.PolynomialCutoff')
  expectClose(module, 'r_max', module.scalar('r_max'), cutoff)
  const order = readOrder(module)
  module.close()
  return order
}

function readOrder(module: ModuleReader): number {
  const order = module.scalar('p')
  return Number.isInteger(order) && order >= 1 && order <= 1000 ? order : module.fail(`order of the cutoff is ${order}, expected a positive integer`, 'p')
}

function readBasis(module: ModuleReader, cutoff: number): RadialDefinition['basis'] {
  module.expectClass('mace.modules.radial.BesselBasis', 'mace.modules.radial.GaussianBasis', 'mace.modules.radial.ChebychevBasis')
  const read = { BesselBasis: readBessel, GaussianBasis: readGaussian, ChebychevBasis: readChebyshev }[module.className]
  const basis = read?.(module, cutoff) ?? module.fail('unknown basis')
  module.close()
  return basis
}

function readBessel(module: ModuleReader, cutoff: number): RadialDefinition['basis'] {
  expectClose(module, 'r_max', module.scalar('r_max'), cutoff)
  module.keep('prefactor', [])
  return { kind: 'bessel', count: vectorLength(module, 'bessel_weights') }
}

function readGaussian(module: ModuleReader): RadialDefinition['basis'] {
  return { kind: 'gaussian', count: vectorLength(module, 'gaussian_weights'), coefficient: module.number('coeff') }
}

function readChebyshev(module: ModuleReader): RadialDefinition['basis'] {
  module.ignore('r_max')
  const count = module.integer('num_basis')
  const { data } = module.tensor('n')
  if (count < 1 || data.length !== count || [...data].some((n, k) => n !== k + 1)) module.fail(`orders are not 1 to ${count}`, 'n')
  return { kind: 'chebyshev', count }
}

function vectorLength(module: ModuleReader, name: string): number {
  const { shape } = module.keep(name)
  const [length = 0] = shape
  return shape.length === 1 && length >= 1 ? length : module.fail(`tensor has shape [${shape.join(', ')}], a vector is expected`, name)
}

function readTransform(module: ModuleReader): 'agnesi' | 'soft' {
  module.expectClass('mace.modules.radial.AgnesiTransform', 'mace.modules.radial.SoftTransform')
  const agnesi = module.className === 'AgnesiTransform'
  if (!agnesi && !module.has('alpha') && module.has('b')) module.fail('this is the Soft transform of mace-torch before 0.3.10, another formula, which is not read here')
  for (const name of agnesi ? ['q', 'p', 'a'] : ['alpha']) module.keep(name, [])
  module.keep('covalent_radii')
  module.close()
  return agnesi ? 'agnesi' : 'soft'
}

/** ZBL repulsion; older files repeat the cutoff in it, of which only the order is used. */
export function readPairRepulsion(module: ModuleReader): { readonly cutoffOrder: number } {
  module.expectClass('mace.modules.radial.ZBLBasis')
  const cutoffOrder = readOrder(module)
  module.keep('c', [4])
  for (const name of ['a_exp', 'a_prefactor']) module.keep(name, [])
  module.keep('covalent_radii')
  if (module.has('r_max')) module.scalar('r_max')
  const cutoff = module.optionalChild('cutoff')
  if (cutoff) {
    cutoff.expectClass('mace.modules.radial.PolynomialCutoff')
    cutoff.scalar('r_max')
    readOrder(cutoff)
    cutoff.close()
  }
  module.close()
  return { cutoffOrder }
}

function expectClose(module: ModuleReader, name: string, found: number, expected: number): void {
  if (!(Math.abs(found - expected) <= tolerance * Math.abs(expected))) module.fail(`is ${found}, the model's cutoff is ${expected}`, name)
}
