import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { Irreps, type GroupName } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as cuet from '../../src/index.ts'
import { expectClose, given } from '../support/numbers.ts'

interface Numbers {
  readonly shape: readonly number[]
  readonly data: readonly number[]
}

interface Case {
  readonly op: string
  readonly args: {
    readonly group?: GroupName
    readonly layout?: 'ir_mul' | 'mul_ir'
    readonly irrepsIn?: string
    readonly irrepsIn1?: string
    readonly irrepsIn2?: string
    readonly irrepsOut?: string
    readonly filterIrrepsOut?: string
    readonly contractionDegree?: number
    readonly numElements?: number
    readonly originalMace?: boolean
    readonly sharedWeights?: boolean
    readonly weightNumel?: number
    readonly sizeOut?: number
    readonly ls?: readonly number[]
  }
  readonly inputs: Readonly<Record<string, Numbers>>
  readonly differentiated: readonly string[]
  readonly output: Numbers
  readonly cotangent: Numbers
  readonly gradients: readonly Numbers[]
  readonly double_gradients: readonly Numbers[]
}

// The reference's numbers that the engine is tested with too, and those that it is not.
const files = ['../../../engine/test/fixtures/modules.json.gz', '../fixtures/channel-wise.json.gz']
const read = (file: string) => JSON.parse(gunzipSync(readFileSync(new URL(file, import.meta.url))).toString()) as { readonly cases: readonly Case[] }
const cases = files.flatMap((file) => read(file).cases)

describe.each(cases.map((one, i) => [`${i} ${one.op} ${one.args.layout ?? ''} ${one.args.irrepsIn ?? one.args.irrepsIn1 ?? ''}`, one] as const))('%s', (_, one) => {
  const { args } = one
  const irreps = (text: string | undefined) => new Irreps(given(args.group, 'the group'), given(text, 'irreps'))
  const { layout = 'mul_ir' } = args
  const common = { layout, dtype: 'float64' } as const

  function module(inputs: Readonly<Record<string, cuet.Tensor>>): readonly [cuet.Module, () => cuet.Tensor] {
    const x = (name: string) => given(inputs[name], name)
    switch (one.op.split('/')[0]) {
      case 'Linear': {
        const classes = x('weight').shape[0] ?? 1
        const own = 'weight_indices' in inputs || 'weightIndices' in inputs ? classes : 1
        const indices = inputs.weightIndices ?? inputs.weight_indices
        const shared = own > 1 || classes === 1
        const linear = new cuet.Linear({
          ...common,
          irrepsIn: irreps(args.irrepsIn),
          irrepsOut: irreps(args.irrepsOut),
          weightClasses: own,
          sharedWeights: shared,
          internalWeights: false,
        })
        return [linear, () => linear.forward(x('x'), x('weight'), indices ? { weightIndices: indices } : {})]
      }
      case 'FullyConnectedTensorProduct': {
        const shared = x('weight').shape[0] === 1
        const product = new cuet.FullyConnectedTensorProduct({
          ...common,
          irrepsIn1: irreps(args.irrepsIn1),
          irrepsIn2: irreps(args.irrepsIn2),
          irrepsOut: irreps(args.irrepsOut),
          sharedWeights: shared,
          internalWeights: false,
        })
        return [product, () => product.forward(x('x1'), x('x2'), x('weight'))]
      }
      case 'ChannelWiseTensorProduct': {
        const product = new cuet.ChannelWiseTensorProduct({
          ...common,
          irrepsIn1: irreps(args.irrepsIn1),
          irrepsIn2: irreps(args.irrepsIn2),
          ...(args.filterIrrepsOut === undefined ? {} : { filterIrrepsOut: irreps(args.filterIrrepsOut) }),
          sharedWeights: args.sharedWeights ?? false,
          internalWeights: false,
        })
        if (args.irrepsOut !== undefined) expect(product.irrepsOut.toString()).toBe(args.irrepsOut)
        if (args.weightNumel !== undefined) expect(product.weightNumel).toBe(args.weightNumel)
        const { indices1, indices2, indicesOut } = inputs
        const call = {
          ...(indices1 ? { indices1 } : {}),
          ...(indices2 ? { indices2 } : {}),
          ...(indicesOut ? { indicesOut, sizeOut: args.sizeOut ?? one.output.shape[0] ?? 0 } : {}),
        }
        return [product, () => product.forward(x('x1'), x('x2'), x('weight'), call)]
      }
      case 'SymmetricContraction': {
        const contraction = new cuet.SymmetricContraction({
          ...common,
          irrepsIn: irreps(args.irrepsIn),
          irrepsOut: irreps(args.irrepsOut),
          contractionDegree: given(args.contractionDegree),
          numElements: given(args.numElements),
          originalMace: args.originalMace ?? false,
        })
        contraction.loadStateDict(new Map([['weight', x('weight')]]), { strict: false })
        return [contraction, () => contraction.forward(x('x'), x('indices'))]
      }
      case 'SphericalHarmonics': {
        const harmonics = new cuet.SphericalHarmonics({ ls: given(args.ls), dtype: 'float64' })
        return [harmonics, () => harmonics.forward(x('vectors'))]
      }
      default:
        throw new Error(`no module for ${one.op}`)
    }
  }

  test('gives the outputs, gradients and second gradients of the reference', async () => {
    const inputs = Object.fromEntries(
      Object.entries(one.inputs).map(([name, { shape, data }]) => {
        const isIndex = name.toLowerCase().includes('indices')
        return [name, cuet.tensor([...data], { shape, dtype: isIndex ? 'int32' : 'float64', requiresGrad: one.differentiated.includes(name) })]
      }),
    )
    const [own, forward] = module(inputs)
    const parameters = new Map(own.namedParameters())
    const output = forward()
    expect(output.shape).toEqual(one.output.shape)
    expectClose(await output.data(), one.output.data)
    const wanted = one.differentiated.map((name) => parameters.get(name) ?? given(inputs[name], name))
    const cotangent = cuet.tensor([...one.cotangent.data], { shape: one.cotangent.shape, dtype: 'float64' })
    const gradients = cuet.grad(output, wanted, { gradOutputs: cotangent, createGraph: true })
    for (const [i, gradient] of gradients.entries()) expectClose(await gradient.data(), given(one.gradients[i]).data)
    const total = gradients.map((gradient) => gradient.square().sum()).reduce((a, b) => a.add(b))
    total.backward()
    for (const [i, x] of wanted.entries()) expectClose(await given(x.grad).data(), given(one.double_gradients[i]).data)
  })
})
