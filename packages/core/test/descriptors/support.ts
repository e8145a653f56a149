import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect } from 'vitest'
import * as cue from '../../src/index.ts'

/** The values at their last digits agree: max |a − b| ≤ tolerance · max |b|. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-12): void {
  expect(actual.length).toBe(expected.length)
  const [a, b] = [Array.from(actual), Array.from(expected)]
  const size = Math.max(0, ...b.map(Math.abs))
  const worst = a.reduce((max, value, i) => Math.max(max, Math.abs(value - (b[i] ?? Number.NaN))), 0)
  expect(worst).toBeLessThanOrEqual(tolerance * Math.max(size, 1e-300))
}

/** Values printed with a limited number of digits. */
export function expectDigits(actual: ArrayLike<number>, expected: readonly number[], digits = 8): void {
  for (const [i, value] of expected.entries()) expect(actual[i], `element ${i}`).toBeCloseTo(value, digits)
}

/** S(n, k)[i] = sin(0.7 (i + 1) + k). */
export function sines(n: number, k: number): cue.HostArray {
  return cue.HostArray.from(Float64Array.from({ length: n }, (_, i) => Math.sin(0.7 * (i + 1) + k)))
}

/** Q(n, s)[i] = √2 sin(0.37 (i + 1 + s)²). */
export function chirp(n: number, s: number): cue.HostArray {
  return cue.HostArray.from(Float64Array.from({ length: n }, (_, i) => Math.SQRT2 * Math.sin(0.37 * (i + 1 + s) ** 2)))
}

type Evaluable = cue.SegmentedPolynomial | cue.SegmentedTensorProduct | { readonly polynomial: cue.SegmentedPolynomial }

/** The segmented polynomial behind any result of a descriptor. */
export function polynomialOf(e: Evaluable): cue.SegmentedPolynomial {
  if (e instanceof cue.SegmentedPolynomial) return e
  return e instanceof cue.SegmentedTensorProduct ? cue.SegmentedPolynomial.evalLastOperand(e) : e.polynomial
}

/** Outputs on the inputs S(size_k, k). */
export function onSines(e: Evaluable): cue.HostArray[] {
  const polynomial = polynomialOf(e)
  return polynomial.evaluate(...polynomial.inputs.map((operand, k) => sines(operand.size, k)))
}

export function numPaths(e: Evaluable): readonly number[] {
  return polynomialOf(e).operations.map(([, product]) => product.numPaths)
}

function sum(values: ArrayLike<number>): number {
  return Array.from(values).reduce((total, value) => total + value, 0)
}

export function sumOfSquares(values: ArrayLike<number>): number {
  return Array.from(values).reduce((total, value) => total + value * value, 0)
}

/** A golden row: first numbers, sum, sum of squares; what is undefined is not in the row. */
export function expectRow(e: Evaluable, first: readonly number[] | undefined, total: number | undefined, squares: number | undefined): void {
  const [output] = onSines(e)
  if (!output) throw new Error('no output')
  if (first) expectDigits(output.data, first)
  if (total !== undefined) expect(sum(output.data)).toBeCloseTo(total, 7)
  if (squares !== undefined) expect(sumOfSquares(output.data)).toBeCloseTo(squares, 7)
}

export function fixture(name: string): unknown {
  return JSON.parse(gunzipSync(readFileSync(new URL(`../fixtures/${name}.json.gz`, import.meta.url))).toString())
}

/** mulberry32: a seeded stream of numbers in (−1, 1). */
export function randomStream(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2147483648 - 1
  }
}

/** Values of a polynomial at complex inputs: every product is multilinear in its operands. */
function evaluateComplex(polynomial: cue.SegmentedPolynomial, inputs: readonly cue.ComplexArray[]): cue.ComplexArray[] {
  return polynomial.outputs.map((operand, o) => {
    const parts = [new Float64Array(operand.size), new Float64Array(operand.size)] as const
    for (const [operation, product] of polynomial.operations) {
      if (operation.buffers.at(-1) !== polynomial.numInputs + o) continue
      const factors = operation.buffers.slice(0, -1).map((buffer) => inputs[buffer] ?? new cue.ComplexArray(cue.HostArray.zeros([0])))
      for (let mask = 0; mask < 2 ** factors.length; mask++) {
        const chosen = factors.map(({ re, im }, k) => ((mask >> k) & 1 ? im : re))
        if (factors.some(({ isReal }, k) => (mask >> k) & 1 && isReal)) continue
        const turns = chosen.filter((_, k) => (mask >> k) & 1).length
        const target = parts[turns % 2 === 0 ? 0 : 1]
        const sign = turns % 4 < 2 ? 1 : -1
        for (const [i, value] of product.evaluate(...chosen).data.entries()) target[i] = (target[i] ?? 0) + sign * value
      }
    }
    return new cue.ComplexArray(cue.HostArray.from(parts[0]), cue.HostArray.from(parts[1]))
  })
}

function transformed(rep: cue.Rep, x: cue.ComplexArray, c: readonly number[], d: readonly number[]): cue.ComplexArray {
  return cue.ComplexArray.einsum('ij,j->i', rep.complexExpMap(c, d), x)
}

/** `e(D x) = D e(x)` for random group elements, the discrete generators included. */
export function expectEquivariant(e: cue.EquivariantPolynomial, seed = 1, tolerance = 1e-12): void {
  const next = randomStream(seed)
  const [rep] = e.inputs
  const numDiscrete = rep.discreteGenerators().shape[0] ?? 0
  const powers = numDiscrete === 0 ? [[]] : [Array.from({ length: numDiscrete }, () => 0), Array.from({ length: numDiscrete }, () => 1)]
  for (const d of powers) {
    const c = Array.from({ length: rep.lieDim }, () => 2 * next())
    const inputs = e.inputs.map((input) => new cue.ComplexArray(cue.HostArray.from(Float64Array.from({ length: input.dim }, next))))
    const before = evaluateComplex(e.polynomial, inputs)
    const after = evaluateComplex(
      e.polynomial,
      inputs.map((x, k) => transformed(e.inputs[k] ?? rep, x, c, d)),
    )
    for (const [o, output] of e.outputs.entries()) {
      const expected = transformed(output, before[o] ?? new cue.ComplexArray(cue.HostArray.zeros([0])), c, d)
      const size = Math.max(1e-300, ...expected.re.data.map(Math.abs), ...expected.im.data.map(Math.abs))
      expect(after[o]?.maxAbsDifference(expected), `output ${o} of ${e.toString()}`).toBeLessThanOrEqual(tolerance * size)
    }
  }
}

/** The two-element group, written as a user would: `even` is the trivial irrep, `odd` changes sign. */
export class Z2 extends cue.Irrep {
  readonly isOdd: boolean
  readonly dim = 1

  constructor(isOdd: boolean) {
    super()
    this.isOdd = isOdd
  }

  static override fromString(text: string): Z2 {
    if (text !== 'odd' && text !== 'even') throw new cue.IrrepsError(`'${text}' is neither odd nor even`)
    return new Z2(text === 'odd')
  }

  static override *product(a: Z2, b: Z2): Generator<Z2, void> {
    yield new Z2(a.isOdd !== b.isOdd)
  }

  static override compare(a: Z2, b: Z2): number {
    return Number(a.isOdd) - Number(b.isOdd)
  }

  static override *iterator(): Generator<Z2, void> {
    yield new Z2(false)
    yield new Z2(true)
  }

  static override clebschGordan(a: Z2, b: Z2, c: Z2): cue.HostArray {
    return (a.isOdd !== b.isOdd) === c.isOdd ? cue.HostArray.from([[[[1]]]]) : cue.emptyClebschGordan(a, b, c)
  }

  algebra(): cue.HostArray {
    return cue.HostArray.zeros([0, 0, 0])
  }

  continuousGenerators(): cue.HostArray {
    return cue.HostArray.zeros([0, 1, 1])
  }

  discreteGenerators(): cue.HostArray {
    return cue.HostArray.from([[[this.isOdd ? -1 : 1]]])
  }

  toString(): string {
    return this.isOdd ? 'odd' : 'even'
  }
}
