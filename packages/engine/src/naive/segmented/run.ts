import type { Block, Program } from './program.ts'

/** Rows of one operand: its elements, the length of a row, and the row that belongs to every batch entry. */
export interface RowAccess {
  readonly data: Float64Array
  readonly rowSize: number
  /** `undefined`: row b for `rowStep` 1, row 0 for `rowStep` 0. */
  readonly indices: ArrayLike<number> | undefined
  readonly rowStep: 0 | 1
}

/** Adds the product to the output operand, batch entry by batch entry, in a fixed order. */
export function runProgram(program: Program, operands: readonly RowAccess[], batchSize: number): void {
  const bases = new Int32Array(operands.length)
  const data = operands.map((operand) => operand.data)
  const out = data[program.output] ?? new Float64Array(0)
  const scratch = new Float64Array(Math.max(1, ...program.blocks.map((block) => block.numVector)))
  for (let b = 0; b < batchSize; b++) {
    for (let k = 0; k < operands.length; k++) {
      const operand = operands[k]
      if (operand) bases[k] = (operand.indices ? (operand.indices[b] ?? 0) : b * operand.rowStep) * operand.rowSize
    }
    for (const block of program.blocks) runBlock(block, program, data, out, bases, scratch)
  }
}

function runBlock(block: Block, program: Program, data: readonly Float64Array[], out: Float64Array, bases: Int32Array, scratch: Float64Array): void {
  const { numOperands, output } = program
  const { numMatrix, numVector: n, matrixStrides, vectorStrides, vectors, scalars, coefficients, offsets } = block
  const kind = vectors.length
  // Unused positions read operand 0, whose value is then ignored.
  const ka = vectors[0] ?? 0
  const kb = vectors[1] ?? 0
  const kc = vectors[2] ?? 0
  const kd = vectors[3] ?? 0
  const A = data[ka] ?? out
  const B = data[kb] ?? out
  const C = data[kc] ?? out
  const D = data[kd] ?? out
  const da = vectorStrides[ka] ?? 0
  const db = vectorStrides[kb] ?? 0
  const dc = vectorStrides[kc] ?? 0
  const dd = vectorStrides[kd] ?? 0
  const dOut = vectorStrides[output] ?? 0
  const baseA = bases[ka] ?? 0
  const baseB = bases[kb] ?? 0
  const baseC = bases[kc] ?? 0
  const baseD = bases[kd] ?? 0
  const baseOut = bases[output] ?? 0
  for (let item = 0, at = 0; item < coefficients.length; item++, at += numOperands) {
    const a0 = baseA + (offsets[at + ka] ?? 0)
    const b0 = baseB + (offsets[at + kb] ?? 0)
    const c0 = baseC + (offsets[at + kc] ?? 0)
    const d0 = baseD + (offsets[at + kd] ?? 0)
    const o0 = baseOut + (offsets[at + output] ?? 0)
    for (let m = 0; m < numMatrix; m++) {
      let s = coefficients[item] ?? 0
      for (let j = 0; j < scalars.length; j++) {
        const k = scalars[j] ?? 0
        s *= data[k]?.[(bases[k] ?? 0) + (offsets[at + k] ?? 0) + m * (matrixStrides[k] ?? 0)] ?? 0
      }
      const o = o0 + m * (matrixStrides[output] ?? 0)
      const a = a0 + m * (matrixStrides[ka] ?? 0)
      const b = b0 + m * (matrixStrides[kb] ?? 0)
      const c = c0 + m * (matrixStrides[kc] ?? 0)
      const d = d0 + m * (matrixStrides[kd] ?? 0)
      if (kind === 2) product2(n, s, A, a, da, B, b, db, out, o, dOut)
      else if (kind === 1) product1(n, s, A, a, da, out, o, dOut)
      else if (kind === 3) product3(n, s, A, a, da, B, b, db, C, c, dc, out, o, dOut)
      else if (kind === 4) product4(n, s, A, a, da, B, b, db, C, c, dc, D, d, dd, out, o, dOut)
      else if (kind === 0) product0(n, s, out, o, dOut)
      else {
        for (let v = 0; v < n; v++) scratch[v] = (A[a + v * da] ?? 0) * (B[b + v * db] ?? 0) * (C[c + v * dc] ?? 0) * (D[d + v * dd] ?? 0)
        for (let j = 4; j < kind; j++) {
          const k = vectors[j] ?? 0
          multiplyInto(n, scratch, data[k] ?? out, (bases[k] ?? 0) + (offsets[at + k] ?? 0) + m * (matrixStrides[k] ?? 0), vectorStrides[k] ?? 0)
        }
        product1(n, s, scratch, 0, 1, out, o, dOut)
      }
    }
  }
}

function product0(n: number, s: number, out: Float64Array, o: number, dOut: number): void {
  for (let v = 0; v < n; v++) out[o + v * dOut] = (out[o + v * dOut] ?? 0) + s
}

/** Here and below, a zero stride of the output is a sum over the vector mode: one addition to memory instead of n. */
function product1(n: number, s: number, A: Float64Array, a: number, da: number, out: Float64Array, o: number, dOut: number): void {
  if (dOut === 0) {
    let total = 0
    for (let v = 0; v < n; v++) total += A[a + v * da] ?? 0
    out[o] = (out[o] ?? 0) + s * total
  } else for (let v = 0; v < n; v++) out[o + v * dOut] = (out[o + v * dOut] ?? 0) + s * (A[a + v * da] ?? 0)
}

function product2(
  n: number, s: number,
  A: Float64Array, a: number, da: number,
  B: Float64Array, b: number, db: number,
  out: Float64Array, o: number, dOut: number,
): void {
  if (dOut === 0) {
    let total = 0
    for (let v = 0; v < n; v++) total += (A[a + v * da] ?? 0) * (B[b + v * db] ?? 0)
    out[o] = (out[o] ?? 0) + s * total
  } else for (let v = 0; v < n; v++) out[o + v * dOut] = (out[o + v * dOut] ?? 0) + s * (A[a + v * da] ?? 0) * (B[b + v * db] ?? 0)
}

function product3(
  n: number, s: number,
  A: Float64Array, a: number, da: number,
  B: Float64Array, b: number, db: number,
  C: Float64Array, c: number, dc: number,
  out: Float64Array, o: number, dOut: number,
): void {
  if (dOut === 0) {
    let total = 0
    for (let v = 0; v < n; v++) total += (A[a + v * da] ?? 0) * (B[b + v * db] ?? 0) * (C[c + v * dc] ?? 0)
    out[o] = (out[o] ?? 0) + s * total
  } else
    for (let v = 0; v < n; v++) out[o + v * dOut] = (out[o + v * dOut] ?? 0) + s * (A[a + v * da] ?? 0) * (B[b + v * db] ?? 0) * (C[c + v * dc] ?? 0)
}

function product4(
  n: number, s: number,
  A: Float64Array, a: number, da: number,
  B: Float64Array, b: number, db: number,
  C: Float64Array, c: number, dc: number,
  D: Float64Array, d: number, dd: number,
  out: Float64Array, o: number, dOut: number,
): void {
  if (dOut === 0) {
    let total = 0
    for (let v = 0; v < n; v++) total += (A[a + v * da] ?? 0) * (B[b + v * db] ?? 0) * (C[c + v * dc] ?? 0) * (D[d + v * dd] ?? 0)
    out[o] = (out[o] ?? 0) + s * total
  } else
    for (let v = 0; v < n; v++)
      out[o + v * dOut] = (out[o + v * dOut] ?? 0) + s * (A[a + v * da] ?? 0) * (B[b + v * db] ?? 0) * (C[c + v * dc] ?? 0) * (D[d + v * dd] ?? 0)
}

function multiplyInto(n: number, scratch: Float64Array, X: Float64Array, x: number, dx: number): void {
  for (let v = 0; v < n; v++) scratch[v] = (scratch[v] ?? 0) * (X[x + v * dx] ?? 0)
}
