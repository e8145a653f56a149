import { InputError } from '@equivar/core'
import { allocate, integerRange, type DType, type TypedArray } from '../array/dtype.ts'
import { broadcastStrides, elementCount, rowMajorStrides } from '../array/shape.ts'
import type { BinaryName, UnaryName } from '../primitives/names.ts'
import { collapse, forEachRow, innerStride } from './loops.ts'
import type { Evaluator, HostTensor } from './tensor.ts'

type Values = TypedArray
type UnaryLoop = (out: Values, x: Values) => void

/** One loop an operation: a shared loop that calls a function per element would be several times slower. */
const unaryLoops: { readonly [P in Exclude<UnaryName, 'identity' | 'stopGradient' | 'barrier'>]: UnaryLoop } = {
  neg: (out, x) => {
    for (let i = 0; i < out.length; i++) out[i] = -(x[i] ?? 0)
  },
  sqrt: (out, x) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.sqrt(x[i] ?? 0)
  },
  exp: (out, x) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.exp(x[i] ?? 0)
  },
  expm1: (out, x) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.expm1(x[i] ?? 0)
  },
  log: (out, x) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.log(x[i] ?? 0)
  },
  log1p: (out, x) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.log1p(x[i] ?? 0)
  },
  sin: (out, x) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.sin(x[i] ?? 0)
  },
  cos: (out, x) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.cos(x[i] ?? 0)
  },
  tanh: (out, x) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.tanh(x[i] ?? 0)
  },
  sigmoid: (out, x) => {
    for (let i = 0; i < out.length; i++) out[i] = 1 / (1 + Math.exp(-(x[i] ?? 0)))
  },
  abs: (out, x) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.abs(x[i] ?? 0)
  },
  sign: (out, x) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.sign(x[i] ?? 0)
  },
  floor: (out, x) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.floor(x[i] ?? 0)
  },
  reciprocal: (out, x) => {
    for (let i = 0; i < out.length; i++) out[i] = 1 / (x[i] ?? 0)
  },
  square: (out, x) => {
    for (let i = 0; i < out.length; i++) out[i] = (x[i] ?? 0) * (x[i] ?? 0)
  },
  logicalNot: (out, x) => {
    for (let i = 0; i < out.length; i++) out[i] = 1 - (x[i] ?? 0)
  },
}

const unary = (loop: UnaryLoop): Evaluator<UnaryName> => ({
  evaluate([x]) {
    const out = allocate(x.dtype, x.data.length)
    loop(out, x.data)
    return [out]
  },
})

const sameMemory: Evaluator<'identity' | 'stopGradient' | 'barrier'> = { evaluate: ([x]) => [x.data] }

export const unaryEvaluators: { readonly [P in UnaryName | 'powConstant' | 'cast']: Evaluator<P> } = {
  identity: sameMemory,
  stopGradient: sameMemory,
  barrier: sameMemory,
  neg: unary(unaryLoops.neg),
  sqrt: unary(unaryLoops.sqrt),
  exp: unary(unaryLoops.exp),
  expm1: unary(unaryLoops.expm1),
  log: unary(unaryLoops.log),
  log1p: unary(unaryLoops.log1p),
  sin: unary(unaryLoops.sin),
  cos: unary(unaryLoops.cos),
  tanh: unary(unaryLoops.tanh),
  sigmoid: unary(unaryLoops.sigmoid),
  abs: unary(unaryLoops.abs),
  sign: unary(unaryLoops.sign),
  floor: unary(unaryLoops.floor),
  reciprocal: unary(unaryLoops.reciprocal),
  square: unary(unaryLoops.square),
  logicalNot: unary(unaryLoops.logicalNot),
  powConstant: {
    evaluate([x], { exponent }) {
      const out = allocate(x.dtype, x.data.length)
      for (let i = 0; i < out.length; i++) out[i] = (x.data[i] ?? 0) ** exponent
      return [out]
    },
  },
  cast: { evaluate: ([x], { dtype }) => [castElements(x, dtype)] },
}

/**
 * Truncates towards zero when a float becomes an integer, as torch does; non-zero becomes true.
 *
 * @throws {InputError} if an integer dtype cannot hold a value, NaN included.
 */
function castElements(x: HostTensor, dtype: DType): TypedArray {
  if (x.dtype === dtype) return x.data
  const out = allocate(dtype, x.data.length)
  if (dtype === 'bool') for (let i = 0; i < out.length; i++) out[i] = x.data[i] === 0 ? 0 : 1
  else {
    requireRepresentable(x, dtype)
    out.set(x.data)
  }
  return out
}

/** @throws {InputError} if an integer dtype cannot hold a value, NaN included. */
export function requireRepresentable(x: HostTensor, dtype: DType): void {
  const range = integerRange(dtype)
  if (!range) return
  const [low, high] = range
  const at = x.data.findIndex((value) => !(Math.trunc(value) >= low && Math.trunc(value) <= high))
  if (at >= 0) throw new InputError(`cast: element ${at} is ${x.data[at] ?? Number.NaN}, which ${dtype} cannot hold; it holds integers in [${low}, ${high}]`)
}

type BinaryLoop = (n: number, out: Values, o: number, a: Values, i: number, di: number, b: Values, j: number, dj: number) => void

/** `out[o + k] = f(a[i + k di], b[j + k dj])` for k < n. */
const binaryLoops: { readonly [P in BinaryName]: BinaryLoop } = {
  add: (n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++) out[o + k] = (a[i + k * di] ?? 0) + (b[j + k * dj] ?? 0)
  },
  sub: (n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++) out[o + k] = (a[i + k * di] ?? 0) - (b[j + k * dj] ?? 0)
  },
  mul: (n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++) out[o + k] = (a[i + k * di] ?? 0) * (b[j + k * dj] ?? 0)
  },
  div: (n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++) out[o + k] = (a[i + k * di] ?? 0) / (b[j + k * dj] ?? 0)
  },
  maximum: (n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++) out[o + k] = Math.max(a[i + k * di] ?? 0, b[j + k * dj] ?? 0)
  },
  minimum: (n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++) out[o + k] = Math.min(a[i + k * di] ?? 0, b[j + k * dj] ?? 0)
  },
  pow: (n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++) out[o + k] = (a[i + k * di] ?? 0) ** (b[j + k * dj] ?? 0)
  },
  less: (n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++) out[o + k] = (a[i + k * di] ?? 0) < (b[j + k * dj] ?? 0) ? 1 : 0
  },
  lessEqual: (n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++) out[o + k] = (a[i + k * di] ?? 0) <= (b[j + k * dj] ?? 0) ? 1 : 0
  },
  greater: (n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++) out[o + k] = (a[i + k * di] ?? 0) > (b[j + k * dj] ?? 0) ? 1 : 0
  },
  greaterEqual: (n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++) out[o + k] = (a[i + k * di] ?? 0) >= (b[j + k * dj] ?? 0) ? 1 : 0
  },
  equal: (n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++) out[o + k] = (a[i + k * di] ?? 0) === (b[j + k * dj] ?? 0) ? 1 : 0
  },
  notEqual: (n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++) out[o + k] = (a[i + k * di] ?? 0) !== (b[j + k * dj] ?? 0) ? 1 : 0
  },
  logicalAnd: (n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++) out[o + k] = (a[i + k * di] ?? 0) & (b[j + k * dj] ?? 0)
  },
  logicalOr: (n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++) out[o + k] = (a[i + k * di] ?? 0) | (b[j + k * dj] ?? 0)
  },
}

const binary = (loop: BinaryLoop): Evaluator<BinaryName> => ({
  evaluate([a, b], _, [spec]) {
    const out = allocate(spec.dtype, elementCount(spec.shape))
    const nest = collapse({
      extents: spec.shape,
      strides: [rowMajorStrides(spec.shape), broadcastStrides(a.shape, spec.shape), broadcastStrides(b.shape, spec.shape)],
    })
    const di = innerStride(nest, 1)
    const dj = innerStride(nest, 2)
    forEachRow(nest, (n, o, i, j) => loop(n, out, o, a.data, i, di, b.data, j, dj))
    return [out]
  },
})

export const binaryEvaluators: { readonly [P in BinaryName | 'where']: Evaluator<P> } = {
  add: binary(binaryLoops.add),
  sub: binary(binaryLoops.sub),
  mul: binary(binaryLoops.mul),
  div: binary(binaryLoops.div),
  maximum: binary(binaryLoops.maximum),
  minimum: binary(binaryLoops.minimum),
  pow: binary(binaryLoops.pow),
  less: binary(binaryLoops.less),
  lessEqual: binary(binaryLoops.lessEqual),
  greater: binary(binaryLoops.greater),
  greaterEqual: binary(binaryLoops.greaterEqual),
  equal: binary(binaryLoops.equal),
  notEqual: binary(binaryLoops.notEqual),
  logicalAnd: binary(binaryLoops.logicalAnd),
  logicalOr: binary(binaryLoops.logicalOr),
  where: {
    evaluate([condition, a, b], _, [spec]) {
      const out = allocate(spec.dtype, elementCount(spec.shape))
      const read = (x: HostTensor) => broadcastStrides(x.shape, spec.shape)
      const nest = collapse({ extents: spec.shape, strides: [rowMajorStrides(spec.shape), read(condition), read(a), read(b)] })
      const [, dc, di, dj] = [0, 1, 2, 3].map((k) => innerStride(nest, k))
      forEachRow(nest, (n, o, c, i, j) => {
        for (let k = 0; k < n; k++)
          out[o + k] = condition.data[c + k * (dc ?? 0)] ? (a.data[i + k * (di ?? 0)] ?? 0) : (b.data[j + k * (dj ?? 0)] ?? 0)
      })
      return [out]
    },
  },
}
