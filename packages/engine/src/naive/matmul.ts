import { allocate, type TypedArray } from '../array/dtype.ts'
import { broadcastStrides, elementCount, rowMajorStrides } from '../array/shape.ts'
import { forEachRow } from './loops.ts'
import type { Evaluator } from './tensor.ts'

const tile = 4

/** Packed panels and 4 × 4 register tiles; sums run over k in order, in float64 whatever the dtype is. */
export const matmulEvaluator: Evaluator<'matmul'> = {
  evaluate([a, b], { transposeA, transposeB }, [spec]) {
    const out = allocate(spec.dtype, elementCount(spec.shape))
    const m = spec.shape.at(-2) ?? 0
    const n = spec.shape.at(-1) ?? 0
    const k = a.shape.at(transposeA ? -2 : -1) ?? 0
    if (out.length === 0 || k === 0) return [out]
    const panelsA = new Float64Array(Math.ceil(m / tile) * tile * k)
    const panelsB = new Float64Array(Math.ceil(n / tile) * tile * k)
    const batch = spec.shape.slice(0, -2)
    const matrixStrides = (shape: readonly number[], extent: number) => broadcastStrides(shape.slice(0, -2), batch).map((stride) => stride * extent)
    // A last loop of one step makes every batch entry an outer step, so that the callback sees one matrix at a time.
    const nest = {
      extents: [...batch, 1],
      strides: [[...rowMajorStrides(batch).map((stride) => stride * m * n), 0], [...matrixStrides(a.shape, m * k), 0], [...matrixStrides(b.shape, k * n), 0]],
    }
    let packedA = -1
    let packedB = -1
    forEachRow(nest, (_, o, i, j) => {
      if (i !== packedA) pack(panelsA, a.data, i, m, k, transposeA ? 1 : k, transposeA ? m : 1)
      if (j !== packedB) pack(panelsB, b.data, j, n, k, transposeB ? k : 1, transposeB ? 1 : n)
      packedA = i
      packedB = j
      multiply(out, o, panelsA, panelsB, m, n, k)
    })
    return [out]
  },
}

/** `panels[r / 4][p][r mod 4] = x[offset + r · rowStride + p · kStride]`; rows beyond the last stay 0. */
function pack(panels: Float64Array, x: TypedArray, offset: number, rows: number, k: number, rowStride: number, kStride: number): void {
  for (let r = 0; r < rows; r++) {
    let at = (r - (r % tile)) * k + (r % tile)
    let source = offset + r * rowStride
    for (let p = 0; p < k; p++) {
      panels[at] = x[source] ?? 0
      at += tile
      source += kStride
    }
  }
}

function multiply(out: TypedArray, offset: number, panelsA: Float64Array, panelsB: Float64Array, m: number, n: number, k: number): void {
  const block = new Float64Array(tile * tile)
  for (let i = 0; i < m; i += tile) {
    for (let j = 0; j < n; j += tile) {
      multiplyTile(block, panelsA, i * k, panelsB, j * k, k)
      const rows = Math.min(tile, m - i)
      const columns = Math.min(tile, n - j)
      for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[offset + (i + r) * n + j + c] = block[r * tile + c] ?? 0
    }
  }
}

function multiplyTile(block: Float64Array, a: Float64Array, ia: number, b: Float64Array, ib: number, k: number): void {
  let c00 = 0, c01 = 0, c02 = 0, c03 = 0
  let c10 = 0, c11 = 0, c12 = 0, c13 = 0
  let c20 = 0, c21 = 0, c22 = 0, c23 = 0
  let c30 = 0, c31 = 0, c32 = 0, c33 = 0
  for (let p = 0; p < k; p++) {
    const b0 = b[ib] ?? 0, b1 = b[ib + 1] ?? 0, b2 = b[ib + 2] ?? 0, b3 = b[ib + 3] ?? 0
    const a0 = a[ia] ?? 0, a1 = a[ia + 1] ?? 0, a2 = a[ia + 2] ?? 0, a3 = a[ia + 3] ?? 0
    c00 += a0 * b0; c01 += a0 * b1; c02 += a0 * b2; c03 += a0 * b3
    c10 += a1 * b0; c11 += a1 * b1; c12 += a1 * b2; c13 += a1 * b3
    c20 += a2 * b0; c21 += a2 * b1; c22 += a2 * b2; c23 += a2 * b3
    c30 += a3 * b0; c31 += a3 * b1; c32 += a3 * b2; c33 += a3 * b3
    ia += tile
    ib += tile
  }
  block[0] = c00; block[1] = c01; block[2] = c02; block[3] = c03
  block[4] = c10; block[5] = c11; block[6] = c12; block[7] = c13
  block[8] = c20; block[9] = c21; block[10] = c22; block[11] = c23
  block[12] = c30; block[13] = c31; block[14] = c32; block[15] = c33
}
