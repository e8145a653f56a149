import type { DType } from '../../array/dtype.ts'
import type { Alias, Planner } from '../../compiled/planner.ts'
import type { BinaryName, ParamsOf, UnaryName } from '../../primitives/names.ts'
import type { ElementwiseDag, ElementwiseName, ElementwiseNode } from './dag.ts'
import { planElementwise } from './plan.ts'

const graphs = new Map<string, ElementwiseDag>()

/** The graph of one primitive; always the same object, so that its kernel is found quickly. */
function graphOf(node: ElementwiseNode, inputs: readonly DType[]): ElementwiseDag {
  const name = `${node.op} ${Object.values(node.params).join()} ${inputs.join()}`
  let graph = graphs.get(name)
  if (!graph) graphs.set(name, (graph = Object.freeze({ inputs, scalars: [], nodes: [node], outputs: [inputs.length] })))
  return graph
}

const none: ParamsOf<UnaryName> = Object.freeze({})

const aliased: Planner<'identity' | 'stopGradient' | 'barrier'> = { plan: (): Alias => ({ alias: 0 }) }

const unary = (op: UnaryName): Planner<UnaryName> => ({
  plan: ([x], _, __, target) => planElementwise(graphOf({ op, args: [0], params: none }, [x.dtype]), [x.shape], target),
})

const binary = (op: BinaryName): Planner<BinaryName> => ({
  plan: ([a, b], _, __, target) => planElementwise(graphOf({ op, args: [0, 1], params: none }, [a.dtype, b.dtype]), [a.shape, b.shape], target),
})

export const elementwisePlanners: { readonly [P in ElementwiseName]: Planner<P> } = {
  identity: aliased,
  stopGradient: aliased,
  barrier: aliased,
  neg: unary('neg'),
  sqrt: unary('sqrt'),
  exp: unary('exp'),
  expm1: unary('expm1'),
  log: unary('log'),
  log1p: unary('log1p'),
  sin: unary('sin'),
  cos: unary('cos'),
  tanh: unary('tanh'),
  sigmoid: unary('sigmoid'),
  abs: unary('abs'),
  sign: unary('sign'),
  floor: unary('floor'),
  reciprocal: unary('reciprocal'),
  square: unary('square'),
  logicalNot: unary('logicalNot'),
  add: binary('add'),
  sub: binary('sub'),
  mul: binary('mul'),
  div: binary('div'),
  maximum: binary('maximum'),
  minimum: binary('minimum'),
  pow: binary('pow'),
  less: binary('less'),
  lessEqual: binary('lessEqual'),
  greater: binary('greater'),
  greaterEqual: binary('greaterEqual'),
  equal: binary('equal'),
  notEqual: binary('notEqual'),
  logicalAnd: binary('logicalAnd'),
  logicalOr: binary('logicalOr'),
  powConstant: {
    plan: ([x], params, _, target) => planElementwise(graphOf({ op: 'powConstant', args: [0], params }, [x.dtype]), [x.shape], target),
  },
  cast: {
    plan: ([x], params, _, target) =>
      x.dtype === params.dtype ? { alias: 0 } : planElementwise(graphOf({ op: 'cast', args: [0], params }, [x.dtype]), [x.shape], target),
  },
  where: {
    plan([condition, a, b], params, _, target) {
      const graph = graphOf({ op: 'where', args: [0, 1, 2], params }, [condition.dtype, a.dtype, b.dtype])
      return planElementwise(graph, [condition.shape, a.shape, b.shape], target)
    },
  },
}
