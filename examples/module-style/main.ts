// The four operations that carry a MACE model, as modules, and a step of training.
import * as cue from '@equivar/core'
import * as cuet from '@equivar/torchlike'

const device = await cuet.device('auto')     // 'cuda' if a CUDA backend is installed and works, else 'webgpu', else 'cpu'
const dtype = 'float32'

const featsIrreps = new cue.Irreps('O3', '32x0e + 32x1o + 32x2e')
const targetIrreps = new cue.Irreps('O3', '32x0e + 32x1o')

// 1. symmetric contraction: weights chosen by species index, not one-hot
const symmetricContraction = new cuet.SymmetricContraction({
  irrepsIn: featsIrreps, irrepsOut: targetIrreps, contractionDegree: 3, numElements: 10,
  layoutIn: cue.irMul, layoutOut: cue.mulIr, originalMace: true, dtype, device,
})
let nodeFeats = cuet.randn([128, 32, featsIrreps.dim / 32], { dtype, device })
const nodeAttrsIndex = cuet.randint(0, 10, [128], { dtype: 'int32', device })
nodeFeats = nodeFeats.transpose(1, 2).flatten(1)
const contracted = symmetricContraction.forward(nodeFeats, nodeAttrsIndex)                 // [128, 32 + 96]

// 2. channel-wise tensor product: external per-edge weights
const edgeAttrsIrreps = '0e + 1o + 2e + 3o'
const edgeFeats = cuet.randn([128, featsIrreps.dim], { dtype, device })
const edgeVectors = cuet.randn([128, 3], { dtype, device })
const edgeSh = cuet.sphericalHarmonics([0, 1, 2, 3], edgeVectors)
const convTp = new cuet.ChannelWiseTensorProduct({
  irrepsIn1: featsIrreps, irrepsIn2: new cue.Irreps('O3', edgeAttrsIrreps), filterIrrepsOut: new cue.Irreps('O3', edgeAttrsIrreps),
  sharedWeights: false, internalWeights: false, layout: cue.mulIr, mathDtype: dtype, device,
})
const tpWeights = cuet.randn([128, convTp.weightNumel], { dtype, device })
const messages = convTp.forward(edgeFeats, edgeSh, tpWeights)
// with gather and scatter fused: convTp.forward(nodeFeats, edgeSh, tpWeights, { indices1: senders, indicesOut: receivers, sizeOut: numNodes })

// 3. linear, here through the fallback
const linear = new cuet.Linear({ irrepsIn: featsIrreps, irrepsOut: featsIrreps, layout: cue.mulIr, internalWeights: true, sharedWeights: true, dtype, device })
const mixed = linear.forward(cuet.randn([128, featsIrreps.dim], { dtype, device }), { useFallback: true })

// 4. fully connected tensor product with one-hot attributes
const skipTp = new cuet.FullyConnectedTensorProduct({
  irrepsIn1: featsIrreps, irrepsIn2: new cue.Irreps('O3', '10x0e'), irrepsOut: featsIrreps,
  layout: cue.mulIr, internalWeights: true, sharedWeights: true, dtype, device,
})
const nodeAttrs = cuet.oneHot(cuet.randint(0, 10, [128], { dtype: 'int64', device }), 10).to(dtype)
const y = skipTp.forward(cuet.randn([128, featsIrreps.dim], { dtype, device }), nodeAttrs, { useFallback: true })

// training code looks as expected
const loss = y.square().mean()
loss.backward()
const [weight] = skipTp.parameters()                          // iterable of cuet.Parameter, each with .grad

for (const [name, x] of Object.entries({ contracted, messages, mixed, y, gradient: weight?.grad })) console.log(name, x?.toString() ?? 'none')
console.log('loss', await loss.item())

export { contracted, device, loss, messages, mixed, skipTp, y }
