import { descriptors, HostArray, Irreps, Operation, Path, range, SegmentedOperand, SegmentedPolynomial, SegmentedTensorProduct } from '@equivar/core'
import * as eq from '../../src/index.ts'
import { randomArray, randomNumbers } from '../support/numbers.ts'

export type Tree = readonly eq.NDArray[]

/** A function of arrays, and inputs for any size n ≥ 2. */
export interface TracedFunction {
  readonly name: string
  readonly f: (...inputs: eq.NDArray[]) => Tree
  readonly inputs: (n: number) => eq.NDArray[]
  /** Number of extents of the inputs that depend on n in different ways; 1 unless given. */
  readonly sizes?: number
}

export const indices = (count: number, rows: number, seed: number): eq.NDArray =>
  eq.array(Int32Array.from(randomNumbers(count, seed, 0, rows), Math.floor))

const operand = (...segments: readonly number[][]) => new SegmentedOperand(segments)
const path = (at: readonly number[], shape: readonly number[], seed: number) =>
  new Path(at, new HostArray(shape, randomNumbers(shape.reduce((a, b) => a * b, 1), seed)))

/** `y[k,u] += c[ijk] w[u] x[i,u] s[j]`, as in a convolution. */
function convolution(): SegmentedPolynomial {
  const [w, x, s, y] = [operand([4], [4]), operand([1, 4], [3, 4]), operand([1], [3]), operand([3, 4], [1, 4])]
  const product = new SegmentedTensorProduct('u,iu,j,ku+ijk', [w, x, s, y], [
    path([0, 1, 0, 0], [3, 1, 3], 1),
    path([1, 0, 1, 0], [1, 3, 3], 2),
    path([1, 1, 1, 1], [3, 3, 1], 3),
  ])
  return new SegmentedPolynomial([w, x, s], [y], [[new Operation([0, 1, 2, 3]), product]])
}

const messages = convolution()

/** Energies and their gradient, of messages between n nodes along 3n edges. */
function messagePassing(positions: eq.NDArray, features: eq.NDArray, weights: eq.NDArray, senders: eq.NDArray, receivers: eq.NDArray): Tree {
  const r = eq.track(positions)
  const rows = r.shape[0] ?? 0
  const edges = eq.sub(eq.take(r, receivers), eq.take(r, senders))
  const lengths = eq.norm(edges, { axes: 1 })
  const harmonics = eq.sphericalHarmonics(range(2), edges)
  const radial = eq.silu(eq.matmul(eq.besselBasis(lengths, eq.besselFrequencies(3, 5), 0.6), weights))
  const cut = eq.mul(radial, eq.reshape(eq.polynomialCutoff(lengths, 5, 6), [edges.shape[0] ?? 0, 1]))
  const [y] = eq.segmentedPolynomial(messages, [cut, { array: features, indices: senders }, harmonics], { outputs: [{ indices: receivers, rows }] })
  if (!y) throw new Error('no messages')
  const energies = eq.sum(eq.square(y), { axes: 1 })
  const [g] = eq.grad(eq.sum(energies), [r])
  return g ? [energies, g] : [energies]
}

function mlp(x: eq.NDArray, w: eq.NDArray, b: eq.NDArray): eq.NDArray {
  return eq.tanh(eq.add(eq.matmul(x, w), b))
}

export const functions: readonly TracedFunction[] = [
  {
    name: 'axes that a reshape adds behind those of a broadcast, of equal extents',
    f: (x, y) => [eq.add(x, eq.reshape(eq.add(y, eq.ones([2, 1], y)), [2, 2, 1]))],
    inputs: (n) => [randomArray([2, 2, n], 31), randomArray([2], 32)],
  },
  {
    name: 'element-wise primitives with broadcasting',
    f: (x, y) => {
      const z = eq.add(eq.mul(x, y), eq.exp(eq.neg(eq.square(y))))
      return [eq.where(eq.greater(z, 0.5), eq.sqrt(eq.abs(x)), eq.div(z, eq.add(eq.abs(y), 1))), eq.sum(z), eq.maximum(x, eq.reshape(y, [1, 3])), x]
    },
    inputs: (n) => [randomArray([n, 3], 1), randomArray([3], 2)],
  },
  {
    name: 'dtypes side by side',
    f: (x, k) => {
      const half = eq.cast(x, 'float32')
      const isOdd = eq.cast(eq.sub(k, eq.mul(eq.cast(eq.floor(eq.div(eq.cast(k, 'float64'), 2)), 'int32'), 2)), 'bool')
      return [eq.sum(half, { axes: 0 }), isOdd, eq.where(isOdd, k, eq.neg(k)), eq.mul(eq.cast(half, 'float64'), x), eq.logicalNot(isOdd)]
    },
    inputs: (n) => [randomArray([n], 3), indices(n, 50, 4)],
  },
  {
    name: 'structure',
    sizes: 2,
    f: (x, y) => {
      const both = eq.concatenate([x, y, eq.zeros([2, 4], { dtype: 'float64' })])
      const rows = both.shape[0] ?? 0
      const counted = eq.add(both, eq.iota([rows, 4], 0, 'float64'))
      return [eq.permute(eq.pad(counted, [1, 0], [0, 2]), [1, 0]), eq.sliceAxis(counted, 0, 1, rows - 1), eq.cumulativeSum(x, 0), eq.max(counted, { axes: 1 })]
    },
    inputs: (n) => [randomArray([n, 4], 5), randomArray([2 * n + 3, 4], 6)],
  },
  {
    name: 'means and numbers that depend on sizes',
    f: (x) => {
      const n = x.shape[0] ?? 0
      return [eq.mean(x, { axes: 0 }), eq.mul(x, 1 / n), eq.full([n, 2], 0.5, { dtype: 'float64' }), eq.mul(eq.ones([n], { dtype: 'float64' }), 3 * n + 1)]
    },
    inputs: (n) => [randomArray([n, 2], 7)],
  },
  {
    name: 'gathers, scatters and one-hot rows of indices that are computed',
    sizes: 2,
    f: (x, i) => {
      const n = x.shape[0] ?? 0
      const shifted = eq.where(eq.less(i, 1), i, eq.sub(i, 1))
      const summed = eq.segmentSum(eq.take(x, shifted), i, n)
      return [summed, eq.segmentSum(eq.take(x, i), shifted, n), eq.matmul(eq.oneHot(shifted, n, 'float64'), x)]
    },
    inputs: (n) => [randomArray([n, 3], 8), indices(2 * n, n, 9)],
  },
  {
    name: 'gradients of a network',
    f: (x, w, b) => {
      const leaves = [x, w, b].map((leaf) => eq.track(leaf))
      const [tx = x, tw = w, tb = b] = leaves
      const y = mlp(mlp(tx, tw, tb), tw, tb)
      return [y, ...eq.grad(eq.sum(eq.square(y)), leaves)]
    },
    inputs: (n) => [randomArray([n, 4], 10), randomArray([4, 4], 11), randomArray([4], 12)],
  },
  {
    name: 'a gradient of a gradient',
    f: (x, v) => {
      const leaf = eq.track(x)
      const energy = eq.sum(eq.mul(eq.exp(eq.sin(leaf)), v))
      const [g = x] = eq.grad(energy, [leaf], { createGraph: true })
      return [energy, g, ...eq.grad(eq.sum(eq.square(g)), [leaf])]
    },
    inputs: (n) => [randomArray([n], 13), randomArray([n], 14)],
  },
  {
    name: 'forward mode and products with Hessians',
    f: (x, v) => {
      const f = (t: eq.NDArray) => eq.sum(eq.mul(eq.square(t), eq.sigmoid(t)))
      const { output, tangent } = eq.jvp(f)([x], [v])
      return [output, tangent, ...eq.hessianVectorProduct(f)([x], [v])]
    },
    inputs: (n) => [randomArray([n], 15), randomArray([n], 16)],
  },
  {
    name: 'derivatives that are stopped',
    f: (x) => {
      const leaf = eq.track(x)
      const y = eq.mul(eq.square(leaf), eq.add(eq.noGrad(() => eq.exp(leaf)), eq.stopGradient(leaf)))
      return eq.grad(eq.sum(y), [leaf])
    },
    inputs: (n) => [randomArray([n], 17)],
  },
  {
    name: 'messages along edges and their gradient',
    sizes: 2,
    f: (...inputs) => {
      const [positions, features, weights, senders, receivers] = inputs
      if (!positions || !features || !weights || !senders || !receivers) throw new Error('five inputs')
      return messagePassing(positions, features, weights, senders, receivers)
    },
    inputs: (n) => [randomArray([n, 3], 18, -2, 2), randomArray([n, 16], 19), randomArray([3, 8], 20), indices(3 * n, n, 21), indices(3 * n, n, 22)],
  },
  {
    name: 'what comes of constants alone, handed out and not',
    f: (x) => {
      const a = eq.exp(eq.neg(eq.iota([x.size, 3], 0, 'float64')))
      const b = eq.mul(a, 2)
      return [a, eq.mul(x, eq.sum(b)), eq.matmul(eq.permute(b, [1, 0]), eq.reshape(x, [x.size, 1])), eq.sum(b)]
    },
    inputs: (n) => [randomArray([n], 25)],
  },
  {
    name: 'a layer with weights that the function holds',
    f: (() => {
      const { polynomial } = descriptors.linear(new Irreps('O3', '2x0e+1x1o'), new Irreps('O3', '1x0e+2x1o'))
      return (x: eq.NDArray) => {
        const w = eq.array(randomNumbers(polynomial.inputs[0]?.size ?? 0, 23), { shape: [1, polynomial.inputs[0]?.size ?? 0] })
        return eq.segmentedPolynomial(polynomial, [w, x], { batchSize: x.shape[0] ?? 0 })
      }
    })(),
    inputs: (n) => [randomArray([n, 5], 24)],
  },
]
