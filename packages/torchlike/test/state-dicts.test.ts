import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { FormatError, InputError, Irreps, type GroupName } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as cuet from '../src/index.ts'
import { expectClose, given, random } from './support/numbers.ts'

interface Case {
  readonly name: string
  readonly arguments: { readonly layout?: 'mul_ir' | 'ir_mul'; readonly originalMace?: boolean }
  readonly inputs: readonly { readonly shape: readonly number[]; readonly indices?: readonly number[] }[]
  readonly output: { readonly shape: readonly number[]; readonly data: readonly number[] }
}

const file = (name: string) => gunzipSync(readFileSync(new URL(`fixtures/${name}.gz`, import.meta.url)))
const cases = JSON.parse(file('state-dicts.json').toString()) as readonly Case[]

const [A, B, C] = ['3x0e + 2x1o + 1x2e', '2x0e + 1x1o', '4x0e + 1x1o + 2x1e + 1x2e'] as const
const [features, target] = ['3x0e + 3x1o + 3x2e', '3x0e + 3x1o'] as const
const float64 = { dtype: 'float64' } as const

type Evaluated = readonly [module: cuet.Module, forward: (...inputs: readonly cuet.Tensor[]) => cuet.Tensor]

/** The layer of the script, under the same names. */
class MessageLayer extends cuet.Module {
  readonly #common = { layout: 'ir_mul', ...float64 } as const
  readonly #irreps = new Irreps('O3', '3x0e + 3x1o')
  readonly up = new cuet.Linear({ ...this.#common, irrepsIn: this.#irreps, irrepsOut: this.#irreps })
  readonly harmonics = new cuet.SphericalHarmonics({ ls: [0, 1], ...float64 })
  readonly tp = new cuet.ChannelWiseTensorProduct({ ...this.#common, irrepsIn1: this.#irreps, irrepsIn2: '0e + 1o', filterIrrepsOut: this.#irreps, sharedWeights: false })
  readonly down = new cuet.Linear({ ...this.#common, irrepsIn: this.tp.irrepsOut, irrepsOut: this.#irreps })
  readonly contraction = new cuet.SymmetricContraction({
    ...this.#common, irrepsIn: this.#irreps, irrepsOut: this.#irreps, contractionDegree: 2, numElements: 2, originalMace: true,
  })
  readonly skip = new cuet.FullyConnectedTensorProduct({ ...this.#common, irrepsIn1: this.#irreps, irrepsIn2: '2x0e', irrepsOut: this.#irreps })
  readonly radial = new cuet.Sequential(new cuet.nn.Linear(2, 4, float64), new cuet.nn.Activation('silu'), new cuet.nn.Linear(4, this.tp.weightNumel, float64))

  forward(x: cuet.Tensor, vectors: cuet.Tensor, lengths: cuet.Tensor): cuet.Tensor {
    const [senders, receivers, species] = [[0, 1, 2, 0], [1, 0, 1, 2], [0, 1, 0]].map((own) => cuet.tensor(own, { dtype: 'int32' }))
    const edges = { indices1: given(senders), indicesOut: given(receivers), sizeOut: 3 }
    const messages = this.tp.forward(this.up.forward(x), this.harmonics.forward(vectors), this.radial.forward(lengths), edges)
    const contracted = this.contraction.forward(this.down.forward(messages), given(species))
    return contracted.add(this.skip.forward(x, cuet.oneHot(given(species), 2, 'float64')))
  }
}

/** A module and how it is called, by the name of the file. */
function moduleFor({ name, arguments: { layout = 'mul_ir', originalMace = false } }: Case): Evaluated {
  const group: GroupName = name.startsWith('e3nn') ? 'O3E3nn' : 'O3'
  const [a, b, c, wide, narrow] = [A, B, C, features, target].map((text) => new Irreps(group, text)) as [Irreps, Irreps, Irreps, Irreps, Irreps]
  const common = { layout, ...float64 }
  const chain = (module: cuet.Layer): Evaluated => [module, (x) => module.forward(given(x))]
  const kind = name.replace(/^(cuet|e3nn|torch)_/, '').replace(/_(mul_ir|ir_mul).*$/, '')
  switch (kind) {
    case 'linear':
      return name.startsWith('torch') ? chain(new cuet.nn.Linear(3, 4, float64)) : chain(new cuet.Linear({ ...common, irrepsIn: a, irrepsOut: c }))
    case 'linear_classes': {
      const linear = new cuet.Linear({ ...common, irrepsIn: a, irrepsOut: c, weightClasses: 3 })
      return [linear, (x, weightIndices) => linear.forward(given(x), { weightIndices: given(weightIndices) })]
    }
    case 'fully_connected': {
      const product = new cuet.FullyConnectedTensorProduct({ ...common, irrepsIn1: a, irrepsIn2: b, irrepsOut: c })
      return [product, (x, y) => product.forward(given(x), given(y))]
    }
    case 'channel_wise': {
      const product = new cuet.ChannelWiseTensorProduct({ ...common, irrepsIn1: a, irrepsIn2: b, filterIrrepsOut: c })
      return [product, (x, y) => product.forward(given(x), given(y))]
    }
    case 'symmetric_contraction': {
      const contraction = new cuet.SymmetricContraction({ ...common, irrepsIn: wide, irrepsOut: narrow, contractionDegree: 2, numElements: 2, originalMace })
      return [contraction, (x, i) => contraction.forward(given(x), given(i))]
    }
    case 'batch_norm':
      return chain(new cuet.layers.BatchNorm({ ...common, irreps: a }))
    case 'conv': {
      const conv = new cuet.layers.FullyConnectedTensorProductConv({ ...common, irrepsIn: b, irrepsSh: '0e + 1o', irrepsOut: b, mlpChannels: [4, 5] })
      const indices = (...values: number[]) => cuet.tensor(values, { dtype: 'int32' })
      const graph = { sources: indices(0, 1, 2, 2, 0), destinations: indices(1, 1, 0, 2, 2), numDestinations: 3 }
      return [conv, (x, sh, e) => conv.forward(given(x), given(sh), given(e), graph)]
    }
    case 'harmonics':
      return chain(new cuet.SphericalHarmonics({ ls: [0, 1, 2], ...float64 }))
    case 'rotation': {
      const rotation = new cuet.Rotation({ ...common, irreps: a })
      return [rotation, (gamma, beta, alpha, x) => rotation.forward(given(gamma), given(beta), given(alpha), given(x))]
    }
    case 'inversion':
      return chain(new cuet.Inversion({ ...common, irreps: a }))
    case 'layer': {
      const layer = new MessageLayer()
      return [layer, (x, vectors, lengths) => layer.forward(given(x), given(vectors), given(lengths))]
    }
    case 'gate':
      return chain(new cuet.nn.Gate({ scalars: new Irreps('O3E3nn', '2x0e'), gated: new Irreps('O3E3nn', '2x1o + 1x2e') }))
    case 'norm_activation':
      return chain(new cuet.nn.NormActivation({ irreps: new Irreps('O3E3nn', '2x0e + 2x1o'), activation: 'silu', bias: true, ...float64 }))
    case 'mlp':
      return chain(new cuet.nn.MLP([3, 8, 5], float64))
    case 'layer_norm':
      return chain(new cuet.nn.LayerNorm(5, float64))
    case 'embedding':
      return chain(new cuet.nn.Embedding(4, 3, float64))
    case 'sequential':
      return chain(new cuet.Sequential(new cuet.nn.Linear(3, 4, float64), new cuet.nn.Activation('gelu'), new cuet.nn.Linear(4, 2, float64)))
    case 'bfloat16':
      return chain(new cuet.nn.Linear(2, 2, float64))
    default:
      throw new Error(`no module for ${name}`)
  }
}

/** Inputs of the script: sin(0.7 (i + 1) + k), or indices. */
function inputsOf({ inputs }: Case): cuet.Tensor[] {
  return inputs.map(({ shape, indices }, k) => {
    if (indices) return cuet.tensor([...indices], { shape, dtype: 'int32' })
    const size = shape.reduce((x, y) => x * y, 1)
    return cuet.tensor(Float64Array.from({ length: size }, (_, i) => Math.sin(0.7 * (i + 1) + k)), { shape })
  })
}

describe('a state dictionary that torch saved', () => {
  test.each(cases.map((one) => [one.name, one] as const))('%s gives the outputs of its module', async (name, one) => {
    const [module, forward] = moduleFor(one)
    const state = cuet.load(file(`state-dicts/${name}.pt`))
    module.loadStateDict(state)
    module.eval()
    const y = forward(...inputsOf(one))
    expect(y.shape).toEqual(one.output.shape)
    expectClose(await y.data(), one.output.data)
    const again = cuet.load(await cuet.save(module.stateDict()))
    expect([...again.keys()]).toEqual(expect.arrayContaining([...module.stateDict().keys()]))
    for (const [key, x] of module.stateDict()) expect(await again.get(key)?.data()).toEqual(await x.data())
  })

  test('of another module is refused with every name, and changes nothing', async () => {
    const linear = new cuet.nn.Linear(3, 4, float64)
    const before = await linear.weight.data()
    const state = cuet.load(file('state-dicts/torch_sequential.pt'))
    expect(() => linear.loadStateDict(state)).toThrow(/missing: weight, bias; unknown: 0\.weight, 0\.bias, 2\.weight, 2\.bias/)
    expect(await linear.weight.data()).toEqual(before)
  })

  test('that is cut off, or a whole module, is refused', () => {
    const bytes = file('state-dicts/torch_linear.pt')
    expect(() => cuet.load(bytes.subarray(0, bytes.length - 40))).toThrow(FormatError)
    expect(() => cuet.load(new Uint8Array(100))).toThrow(FormatError)
  })
})

describe('a checkpoint', () => {
  test('gives back what it was made of, bit by bit', async () => {
    const model = new cuet.Sequential(new cuet.nn.Linear(2, 3, float64), new cuet.nn.Linear(3, 1))
    const optimizer = new cuet.Adam(model.parameters(), { lr: 0.1 })
    for (const parameter of model.parameters()) parameter.grad = cuet.ones(parameter.shape, { dtype: 'float64' }).to(parameter.dtype)
    optimizer.step()
    const tree = { model: model.stateDict(), optimizer: optimizer.stateDict(), numbers: [1, -0, Number.NaN, -Infinity, 0.1], text: 'ü', flag: true, nothing: null, '__proto__x': {} }
    const bytes = await cuet.saveCheckpoint(tree)
    const again = cuet.loadCheckpoint(bytes) as typeof tree
    expect(again.numbers).toEqual(tree.numbers)
    expect([again.text, again.flag, again.nothing]).toEqual(['ü', true, null])
    const other = new cuet.Sequential(new cuet.nn.Linear(2, 3, float64), new cuet.nn.Linear(3, 1))
    const resumed = new cuet.Adam(other.parameters())
    other.loadStateDict(again.model)
    resumed.loadStateDict(again.optimizer)
    expect(await cuet.saveCheckpoint({ ...tree, model: other.stateDict(), optimizer: resumed.stateDict() })).toEqual(bytes)
  })

  test('holds tensors and plain values alone', async () => {
    await expect(cuet.saveCheckpoint({ when: new Date(0) })).rejects.toThrow(/when is an object of class Date/)
    await expect(cuet.saveCheckpoint({ f: () => 1 })).rejects.toThrow(InputError)
    await expect(cuet.saveCheckpoint({ map: new Map([[{}, 1]]) })).rejects.toThrow(/a key of the map map is object/)
    await expect(cuet.save(new Map([['key', cuet.tensor([1], { dtype: 'uint32' })]]))).rejects.toThrow(/'key' is .*uint32/)
    const state = await cuet.save(new Map([['x', random([2], 1)]]))
    expect(() => cuet.loadCheckpoint(state)).toThrow(/not written by saveCheckpoint/)
  })

  test.each([
    ['["tensor", "y"]', /not understood/],
    ['{"a": 1}', /an object that saveCheckpoint does not write/],
    ['["map", [null, 1]]', /an entry without a name/],
    ['[', /not JSON/],
    ['["list", '.repeat(80) + '1' + ']'.repeat(80), /levels deep/],
  ])('that says %s is refused', async (structure, message) => {
    const bytes = await cuet.save(new Map([['x', random([2], 1)]]), new Map([['equivar.checkpoint', structure]]))
    expect(() => cuet.loadCheckpoint(bytes)).toThrow(FormatError)
    expect(() => cuet.loadCheckpoint(bytes)).toThrow(message)
  })
})
