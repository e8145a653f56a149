import { InternalError } from '@equivar/core'
import * as kernels from '@equivar/core/kernels'
import { isFloat, type DType } from '../../array/dtype.ts'
import { storageTypes } from '../../compiled/planner.ts'
import type { BinaryName, UnaryName } from '../../primitives/names.ts'
import { log, log1p, pow, powConstant } from './powers.ts'
import type { ElementwiseDag, ElementwiseNode } from './dag.ts'

type Expression = kernels.Expression

/** Type of a value of a dtype inside of a kernel: there booleans are `bool`. */
function valueType(dtype: DType): kernels.ScalarType {
  return dtype === 'bool' ? 'bool' : storageTypes[dtype]
}

/** Booleans of memory are words 0 and 1. */
export function fromStorage(value: Expression, dtype: DType): Expression {
  return dtype === 'bool' ? value.notEqual(0) : value
}

export function toStorage(b: kernels.KernelBuilder, value: Expression, dtype: DType): Expression {
  return dtype === 'bool' ? value.select(b.constant('u32', 1), 0) : value
}

/** Dtype of every value of a graph. @throws {InternalError} if a node's argument does not exist. */
export function dtypesOf({ inputs, scalars, nodes }: ElementwiseDag): readonly DType[] {
  const dtypes: DType[] = [...inputs, ...scalars]
  for (const node of nodes) dtypes.push(resultDtype(node, dtypes))
  return dtypes
}

function resultDtype(node: ElementwiseNode, dtypes: readonly DType[]): DType {
  const { op, args } = node
  switch (op) {
    case 'constant':
    case 'cast':
      return node.params.dtype
    case 'less':
    case 'lessEqual':
    case 'greater':
    case 'greaterEqual':
    case 'equal':
    case 'notEqual':
      return 'bool'
    default: {
      const dtype = dtypes[args[op === 'where' ? 1 : 0] ?? -1]
      if (!dtype) throw new InternalError(`element-wise graph: ${op} has no argument`)
      return dtype
    }
  }
}

/** The values of a graph, from those of its inputs and scalars, where the builder stands. With `widens`, powers of f32 may use f64. */
export function evaluateDag(b: kernels.KernelBuilder, dag: ElementwiseDag, given: readonly Expression[], widens: boolean): readonly Expression[] {
  const dtypes = dtypesOf(dag)
  const values = [...given]
  for (const node of dag.nodes) {
    const args = node.args.map((arg) => {
      const value = values[arg]
      if (!value) throw new InternalError(`element-wise graph: ${node.op} uses value ${arg}, which comes later`)
      return value
    })
    values.push(evaluateNode(b, node, args, dtypes[node.args[0] ?? 0] ?? 'float32', widens))
  }
  return values
}

function evaluateNode(b: kernels.KernelBuilder, node: ElementwiseNode, args: readonly Expression[], dtype: DType, widens: boolean): Expression {
  if (node.op === 'constant') return b.constant(valueType(node.params.dtype), node.params.dtype === 'bool' ? node.params.value !== 0 : node.params.value)
  const [x, y, z] = args
  if (!x) throw new InternalError(`element-wise graph: ${node.op} has no argument`)
  switch (node.op) {
    case 'cast':
      return cast(b, x, dtype, node.params.dtype)
    case 'powConstant':
      return powConstant(x, node.params.exponent, widens)
    case 'where':
      if (!y || !z) throw new InternalError('element-wise graph: where takes three arguments')
      return x.select(y, z)
    default:
      if (isUnary(node.op)) return unaryFunctions[node.op](x, dtype)
      if (!y) throw new InternalError(`element-wise graph: ${node.op} takes two arguments`)
      return binaryFunctions[node.op](x, y, dtype, widens)
  }
}

function isUnary(op: UnaryName | BinaryName): op is UnaryName {
  return Object.hasOwn(unaryFunctions, op)
}

const same = (x: Expression): Expression => x

const unaryFunctions: { readonly [P in UnaryName]: (x: Expression, dtype: DType) => Expression } = {
  identity: same,
  stopGradient: same,
  barrier: same,
  neg: (x, dtype) => (dtype === 'uint32' ? x.literal(0).sub(x) : x.neg()),
  sqrt: (x) => x.sqrt(),
  exp: kernels.math.exp,
  expm1: kernels.math.expm1,
  log,
  log1p,
  sin: kernels.math.sin,
  cos: kernels.math.cos,
  tanh: kernels.math.tanh,
  sigmoid: kernels.math.sigmoid,
  abs: (x, dtype) => (dtype === 'uint32' ? x : x.abs()),
  // Zeros and NaN stay what they are.
  sign: (x, dtype) => x.greater(0).select(1, dtype === 'uint32' ? x : x.less(0).select(-1, x)),
  floor: (x) => x.floor(),
  reciprocal: (x) => x.literal(1).div(x),
  square: (x) => x.mul(x),
  logicalNot: (x) => x.not(),
}

/** Of two floats the chosen one, but NaN where there is one; what `max` does with it is not specified. */
const choose = (isFirst: Expression, a: Expression, b: Expression): Expression => isFirst.or(a.notEqual(a)).select(a, b)

const binaryFunctions: { readonly [P in BinaryName]: (a: Expression, b: Expression, dtype: DType, widens: boolean) => Expression } = {
  add: (a, b) => a.add(b),
  sub: (a, b) => a.sub(b),
  mul: (a, b) => a.mul(b),
  div: (a, b) => a.div(b),
  maximum: (a, b, dtype) => (isFloat(dtype) ? choose(a.greater(b), a, b) : a.max(b)),
  minimum: (a, b, dtype) => (isFloat(dtype) ? choose(a.less(b), a, b) : a.min(b)),
  pow: (a, b, _, widens) => pow(a, b, widens),
  // Of booleans, where false comes before true, orders are logic.
  less: (a, b, dtype) => (dtype === 'bool' ? b.and(a.not()) : a.less(b)),
  lessEqual: (a, b, dtype) => (dtype === 'bool' ? b.or(a.not()) : a.lessEqual(b)),
  greater: (a, b, dtype) => (dtype === 'bool' ? a.and(b.not()) : a.greater(b)),
  greaterEqual: (a, b, dtype) => (dtype === 'bool' ? a.or(b.not()) : a.greaterEqual(b)),
  equal: (a, b) => a.equal(b),
  notEqual: (a, b) => a.notEqual(b),
  logicalAnd: (a, b) => a.and(b),
  logicalOr: (a, b) => a.or(b),
}

function cast(b: kernels.KernelBuilder, x: Expression, from: DType, to: DType): Expression {
  if (from === to) return x
  if (to === 'bool') return x.notEqual(0)
  const type = storageTypes[to]
  return from === 'bool' ? x.select(b.constant(type, 1), 0) : x.convert(type)
}
