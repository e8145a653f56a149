import { describe, expect, it } from 'vitest'
import * as cue from '../../src/index.ts'
import { expectClose, fixture, numPaths, onSines, polynomialOf } from './support.ts'

interface Case {
  readonly name: string
  readonly group: cue.GroupName | null
  readonly args: readonly unknown[]
  readonly inputSizes: readonly number[]
  readonly numPaths: readonly number[]
  readonly outputs: readonly (readonly number[])[]
  readonly outputIrreps?: readonly string[]
}

const { cases } = fixture('descriptors') as { readonly cases: readonly Case[] }
const { descriptors } = cue
const { escn, gatr } = cue.experimental

type Built = cue.EquivariantPolynomial | cue.SegmentedPolynomial | cue.SegmentedTensorProduct

/** How each case of the file is built from its arguments; the text of irreps has become irreps. */
const builders: Readonly<Record<string, (args: readonly never[]) => Built>> = {
  linear: ([a, b]) => descriptors.linear(a as never, b as never),
  fullyConnectedTensorProduct: ([a, b, c]) => descriptors.fullyConnectedTensorProduct(a as never, b as never, c as never),
  channelwiseTensorProduct: ([a, b, filter, options]) => descriptors.channelwiseTensorProduct(a as never, b as never, filter, options),
  fullTensorProduct: ([a, b, filter]) => descriptors.fullTensorProduct(a as never, b as never, filter),
  elementwiseTensorProduct: ([a, b, filter]) => descriptors.elementwiseTensorProduct(a as never, b as never, filter),
  sphericalHarmonics: ([vector, ls]) => descriptors.sphericalHarmonics((vector as unknown as cue.Irreps).at(0).ir, ls as never),
  yRotation: ([a, lmax]) => descriptors.yRotation(a as never, lmax),
  xRotation: ([a, lmax]) => descriptors.xRotation(a as never, lmax),
  xyRotation: ([a, lmax]) => descriptors.xyRotation(a as never, lmax),
  yxRotation: ([a, lmax]) => descriptors.yxRotation(a as never, lmax),
  yxyRotation: ([a, lmax]) => descriptors.yxyRotation(a as never, lmax),
  fixedAxisAngleRotation: ([a, axis, angle]) => descriptors.fixedAxisAngleRotation(a as never, axis as never, angle as never),
  inversion: ([a]) => descriptors.inversion(a as never),
  transpose: ([a, source, target]) => descriptors.transpose(a as never, source as never, target as never),
  escnTp: ([a, b, options]) => escn.escnTp(a as never, b as never, options),
  escnTpCompact: ([a, b, options]) => escn.escnTpCompact(a as never, b as never, options),
  gatrLinear: ([mulIn, mulOut]) => gatr.gatrLinear(mulIn as never, mulOut as never),
  gatrGeometricProduct: () => gatr.gatrGeometricProduct(),
  gatrOuterProduct: () => gatr.gatrOuterProduct(),
}

function build({ name, group, args }: Case): Built {
  const isLayout = (text: string): boolean => text === 'mul_ir' || text === 'ir_mul'
  const read = args.map((arg) => (typeof arg === 'string' && group && !isLayout(arg) ? new cue.Irreps(group, arg) : (arg ?? undefined)))
  const builder = builders[name]
  if (!builder) throw new Error(`no builder for ${name}`)
  return builder(read as never[])
}

describe('descriptors equal the reference', () => {
  it('for every case of the file', () => {
    expect(cases.length).toBeGreaterThan(80)
    expect(new Set(cases.map(({ name }) => name))).toEqual(new Set(Object.keys(builders)))
  })

  it.each(cases.map((item) => [`${item.name} ${item.group ?? ''} ${JSON.stringify(item.args)}`, item] as const))('%s', (_, item) => {
    const built = build(item)
    expect(polynomialOf(built).inputs.map(({ size }) => size)).toEqual(item.inputSizes)
    const outputs = onSines(built)
    expect(outputs.length).toBe(item.outputs.length)
    for (const [o, output] of outputs.entries()) expectClose(output.data, item.outputs[o] ?? [])
    expect([...numPaths(built)].sort((a, b) => a - b)).toEqual([...item.numPaths].sort((a, b) => a - b))
    if (item.outputIrreps && built instanceof cue.EquivariantPolynomial) expect(built.outputs.map(String)).toEqual(item.outputIrreps)
  })
})
