import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { einsum, HostArray, sizeOf } from '../../src/math/index.ts'

const seed = { seed: 11, numRuns: 150 }
const wave = (shape: readonly number[], phase: number) =>
  new HostArray(shape, Float64Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(0.7 * (i + 1) + phase)))

/** The definition, summed over every index. */
function direct(subscripts: string, arrays: readonly HostArray[]): HostArray {
  const [left = '', output = ''] = subscripts.split('->')
  const inputs = left.split(',')
  const extents = new Map<string, number>()
  for (const [k, labels] of inputs.entries()) for (const [axis, label] of [...labels].entries()) extents.set(label, arrays[k]?.shape[axis] ?? 0)
  const labels = [...extents.keys()]
  const out = new Map<string, number>()
  const visit = (depth: number, index: ReadonlyMap<string, number>): void => {
    const label = labels[depth]
    if (label !== undefined) {
      for (let i = 0; i < (extents.get(label) ?? 0); i++) visit(depth + 1, new Map([...index, [label, i]]))
      return
    }
    const product = arrays.reduce((value, array, k) => value * array.get(...[...(inputs[k] ?? '')].map((l) => index.get(l) ?? 0)), 1)
    const key = [...output].map((l) => index.get(l)).join()
    out.set(key, (out.get(key) ?? 0) + product)
  }
  visit(0, new Map())
  const shape = [...output].map((l) => extents.get(l) ?? 0)
  const result = HostArray.zeros(shape)
  return result.map((_, flat) => {
    let rest = flat
    const index = shape.map(() => 0)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % (shape[axis] ?? 1)
      rest = Math.floor(rest / (shape[axis] ?? 1))
    }
    return out.get(index.join()) ?? 0
  })
}

describe('einsum', () => {
  it('equals its definition for random subscripts', () => {
    const labels = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 })
    const extents = fc.record({ a: fc.integer({ min: 0, max: 3 }), b: fc.integer({ min: 1, max: 3 }), c: fc.integer({ min: 1, max: 2 }), d: fc.constant(2) })
    fc.assert(
      fc.property(fc.array(labels, { minLength: 1, maxLength: 4 }), extents, fc.infiniteStream(fc.boolean()), (inputs, sizes, coin) => {
        const all = [...new Set(inputs.flat())]
        const output = all.filter(() => coin.next().value).reverse()
        const arrays = inputs.map((names, k) => wave(names.map((name) => sizes[name]), k))
        const subscripts = `${inputs.map((names) => names.join('')).join(',')}->${output.join('')}`
        const result = einsum(subscripts, ...arrays)
        expect(result.shape).toEqual(output.map((name) => sizes[name]))
        expect(result.maxAbsDifference(direct(subscripts, arrays))).toBeLessThan(1e-13)
      }),
      seed,
    )
  })

  it('has a default output, blanks, diagonals and scalars', () => {
    const a = wave([3, 3], 0)
    expect(einsum('ij , jk', a, a).equals(einsum('ij,jk->ik', a, a))).toBe(true)
    expect(einsum('ba', a).equals(a.permute([1, 0]))).toBe(true)
    expect(einsum('ii->', a).data[0]).toBeCloseTo(a.get(0, 0) + a.get(1, 1) + a.get(2, 2), 15)
    expect(einsum('ii->i', a).data).toEqual(Float64Array.of(a.get(0, 0), a.get(1, 1), a.get(2, 2)))
    expect(einsum(',->', HostArray.scalar(2), HostArray.scalar(3)).data[0]).toBe(6)
  })

  it('passes NaN on', () => {
    expect(einsum('i,i->', HostArray.from([0, 1]), HostArray.from([Number.NaN, 1])).data[0]).toBeNaN()
  })

  it('is fast enough for contractions of 16x16x16xk', () => {
    const [a, b] = [wave([16, 16, 16, 40], 0), wave([16, 16, 16, 60], 1)]
    const start = performance.now()
    einsum('ijka,ijkb->ab', a, b)
    expect(performance.now() - start).toBeLessThan(1500)
  })

  it('refuses malformed subscripts', () => {
    const a = wave([2, 3], 0)
    expect(() => einsum('ij;jk', a)).toThrow(/malformed/)
    expect(() => einsum('ij,jk->ik', a)).toThrow(/names 2 operands, but 1 arrays/)
    expect(() => einsum('ijk->i', a)).toThrow(/operand 0 is 'ijk', but its array has shape \[2, 3\]/)
    expect(() => einsum('ii->i', a)).toThrow(/'i' is 2 in one operand and 3/)
    expect(() => einsum('ij->k', a)).toThrow(/'k' occurs in no operand/)
    expect(() => einsum('ij->ii', a)).toThrow(/names 'i' twice/)
  })
})
