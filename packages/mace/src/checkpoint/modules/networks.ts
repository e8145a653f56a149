import type { ActivationDefinition, RadialNetworkDefinition } from '../../definition.ts'
import type { ModuleReader } from './module-reader.ts'
import { functionName } from './values.ts'

const identity: ActivationDefinition = { name: 'identity', scale: 1 }
const silu: ActivationDefinition = { name: 'silu', scale: 1 }

/** Network from radial features to weights, of either kind; its first and last width must be the ones given. */
export function readRadialNetwork(module: ModuleReader, inputSize: number, outputSize: number): RadialNetworkDefinition {
  module.expectClass('e3nn.nn._fc.FullyConnectedNet', 'mace.modules.radial.RadialMLP')
  const sizes = module.integers('hs')
  if (sizes.length < 2 || sizes[0] !== inputSize || sizes.at(-1) !== outputSize)
    module.fail(`widths are [${sizes.join(', ')}], the model needs ${inputSize} at the start and ${outputSize} at the end`, 'hs')
  return module.className === 'RadialMLP' ? readLayerNormNetwork(module, sizes) : readFullyConnected(module, sizes)
}

/** e3nn's FullyConnectedNet: `x ← act(x · W/√fan_in)`, no activation after the last layer. */
function readFullyConnected(module: ModuleReader, sizes: readonly number[]): RadialNetworkDefinition {
  let activation: ActivationDefinition | undefined
  module.expectOrder(sizes.slice(1).map((_, k) => `layer${k}`))
  for (const [k, fanIn] of sizes.slice(0, -1).entries()) {
    const layer = module.child(`layer${k}`)
    const fanOut = sizes[k + 1] ?? 0
    layer.expectClass('e3nn.nn._fc._Layer')
    layer.ignore('_profiling_str')
    for (const [name, value] of [['h_in', fanIn], ['h_out', fanOut], ['var_in', 1], ['var_out', 1]] as const) layer.expect(name, value)
    layer.keep('weight', [fanIn, fanOut])
    layer.expect('act', null)
    const found = layer.optionalChild('act')
    const last = k === sizes.length - 2
    if (last !== (found === undefined)) layer.fail(last ? 'the last layer has an activation, which is not understood' : 'the activation is missing', 'act')
    if (found) {
      const next = readNormalizedActivation(found)
      if (activation && (activation.name !== next.name || activation.scale !== next.scale)) layer.fail('layers differ in their activations, which is not understood', 'act')
      activation = next
    }
    layer.close()
  }
  module.close()
  return { kind: 'fully_connected', sizes, activation: activation ?? identity }
}

/** mace's RadialMLP: Linear, LayerNorm and SiLU for each hidden layer, then Linear. */
function readLayerNormNetwork(module: ModuleReader, sizes: readonly number[]): RadialNetworkDefinition {
  const parts = module.list('net', 'torch.nn.modules.container.Sequential')
  if (parts.length !== 3 * (sizes.length - 2) + 1) module.fail(`${parts.length} parts do not make the widths [${sizes.join(', ')}]`, 'net')
  for (const [k, part] of parts.entries()) {
    const fanIn = sizes[Math.floor(k / 3)] ?? 0
    const fanOut = sizes[Math.floor(k / 3) + 1] ?? 0
    if (k % 3 === 0) readTorchLinear(part, fanIn, fanOut, true)
    else if (k % 3 === 1) readLayerNorm(part, fanOut)
    else readSilu(part)
  }
  module.close()
  return { kind: 'layer_norm_mlp', sizes, activation: silu }
}

/** torch's Linear: `y = x Wᵀ + b`. @returns whether it has a bias. */
export function readTorchLinear(module: ModuleReader, fanIn: number, fanOut: number, bias?: boolean): boolean {
  module.expectClass('torch.nn.modules.linear.Linear')
  module.expect('in_features', fanIn)
  module.expect('out_features', fanOut)
  module.keep('weight', [fanOut, fanIn])
  const has = module.has('bias')
  if (bias !== undefined && has !== bias) module.fail(`a bias is ${has ? 'not ' : ''}expected`, 'bias')
  if (has) module.keep('bias', [fanOut])
  module.close()
  return has
}

function readLayerNorm(module: ModuleReader, width: number): void {
  module.expectClass('torch.nn.modules.normalization.LayerNorm')
  if (module.integers('normalized_shape').join() !== String(width)) module.fail(`the width is not ${width}`, 'normalized_shape')
  module.expect('eps', 1e-5)
  module.expect('elementwise_affine', true)
  module.keep('weight', [width])
  module.keep('bias', [width])
  module.close()
}

export function readSilu(module: ModuleReader): void {
  module.expectClass('torch.nn.modules.activation.SiLU')
  module.ignore('inplace')
  module.close()
}

/** e3nn's normalize2mom: a function times the inverse root of its second moment, as stored. */
export function readNormalizedActivation(module: ModuleReader): ActivationDefinition {
  module.expectClass('e3nn.math._normalize_activation.normalize2mom')
  const name = functionName(module.attribute('f'), module.where('f'))
  const scale = module.number('cst')
  if (!(scale > 0)) module.fail(`the scale ${scale} is not positive`, 'cst')
  const isIdentity = module.boolean('_is_id', false)
  module.close()
  return { name, scale: isIdentity ? 1 : scale }
}
