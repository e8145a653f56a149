import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import type { ArrayFunction } from '../../src/index.ts'
import { isControlFlow } from '../../src/compiled/control-flow.ts'
import { derivativeRules } from '../../src/primitives/derivatives/table.ts'
import type { PrimitiveName } from '../../src/primitives/names.ts'
import { checkDerivatives } from '../support/derivatives.ts'
import { expectNoLeaks, randomArray, scoped } from '../support/numbers.ts'

interface Case {
  readonly f: ArrayFunction
  readonly shapes: readonly (readonly number[])[]
  /** Range of the inputs. */
  readonly range?: readonly [number, number]
  readonly order?: number
}

const int32 = (values: readonly number[]) => eq.array([...values], { dtype: 'int32' })
const unaryCase = (f: ArrayFunction, range: readonly [number, number] = [-1.5, 1.5]): Case => ({ f, shapes: [[2, 3]], range, order: 3 })
const positive = [0.5, 2] as const

/** Every primitive that has derivatives; those that are locally constant are listed by their rule. */
const cases: { readonly [P in PrimitiveName]?: readonly Case[] } = {
  identity: [unaryCase((x) => eq.mul(eq.identity(x), x))],
  barrier: [unaryCase((x) => eq.mul(eq.apply('barrier', [x], {})[0], x))],
  neg: [unaryCase((x) => eq.mul(eq.neg(x), x))],
  sqrt: [unaryCase(eq.sqrt, positive)],
  exp: [unaryCase(eq.exp)],
  expm1: [unaryCase(eq.expm1)],
  log: [unaryCase(eq.log, positive)],
  log1p: [unaryCase(eq.log1p, positive)],
  sin: [unaryCase(eq.sin)],
  cos: [unaryCase(eq.cos)],
  tanh: [unaryCase(eq.tanh)],
  sigmoid: [unaryCase(eq.sigmoid)],
  abs: [unaryCase((x) => eq.mul(eq.abs(x), eq.square(x)), [0.2, 1]), unaryCase((x) => eq.mul(eq.abs(x), eq.square(x)), [-1, -0.2])],
  reciprocal: [unaryCase(eq.reciprocal, positive)],
  square: [unaryCase((x) => eq.square(eq.square(x)))],
  powConstant: [unaryCase((x) => eq.pow(x, 3.5), positive), unaryCase((x) => eq.pow(x, 5)), unaryCase((x) => eq.mul(eq.pow(x, 1), x))],
  cast: [unaryCase((x) => eq.mul(eq.cast(x, 'float64'), x))],
  add: [
    { f: (a, b) => eq.square(eq.add(a, b)), shapes: [[2, 3], [2, 3]] },
    { f: (a, b) => eq.square(eq.add(a, b)), shapes: [[3], [2, 1]] },
  ],
  sub: [{ f: (a, b) => eq.square(eq.sub(a, b)), shapes: [[2, 1, 3], [4, 1]] }],
  mul: [
    { f: eq.mul, shapes: [[2, 3], [2, 3]], order: 3 },
    { f: (a, b) => eq.mul(eq.square(a), b), shapes: [[], [2, 3]], order: 3 },
    { f: (a, b) => eq.mul(a, b), shapes: [[0, 3], [3]] },
  ],
  div: [{ f: eq.div, shapes: [[2, 3], [3]], range: positive, order: 3 }],
  maximum: [{ f: (a, b) => eq.maximum(eq.square(a), b), shapes: [[4], [3, 1]] }],
  minimum: [{ f: (a, b) => eq.minimum(eq.square(a), b), shapes: [[4], [3, 1]] }],
  pow: [{ f: eq.pow, shapes: [[2, 3], [3]], range: positive, order: 3 }],
  where: [{ f: (a, b) => eq.where(eq.array([1, 0, 1], { dtype: 'bool' }), eq.square(a), eq.mul(a, b)), shapes: [[2, 3], [1]] }],
  matmul: [false, true].flatMap((transposeA) =>
    [false, true].flatMap((transposeB) => {
      const a = transposeA ? [2, 3] : [3, 2]
      const b = transposeB ? [5, 2] : [2, 5]
      const f: ArrayFunction = (x, y) => eq.matmul(x, y, { transposeA, transposeB })
      return [
        { f, shapes: [a, b], order: 2 },
        { f: (x, y) => f(eq.square(x), y), shapes: [[4, ...a], b] },
        { f, shapes: [[2, 1, ...a], [3, ...b]] },
      ]
    }),
  ),
  sum: [
    { f: (x) => eq.square(eq.sum(x, { axes: [0, 2] })), shapes: [[2, 3, 4]] },
    { f: (x) => eq.square(eq.sum(x, { axes: -1, keepDims: true })), shapes: [[2, 3]] },
    { f: (x) => eq.square(eq.sum(x)), shapes: [[2, 3]] },
  ],
  max: [{ f: (x) => eq.square(eq.max(x, { axes: 1 })), shapes: [[2, 3, 2]] }],
  cumulativeSum: [
    { f: (x) => eq.square(eq.cumulativeSum(x, 0)), shapes: [[4, 2]] },
    { f: (x) => eq.square(eq.cumulativeSum(x, 1, { reverse: true })), shapes: [[2, 4, 2]] },
  ],
  broadcastTo: [{ f: (x) => eq.square(eq.broadcastTo(x, [4, 2, 3])), shapes: [[2, 1]] }],
  reshape: [{ f: (x) => eq.square(eq.reshape(x, [3, -1])), shapes: [[2, 6]] }],
  permute: [{ f: (x) => eq.square(eq.permute(x, [2, 0, 1])), shapes: [[2, 3, 4]] }],
  concatenate: [
    { f: (a, b) => eq.square(eq.concatenate([a, eq.square(b), a], 1)), shapes: [[2, 3], [2, 1]] },
    { f: (a) => eq.square(eq.concatenate([eq.ones([1, 3], { dtype: 'float64' }), a], 0)), shapes: [[2, 3]] },
  ],
  slice: [{ f: (x) => eq.square(eq.slice(x, [1, 0], [3, 2])), shapes: [[4, 3]] }],
  pad: [{ f: (x) => eq.square(eq.pad(x, [1, 0], [0, 2])), shapes: [[2, 3]] }],
  take: [
    { f: (x) => eq.square(eq.take(x, int32([2, 0, 2, 1]))), shapes: [[3, 2]] },
    { f: (x) => eq.square(eq.take(x, eq.reshape(int32([2, 0, 2, 1]), [2, 2]))), shapes: [[3]] },
    { f: (x) => eq.take(eq.square(x), int32([])), shapes: [[3, 2]] },
  ],
  segmentSum: [{ f: (x) => eq.square(eq.segmentSum(x, int32([2, 0, 2, 1, 2]), 4)), shapes: [[5, 2]] }],
}

describe('derivatives of every primitive', () => {
  expectNoLeaks()
  for (const [name, rules] of Object.entries(derivativeRules)) {
    // Segmented polynomials have tests of their own, with real descriptors, and so have rules that users write, loops and branches.
    if (rules.jvp === 'locally constant' || name === 'segmentedPolynomial' || name.startsWith('custom') || isControlFlow(name)) continue
    const list = Object.entries(cases).find(([key]) => key === name)?.[1]
    test(`${name} has a case`, () => expect(list?.length).toBeGreaterThan(0))
    for (const [i, { f, shapes, range: [low, high] = [-1, 1], order = 2 }] of (list ?? []).entries())
      test(
        `${name} ${i}: order ${order}`,
        scoped(() =>
          checkDerivatives(
            f,
            shapes.map((shape, k) => randomArray(shape, 100 * i + k, low, high)),
            order,
          ),
        ),
      )
  }
})
