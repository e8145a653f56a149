import { abs, identity, mul, relu, sigmoid, silu, tanh, type NDArray } from '@equivar/engine'
import type { ActivationDefinition } from '../definition.ts'

const functions: { readonly [name in ActivationDefinition['name']]: (x: NDArray) => NDArray } = {
  silu,
  tanh,
  sigmoid,
  abs,
  relu,
  identity,
}

/** `scale · f(x)`. */
export function activate(x: NDArray, { name, scale }: ActivationDefinition): NDArray {
  const y = functions[name](x)
  return scale === 1 ? y : mul(y, scale)
}
