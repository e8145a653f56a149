import { descriptors, Irreps, type Layout } from '@equivar/core'
import * as cuet from '../../src/index.ts'
import { given, random } from './numbers.ts'

/** A module, what irreps its inputs and its output carry, and how it is called. */
export interface Specimen {
  readonly name: string
  readonly module: cuet.Module
  /** Numbers of rows follow the batch, but where `rows` is fixed. */
  readonly inputs: readonly { readonly irreps: Irreps; readonly rows?: number }[]
  readonly output: Irreps
  /** Whether every row of the output belongs to one row of the inputs. */
  readonly isRowwise: boolean
  forward(...inputs: readonly (cuet.Tensor | undefined)[]): cuet.Tensor
}

const float64 = { dtype: 'float64' } as const
const irreps = (text: string) => new Irreps('O3', text)
const scalars = (count: number) => irreps(`${count}x0e`)

/** Row i belongs to class i mod n. */
function classes(rows: number, n: number): cuet.Tensor {
  return cuet.tensor(Int32Array.from({ length: rows }, (_, i) => (2 * i + 1) % n))
}

/** Every module on irreps, with odd multiplicities, in a layout. */
export function specimens(layout: Layout): Specimen[] {
  const [a, b, c] = [irreps('5x0e + 3x1o + 1x2e'), irreps('2x0e + 1x1o'), irreps('3x0e + 1x1o + 1x1e + 1x2e')]
  const common = { layout, ...float64 }
  const linear = new cuet.Linear({ ...common, irrepsIn: a, irrepsOut: c })
  const classed = new cuet.Linear({ ...common, irrepsIn: a, irrepsOut: c, weightClasses: 3 })
  const unshared = new cuet.Linear({ ...common, irrepsIn: a, irrepsOut: c, sharedWeights: false })
  const full = new cuet.FullyConnectedTensorProduct({ ...common, irrepsIn1: a, irrepsIn2: b, irrepsOut: c })
  const channels = new cuet.ChannelWiseTensorProduct({ ...common, irrepsIn1: a, irrepsIn2: irreps('0e + 1o + 2e'), filterIrrepsOut: c, sharedWeights: false })
  const shared = new cuet.ChannelWiseTensorProduct({ ...common, irrepsIn1: a, irrepsIn2: irreps('0e + 1o'), filterIrrepsOut: c })
  const symmetric = [true, false].map((originalMace) => {
    const [irrepsIn, irrepsOut] = [irreps('3x0e + 3x1o + 3x2e'), irreps('3x0e + 3x1o')]
    const module = new cuet.SymmetricContraction({ ...common, irrepsIn, irrepsOut, contractionDegree: 3, numElements: 2, originalMace })
    const one: Specimen = {
      name: `SymmetricContraction${originalMace ? ', originalMace' : ''}`,
      module,
      inputs: [{ irreps: irrepsIn }],
      output: irrepsOut,
      isRowwise: true,
      forward: (x) => module.forward(given(x), classes(x?.shape[0] ?? 0, 2)),
    }
    return one
  })
  const harmonics = new cuet.SphericalHarmonics({ ls: [0, 1, 2, 3], normalize: false, ...float64 })
  const descriptor = descriptors.fullTensorProduct(b, b)
  const polynomial = new cuet.EquivariantTensorProduct({ polynomial: descriptor, layout })
  const product = descriptors.fullyConnectedTensorProduct(b, b, b)
  const segmented = new cuet.SegmentedPolynomial({ polynomial: product.polynomial })
  const toDescriptor = new cuet.TransposeIrrepsLayout({ irreps: b, source: layout, target: 'ir_mul', ...float64 })
  const fromDescriptor = new cuet.TransposeIrrepsLayout({ irreps: b, source: 'ir_mul', target: layout, ...float64 })
  const norm = new cuet.layers.BatchNorm({ irreps: a, ...common })
  const gate = new cuet.nn.Gate({ scalars: '3x0e', gated: '1x0o + 2x1o + 1x2e', layout })
  const activation = new cuet.nn.NormActivation({ irreps: a, layout, activation: 'silu', bias: true, ...float64 })
  const inversion = new cuet.Inversion({ irreps: a, ...common })
  const conv = new cuet.layers.FullyConnectedTensorProductConv({ irrepsIn: b, irrepsSh: '0e + 1o', irrepsOut: b, mlpChannels: [3, 5], ...common })
  const edges = { sources: classes(6, 3), destinations: cuet.tensor([1, 1, 0, 2, 2, 0], { dtype: 'int32' }), numDestinations: 3 }
  return [
    { name: 'Linear', module: linear, inputs: [{ irreps: a }], output: c, isRowwise: true, forward: (x) => linear.forward(given(x)) },
    {
      name: 'Linear, classes of weights',
      module: classed,
      inputs: [{ irreps: a }],
      output: c,
      isRowwise: true,
      forward: (x) => classed.forward(given(x), { weightIndices: classes(x?.shape[0] ?? 0, 3) }),
    },
    {
      name: 'Linear, weights a row',
      module: unshared,
      inputs: [{ irreps: a }, { irreps: scalars(unshared.weightNumel) }],
      output: c,
      isRowwise: true,
      forward: (x, w) => unshared.forward(given(x), given(w)),
    },
    {
      name: 'FullyConnectedTensorProduct',
      module: full,
      inputs: [{ irreps: a }, { irreps: b }],
      output: c,
      isRowwise: true,
      forward: (x, y) => full.forward(given(x), given(y)),
    },
    {
      name: 'ChannelWiseTensorProduct, weights a row',
      module: channels,
      inputs: [{ irreps: a }, { irreps: channels.irrepsIn2 }, { irreps: scalars(channels.weightNumel) }],
      output: channels.irrepsOut,
      isRowwise: true,
      forward: (x, y, w) => channels.forward(given(x), given(y), given(w)),
    },
    {
      name: 'ChannelWiseTensorProduct, gathered and scattered',
      module: shared,
      inputs: [{ irreps: a, rows: 3 }, { irreps: shared.irrepsIn2 }],
      output: shared.irrepsOut,
      isRowwise: false,
      forward: (x, y) => {
        const rows = y?.shape[0] ?? 0
        return shared.forward(given(x), given(y), { indices1: classes(rows, 3), indicesOut: classes(rows, 2), sizeOut: 2 })
      },
    },
    ...symmetric,
    { name: 'SphericalHarmonics', module: harmonics, inputs: [{ irreps: irreps('1o') }], output: irreps('0e + 1o + 2e + 3o'), isRowwise: true, forward: (v) => harmonics.forward(given(v)) },
    {
      name: 'EquivariantTensorProduct',
      module: polynomial,
      inputs: [{ irreps: b }, { irreps: b }],
      output: descriptorIrreps(layout, polynomial, b),
      isRowwise: true,
      forward: (x, y) => polynomial.forward([given(x), given(y)]),
    },
    {
      name: 'SegmentedPolynomial, between TransposeIrrepsLayout',
      module: segmented,
      inputs: [{ irreps: scalars(product.inputs[0].dim), rows: 1 }, { irreps: b }, { irreps: b }],
      output: b,
      isRowwise: true,
      forward: (w, x, y) => {
        const [z] = segmented.forward([given(w), toDescriptor.forward(given(x)), toDescriptor.forward(given(y))])
        return fromDescriptor.forward(given(z))
      },
    },
    { name: 'BatchNorm', module: norm, inputs: [{ irreps: a }], output: a, isRowwise: false, forward: (x) => norm.forward(given(x)) },
    { name: 'Gate', module: gate, inputs: [{ irreps: gate.irrepsIn }], output: gate.irrepsOut, isRowwise: true, forward: (x) => gate.forward(given(x)) },
    { name: 'NormActivation', module: activation, inputs: [{ irreps: a }], output: a, isRowwise: true, forward: (x) => activation.forward(given(x)) },
    { name: 'Inversion', module: inversion, inputs: [{ irreps: a }], output: a, isRowwise: true, forward: (x) => inversion.forward(given(x)) },
    {
      name: 'FullyConnectedTensorProductConv',
      module: conv,
      inputs: [{ irreps: b, rows: 3 }, { irreps: irreps('0e + 1o'), rows: 6 }, { irreps: scalars(3), rows: 6 }],
      output: b,
      isRowwise: false,
      forward: (x, y, e) => conv.forward(given(x), given(y), given(e), edges),
    },
  ]
}

function descriptorIrreps(layout: Layout, module: cuet.EquivariantTensorProduct, of: Irreps): Irreps {
  const [output] = module.descriptor.outputs
  if (!('irreps' in output) || !(output.irreps instanceof Irreps)) throw new Error(`no irreps in the output for ${of.toString()} ${layout.toString()}`)
  return output.irreps
}

/** Inputs of so many rows. */
export function inputsFor({ inputs }: Specimen, batch: number, requiresGrad = false): cuet.Tensor[] {
  return inputs.map(({ irreps: own, rows = batch }, i) => random([rows, own.dim], 11 * i + 1, { requiresGrad }))
}
