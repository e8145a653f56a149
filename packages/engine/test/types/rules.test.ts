import { describe, expectTypeOf, test } from 'vitest'
import type { DerivativeRules, ShapeRule } from '../../src/primitives/rules.ts'
import type { PrimitiveName } from '../../src/primitives/names.ts'
import type { BatchingRule } from '../../src/primitives/batching/rules.ts'
import type { batchingRules } from '../../src/primitives/batching/table.ts'
import type { Evaluator } from '../../src/naive/tensor.ts'
import type { derivativeRules } from '../../src/primitives/derivatives/table.ts'
import type { shapeRules } from '../../src/primitives/shapes/table.ts'
import type { evaluators } from '../../src/naive/table.ts'
import type { Planner } from '../../src/compiled/planner.ts'
import type { planners } from '../../src/compiled/table.ts'

type Shapes = { readonly [P in PrimitiveName]: ShapeRule<P> }
type Derivatives = { readonly [P in PrimitiveName]: DerivativeRules<P> }
type Evaluators = { readonly [P in PrimitiveName]: Evaluator<P> }
type Batching = { readonly [P in PrimitiveName]: BatchingRule<P> }
type Planners = { readonly [P in PrimitiveName]: Planner<P> }

/** Checked by the compiler: these assertions fail `tsc`, not the run. */
describe('a primitive without a rule does not compile', () => {
  test('the tables are complete', () => {
    expectTypeOf<typeof shapeRules>().toEqualTypeOf<Shapes>()
    expectTypeOf<typeof derivativeRules>().toEqualTypeOf<Derivatives>()
    expectTypeOf<typeof evaluators>().toEqualTypeOf<Evaluators>()
    expectTypeOf<typeof batchingRules>().toEqualTypeOf<Batching>()
    expectTypeOf<typeof planners>().toEqualTypeOf<Planners>()
  })

  test('a table that lacks one primitive is refused', () => {
    expectTypeOf<Omit<Shapes, 'matmul'>>().not.toExtend<Shapes>()
    expectTypeOf<Omit<Derivatives, 'matmul'>>().not.toExtend<Derivatives>()
    expectTypeOf<Omit<Evaluators, 'matmul'>>().not.toExtend<Evaluators>()
    expectTypeOf<Omit<Batching, 'matmul'>>().not.toExtend<Batching>()
    expectTypeOf<Omit<Planners, 'matmul'>>().not.toExtend<Planners>()
  })

  test('a rule set that lacks a rule, or gives it no reason, is refused', () => {
    expectTypeOf<Pick<DerivativeRules<'sum'>, 'jvp'>>().not.toExtend<DerivativeRules<'sum'>>()
    expectTypeOf<Pick<DerivativeRules<'sum'>, 'transpose'>>().not.toExtend<DerivativeRules<'sum'>>()
    expectTypeOf<{ jvp: undefined; transpose: 'never linear' }>().not.toExtend<DerivativeRules<'sum'>>()
    expectTypeOf<{ jvp: 'locally constant'; transpose: 'never linear' }>().toExtend<DerivativeRules<'sum'>>()
  })
})
