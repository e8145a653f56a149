import { numpy as np, type DeviceArray } from '@equivar/functional'
import type { Batch } from './mace.ts'

/** `√2 sin(0.37 (i + 1)²)`: what every parameter of a golden is filled with. */
export function goldenNumbers(shape: readonly number[]): DeviceArray {
  const size = shape.reduce((a, b) => a * b, 1)
  return np.array(Float64Array.from({ length: size }, (_, i) => Math.SQRT2 * Math.sin(0.37 * (i + 1) ** 2)), { shape, dtype: 'float64' })
}

/** Two graphs of three atoms with ten edges, by formulas. */
export function batchOfGolden(): Batch {
  const [numAtoms, numEdges, numGraphs] = [6, 10, 2]
  const integers = (count: number, f: (i: number) => number) => np.array(Array.from({ length: count }, (_, i) => f(i)), { dtype: 'int32' })
  const vectors = Array.from({ length: numEdges }, (_, i) => [1.1 * Math.sin(1 + 0.9 * i), 1.1 * Math.cos(0.5 + 1.3 * i), 1.1 * Math.sin(2 + 0.4 * i)])
  return {
    vectors: np.array(vectors, { dtype: 'float64' }),
    senders: integers(numEdges, (i) => (3 * i) % 6),
    receivers: integers(numEdges, (i) => (5 * i + 1) % 6),
    species: integers(numAtoms, (a) => (7 * a) % 3),
    graphs: integers(numAtoms, (a) => Math.floor((a * numGraphs) / numAtoms)),
    numAtoms: integers(numGraphs, () => numAtoms / numGraphs),
    mask: np.ones([numEdges], { dtype: 'float64' }),
  }
}
