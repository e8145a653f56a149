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
  identity: unary('identity'),
  stopGradient: unary('stopGradient'),
  barrier: unary('barrier'),
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
  powConstant: { batch: ({ inputs, params }) => apply('powConstant', inputs, params) },
  cast: { batch: ({ inputs, params }) => apply('cast', inputs, params) },
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
  where: {
    batch: ({ inputs: [condition, a, b], isBatched: [inCondition, inA, inB] }) => {
      const ndim = Math.max(condition.ndim - Number(inCondition), a.ndim - Number(inA), b.ndim - Number(inB))
      return apply('where', [aligned(condition, inCondition, ndim), aligned(a, inA, ndim), aligned(b, inB, ndim)], {})
    },
  },
}
