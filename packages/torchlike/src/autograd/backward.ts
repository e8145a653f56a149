import { ancestors, grad, unscoped, type NDArray } from '@equivar/engine'
import { intercept, leafOf, spend, tensorsOf, type GraphTensor } from './graph.ts'

export interface PassOptions {
  /** Keep the graph for another pass. Default: what `createGraph` is. */
  readonly retainGraph?: boolean
  /** Remember how the gradients were computed, so that they can be differentiated again. Default false. */
  readonly createGraph?: boolean
}

const retained = new WeakSet<GraphTensor>()

/** Passes give a result its gradient too. */
export function retain(tensor: GraphTensor): void {
  retained.add(tensor)
}

/** Adds the derivatives of `root` to the inputs, by default every tensor behind it that takes them, and lets the graph go. */
export function backward(root: NDArray, cotangent: NDArray | undefined, inputs: readonly GraphTensor[] | undefined, options: PassOptions): void {
  const { createGraph = false, retainGraph = createGraph } = options
  const { leaves, results } = ancestors([root])
  const found = [...leaves.flatMap((leaf) => leafOf(leaf) ?? []), ...tensorsOf(results).filter((tensor) => retained.has(tensor))]
  const own = new Map(leaves.map((leaf) => [leafOf(leaf), leaf]))
  const targets = inputs ?? found
  unscoped(() => {
    // A leaf may have been given other elements since; derivatives are with respect to those that were used.
    const arrays = targets.map((target) => own.get(target) ?? target.array)
    const gradients = grad(root, arrays, { createGraph, intercept, allowUnused: true, ...(cotangent ? { cotangents: cotangent } : {}) })
    for (const [i, gradient] of gradients.entries()) targets[i]?.accumulate(gradient)
  })
  for (const leaf of leaves) leaf.dispose()
  if (!retainGraph) spend([root])
}
