import { DtypeError, InputError } from '@equivar/core'
import { isFloat, storedDtype, type DType } from '../../array/dtype.ts'
import { broadcastShapes } from '../../array/shape.ts'
import type { AbstractValue } from '../../graph/value.ts'
import type { ArithmeticName, BinaryName, ComparisonName, LogicalName, UnaryName } from '../names.ts'
import type { ShapeRule } from '../rules.ts'

type UnaryRules = { readonly [P in UnaryName | 'powConstant' | 'cast']: ShapeRule<P> }

const floatUnary = (name: UnaryName): ShapeRule<UnaryName> => ({
  shape([x]) {
    requireFloat(name, x)
    return [x]
  },
})

const numericUnary = (name: UnaryName): ShapeRule<UnaryName> => ({
  shape([x]) {
    requireNumeric(name, x)
    return [x]
  },
})

const anyUnary: ShapeRule<UnaryName> = { shape: ([x]) => [x] }

export const unaryShapes: UnaryRules = {
  identity: anyUnary,
  stopGradient: anyUnary,
  barrier: anyUnary,
  neg: numericUnary('neg'),
  sqrt: floatUnary('sqrt'),
  exp: floatUnary('exp'),
  expm1: floatUnary('expm1'),
  log: floatUnary('log'),
  log1p: floatUnary('log1p'),
  sin: floatUnary('sin'),
  cos: floatUnary('cos'),
  tanh: floatUnary('tanh'),
  sigmoid: floatUnary('sigmoid'),
  abs: numericUnary('abs'),
  sign: numericUnary('sign'),
  floor: floatUnary('floor'),
  reciprocal: floatUnary('reciprocal'),
  square: numericUnary('square'),
  logicalNot: {
    shape([x]) {
      requireBool('logicalNot', x)
      return [x]
    },
  },
  powConstant: {
    shape([x], { exponent }) {
      requireFloat('powConstant', x)
      if (!Number.isFinite(exponent)) throw new InputError(`powConstant: the exponent is ${exponent}; it must be finite`)
      return [x]
    },
  },
  cast: { shape: ([x], { dtype }) => [{ dtype: storedDtype(dtype), shape: x.shape }] },
}

type BinaryRules = { readonly [P in BinaryName | 'where']: ShapeRule<P> }

const arithmetic = (name: ArithmeticName): ShapeRule<ArithmeticName> => ({
  shape([a, b]) {
    requireSameDtype(name, a, b)
    if (name === 'div' || name === 'pow') requireFloat(name, a)
    else requireNumeric(name, a)
    return [{ dtype: a.dtype, shape: broadcastShapes(name, a.shape, b.shape) }]
  },
})

const comparison = (name: ComparisonName): ShapeRule<ComparisonName> => ({
  shape([a, b]) {
    requireSameDtype(name, a, b)
    return [{ dtype: 'bool', shape: broadcastShapes(name, a.shape, b.shape) }]
  },
})

const logical = (name: LogicalName): ShapeRule<LogicalName> => ({
  shape([a, b]) {
    requireBool(name, a)
    requireBool(name, b)
    return [{ dtype: 'bool', shape: broadcastShapes(name, a.shape, b.shape) }]
  },
})

export const binaryShapes: BinaryRules = {
  add: arithmetic('add'),
  sub: arithmetic('sub'),
  mul: arithmetic('mul'),
  div: arithmetic('div'),
  maximum: arithmetic('maximum'),
  minimum: arithmetic('minimum'),
  pow: arithmetic('pow'),
  less: comparison('less'),
  lessEqual: comparison('lessEqual'),
  greater: comparison('greater'),
  greaterEqual: comparison('greaterEqual'),
  equal: comparison('equal'),
  notEqual: comparison('notEqual'),
  logicalAnd: logical('logicalAnd'),
  logicalOr: logical('logicalOr'),
  where: {
    shape([condition, a, b]) {
      requireBool('where', condition)
      requireSameDtype('where', a, b)
      return [{ dtype: a.dtype, shape: broadcastShapes('where', condition.shape, a.shape, b.shape) }]
    },
  },
}

export function requireFloat(what: string, x: AbstractValue): void {
  if (!isFloat(x.dtype)) throw new DtypeError(`${what}: needs float32 or float64, got ${x.dtype}; cast it first`)
}

export function requireSameDtype(what: string, a: AbstractValue, b: AbstractValue): void {
  if (a.dtype !== b.dtype) throw new DtypeError(`${what}: dtypes ${a.dtype} and ${b.dtype} differ; cast one of them`)
}

export function requireDtype(what: string, x: AbstractValue, dtype: DType): void {
  if (x.dtype !== dtype) throw new DtypeError(`${what}: needs ${dtype}, got ${x.dtype}; cast it first`)
}

function requireNumeric(what: string, x: AbstractValue): void {
  if (x.dtype === 'bool') throw new DtypeError(`${what}: needs numbers, got bool; cast it first`)
}

function requireBool(what: string, x: AbstractValue): void {
  requireDtype(what, x, 'bool')
}
