import { descriptors, Irreps, O3, type SegmentedPolynomial } from '@equivar/core'
import { array, compile, grad, segmentedPolynomial, sphericalHarmonics, track, type NDArray } from '@equivar/engine'
import { arrayPass, type CaseInput, type OurCase, type Pass, type Runtime } from './case.ts'
import { seededNormals } from './random.ts'

const dtypes = { f32: 'float32', f64: 'float64' } as const

type Apply = (...inputs: readonly NDArray[]) => NDArray

interface Disposable {
  dispose(): void
}

/** Forward, first and second gradients of a function of some arrays, as the peers compute them. */
interface Passes {
  readonly passes: Readonly<Record<string, Pass>>
  /** To be disposed with the case. */
  readonly own: readonly Disposable[]
}

interface Setting {
  readonly input: CaseInput
  readonly runtime: Runtime
}

/**
 * The first `numParameters` inputs are parameters of a model. A forward pass without gradients is inference: there they are constants
 * of the program, and what depends on them alone is done once.
 */
function passesOf(
  { input, runtime: { method } }: Setting,
  apply: Apply,
  inputs: readonly NDArray[],
  outputShape: readonly number[],
  numParameters = 0,
): Passes {
  const loadOr = (name: string, seed: number, shape: readonly number[]) => {
    if (input.arrays.has(name)) return load(input, name)
    return array(seededNormals(seed, shape.reduce((product, extent) => product * extent, 1)), { shape, dtype: dtypes[input.dtype] })
  }
  const g = loadOr('g', 11, outputShape)
  const vs = inputs.map((x, i) => loadOr(`v${i}`, 12 + i, x.shape))
  const n = inputs.length
  const options = { method }
  const forward = compile((...xs: readonly NDArray[]) => [apply(...inputs.slice(0, numParameters), ...xs)], options)
  const backward = compile((...all: readonly NDArray[]) => {
    const leaves = all.slice(0, n).map((x) => track(x))
    const y = apply(...leaves)
    return [y, ...grad(y, leaves, { cotangents: all.slice(n) })]
  }, options)
  const second = compile((...all: readonly NDArray[]) => {
    const leaves = all.slice(0, n + 1).map((x) => track(x))
    const diff = leaves.slice(0, n)
    const first = grad(apply(...diff), diff, { cotangents: leaves.slice(n), createGraph: true })
    return [...first, ...grad(first, leaves, { cotangents: all.slice(n + 1) })]
  }, options)
  const passes = {
    fwd: arrayPass(() => forward(...inputs.slice(numParameters)), () => forward.explain()),
    fb: arrayPass(() => backward(...inputs, g), () => backward.explain()),
    db: arrayPass(() => second(...inputs, g, ...vs), () => second.explain()),
  }
  return { passes, own: [forward, backward, second, g, ...vs] }
}

function ours(passes: Readonly<Record<string, Pass>>, own: readonly Disposable[]): OurCase {
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

const harmonicIrreps = '0e+1o+2e+3o'

/** The multiplicity in the name of a case, or the usual one. */
export function multiplicityOf(name: string, usual: number): number {
  const written = /m(\d+)/.exec(name)?.[1]
  return written === undefined ? usual : Number(written)
}

/** How many times the usual number of rows the name of a case asks for. */
export function scaleOf(name: string): number {
  return Number(/x(\d+)$/.exec(name)?.[1] ?? 1)
}

export function convolutionIrreps(name: string): string {
  const base = name.slice(0, 2)
  if (base === 'A2') return '128x0e'
  if (base === 'A3') return '128x0e+128x1o+128x2e'
  const mul = base === 'A4' ? 32 : multiplicityOf(name, 128)
  return `${mul}x0e+${mul}x1o`
}

export function convolutionPolynomial(irreps: string): SegmentedPolynomial {
  const harmonics = new Irreps(O3, harmonicIrreps)
  return descriptors.channelwiseTensorProduct(new Irreps(O3, irreps), harmonics, harmonics).polynomial
}

/** Gather of sender features, channel-wise tensor product with harmonics and weights of the edges, sum over receivers. */
export function convolution(input: CaseInput, runtime: Runtime): OurCase {
  const polynomial = convolutionPolynomial(convolutionIrreps(input.name))
  const [w, x, y, senders, receivers] = ['weights', 'features', 'harmonics', 'senders', 'receivers'].map((name) => load(input, name)) as [NDArray, NDArray, NDArray, NDArray, NDArray]
  const rows = x.shape[0] ?? 0
  const apply: Apply = (...inputs) => {
    const [weights, nodes, harmonics] = inputs as [NDArray, NDArray, NDArray]
    return only(segmentedPolynomial(polynomial, [weights, { array: nodes, indices: senders }, harmonics], { outputs: [{ indices: receivers, rows }] }))
  }
  const { passes, own } = passesOf({ input, runtime }, apply, [w, x, y], [rows, polynomial.outputs[0]?.size ?? 0])
  return ours(passes, [...own, w, x, y, senders, receivers])
}

/** `mul` times every kind. */
export function irrepsOf(mul: number, ...kinds: readonly string[]): Irreps {
  return new Irreps(O3, kinds.map((kind) => `${mul}x${kind}`).join('+'))
}

export function contractionPolynomial(mul: number, ...to: readonly string[]): SegmentedPolynomial {
  return descriptors.symmetricContraction(irrepsOf(mul, '0e', '1o', '2e', '3o'), irrepsOf(mul, ...to), [1, 2, 3]).polynomial
}

/** What the contraction of a case is to: with a d in the name degree 2 as well. */
export function contractionTargets(name: string): readonly string[] {
  return name.includes('d') ? ['0e', '1o', '2e'] : ['0e', '1o']
}

/** Symmetric contraction to 0e+1o, with a d in the name also to 2e, degree 3, with one row of weights a species. */
export function contraction(input: CaseInput, runtime: Runtime): OurCase {
  const polynomial = contractionPolynomial(multiplicityOf(input.name, 128), ...contractionTargets(input.name))
  const [w, x, species] = ['weights', 'features', 'species'].map((name) => load(input, name)) as [NDArray, NDArray, NDArray]
  const apply: Apply = (...inputs) => {
    const [weights, nodes] = inputs as [NDArray, NDArray]
    return only(segmentedPolynomial(polynomial, [{ array: weights, indices: species }, nodes]))
  }
  const { passes, own } = passesOf({ input, runtime }, apply, [w, x], [x.shape[0] ?? 0, polynomial.outputs[0]?.size ?? 0], 1)
  return ours(passes, [...own, w, x, species])
}

export function linearPolynomial(name: string): SegmentedPolynomial {
  const irreps = irrepsOf(multiplicityOf(name, 128), ...(name.startsWith('D') ? ['0e', '1o'] : ['0e', '1o', '2e', '3o']))
  return descriptors.linear(irreps, irreps).polynomial
}

/** Linear layers on irreps, with shared weights (C) or one row of weights a species (D). */
export function linear(input: CaseInput, runtime: Runtime): OurCase {
  const isIndexed = input.name.startsWith('D')
  const polynomial = linearPolynomial(input.name)
  const [w, x, species] = ['weights', 'features', 'species'].map((name) => load(input, name)) as [NDArray, NDArray, NDArray]
  const apply: Apply = (...inputs) => {
    const [weights, nodes] = inputs as [NDArray, NDArray]
    return only(segmentedPolynomial(polynomial, [isIndexed ? { array: weights, indices: species } : weights, nodes]))
  }
  const { passes, own } = passesOf({ input, runtime }, apply, [w, x], [x.shape[0] ?? 0, polynomial.outputs[0]?.size ?? 0], 1)
  return ours(passes, [...own, w, x, species])
}

export function fullyConnectedPolynomial(name: string): SegmentedPolynomial {
  const mul = multiplicityOf(name, 32)
  return descriptors.fullyConnectedTensorProduct(irrepsOf(mul, '0e', '1o'), new Irreps(O3, '0e+1o+2e'), irrepsOf(mul, '0e', '1o', '2e')).polynomial
}

/** Fully connected tensor product with harmonics, one set of weights for all rows. */
export function fullyConnected(input: CaseInput, runtime: Runtime): OurCase {
  const polynomial = fullyConnectedPolynomial(input.name)
  const [w, x, y] = ['weights', 'features', 'harmonics'].map((name) => load(input, name)) as [NDArray, NDArray, NDArray]
  const apply: Apply = (...inputs) => only(segmentedPolynomial(polynomial, inputs))
  const { passes, own } = passesOf({ input, runtime }, apply, [w, x, y], [x.shape[0] ?? 0, polynomial.outputs[0]?.size ?? 0], 1)
  return ours(passes, [...own, w, x, y])
}

/** Spherical harmonics of degrees 0 to 3; the peer's are normalised on the sphere. */
export function harmonics(input: CaseInput, runtime: Runtime): OurCase {
  const v = load(input, 'vectors')
  const apply: Apply = (...inputs) => sphericalHarmonics([0, 1, 2, 3], inputs[0] ?? v)
  const { passes, own } = passesOf({ input, runtime }, apply, [v], [v.shape[0] ?? 0, 16])
  return ours(passes, [...own, v])
}

function only(outputs: readonly NDArray[]): NDArray {
  return outputs[0] ?? fail('the polynomial has no output')
}

function fail(message: string): never {
  throw new Error(message)
}
