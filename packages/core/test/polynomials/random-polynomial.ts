import fc from 'fast-check'
import { HostArray, sizeOf } from '../../src/math/index.ts'
import { Operation, Path, SegmentedOperand, SegmentedPolynomial, SegmentedTensorProduct, Subscripts } from '../../src/polynomials/index.ts'

/** Small whole numbers as values: sums and products of them are exact, so that rewrites can be compared without tolerance. */
const exactNumber = fc.integer({ min: -3, max: 3 })

/** Numbers for arrays; deterministic, exact in float64 under a few products. */
function wholeNumbers(shape: readonly number[], seed: number): HostArray {
  let state = seed * 2654435761 + 12345
  const data = Float64Array.from({ length: sizeOf(shape) }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return ((state >>> 16) % 7) - 3
  })
  return new HostArray(shape, data)
}

interface Recipe {
  readonly pieces: readonly string[]
  readonly coefficients: string
  readonly extents: readonly (readonly number[])[]
  readonly extra: readonly number[]
  readonly values: readonly number[]
}

const letters = ['u', 'v', 'i', 'j'] as const

function shuffledSubset(mask: number, rotation: number): string {
  const chosen = letters.filter((_, bit) => mask & (1 << bit))
  return chosen.map((_, n) => chosen[(n + rotation) % chosen.length]).join('')
}

/** Subscripts in which every mode occurs twice or more: modes that do not are put into one more operand. */
const recipes: fc.Arbitrary<Recipe> = fc.record({
  pieces: fc.array(fc.tuple(fc.nat(15), fc.nat(3)).map(([mask, rotation]) => shuffledSubset(mask, rotation)), { minLength: 1, maxLength: 3 }),
  coefficients: fc.tuple(fc.nat(15), fc.nat(3)).map(([mask, rotation]) => shuffledSubset(mask, rotation)),
  extents: fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 4, maxLength: 4 }), { maxLength: 4 }),
  extra: fc.array(fc.nat(3), { maxLength: 3 }),
  values: fc.array(exactNumber, { minLength: 16, maxLength: 16 }),
})

/** Random segmented tensor products of two to four operands, with segments that no path uses and zero coefficients. */
export const products: fc.Arbitrary<SegmentedTensorProduct> = recipes.map(({ pieces, coefficients, extents, extra, values }) => {
  const all = [...pieces]
  const own = [...coefficients].filter((mode) => pieces.some((piece) => piece.includes(mode))).join('')
  const count = (mode: string) => [...all, own].filter((piece) => piece.includes(mode)).length
  all.push(letters.filter((mode) => count(mode) === 1).join(''))
  const segments: number[][][] = all.map(() => [])
  const known = all.map(() => new Map<string, number>())
  const segmentOf = (k: number, shape: number[]): number => {
    const key = shape.join()
    const found = known[k]?.get(key)
    // Now and then a second segment of the same shape.
    if (found !== undefined && (found + shape.length) % 2 === 0) return found
    segments[k]?.push(shape)
    const index = (segments[k]?.length ?? 1) - 1
    known[k]?.set(key, index)
    return index
  }
  const extentOf = (own4: readonly number[], mode: string) => own4[letters.indexOf(mode as (typeof letters)[number])] ?? 1
  for (const k of extra) segments[k]?.push([...(all[k] ?? '')].map((_, axis) => 1 + ((k + axis) % 3)))
  const paths = extents.map((own4, n) => {
    const shape = [...own].map((mode) => extentOf(own4, mode))
    const data = Float64Array.from({ length: sizeOf(shape) }, (_, i) => values[(i + 5 * n) % values.length] ?? 0)
    return new Path(
      all.map((piece, k) => segmentOf(k, [...piece].map((mode) => extentOf(own4, mode)))),
      new HostArray(shape, data),
    )
  })
  const operands = segments.map((list, k) => new SegmentedOperand(list, all[k]?.length ?? 0))
  return new SegmentedTensorProduct(Subscripts.fromOperands(all, own), operands, paths)
})

/** Random polynomials: up to three inputs and two outputs of one-axis segments; factors repeat; coefficients couple or not. */
export const polynomials: fc.Arbitrary<SegmentedPolynomial> = fc
  .record({
    inputs: fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
    outputs: fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 2 }),
    terms: fc.array(
      fc.record({
        factors: fc.array(fc.nat(2), { maxLength: 3 }),
        output: fc.nat(1),
        coupled: fc.boolean(),
        picks: fc.array(fc.array(fc.nat(5), { minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 5 }),
        values: fc.array(exactNumber, { minLength: 7, maxLength: 7 }),
        position: fc.nat(3),
      }),
      { maxLength: 5 },
    ),
  })
  .map(({ inputs, outputs, terms }) => {
    const operandOf = (extents: readonly number[]) => new SegmentedOperand(extents.map((extent) => [extent]), 1)
    const [ins, outs] = [inputs.map(operandOf), outputs.map(operandOf)]
    const all = [...ins, ...outs]
    const operations = terms.flatMap(({ factors, output, coupled, picks, values, position }) => {
      const buffers = factors.map((f) => f % ins.length)
      buffers.splice(position % (buffers.length + 1), 0, ins.length + (output % outs.length))
      const operands = buffers.map((b) => all[b] ?? operandOf([]))
      const modes = coupled ? Array.from('ijkl').slice(0, buffers.length) : buffers.map(() => 'u')
      const scalar = !coupled && buffers.length > 1
      const subscripts = Subscripts.fromOperands(modes, scalar ? '' : [...new Set(modes)].join(''))
      const paths = picks.flatMap((pick, n) => {
        const indices = operands.map((operand, k) => (pick[k] ?? 0) % operand.numSegments)
        const extents = operands.map((operand, k) => operand.segments[indices[k] ?? 0]?.[0] ?? 0)
        if (!coupled && new Set(extents).size > 1) return []
        const shape = scalar ? [] : coupled ? extents : extents.slice(0, 1)
        return [new Path(indices, new HostArray(shape, Float64Array.from({ length: sizeOf(shape) }, (_, i) => values[(i + 3 * n) % 7] ?? 0)))]
      })
      return [[new Operation(buffers), new SegmentedTensorProduct(subscripts, operands, paths)] as const]
    })
    return new SegmentedPolynomial(ins, outs, operations)
  })

/** One array of whole numbers for every input. */
export function argumentsOf(operands: readonly SegmentedOperand[], seed: number, batch: readonly number[] = []): HostArray[] {
  return operands.map((operand, i) => wholeNumbers([...batch, operand.size], seed + 17 * i))
}
