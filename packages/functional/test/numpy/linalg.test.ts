import { ShapeError } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import { grad, jacfwd, jit, numpy as np, vmap, type DeviceArray } from '../../src/index.ts'
import { expectClose, randomArray } from '../support/numbers.ts'

const { det, inv, solve } = np.linalg
const identity = (n: number) => np.eye(n, { dtype: 'float64' })

/** Along a fixed direction, against a difference quotient of fourth order. */
async function checkGradient(f: (a: DeviceArray) => DeviceArray, a: DeviceArray, tolerance = 1e-8): Promise<void> {
  const t = randomArray(a.shape, 91)
  const at = async (h: number) => np.sum(f(a.add(t.mul(h)))).item()
  const h = 1e-3
  const [p2, p1, m1, m2] = await Promise.all([at(2 * h), at(h), at(-h), at(-2 * h)])
  await expectClose(np.sum(grad((x: DeviceArray) => np.sum(f(x)))(a).mul(t)), [(8 * (p1 - m1) - (p2 - m2)) / (12 * h)], tolerance)
}

describe.each([1, 2, 3, 5])('matrices of %i rows', (n) => {
  const a = randomArray([2, n, n], n)
  const b = randomArray([2, n, n], n + 10)

  test('det is multiplicative, and changes its sign with two rows', async () => {
    await expectClose(det(np.matmul(a, b)), det(a).mul(det(b)), 1e-11)
    await expectClose(det(identity(n)), [1], 0)
    const order = np.array([...Array(n).keys()].reverse(), { dtype: 'int32' })
    const sign = (-1) ** Math.floor(n / 2)
    await expectClose(det(a.take(order, 1)), det(a).mul(sign), 1e-12)
    await expectClose(det(identity(n).take(order)), [sign], 0)
  })

  test('inv and solve undo products', async () => {
    await expectClose(np.matmul(a, inv(a)), np.broadcastTo(identity(n), [2, n, n]), 1e-10)
    await expectClose(np.matmul(a, solve(a, b)), b, 1e-10)
    const vector = randomArray([n], 7)
    await expectClose(np.matmul(a, solve(a, vector).reshape([2, n, 1])).reshape([2, n]), np.broadcastTo(vector, [2, n]), 1e-10)
  })

  test('derivatives are those of finite differences, of first and second order', async () => {
    const near = a.add(identity(n).mul(3))
    for (const f of [det, inv, (x: DeviceArray) => solve(x, b)]) {
      await checkGradient(f, near)
      await checkGradient((x: DeviceArray) => grad((y: DeviceArray) => np.sum(np.square(f(y))))(x), near, 1e-7)
    }
    await checkGradient((x: DeviceArray) => solve(near, x), b)
  })

  test('maps and programs give the same', async () => {
    for (const f of [det, inv]) {
      await expectClose(vmap((x: DeviceArray) => f(x))(a), f(a), 1e-14)
      await expectClose(jit((x: DeviceArray) => f(x))(a), f(a), 1e-14)
    }
    await expectClose(vmap(solve as (x: DeviceArray, y: DeviceArray) => DeviceArray)(a, b), solve(a, b), 1e-14)
  })
})

test('the cell of a crystal: reciprocal vectors and volume of a matrix with a zero where a pivot is wanted', async () => {
  const cell = np.array([[0, 2, 2], [2, 0, 2], [2, 2, 0]], { dtype: 'float64' })
  await expectClose(det(cell), [16], 0)
  await expectClose(np.matmul(cell, inv(cell)), identity(3), 1e-15)
  // ∂ det / ∂ a = det · a⁻ᵀ
  await expectClose(grad(det)(cell), inv(cell).transpose().mul(16), 1e-14)
})

test('matrices without an inverse', async () => {
  const flat = np.array([[1, 2, 3], [2, 4, 6], [1, 0, 1]], { dtype: 'float64' })
  await expectClose(det(flat), [0], 0)
  await expectClose(grad(det)(flat), [4, 4, -4, -2, -2, 2, 0, 0, 0], 1e-14)
  const large = np.array([[1, 2, 0, 0], [2, 4, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], { dtype: 'float64' })
  await expectClose(det(large), [0], 0)
  expect((await inv(large).data()).every(Number.isFinite)).toBe(false)
})

test('norm and cross', async () => {
  const [a, b] = [randomArray([4, 3], 1), randomArray([4, 3], 2)]
  await expectClose(np.linalg.norm(np.array([[3, 4, 0], [0, 0, 0]], { dtype: 'float64' }), { axes: 1 }), [5, 0], 0)
  await expectClose(np.sum(np.cross(a, b).mul(a)), [0], 1e-15)
  // |a × b|² = |a|² |b|² − (a · b)²
  const [squares, products] = [np.square(np.cross(a, b)).sum({ axes: 1 }), np.square(a.mul(b).sum({ axes: 1 }))]
  await expectClose(squares, np.square(a).sum({ axes: 1 }).mul(np.square(b).sum({ axes: 1 })).sub(products), 1e-14)
  await expectClose(jacfwd((x: DeviceArray) => np.linalg.norm(x))(np.zeros([3], { dtype: 'float64' })), [0, 0, 0], 0)
})

test('what is no matrix is refused', () => {
  for (const f of [det, inv]) {
    expect(() => f(randomArray([3], 1))).toThrow(ShapeError)
    expect(() => f(randomArray([2, 3], 1))).toThrow(/no square matrix/)
  }
  expect(() => solve(randomArray([3, 3], 1), randomArray([2, 3], 1))).toThrow(/b must have 3 rows/)
})
