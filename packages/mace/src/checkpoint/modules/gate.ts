import type { ActivationDefinition, LayerDefinition } from '../../definition.ts'
import { dimension, formatIrreps, numIrreps, sameIrreps, simplify, sortIrreps, type FileIrreps } from '../irreps.ts'
import type { ModuleReader } from './module-reader.ts'
import { readNormalizedActivation } from './networks.ts'
import { readGateProduct } from './tensor-product.ts'
import { functionName, irrepsOf, sequence } from './values.ts'

type GateDefinition = NonNullable<LayerDefinition['interaction']['gate']>

/** Scalars of the target are activated, everything else is multiplied by an activated scalar of its own. */
export interface GateIrreps {
  readonly scalars: FileIrreps
  readonly gates: FileIrreps
  readonly gated: FileIrreps
  /** What goes in: all three, sorted and simplified. */
  readonly input: FileIrreps
}

export function gateIrreps(target: FileIrreps): GateIrreps {
  const scalars = target.filter(({ l }) => l === 0)
  const gated = target.filter(({ l }) => l > 0)
  const gates = simplify(gated.map(({ mul }) => ({ mul, l: 0, p: 1 as const })))
  return { scalars, gates, gated, input: simplify(sortIrreps([...scalars, ...gates, ...gated]).sorted) }
}

/** mace's own gate (0.3.16) or e3nn's (0.3.14 and 0.3.15), which do the same. */
export function readGate(module: ModuleReader, irreps: GateIrreps): GateDefinition {
  module.expectClass('mace.modules.gate.GatedEquivariantBlock', 'e3nn.nn._gate.Gate')
  // An odd scalar has no activation that keeps its parity, so the reference never builds such a gate.
  if (irreps.scalars.some(({ p }) => p === -1)) module.fail(`scalars '${formatIrreps(irreps.scalars)}' include odd ones, which cannot be activated`)
  for (const [name, part] of [['irreps_scalars', irreps.scalars], ['irreps_gates', irreps.gates], ['irreps_gated', irreps.gated], ['_irreps_in', irreps.input]] as const)
    expectSimplified(module, name, part)
  expectSimplified(module, '_irreps_out', [...irreps.scalars, ...irreps.gated])
  const activations = module.className === 'Gate' ? readE3nnGate(module, irreps) : readMaceGate(module, irreps)
  module.close()
  return {
    scalars: formatIrreps(irreps.scalars),
    gates: formatIrreps(irreps.gates),
    gated: formatIrreps(irreps.gated),
    ...activations,
  }
}

type GateActivations = Pick<GateDefinition, 'scalarActivation' | 'gateActivation'>

function readMaceGate(module: ModuleReader, { scalars, gates, gated }: GateIrreps): GateActivations {
  module.expect('_layout_is_ir_mul', false)
  module.expect('_s_start', 0)
  module.expect('_s_len', numIrreps(scalars))
  if (gates.length > 0) module.expect('_g_start', numIrreps(scalars))
  else module.ignore('_g_start')
  module.expect('_g_len', numIrreps(gates))
  checkSlices(module, numIrreps(scalars) + numIrreps(gates), gated)
  return {
    scalarActivation: readScaled(module, '_act_scalar', '_scalar_cst'),
    gateActivation: readScaled(module, '_act_gate', '_gate_cst'),
  }
}

/** Rows (start, length, 2l+1, mul, first gate) of the gated blocks. */
function checkSlices(module: ModuleReader, start: number, gated: FileIrreps): void {
  const rows = sequence(module.attribute('_gated_info'), module.where('_gated_info'))
  let gate = 0
  for (const [k, block] of gated.entries()) {
    const length = dimension([block])
    const expected = [start, length, 2 * block.l + 1, block.mul, gate]
    const found = sequence(rows[k], module.where('_gated_info'))
    if (found.length !== expected.length || expected.some((n, column) => found[column] !== n)) module.fail(`row ${k} differs from the irreps`, '_gated_info')
    start += length
    gate += block.mul
  }
  if (rows.length !== gated.length) module.fail(`${rows.length} rows for '${formatIrreps(gated)}'`, '_gated_info')
}

function readScaled(module: ModuleReader, name: string, scale: string): ActivationDefinition {
  const value = module.attribute(name)
  const factor = module.number(scale)
  if (value === null) return { name: 'identity', scale: 1 }
  return { name: functionName(value, module.where(name)), scale: factor }
}

function readE3nnGate(module: ModuleReader, { scalars, gates, gated, input }: GateIrreps): GateActivations {
  const shortcut = module.child('sc')
  shortcut.expectClass('e3nn.nn._gate._Sortcut')
  expectSimplified(shortcut, 'irreps_in', input)
  expectParts(shortcut, 'irreps_outs', [scalars, gates, gated])
  const cut = shortcut.child('cut')
  cut.expectClass('e3nn.nn._extract.Extract')
  cut.ignore('__codegen__')
  expectSimplified(cut, 'irreps_in', input)
  expectParts(cut, 'irreps_outs', [scalars, gates, gated])
  checkCuts(cut)
  cut.close()
  shortcut.close()
  readGateProduct(module.child('mul'), gated, module.child('mul').irreps('irreps_in2'))
  return {
    scalarActivation: readActivation(module.child('act_scalars'), scalars),
    gateActivation: readActivation(module.child('act_gates'), gates),
  }
}

/** Blocks of the input are dealt out in their order. */
function checkCuts(module: ModuleReader): void {
  const cuts = sequence(module.attribute('instructions'), module.where('instructions')).flatMap((cut) => sequence(cut, module.where('instructions')))
  if (cuts.some((index, k) => index !== k) || cuts.length !== module.irreps('irreps_in').length) module.fail('blocks are not dealt out in order, which is not understood', 'instructions')
}

function expectSimplified(module: ModuleReader, name: string, expected: FileIrreps): void {
  const found = module.irreps(name)
  if (!sameIrreps(simplify(found), simplify(expected))) module.fail(`irreps are '${formatIrreps(found)}', '${formatIrreps(expected)}' fit the model`, name)
}

function expectParts(module: ModuleReader, name: string, expected: readonly FileIrreps[]): void {
  const found = sequence(module.attribute(name), module.where(name)).map((part) => irrepsOf(part, module.where(name)))
  const fits = found.length === expected.length && found.every((part, k) => sameIrreps(simplify(part), simplify(expected[k] ?? [])))
  if (!fits) module.fail(`irreps are '${found.map(formatIrreps).join("', '")}', '${expected.map(formatIrreps).join("', '")}' fit the model`, name)
}

/** e3nn's Activation, one function for all blocks, which must be even scalars. */
export function readActivation(module: ModuleReader, irreps: FileIrreps): ActivationDefinition {
  module.expectClass('e3nn.nn._activation.Activation')
  expectSimplified(module, 'irreps_in', irreps)
  expectSimplified(module, 'irreps_out', irreps)
  const acts = module.child('acts')
  acts.expectClass('torch.nn.modules.container.ModuleList')
  const read = acts.moduleNames.map((name) => readNormalizedActivation(acts.child(name)))
  acts.close()
  module.close()
  // A block without a function is passed on; it has no entry among the submodules.
  const [first = { name: 'identity', scale: 1 } as const, ...others] = read
  if (others.some(({ name, scale }) => name !== first.name || scale !== first.scale) || (read.length > 0 && read.length !== module.irreps('irreps_in').length))
    module.fail('blocks differ in their activations, which is not understood', 'acts')
  return first
}
