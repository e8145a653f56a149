import { descriptors, Irreps, irMul, mulIr } from '@equivar/core'
import * as all from '../../src/index.ts'
import * as experimental from '../../src/experimental/index.ts'
import { ints, randomArray } from '../support/numbers.ts'

const { numpy: np, random, nn, tree, layers, irDict, optimizers } = all
type DeviceArray = all.DeviceArray

const irreps = new Irreps('O3', '2x0e + 2x1o')
const vector = new Irreps('O3', '1o')

/** What every call is given; none may be changed. */
export const inputs = {
  a: randomArray([3, 4], 1, 0.1, 0.9),
  b: randomArray([3, 4], 2, 0.1, 0.9),
  square: randomArray([3, 3], 3),
  vectors: randomArray([5, 3], 4),
  other: randomArray([5, 3], 5),
  one: randomArray([], 6),
  flags: np.array([[1, 0, 1, 1]], { dtype: 'bool' }),
  indices: ints([2, 0, 2]),
  key: random.key(7),
  features: new all.IrrepsArray(irreps, randomArray([5, irreps.dim], 8), irMul),
  directions: new all.IrrepsArray(vector, randomArray([5, 3], 9), irMul),
  scalars: new all.IrrepsArray(new Irreps('O3', '3x0e'), randomArray([5, 3], 10), irMul),
  dict: { '0e': randomArray([5, 2, 1], 11), '1o': randomArray([5, 2, 3], 12) },
  params: { w: randomArray([4], 13), b: randomArray([], 14) },
  gradients: { w: randomArray([4], 15), b: randomArray([], 16) },
}
const { a, b, square, vectors, other, one, flags, indices, key, features, directions, scalars, dict, params, gradients } = inputs

const linear = descriptors.linear(irreps, irreps)
const weights = randomArray([linear.inputs[0].dim], 17)
const [product] = linear.polynomial.operations.map(([, own]) => own)
if (!product) throw new Error('no product')

const energy = (x: DeviceArray): DeviceArray => np.sum(np.square(np.tanh(x)))
const map = (x: DeviceArray): DeviceArray => np.tanh(x).mul(2)
const step = (c: DeviceArray, x: DeviceArray) => [c.add(x), c.mul(x)] as const
const unary = (f: (x: DeviceArray) => unknown) => () => f(a)
const binary = (f: (x: DeviceArray, y: DeviceArray) => unknown) => () => f(a, b)
const optimized = (optimizer: all.GradientTransformation) => () => {
  const first = optimizer.update(gradients, optimizer.init(params), params)
  return [first, optimizer.update(gradients, first[1], params)]
}
const scheduled = (schedule: (at: DeviceArray) => DeviceArray) => () => schedule(one)
const initialized = (init: all.Initializer) => () => init(key, [3, 2], 'float64')
const irrepsLinear = new layers.IrrepsLinear(irreps, irreps)
const indexedLinear = new layers.IrrepsIndexedLinear(irreps, irreps, 3)
const mlp = new layers.MLP([8, 4], nn.silu)

/** One call at least of everything that is exported, by its path. A tree of arrays, or anything else that is told by its text. */
export const calls: Readonly<Record<string, () => unknown>> = {
  DeviceArray: () => [map(new all.DeviceArray(a.ndarray)), a.add(b), a.sub(b), a.mul(b), a.div(b), a.pow(2), a.neg(), a.square(), a.sqrt(), a.sum(), a.mean()],
  defaultDevice: () => all.defaultDevice(),
  device: () => 'asynchronous; opens, and gives a name',
  setDefaultDevice: () => {
    all.setDefaultDevice(all.defaultDevice())
    return all.defaultDevice()
  },
  scope: () => all.scope(() => map(a)),
  IrrepsArray: () => {
    const x = new all.IrrepsArray(irreps, features.array, irMul)
    const moved = new all.IrrepsArray(vector, randomArray([5, 4, 3], 18), irMul).moveAxisToMul(1)
    const methods = [x.sliceByMul(1, 3), x.filter({ keep: '1o' }), x.sort(), x.simplify(), x.regroup(), x.changeLayout(mulIr), x.reshape([5, 1, irreps.dim])]
    return [moved, ...methods, ...x.segments, all.IrrepsArray.fromSegments(irreps, x.segments, [5], irMul)]
  },
  RepArray: () => {
    const x = new all.RepArray({ 1: vector }, vectors, irMul)
    return [x.add(x), x.sub(x), x.mul(2), x.div(2), x.neg(), x.astype('float32'), x.take(indices), x.at([0, 2]), x.transform([0.1, 0.2, 0.3])]
  },
  asIrrepsArray: () => all.asIrrepsArray(vectors, features),
  clebschGordan: () => all.clebschGordan(vector.at(0).ir, vector.at(0).ir, new Irreps('O3', '1e').at(0).ir),
  concatenate: () => all.concatenate([features, directions]),
  randn: () => all.randn(key, irreps, [3], irMul),
  Repeats: () => {
    const indices = [new all.Repeats([5]), null, null]
    return all.segmentedPolynomial(linear.polynomial, [weights.reshape([1, -1]), features.array], [{ shape: [5, -1], dtype: 'float64' }], indices)
  },
  segmentedPolynomial: () => all.segmentedPolynomial(linear.polynomial, [weights, features.array], [{ shape: [5, -1], dtype: 'float64' }]),
  equivariantPolynomial: () => all.equivariantPolynomial(linear, [weights, features]),
  equivariantTensorProduct: () => all.equivariantTensorProduct(linear, weights, features),
  tensorProduct: () => all.tensorProduct(product, weights, features.array),
  symmetricTensorProduct: () => all.symmetricTensorProduct([product], weights, features.array),
  norm: () => all.norm(features),
  normalize: () => all.normalize(features),
  sphericalHarmonics: () => all.sphericalHarmonics([0, 1, 2], directions),
  layerNorm: () => all.layerNorm(features),
  normalizeSegments: () => all.normalizeSegments(features),
  scalarActivation: () => all.scalarActivation(scalars, nn.silu),
  checkpoint: () => all.grad(all.checkpoint(energy))(a),
  customJvp: () => all.grad(all.customJvp(energy, ([x], [t]) => all.jvp(energy, [x], [t])))(a),
  customVjp: () => all.grad(all.customVjp(energy, { forward: (x: DeviceArray) => [energy(x), x], backward: (x, ct) => all.vjp(energy, x)[1](ct) }))(a),
  cond: () => [all.cond(true, map, energy, a), all.cond(np.less(one, 2), map, (x: DeviceArray) => x, a)],
  scan: () => [all.scan(step, a.at(0), a), all.jit((c: DeviceArray, x: DeviceArray) => all.scan(step, c, x))(a.at(0), a)],
  whileLoop: () => {
    const halved = (x: DeviceArray) => all.whileLoop((c) => np.greater(np.sum(c), 0.1), (c: DeviceArray) => c.div(2), x)
    return [halved(a), all.jit(halved)(a)]
  },
  evalShape: () => all.evalShape(map, a).toString(),
  grad: () => all.grad(energy)(a),
  valueAndGrad: () => all.valueAndGrad(energy)(a),
  jvp: () => all.jvp(map, [a], [b]),
  vjp: () => {
    const [y, pullback] = all.vjp(map, a)
    return [y, pullback(b), pullback(b)]
  },
  stopGradient: () => all.stopGradient(params),
  hessian: () => all.hessian(energy)(vectors),
  jacfwd: () => all.jacfwd(map)(square),
  jacrev: () => all.jacrev(map)(square),
  jit: () => all.jit(all.grad(energy))(a),
  vmap: () => all.vmap(all.grad(energy))(a),

  'numpy.array': () => np.array([[1, 2], [3, 4]]),
  'numpy.asarray': () => [np.asarray(a), np.asarray(a, { dtype: 'float32' }), np.asarray([1, 2])],
  'numpy.zeros': () => np.zeros([2, 3]),
  'numpy.ones': () => np.ones([2, 3]),
  'numpy.full': () => np.full([2], 3),
  'numpy.zerosLike': unary(np.zerosLike),
  'numpy.onesLike': unary(np.onesLike),
  'numpy.arange': () => np.arange(5),
  'numpy.linspace': () => np.linspace(0, 1, 5),
  'numpy.eye': () => np.eye(3),
  ...Object.fromEntries(
    (['negative', 'sqrt', 'exp', 'expm1', 'log', 'log1p', 'sin', 'cos', 'tanh', 'abs', 'sign', 'floor', 'reciprocal', 'square'] as const).map((name) => [`numpy.${name}`, unary(np[name])]),
  ),
  ...Object.fromEntries(
    (['add', 'subtract', 'multiply', 'divide', 'power', 'maximum', 'minimum', 'less', 'lessEqual', 'greater', 'greaterEqual', 'equal', 'notEqual'] as const).map((name) => [
      `numpy.${name}`,
      binary(np[name]),
    ]),
  ),
  'numpy.logicalNot': () => np.logicalNot(flags),
  'numpy.logicalAnd': () => np.logicalAnd(flags, np.less(a, b)),
  'numpy.logicalOr': () => np.logicalOr(flags, np.less(a, b)),
  'numpy.where': () => np.where(flags, a, b),
  'numpy.clip': () => np.clip(a, 0.3, 0.6),
  'numpy.astype': () => np.astype(a, 'float32'),
  'numpy.sum': () => np.sum(a, { axes: 0 }),
  'numpy.mean': () => np.mean(a, { axes: 1 }),
  'numpy.max': () => np.max(a, { axes: 1 }),
  'numpy.min': () => np.min(a, { axes: 1 }),
  'numpy.cumsum': () => np.cumsum(a, 0),
  'numpy.matmul': () => np.matmul(square, a),
  'numpy.einsum': () => np.einsum('ij,kj->ik', a, b),
  'numpy.reshape': () => np.reshape(a, [4, 3]),
  'numpy.transpose': () => np.transpose(a),
  'numpy.swapaxes': () => np.swapaxes(a, 0, 1),
  'numpy.moveaxis': () => np.moveaxis(a, 0, 1),
  'numpy.expandDims': () => np.expandDims(a, 1),
  'numpy.squeeze': () => np.squeeze(flags),
  'numpy.broadcastTo': () => np.broadcastTo(a, [2, 3, 4]),
  'numpy.concatenate': () => np.concatenate([a, b]),
  'numpy.stack': () => np.stack([a, b]),
  'numpy.split': () => np.split(a, [1, 2]),
  'numpy.pad': () => np.pad(a, [[1, 0], [0, 1]]),
  'numpy.take': () => np.take(a, indices),
  'numpy.segmentSum': () => np.segmentSum(a, indices, 3),
  'numpy.argsort': () => np.argsort(a),
  'numpy.sort': () => np.sort(a),
  'numpy.bincount': () => np.bincount(indices, 3),
  'numpy.cross': () => np.cross(vectors, other),
  'numpy.linalg.norm': () => np.linalg.norm(a, { axes: 1 }),
  'numpy.linalg.det': () => np.linalg.det(square),
  'numpy.linalg.inv': () => np.linalg.inv(square),
  'numpy.linalg.solve': () => np.linalg.solve(square, a),

  'random.key': () => random.key(3),
  'random.split': () => random.split(key),
  'random.normal': () => random.normal(key, [3]),
  'random.uniform': () => random.uniform(key, [3]),
  'random.randint': () => random.randint(key, [3], 0, 9),
  'random.bernoulli': () => random.bernoulli(key, 0.5, [3]),
  'random.permutation': () => random.permutation(key, 5),

  ...Object.fromEntries((['silu', 'gelu', 'relu', 'softplus', 'sigmoid', 'tanh', 'identity', 'softmax'] as const).map((name) => [`nn.${name}`, unary(nn[name])])),
  'nn.oneHot': () => nn.oneHot(indices, 3),
  'nn.normalspace': () => nn.normalspace(7),
  'nn.normalizeFunction': () => nn.normalizeFunction(nn.silu)(a),
  'nn.functionParity': () => [nn.functionParity(nn.tanh), nn.functionParity(nn.silu)].join(),
  'nn.initializers.zeros': initialized(nn.initializers.zeros),
  'nn.initializers.ones': initialized(nn.initializers.ones),
  'nn.initializers.normal': initialized(nn.initializers.normal()),

  'tree.registerNode': () => {
    class Own {
      readonly x = a
    }
    tree.registerNode(Own, { flatten: ({ x }) => [[x], undefined], unflatten: () => new Own() })
    return tree.leaves(new Own())
  },
  'tree.flatten': () => tree.flatten(params)[0],
  'tree.unflatten': () => tree.unflatten(tree.structure(params), tree.leaves(params)),
  'tree.structureText': () => tree.structureText(tree.structure(params)),
  'tree.leaves': () => tree.leaves(params),
  'tree.structure': () => tree.structureText(tree.structure([params])),
  'tree.map': () => tree.map((p, g) => p.sub(g), params, gradients),
  'tree.reduce': () => tree.reduce((sum: DeviceArray, p) => sum.add(np.sum(p)), params, one),
  'tree.all': () => tree.all(params, ({ dtype }) => dtype === 'float64'),

  'layers.IrrepsLinear': () => irrepsLinear.apply(irrepsLinear.init(key, 'float64'), features),
  'layers.IrrepsIndexedLinear': () => indexedLinear.apply(indexedLinear.init(key, 'float64'), features, ints([0, 1, 1, 2, 0])),
  'layers.SphericalHarmonics': () => new layers.SphericalHarmonics(2).apply(directions),
  'layers.IrrepsNormalize': () => new layers.IrrepsNormalize().apply(features),
  'layers.LayerNorm': () => new layers.LayerNorm().apply(features),
  'layers.MLP': () => mlp.apply(mlp.init(key, vectors), vectors),

  'irDict.flatToDict': () => irDict.flatToDict(irreps, features.array, irMul),
  'irDict.dictToFlat': () => irDict.dictToFlat(irreps, dict, irMul),
  'irDict.assertMulIrDict': () => {
    irDict.assertMulIrDict(irreps, dict)
  },
  'irDict.irrepsAdd': () => irDict.irrepsAdd(dict, dict),
  'irDict.irrepsZerosLike': () => irDict.irrepsZerosLike(dict),
  'irDict.segmentedPolynomialUniform1d': () => irDict.segmentedPolynomialUniform1d(linear.polynomial, [weights.reshape([2, 2, 2]), features.array], [features.array]),

  'optimizers.adam': optimized(optimizers.adam(0.1)),
  'optimizers.adamw': optimized(optimizers.adamw(0.1)),
  'optimizers.amsgrad': optimized(optimizers.amsgrad(0.1)),
  'optimizers.sgd': optimized(optimizers.sgd(0.1, { momentum: 0.9 })),
  'optimizers.addDecayedWeights': optimized(optimizers.addDecayedWeights(0.1)),
  'optimizers.clipByGlobalNorm': optimized(optimizers.clipByGlobalNorm(0.1)),
  'optimizers.chain': optimized(optimizers.chain(optimizers.scale(2), optimizers.sgd(0.1))),
  'optimizers.scale': optimized(optimizers.scale(0.5)),
  'optimizers.ema': () => optimizers.ema(params, gradients, 0.9),
  'optimizers.applyUpdates': () => optimizers.applyUpdates(params, gradients),
  'optimizers.cosineDecay': scheduled(optimizers.cosineDecay(1, 10)),
  'optimizers.exponentialDecay': scheduled(optimizers.exponentialDecay(1, 10, 0.9)),
  'optimizers.linearSchedule': scheduled(optimizers.linearSchedule(1, 0, 10)),
  'optimizers.warmup': scheduled(optimizers.warmup(1, 5, optimizers.cosineDecay(1, 10))),

  'experimental.gather': () => [experimental.gather(indices, a, 3), experimental.gather(ints([0, 1, 1, 0, 2]), features, 3)],
  'experimental.MultiLayerPerceptron': () => mlp.apply(mlp.init(key, vectors), vectors),
  'experimental.bessel': () => experimental.bessel(one, 4, 2),
  'experimental.polynomialEnvelope': () => experimental.polynomialEnvelope(a, 2),
  'experimental.smoothBump': unary(experimental.smoothBump),
  'experimental.softEnvelope': () => experimental.softEnvelope(a),
  'experimental.sus': unary(experimental.sus),
}
