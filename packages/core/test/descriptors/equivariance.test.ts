import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as cue from '../../src/index.ts'
import { expectClose, expectEquivariant, onSines, Z2 } from './support.ts'

const { channelwiseTensorProduct, elementwiseTensorProduct, fullTensorProduct, fullyConnectedTensorProduct, linear } = cue.descriptors

const groups: readonly (readonly [string, cue.GroupLike, readonly string[]])[] = [
  ['SO3', 'SO3', ['0', '1', '2', '3']],
  ['O3', 'O3', ['0e', '0o', '1o', '1e', '2e', '2o']],
  ['O3E3nn', 'O3E3nn', ['0e', '0o', '1o', '1e', '2e', '2o', '3o']],
  ['SU2', 'SU2', ['0', '1/2', '1', '3/2']],
  ['Z2', Z2, ['even', 'odd']],
]

/** Irreps with up to three segments, multiplicity 0 included. */
function someIrreps(group: cue.GroupLike, names: readonly string[]): fc.Arbitrary<cue.Irreps> {
  const segment = fc.record({ mul: fc.integer({ min: 0, max: 3 }), ir: fc.constantFrom(...names) })
  return fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => new cue.Irreps(group, segments.map(({ mul, ir }) => `${mul}x${ir}`).join('+')))
}

/** Irreps with as many copies as `a`: `a` itself, or scalars, which can be cut anywhere. */
function partner(a: cue.Irreps, areScalars: boolean): cue.Irreps {
  return areScalars ? a.newScalars(a.numIrreps) : a
}

const options = { seed: 7, numRuns: 12 }

describe.each(groups)('equivariance in %s', (_, group, names) => {
  const some = someIrreps(group, names)

  it('linear', () => {
    fc.assert(fc.property(some, some, (a, b) => expectEquivariant(linear(a, b))), options)
  })

  it('fullyConnectedTensorProduct', () => {
    fc.assert(fc.property(some, some, some, (a, b, c) => expectEquivariant(fullyConnectedTensorProduct(a, b, c))), options)
  })

  it('channelwiseTensorProduct, simplified and not', () => {
    fc.assert(
      fc.property(some, some, fc.option(some, { nil: undefined }), fc.boolean(), (a, b, filter, simplifyIrreps3) =>
        expectEquivariant(channelwiseTensorProduct(a, b, filter, { simplifyIrreps3 })),
      ),
      options,
    )
  })

  it('fullTensorProduct', () => {
    fc.assert(fc.property(some, some, fc.option(some, { nil: undefined }), (a, b, filter) => expectEquivariant(fullTensorProduct(a, b, filter))), options)
  })

  it('elementwiseTensorProduct', () => {
    fc.assert(fc.property(some, fc.boolean(), (a, reversed) => expectEquivariant(elementwiseTensorProduct(a, partner(a, reversed)))), options)
  })

  it('the law can fail: another permutation of components is refused', () => {
    const irreps = new cue.Irreps(group, `2x${names.at(-1) ?? ''}`)
    const e = fullTensorProduct(irreps, irreps)
    const [operation, product] = e.polynomial.operations[0] ?? []
    if (!operation || !product) throw new Error('no operation')
    const broken = new cue.SegmentedTensorProduct(
      product.subscripts,
      product.operands,
      product.paths.map((path, n) => (n === 0 ? path.withCoefficients(path.coefficients.map((value, i) => value + (i === 0 ? 0.5 : 0))) : path)),
    )
    const polynomial = new cue.SegmentedPolynomial(e.polynomial.inputs, e.polynomial.outputs, [[operation, broken]])
    const isOneDimensional = irreps.at(0).ir.dim === 1
    const check = () => expectEquivariant(new cue.EquivariantPolynomial(e.inputs, e.outputs, polynomial))
    if (isOneDimensional) check()
    else expect(check).toThrow()
  })
})

describe('rewrites change nothing', () => {
  const some = someIrreps('O3', ['0e', '0o', '1o', '1e', '2e'])
  const builders: Readonly<Record<string, (a: cue.Irreps, b: cue.Irreps) => cue.EquivariantPolynomial>> = {
    linear: (a, b) => linear(a, b),
    fullyConnectedTensorProduct: (a, b) => fullyConnectedTensorProduct(a, b, a),
    channelwiseTensorProduct: (a, b) => channelwiseTensorProduct(a, b),
    fullTensorProduct: (a, b) => fullTensorProduct(a, b),
    elementwiseTensorProduct: (a) => elementwiseTensorProduct(a, a),
  }

  it.each(Object.keys(builders))('%s: squeezing and flattening commute and keep the values', (name) => {
    fc.assert(
      fc.property(some, some, (a, b) => {
        const e = builders[name]?.(a, b)
        if (!e) throw new Error(name)
        const [one, other] = [e.squeezeModes().flattenCoefficientModes(), e.flattenCoefficientModes().squeezeModes()]
        expect(one.equals(other)).toBe(true)
        expectClose(onSines(one)[0]?.data ?? [], onSines(e)[0]?.data ?? [])
      }),
      options,
    )
  })

  it('simplifying a channel-wise product only moves outputs', () => {
    fc.assert(
      fc.property(some, some, (a, b) => {
        const [plain, simplified] = [channelwiseTensorProduct(a, b), channelwiseTensorProduct(a, b, undefined, { simplifyIrreps3: true })]
        const [x, y] = [onSines(plain)[0]?.data ?? [], onSines(simplified)[0]?.data ?? []]
        const inOrder = (values: ArrayLike<number>) => Array.from(values).sort((p, q) => p - q)
        expectClose(inOrder(y), inOrder(x))
        expect(plain.inputs[0].dim).toBe(simplified.inputs[0].dim)
      }),
      options,
    )
  })
})
