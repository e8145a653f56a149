import { FormatError } from '@equivar/core'
import { dimension, formatIrreps, numIrreps, sameIrrep, sameIrreps, simplify, sortIrreps, type FileIrrep, type FileIrreps } from '../irreps.ts'
import { checkInstructions, type ExpectedInstruction } from './instructions.ts'
import { checkMask } from './linear.ts'
import type { ModuleReader } from './module-reader.ts'

/** Both parities of every degree that is understood, and some to spare. */
const maxBlocks = 64
const instructionType = 'e3nn.o3._tensor_product._instruction.Instruction'

/**
 * The convolution's tensor product, mode uvu: every pair of input blocks and every coupled irrep in the target makes one
 * path, with an output block of its own; paths are sorted by output irrep. Path weight `√(2 l_out + 1)`.
 *
 * @returns the number of weights of one edge, and the irreps of the unsimplified output.
 */
export function readConvolution(module: ModuleReader, node: FileIrreps, edge: FileIrreps, target: FileIrreps): ReadConvolution {
  module.expectClass('e3nn.o3._tensor_product._tensor_product.TensorProduct')
  const { paths, output } = convolutionPaths(node, edge, target)
  readShared(module, node, edge, false)
  const stored = module.irreps('irreps_out')
  if (!sameIrreps(stored, output)) module.fail(`irreps are '${formatIrreps(stored)}', '${formatIrreps(output)}' fit the model`, 'irreps_out')
  checkInstructions(
    module,
    instructionType,
    paths.map(({ i, j, k, mul, l }) => ({ fields: [i, j, k, 'uvu', true], shapeFirst: false, shape: [mul, 1], weight: Math.sqrt(2 * l + 1) })),
  )
  const numWeights = paths.reduce((sum, { mul }) => sum + mul, 0)
  module.expect('weight_numel', numWeights)
  module.expectEmptyTensor('weight')
  checkMask(module, output)
  module.close()
  return { numWeights, output }
}

interface ReadConvolution {
  readonly numWeights: number
  readonly output: FileIrreps
}

interface ConvolutionPaths {
  readonly paths: readonly ConvolutionPath[]
  readonly output: FileIrreps
}

interface ConvolutionPath {
  readonly i: number
  readonly j: number
  readonly k: number
  readonly mul: number
  readonly l: number
}

/** Paths of `node ⊗ edge → target` in the order of their weights. */
export function convolutionPaths(node: FileIrreps, edge: FileIrreps, target: FileIrreps): ConvolutionPaths {
  if (node.length > maxBlocks) throw new FormatError(`model: '${formatIrreps(node).slice(0, 60)}…' has ${node.length} irreps, at most ${maxBlocks} are understood`)
  const wanted = new Set(target.map(({ l, p }) => p * (l + 1)))
  const found: { readonly i: number; readonly j: number; readonly out: FileIrrep }[] = []
  for (const [i, a] of node.entries())
    for (const [j, b] of edge.entries())
      for (let l = Math.abs(a.l - b.l); l <= a.l + b.l; l++) {
        const out: FileIrrep = { mul: a.mul, l, p: a.p === b.p ? 1 : -1 }
        if (wanted.has(out.p * (out.l + 1))) found.push({ i, j, out })
      }
  const { sorted, origins } = sortIrreps(found.map(({ out }) => out))
  const paths = origins.flatMap((origin, k) => {
    const path = found[origin]
    return path ? [{ i: path.i, j: path.j, k, mul: path.out.mul, l: path.out.l }] : []
  })
  return { paths, output: sorted }
}

/**
 * Fully connected product with the species, mode uvw: `out_w = c Σ_u W[u, species, w] x_u`. With e3nn's coefficient for
 * a scalar second factor, path weight `√((2l+1) / Σ mul_in · n)` before the 3j symbol's `1/√(2l+1)`.
 */
export function readSpeciesProduct(module: ModuleReader, input: FileIrreps, species: FileIrreps, output: FileIrreps): void {
  module.expectClass('e3nn.o3._tensor_product._sub.FullyConnectedTensorProduct')
  readShared(module, input, species, true)
  const stored = module.irreps('irreps_out')
  if (!sameIrreps(simplify(stored), simplify(output))) module.fail(`irreps are '${formatIrreps(stored)}', '${formatIrreps(output)}' fit the model`, 'irreps_out')
  const numSpecies = numIrreps(species)
  checkInstructions(module, instructionType, speciesInstructions(input, numSpecies, stored))
  let numWeights = 0
  for (const from of input) for (const to of stored) if (sameIrrep(from, to)) numWeights += from.mul * numSpecies * to.mul
  module.expect('weight_numel', numWeights)
  module.keep('weight', [numWeights])
  checkMask(module, stored)
  module.close()
}

function* speciesInstructions(input: FileIrreps, numSpecies: number, output: FileIrreps): Generator<ExpectedInstruction> {
  const fanIn = output.map((to) => input.reduce((sum, from) => sum + (sameIrrep(from, to) ? from.mul * numSpecies : 0), 0))
  for (const [i, from] of input.entries())
    for (const [k, to] of output.entries())
      if (sameIrrep(from, to))
        yield { fields: [i, 0, k, 'uvw', true], shapeFirst: false, shape: [from.mul, numSpecies, to.mul], weight: Math.sqrt((2 * to.l + 1) / (fanIn[k] ?? 1)) }
}

/** Element-wise product of gated features and gates, mode uuu: path weight `√(2l+1)` undoes the 3j symbol's `1/√(2l+1)`. */
export function readGateProduct(module: ModuleReader, gated: FileIrreps, gates: FileIrreps): void {
  module.expectClass('e3nn.o3._tensor_product._sub.ElementwiseTensorProduct')
  module.ignore('irreps_in1', 'irreps_in2', 'irreps_out')
  readShared(module, gated, gates, undefined)
  module.expectIrreps('irreps_out', gated)
  checkInstructions(
    module,
    instructionType,
    gated.map(({ mul, l }, k) => ({ fields: [k, k, k, 'uuu', false], shapeFirst: false, shape: [mul], weight: Math.sqrt(2 * l + 1) })),
  )
  module.expect('weight_numel', 0)
  module.expectEmptyTensor('weight')
  checkMask(module, gated)
  module.close()
}

function readShared(module: ModuleReader, first: FileIrreps, second: FileIrreps, ownWeights: boolean | undefined): void {
  module.ignore('_specialized_code', '_optimize_einsums', '__codegen__', '_profiling_str', 'internal_weights', 'shared_weights')
  module.expectIrreps('irreps_in1', first)
  module.expectIrreps('irreps_in2', second)
  module.expect('_in1_dim', dimension(first))
  module.expect('_in2_dim', dimension(second))
  if (ownWeights === undefined) return
  module.expect('internal_weights', ownWeights)
  module.expect('shared_weights', ownWeights)
}
