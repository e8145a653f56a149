import type { NDArray } from '../../array/ndarray.ts'
import { apply } from '../../graph/apply.ts'
import type { BinaryName, UnaryName } from '../names.ts'
import { withEntryAxes, type BatchingRule } from './rules.ts'

const unary = (name: UnaryName): BatchingRule<UnaryName> => ({ batch: ({ inputs }) => apply(name, inputs, {}) })

const binary = (name: BinaryName): BatchingRule<BinaryName> => ({
  batch: ({ inputs: [a, b], isBatched: [inA, inB] }) => {
    const ndim = Math.max(a.ndim - Number(inA), b.ndim - Number(inB))
    return apply(name, [aligned(a, inA, ndim), aligned(b, inB, ndim)], {})
  },
})

/** Shared arrays broadcast as they are: their axes are aligned at the right. */
function aligned(x: NDArray, isBatched: boolean | undefined, ndim: number): NDArray {
  return isBatched ? withEntryAxes(x, ndim) : x
}

export const elementwiseBatching: { readonly [P in UnaryName | BinaryName | 'powConstant' | 'cast' | 'where']: BatchingRule<P> } = {
  abs: unary('abs'),
  barrier: unary('barrier'),
  cos: unary('cos'),
  exp: unary('exp'),
  expm1: unary('expm1'),
  floor: unary('floor'),
  identity: unary('identity'),
  log1p: unary('log1p'),
  log: unary('log'),
  logicalNot: unary('logicalNot'),
  neg: unary('neg'),
  reciprocal: unary('reciprocal'),
  sigmoid: unary('sigmoid'),
  sign: unary('sign'),
  sin: unary('sin'),
  sqrt: unary('sqrt'),
  square: unary('square'),
  stopGradient: unary('stopGradient'),
  tanh: unary('tanh'),
  powConstant: { batch: ({ inputs, params }) => apply('powConstant', inputs, params) },
  cast: { batch: ({ inputs, params }) => apply('cast', inputs, params) },
  add: binary('add'),
  div: binary('div'),
  equal: binary('equal'),
  greater: binary('greater'),
  greaterEqual: binary('greaterEqual'),
  less: binary('less'),
  lessEqual: binary('lessEqual'),
  logicalAnd: binary('logicalAnd'),
  logicalOr: binary('logicalOr'),
  maximum: binary('maximum'),
  minimum: binary('minimum'),
  mul: binary('mul'),
  notEqual: binary('notEqual'),
  pow: binary('pow'),
  sub: binary('sub'),
  where: {
    batch: ({ inputs: [condition, a, b], isBatched: [inCondition, inA, inB] }) => {
      const ndim = Math.max(condition.ndim - Number(inCondition), a.ndim - Number(inA), b.ndim - Number(inB))
      return apply('where', [aligned(condition, inCondition, ndim), aligned(a, inA, ndim), aligned(b, inB, ndim)], {})
    },
  },
}
