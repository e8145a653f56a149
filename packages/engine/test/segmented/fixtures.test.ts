import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import * as cue from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { expectClose, expectNoLeaks, read, scoped } from '../support/numbers.ts'

interface Tensor {
  readonly shape: readonly number[]
  readonly data: readonly number[]
}

interface Case {
  readonly op: string
  readonly args: {
    readonly group?: cue.GroupName
    readonly layout?: 'ir_mul' | 'mul_ir'
    readonly irrepsIn?: string
    readonly irrepsIn1?: string
    readonly irrepsIn2?: string
    readonly irrepsOut?: string
    readonly filterIrrepsOut?: string
    readonly contractionDegree?: number
    readonly numElements?: number
    readonly sizeOut?: number
    readonly ls?: readonly number[]
  }
  readonly inputs: Readonly<Record<string, Tensor>>
  readonly differentiated: readonly string[]
  readonly output: Tensor
  readonly cotangent: Tensor
  readonly gradients: readonly Tensor[]
  readonly double_gradients: readonly Tensor[]
}

const file = new URL('../fixtures/modules.json.gz', import.meta.url)
const { cases } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as { readonly cases: readonly Case[] }

type Inputs = Readonly<Record<string, eq.NDArray>>

/** Same elements with every segment transposed: mul × dim and back. */
function swapLayout(x: eq.NDArray, irreps: cue.Irreps, from: 'mul_ir' | 'ir_mul'): eq.NDArray {
  const rows = x.shape[0] ?? 0
  const blocks = [...irreps].map(({ mul, ir }) => ({ mul, dim: ir.dim }))
  const parts = eq.split(
    x,
    blocks.map(({ mul, dim }) => mul * dim),
    1,
  )
  return eq.concatenate(
    blocks.map(({ mul, dim }, i) => {
      const block = eq.reshape(parts[i] ?? x, from === 'mul_ir' ? [rows, mul, dim] : [rows, dim, mul])
      return eq.reshape(eq.transpose(block), [rows, mul * dim])
    }),
    1,
  )
}

function input(inputs: Inputs, name: string): eq.NDArray {
  const x = inputs[name]
  if (!x) throw new Error(`the case has no input ${name}`)
  return x
}

/** Descriptors are written in ir_mul; other layouts are changed before and after. */
function run({ op, args }: Case, inputs: Inputs): eq.NDArray {
  const irreps = (text: string | undefined) => new cue.Irreps(cue.groupByName(args.group ?? 'O3'), text ?? '')
  const toIrMul = (x: eq.NDArray, own: cue.Irreps) => (args.layout === 'mul_ir' ? swapLayout(x, own, 'mul_ir') : x)
  const fromIrMul = (x: eq.NDArray, own: cue.Irreps) => (args.layout === 'mul_ir' ? swapLayout(x, own, 'ir_mul') : x)
  const only = (list: readonly eq.NDArray[]) => list[0] ?? input(inputs, 'result')
  switch (op.split('/')[0]) {
    case 'Linear': {
      const e = cue.descriptors.linear(irreps(args.irrepsIn), irreps(args.irrepsOut))
      const x = toIrMul(input(inputs, 'x'), irreps(args.irrepsIn))
      return fromIrMul(only(eq.segmentedPolynomial(e.polynomial, [input(inputs, 'weight'), x])), irreps(args.irrepsOut))
    }
    case 'FullyConnectedTensorProduct': {
      const e = cue.descriptors.fullyConnectedTensorProduct(irreps(args.irrepsIn1), irreps(args.irrepsIn2), irreps(args.irrepsOut))
      const [x1, x2] = [toIrMul(input(inputs, 'x1'), irreps(args.irrepsIn1)), toIrMul(input(inputs, 'x2'), irreps(args.irrepsIn2))]
      return fromIrMul(only(eq.segmentedPolynomial(e.polynomial, [input(inputs, 'weight'), x1, x2])), irreps(args.irrepsOut))
    }
    case 'ChannelWiseTensorProduct': {
      const e = cue.descriptors.channelwiseTensorProduct(irreps(args.irrepsIn1), irreps(args.irrepsIn2), irreps(args.filterIrrepsOut))
      const [x1, x2] = [toIrMul(input(inputs, 'x1'), irreps(args.irrepsIn1)), toIrMul(input(inputs, 'x2'), irreps(args.irrepsIn2))]
      const first = inputs['indices1'] ? { array: x1, indices: inputs['indices1'] } : x1
      const outputs = inputs['indicesOut'] ? [{ indices: inputs['indicesOut'], rows: args.sizeOut ?? 0 }] : (['batched'] as const)
      return fromIrMul(only(eq.segmentedPolynomial(e.polynomial, [input(inputs, 'weight'), first, x2], { outputs })), irreps(args.irrepsOut))
    }
    case 'SphericalHarmonics': {
      const e = cue.descriptors.sphericalHarmonics(new cue.SO3(1), args.ls ?? [])
      const vectors = input(inputs, 'vectors')
      const unit = eq.div(vectors, eq.norm(vectors, { axes: -1, keepDims: true }))
      return only(eq.segmentedPolynomial(e.polynomial, [unit]))
    }
    case 'SymmetricContraction': {
      const degrees = Array.from({ length: args.contractionDegree ?? 0 }, (_, i) => i + 1)
      const [e, projection] = cue.experimental.mace.symmetricContraction(irreps(args.irrepsIn), irreps(args.irrepsOut), degrees)
      const weight = input(inputs, 'weight')
      const p = eq.array(projection.data, { shape: projection.shape })
      const projected = eq.reshape(eq.einsum('zau,ab->zbu', weight, p), [weight.shape[0] ?? 0, -1])
      const x = toIrMul(input(inputs, 'x'), irreps(args.irrepsIn))
      return fromIrMul(
        only(eq.segmentedPolynomial(e.polynomial, [{ array: projected, indices: input(inputs, 'indices') }, x])),
        irreps(args.irrepsOut),
      )
    }
    default:
      throw new Error(`unknown operation ${op}`)
  }
}

describe('operations of the reference: outputs, first and second gradients', () => {
  expectNoLeaks()
  for (const [i, example] of cases.entries()) {
    const { op, args } = example
    test(
      `${op} ${i}, ${args.group ?? ''} ${args.layout ?? ''}${args.sizeOut === undefined ? '' : ' gathered and scattered'}`,
      scoped(() => {
        const inputs: Record<string, eq.NDArray> = {}
        for (const [name, { shape, data }] of Object.entries(example.inputs)) {
          const isIndex = name.startsWith('indices')
          const x = eq.array([...data], { shape, dtype: isIndex ? 'int64' : 'float64' })
          inputs[name] = isIndex ? x : eq.track(x)
        }
        const variables = example.differentiated.map((name) => input(inputs, name))
        const y = run(example, inputs)
        expect(y.shape).toEqual(example.output.shape)
        expectClose(read(y), example.output.data)
        const cotangents = eq.array([...example.cotangent.data], { shape: example.cotangent.shape, dtype: 'float64' })
        const gradients = eq.grad(y, variables, { cotangents, createGraph: true })
        for (const [k, gradient] of gradients.entries()) expectClose(read(gradient), example.gradients[k]?.data ?? [])
        const squares = gradients.map((gradient) => eq.sum(eq.square(gradient)))
        const second = eq.grad(squares, variables)
        for (const [k, gradient] of second.entries()) expectClose(read(gradient), example.double_gradients[k]?.data ?? [])
      }),
    )
  }
})
