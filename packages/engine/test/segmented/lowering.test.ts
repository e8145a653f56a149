import { einsum, HostArray } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import { lowerProduct } from '../../src/naive/segmented/lower.ts'
import type { ProductDescription } from '../../src/naive/segmented/program.ts'
import { runProgram } from '../../src/naive/segmented/run.ts'
import { expectClose, randomNumbers } from '../support/numbers.ts'

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)

/** A product with given extents a path: every operand gets one segment a path. */
function product(subscripts: string, extents: readonly Readonly<Record<string, number>>[], seed = 1): ProductDescription {
  const [operands = '', coefficients = ''] = subscripts.split('+')
  const operandModes = operands.split(',').map((part) => [...part])
  const coefficientModes = [...coefficients]
  const segments = operandModes.map((modes) => extents.map((own) => modes.map((mode) => own[mode] ?? 0)))
  const paths = extents.map((own, i) => {
    const shape = coefficientModes.map((mode) => own[mode] ?? 0)
    const data = randomNumbers(size(shape), seed + i)
    if (data.length > 2) data[1] = 0
    return { indices: operandModes.map(() => i), coefficients: new HostArray(shape, data) }
  })
  return { operandModes, coefficientModes, segments, paths }
}

/** The definition: one einsum a path. */
function reference({ operandModes, coefficientModes, segments, paths }: ProductDescription, rows: readonly Float64Array[], output: number): Float64Array {
  const starts = segments.map((list) => list.map((_, i) => list.slice(0, i).reduce((total, shape) => total + size(shape), 0)))
  const out = new Float64Array((segments[output] ?? []).reduce((total, shape) => total + size(shape), 0))
  const inputs = operandModes.map((_, k) => k).filter((k) => k !== output)
  const subscripts = `${[coefficientModes.join(''), ...inputs.map((k) => (operandModes[k] ?? []).join(''))].join(',')}->${(operandModes[output] ?? []).join('')}`
  for (const { indices, coefficients } of paths) {
    const segment = (k: number) => {
      const shape = segments[k]?.[indices[k] ?? 0] ?? []
      const start = starts[k]?.[indices[k] ?? 0] ?? 0
      return new HostArray(shape, (rows[k] ?? new Float64Array()).slice(start, start + size(shape)))
    }
    const term = einsum(subscripts, new HostArray(coefficients.shape, coefficients.data), ...inputs.map(segment))
    const start = starts[output]?.[indices[output] ?? 0] ?? 0
    for (const [i, value] of term.data.entries()) out[start + i] = (out[start + i] ?? 0) + value
  }
  return out
}

const cases: readonly (readonly [string, readonly Readonly<Record<string, number>>[]])[] = [
  ['uv,iu,iv', [{ u: 5, v: 3, i: 1 }, { u: 2, v: 7, i: 3 }]],
  ['uvw,iu,jv,kw+ijk', [{ u: 4, v: 2, w: 3, i: 3, j: 1, k: 3 }, { u: 1, v: 5, w: 2, i: 3, j: 3, k: 5 }]],
  ['uv,iu,jv,kuv+ijk', [{ u: 8, v: 1, i: 3, j: 3, k: 1 }, { u: 8, v: 2, i: 3, j: 5, k: 3 }]],
  ['uv,ui,vj,uvk+ijk', [{ u: 8, v: 1, i: 3, j: 3, k: 1 }]],
  ['u,u,u', [{ u: 6 }, { u: 1 }, { u: 3 }]],
  ['u,u,u,u', [{ u: 6 }]],
  ['u,u,u,u,u', [{ u: 6 }, { u: 4 }]],
  ['u,u,u,u,u,u,u', [{ u: 6 }]],
  [',,', [{}, {}]],
  [',,,,,', [{}]],
  ['i,i', [{ i: 4 }]],
  ['i,j,k+ijk', [{ i: 3, j: 3, k: 5 }]],
  ['u,u,', [{ u: 9 }]],
  ['uv,uv', [{ u: 3, v: 4 }]],
  ['uv,vu', [{ u: 3, v: 4 }]],
  ['uv,wu,wv', [{ u: 3, v: 4, w: 5 }]],
  ['uvab,abu,vb,a', [{ u: 3, v: 4, a: 2, b: 5 }]],
  ['u,u,u', [{ u: 0 }, { u: 2 }]],
]

describe('lowered products equal one einsum a path', () => {
  for (const [subscripts, extents] of cases)
    test(subscripts, () => {
      const description = product(subscripts, extents)
      const sizes = description.segments.map((list) => list.reduce((total, shape) => total + size(shape), 0))
      for (let output = 0; output < description.operandModes.length; output++) {
        const rows = sizes.map((n, k) => randomNumbers(3 * n, 40 + k))
        const data = rows.map((row, k) => (k === output ? new Float64Array(row.length) : row))
        runProgram(
          lowerProduct(description, output),
          data.map((own, k) => ({ data: own, rowSize: sizes[k] ?? 0, indices: undefined, rowStep: 1 })),
          3,
        )
        const n = sizes[output] ?? 0
        for (let b = 0; b < 3; b++) {
          const row = rows.map((own, k) => own.slice(b * (sizes[k] ?? 0), (b + 1) * (sizes[k] ?? 0)))
          expectClose(data[output]?.slice(b * n, (b + 1) * n) ?? [], reference(description, row, output), 1e-13)
        }
      }
    })

  test('paths with the same loops become one block, others stay apart', () => {
    const alike = product('u,u,u', [{ u: 6 }, { u: 6 }, { u: 6 }])
    expect(lowerProduct(alike, 2).blocks.map((block) => block.coefficients.length)).toEqual([3])
    const other = product('u,u,u', [{ u: 6 }, { u: 5 }, { u: 6 }])
    expect(lowerProduct(other, 2).blocks.map((block) => [block.numVector, block.coefficients.length])).toEqual([[6, 2], [5, 1]])
  })

  test('zero coefficients leave no work behind', () => {
    const description = product('i,j,k+ijk', [{ i: 2, j: 2, k: 2 }])
    const [block] = lowerProduct(description, 2).blocks
    expect(block?.coefficients.length).toBe(7)
  })
})
