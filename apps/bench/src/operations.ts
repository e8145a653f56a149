import { descriptors, Irreps, O3, type SegmentedPolynomial } from '@equivar/core'
import { array, compile, grad, segmentedPolynomial, sphericalHarmonics, track, type NDArray } from '@equivar/engine'
import { arrayPass, type CaseInput, type OurCase, type Pass } from './case.ts'
import { seededNormals } from './random.ts'

const dtypes = { f32: 'float32', f64: 'float64' } as const

type Apply = (...inputs: readonly NDArray[]) => NDArray

/** Forward, first and second gradients of a function of some arrays, as the peers compute them. */
interface Passes {
  readonly passes: Readonly<Record<string, Pass>>
  /** To be disposed with the case. */
  readonly own: readonly NDArray[]
}

/**
 * The first `numParameters` inputs are parameters of a model. A forward pass without gradients is inference: there they are constants
 * of the program, and what depends on them alone is done once.
 */
function passesOf(input: CaseInput, apply: Apply, inputs: readonly NDArray[], outputShape: readonly number[], numParameters = 0): Passes {
  const loadOr = (name: string, seed: number, shape: readonly number[]) => {
    if (input.arrays.has(name)) return load(input, name)
    return array(seededNormals(seed, shape.reduce((product, extent) => product * extent, 1)), { shape, dtype: dtypes[input.dtype] })
  }
  const g = loadOr('g', 11, outputShape)
  const vs = inputs.map((x, i) => loadOr(`v${i}`, 12 + i, x.shape))
  const n = inputs.length
  const forward = compile((...xs: readonly NDArray[]) => [apply(...inputs.slice(0, numParameters), ...xs)])
  const backward = compile((...all: readonly NDArray[]) => {
    const leaves = all.slice(0, n).map((x) => track(x))
    const y = apply(...leaves)
    return [y, ...grad(y, leaves, { cotangents: all.slice(n) })]
  })
  const second = compile((...all: readonly NDArray[]) => {
    const leaves = all.slice(0, n + 1).map((x) => track(x))
    const diff = leaves.slice(0, n)
    const first = grad(apply(...diff), diff, { cotangents: leaves.slice(n), createGraph: true })
    return [...first, ...grad(first, leaves, { cotangents: all.slice(n + 1) })]
  })
  const passes = {
    fwd: arrayPass(() => forward(...inputs.slice(numParameters))),
    fb: arrayPass(() => backward(...inputs, g)),
    db: arrayPass(() => second(...inputs, g, ...vs)),
  }
  return { passes, own: [g, ...vs] }
}

function ours(passes: Readonly<Record<string, Pass>>, own: readonly NDArray[]): OurCase {
  return {
    passes,
    dispose() {
      for (const x of own) x.dispose()
    },
  }
}

function load(input: CaseInput, name: string): NDArray {
  const data = input.arrays.read(name)
  if (data instanceof BigInt64Array) throw new Error(`${name} holds 64-bit integers`)
  const shape = input.arrays.shape(name)
  return array(data, { shape, dtype: data instanceof Int32Array ? 'int32' : dtypes[input.dtype] })
}

const multiplicity = /^A1m(\d+)$/
const features: Readonly<Record<string, string>> = { A1: '128x0e+128x1o', A2: '128x0e', A4: '32x0e+32x1o', A5: '128x0e+128x1o' }
const harmonicIrreps = '0e+1o+2e+3o'

/** Gather of sender features, channel-wise tensor product with harmonics and weights of the edges, sum over receivers. */
export function convolution(input: CaseInput): OurCase {
  const mul = multiplicity.exec(input.name)?.[1]
  const irreps = mul === undefined ? (features[input.name] ?? '') : `${mul}x0e+${mul}x1o`
  const descriptor = descriptors.channelwiseTensorProduct(new Irreps(O3, irreps), new Irreps(O3, harmonicIrreps), new Irreps(O3, harmonicIrreps))
  const polynomial: SegmentedPolynomial = descriptor.polynomial
  const [w, x, y, senders, receivers] = ['weights', 'features', 'harmonics', 'senders', 'receivers'].map((name) => load(input, name)) as [NDArray, NDArray, NDArray, NDArray, NDArray]
  const rows = x.shape[0] ?? 0
  const apply: Apply = (...inputs) => {
    const [weights, nodes, harmonics] = inputs as [NDArray, NDArray, NDArray]
    return only(segmentedPolynomial(polynomial, [weights, { array: nodes, indices: senders }, harmonics], { outputs: [{ indices: receivers, rows }] }))
  }
  const { passes, own } = passesOf(input, apply, [w, x, y], [rows, polynomial.outputs[0]?.size ?? 0])
  return ours(passes, [...own, w, x, y, senders, receivers])
}

/** Symmetric contraction to 0e+1o, degree 3, with one row of weights a species. */
export function contraction(input: CaseInput): OurCase {
  const irreps = (text: string) => new Irreps(O3, text)
  const { polynomial } = descriptors.symmetricContraction(irreps('128x0e+128x1o+128x2e+128x3o'), irreps('128x0e+128x1o'), [1, 2, 3])
  const [w, x, species] = ['weights', 'features', 'species'].map((name) => load(input, name)) as [NDArray, NDArray, NDArray]
  const apply: Apply = (...inputs) => {
    const [weights, nodes] = inputs as [NDArray, NDArray]
    return only(segmentedPolynomial(polynomial, [{ array: weights, indices: species }, nodes]))
  }
  const { passes, own } = passesOf(input, apply, [w, x], [x.shape[0] ?? 0, polynomial.outputs[0]?.size ?? 0], 1)
  return ours(passes, [...own, w, x, species])
}

/** Linear layers on irreps, with shared weights (C) or one row of weights a species (D). */
export function linear(input: CaseInput): OurCase {
  const irreps = new Irreps(O3, input.name === 'C' ? '128x0e+128x1o+128x2e+128x3o' : '128x0e+128x1o')
  const { polynomial } = descriptors.linear(irreps, irreps)
  const [w, x, species] = ['weights', 'features', 'species'].map((name) => load(input, name)) as [NDArray, NDArray, NDArray]
  const apply: Apply = (...inputs) => {
    const [weights, nodes] = inputs as [NDArray, NDArray]
    return only(segmentedPolynomial(polynomial, [input.name === 'C' ? weights : { array: weights, indices: species }, nodes]))
  }
  const { passes, own } = passesOf(input, apply, [w, x], [x.shape[0] ?? 0, polynomial.outputs[0]?.size ?? 0], 1)
  return ours(passes, [...own, w, x, species])
}

/** Spherical harmonics of degrees 0 to 3; the peer's are normalised on the sphere. */
export function harmonics(input: CaseInput): OurCase {
  const v = load(input, 'vectors')
  const apply: Apply = (...inputs) => sphericalHarmonics([0, 1, 2, 3], inputs[0] ?? v)
  const { passes, own } = passesOf(input, apply, [v], [v.shape[0] ?? 0, 16])
  return ours(passes, [...own, v])
}

function only(outputs: readonly NDArray[]): NDArray {
  return outputs[0] ?? fail('the polynomial has no output')
}

function fail(message: string): never {
  throw new Error(message)
}
