import { dimension, formatIrreps, sameIrrep, sameIrreps, simplify, type FileIrreps } from '../irreps.ts'
import type { ModuleReader } from './module-reader.ts'
import { checkInstructions, type ExpectedInstruction } from './instructions.ts'

export interface LinearShape {
  readonly input: FileIrreps
  readonly output: FileIrreps
}

/**
 * e3nn's `o3.Linear`: `out_w = path_weight Σ_u W[u, w] x_u` for every pair of blocks of one irrep, input blocks outer,
 * `path_weight = 1/√(Σ mul_in into the output block)`; biases for the 0e blocks only.
 *
 * Irreps are compared simplified, because merging neighbours leaves both the flat weights and the normalisation as they
 * are, and versions of mace-torch differ in it.
 */
export function readLinear(module: ModuleReader, expected: Partial<LinearShape>, options: { readonly bias?: boolean } = {}): LinearShape {
  module.expectClass('e3nn.o3._linear.Linear')
  module.ignore('_optimize_einsums', '__codegen__', '_profiling_str')
  module.expect('internal_weights', true)
  module.expect('shared_weights', true)
  const input = checkIrreps(module, 'irreps_in', expected.input)
  const output = checkIrreps(module, 'irreps_out', expected.output)
  checkInstructions(module, 'e3nn.o3._linear.Instruction', linearInstructions(input, output, options.bias ?? false))
  const weights = numWeights(input, output)
  module.expect('weight_numel', weights)
  module.keep('weight', [weights])
  const biases = options.bias ? output.reduce((sum, { mul, l, p }) => sum + (l === 0 && p === 1 ? mul : 0), 0) : 0
  module.expect('bias_numel', biases)
  if (biases > 0) module.keep('bias', [biases])
  else module.expectEmptyTensor('bias')
  checkMask(module, output)
  module.close()
  return { input, output }
}

function checkIrreps(module: ModuleReader, name: string, expected: FileIrreps | undefined): FileIrreps {
  const found = module.irreps(name)
  if (expected && !sameIrreps(simplify(found), simplify(expected))) module.fail(`irreps are '${formatIrreps(found)}', '${formatIrreps(expected)}' fit the model`, name)
  return found
}

/** The mask of reachable outputs repeats the instructions. */
export function checkMask(module: ModuleReader, output: FileIrreps): void {
  const mask = module.optionalTensor('output_mask')
  if (mask && mask.data.length !== dimension(output)) module.fail(`tensor has shape [${mask.shape.join(', ')}], [${dimension(output)}] fits the model`, 'output_mask')
}

/** Σ mul_in · mul_out over the pairs of one irrep. */
export function numWeights(input: FileIrreps, output: FileIrreps): number {
  let sum = 0
  for (const from of input) for (const to of output) if (sameIrrep(from, to)) sum += from.mul * to.mul
  return sum
}

function* linearInstructions(input: FileIrreps, output: FileIrreps, bias: boolean): Generator<ExpectedInstruction> {
  const fanIn = output.map((to) => input.reduce((sum, from) => sum + (sameIrrep(from, to) ? from.mul : 0), 0))
  for (const [i, from] of input.entries())
    for (const [k, to] of output.entries())
      if (sameIrrep(from, to)) yield { fields: [i, k], shapeFirst: true, shape: [from.mul, to.mul], weight: 1 / Math.sqrt(fanIn[k] ?? 1) }
  if (!bias) return
  for (const [k, to] of output.entries()) if (to.l === 0 && to.p === 1) yield { fields: [-1, k], shapeFirst: true, shape: [to.mul], weight: 1 }
}
