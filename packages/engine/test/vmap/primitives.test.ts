import { descriptors, Irreps } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import type { ParamsOf, PrimitiveName } from '../../src/primitives/names.ts'
import type { AnyParams } from '../../src/primitives/rules.ts'
import { expectClose, expectNoLeaks, randomNumbers, read, scoped } from '../support/numbers.ts'

/** An input of one entry: shape, and integers below a number, booleans or key words instead of float64. */
interface Input {
  readonly shape: readonly number[]
  readonly below?: number
  readonly kind?: 'bool' | 'key'
}

interface Case<P extends PrimitiveName> {
  readonly inputs: readonly Input[]
  readonly params: ParamsOf<P>
  /** Inputs that are never mapped. */
  readonly shared?: readonly number[]
}

const one = { inputs: [{ shape: [2, 3] }], params: {} }
const two = [
  { inputs: [{ shape: [2, 3] }, { shape: [2, 3] }], params: {} },
  { inputs: [{ shape: [3] }, { shape: [2, 1] }], params: {} },
  { inputs: [{ shape: [2, 3] }, { shape: [] }], params: {} },
]
const booleans = [{ inputs: [{ shape: [3], kind: 'bool' as const }, { shape: [2, 3], kind: 'bool' as const }], params: {} }]

const conv = descriptors.channelwiseTensorProduct(new Irreps('O3', '4x0e + 4x1o'), new Irreps('O3', '0e + 1o'), new Irreps('O3', '0e + 1o')).squeezeModes().flattenCoefficientModes().polynomial
const [w, x, y] = conv.inputs.map(({ size }) => size)
const size = (n: number | undefined, rows: number): Input => ({ shape: [rows, n ?? 0] })

const cases: { readonly [P in PrimitiveName]: readonly Case<P>[] } = {
  identity: [one],
  stopGradient: [one],
  barrier: [one],
  neg: [one],
  sqrt: [one],
  exp: [one],
  expm1: [one],
  log: [one],
  log1p: [one],
  sin: [one],
  cos: [one],
  tanh: [one],
  sigmoid: [one],
  abs: [one],
  sign: [one],
  floor: [one],
  reciprocal: [one],
  square: [one],
  logicalNot: [{ inputs: [{ shape: [3], kind: 'bool' }], params: {} }],
  powConstant: [{ ...one, params: { exponent: 2.5 } }],
  cast: [{ ...one, params: { dtype: 'int32' } }],
  add: two,
  sub: two,
  mul: two,
  div: two,
  maximum: two,
  minimum: two,
  pow: two,
  less: two,
  lessEqual: two,
  greater: two,
  greaterEqual: two,
  equal: two,
  notEqual: two,
  logicalAnd: booleans,
  logicalOr: booleans,
  where: [
    { inputs: [{ shape: [2, 3], kind: 'bool' }, { shape: [3] }, { shape: [2, 3] }], params: {} },
    { inputs: [{ shape: [], kind: 'bool' }, { shape: [3] }, { shape: [2, 3] }], params: {} },
  ],
  matmul: [
    { inputs: [{ shape: [2, 3] }, { shape: [3, 4] }], params: { transposeA: false, transposeB: false } },
    { inputs: [{ shape: [3, 2] }, { shape: [4, 3] }], params: { transposeA: true, transposeB: true } },
    { inputs: [{ shape: [5, 2, 3] }, { shape: [3, 4] }], params: { transposeA: false, transposeB: false } },
    { inputs: [{ shape: [2, 3] }, { shape: [5, 3, 4] }], params: { transposeA: false, transposeB: false } },
  ],
  sum: [{ ...one, params: { axes: [1] } }, { ...one, params: { axes: [0, 1] } }],
  max: [{ ...one, params: { axes: [0] } }],
  cumulativeSum: [{ ...one, params: { axis: 1, reverse: false } }, { ...one, params: { axis: 0, reverse: true } }],
  broadcastTo: [{ inputs: [{ shape: [3] }], params: { shape: [2, 3] } }, { inputs: [{ shape: [2, 1] }], params: { shape: [4, 2, 3] } }],
  reshape: [{ ...one, params: { shape: [3, 2, 1] } }],
  permute: [{ inputs: [{ shape: [2, 3, 4] }], params: { axes: [2, 0, 1] } }],
  concatenate: [{ inputs: [{ shape: [2, 3] }, { shape: [2, 1] }], params: { axis: 1 } }],
  slice: [{ ...one, params: { starts: [1, 0], limits: [2, 2] } }],
  pad: [{ ...one, params: { low: [1, 0], high: [0, 2] } }],
  take: [{ inputs: [{ shape: [4, 2] }, { shape: [5], below: 4 }], params: {} }],
  segmentSum: [{ inputs: [{ shape: [5, 2] }, { shape: [5], below: 4 }], params: { numSegments: 4 } }],
  oneHot: [{ inputs: [{ shape: [3], below: 4 }], params: { depth: 4, dtype: 'float64' } }],
  iota: [],
  argsort: [one],
  bincount: [{ inputs: [{ shape: [6], below: 4 }], params: { numBins: 4 } }],
  compact: [{ inputs: [{ shape: [5], kind: 'bool' }], params: {} }],
  // Refused.
  neighborGraph: [],
  random: [{ inputs: [{ shape: [4], kind: 'key' }], params: { shape: [3], distribution: 'normal', dtype: 'float64' } }],
  segmentedPolynomial: [
    {
      inputs: [size(w, 5), size(x, 5), size(y, 5)],
      params: { polynomial: conv, inputs: [{ kind: 'batched' }, { kind: 'batched' }, { kind: 'batched' }], outputs: [{ kind: 'batched' }], batchSize: 5 },
    },
    {
      inputs: [size(w, 1), size(x, 1), size(y, 1)],
      params: { polynomial: conv, inputs: [{ kind: 'shared' }, { kind: 'shared' }, { kind: 'shared' }], outputs: [{ kind: 'shared' }], batchSize: 1 },
    },
    {
      inputs: [size(w, 1), size(x, 5), size(y, 5)],
      params: { polynomial: conv, inputs: [{ kind: 'shared' }, { kind: 'batched' }, { kind: 'batched' }], outputs: [{ kind: 'shared' }], batchSize: 5 },
    },
    {
      inputs: [size(w, 1), size(x, 3), size(y, 5), { shape: [5], below: 3 }, { shape: [5], below: 4 }],
      params: {
        polynomial: conv,
        inputs: [{ kind: 'shared' }, { kind: 'indexed', index: 0 }, { kind: 'batched' }],
        outputs: [{ kind: 'indexed', index: 1, rows: 4 }],
        batchSize: 5,
      },
    },
  ],
  custom: [],
  customLinear: [],
  // In control-flow.test.ts.
  scan: [],
  whileLoop: [],
  cond: [],
}

const entries = 3
const applyAny = eq.apply as (primitive: PrimitiveName, inputs: readonly eq.NDArray[], params: AnyParams) => readonly eq.NDArray[]

function make({ shape, below, kind }: Input, isMapped: boolean, seed: number): eq.NDArray {
  const full = isMapped ? [entries, ...shape] : shape
  const count = full.reduce((a, b) => a * b, 1)
  const numbers = randomNumbers(count, seed, 0.2, 0.9)
  if (kind === 'bool') return eq.array(numbers.map((value) => Number(value > 0.5)), { shape: full, dtype: 'bool' })
  if (kind === 'key') return eq.array(numbers.map((value) => Math.floor(value * 2 ** 32)), { shape: full, dtype: 'uint32' })
  if (below !== undefined) return eq.array(randomNumbers(count, seed, 0, below).map(Math.floor), { shape: full, dtype: 'int32' })
  return eq.array(numbers, { shape: full })
}

describe('vmap of every primitive is a loop over entries', () => {
  expectNoLeaks()

  test.each(Object.keys(cases) as PrimitiveName[])(
    '%s',
    (name) =>
      scoped(() => {
        const applied = (params: AnyParams) => (...inputs: eq.NDArray[]) => applyAny(name, inputs, params)
        for (const { inputs, params } of cases[name])
          for (let mask = 1; mask < 2 ** inputs.length; mask++) {
            const isMapped = inputs.map((_, i) => ((mask >> i) & 1) === 1)
            const arrays = inputs.map((input, i) => make(input, isMapped[i] ?? false, 7 * i + mask))
            const outputs = eq.vmap(applied(params), { inAxes: isMapped.map((own) => (own ? 0 : null)) })(...arrays)
            const entryOf = (b: number) => arrays.map((own, i) => (isMapped[i] ? (eq.unstack(own)[b] ?? own) : own))
            const loops = Array.from({ length: entries }, (_, b) => applied(params)(...entryOf(b)))
            for (const [k, output] of outputs.entries()) {
              const expected = eq.stack(loops.map((loop) => loop[k] ?? output))
              expect([output.dtype, output.shape]).toEqual([expected.dtype, expected.shape])
              expectClose(read(output), read(expected), 1e-13)
            }
          }
      })(),
  )
})
