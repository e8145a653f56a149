import { descriptors, experimental, Irreps, irMul } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import {
  checkpoint,
  cond,
  customJvp,
  customVjp,
  equivariantTensorProduct,
  evalShape,
  grad,
  hessian,
  IrrepsArray,
  jacfwd,
  jacrev,
  jit,
  jvp,
  numpy as np,
  randn,
  random,
  RepArray,
  scan,
  stopGradient,
  tree,
  valueAndGrad,
  vjp,
  vmap,
  whileLoop,
  type DeviceArray,
} from '../../src/index.ts'
import { expectClose, randomArray } from '../support/numbers.ts'

interface Params {
  readonly w: DeviceArray
  readonly b: DeviceArray
}

/** `Σ tanh(x w + b)²`, with derivatives of every order. */
const f = ({ w, b }: Params, x: DeviceArray): DeviceArray => np.sum(np.square(np.tanh(np.matmul(x.reshape([1, -1]), w).add(b))))
const params: Params = { w: randomArray([3, 4], 1), b: randomArray([4], 2) }
const xs = randomArray([5, 3], 3)
const rows = [...xs]
const [x0 = xs] = rows
const stacked = (g: (x: DeviceArray) => DeviceArray) => np.stack(rows.map(g))

describe('transformations compose in any order', () => {
  test('vmap of grad, grad of vmap, jit of both are loops', async () => {
    const perRow = (x: DeviceArray) => grad(f, { argnums: 1 })(params, x)
    const expected = stacked(perRow)
    const total = (own: DeviceArray) => np.sum(vmap((x: DeviceArray) => f(params, x))(own))
    for (const g of [vmap(perRow), jit(vmap(perRow)), vmap(jit(perRow)), grad(total), jit(grad(total)), grad(jit(total)), jit(grad(jit(total)))])
      await expectClose(g(xs), expected, 1e-14)
  })

  test('derivatives of trees look as the trees do', async () => {
    const [value, { w, b }] = valueAndGrad(f)(params, x0)
    await expectClose(value, f(params, x0), 0)
    expect([w.shape, b.shape]).toEqual([[3, 4], [4]])
    const [[ofParams, ofX], aux] = grad((p: Params, x: DeviceArray) => [f(p, x), { doubled: x.mul(2) }] as const, { argnums: [0, 1], hasAux: true })(params, x0)
    await expectClose(ofParams.w, w, 0)
    expect(ofX.shape).toEqual([3])
    await expectClose(aux.doubled, x0.mul(2), 0)
    const perRow = vmap(grad(f), { inAxes: [null, 0] })(params, xs)
    await expectClose(perRow.b, np.stack(rows.map((x) => grad(f)(params, x).b)), 1e-14)
    const perLayer = vmap(f, { inAxes: [{ w: 2, b: null }, null] })({ w: np.stack([params.w, params.w.mul(2)], 2), b: params.b }, x0)
    await expectClose(perLayer, np.stack([f(params, x0), f({ ...params, w: params.w.mul(2) }, x0)]), 1e-14)
  })

  test('vjp, jvp and Jacobians agree', async () => {
    const g = (x: DeviceArray) => np.tanh(np.matmul(x.reshape([1, -1]), params.w)).reshape([4])
    const [t, ct] = [randomArray([3], 7), randomArray([4], 8)]
    const [y, pullback] = vjp(g, x0)
    const [y2, dy] = jvp(g, [x0], [t])
    await expectClose(y, y2, 0)
    const [ofX] = pullback(ct)
    await expectClose(np.sum(ofX.mul(t)), np.sum(dy.mul(ct)), 1e-14)
    for (const jacobian of [jacrev(g), jacfwd(g), jit(jacrev(g)), jit(jacfwd(g))]) {
      const j = jacobian(x0)
      expect(j.shape).toEqual([4, 3])
      await expectClose(np.matmul(j, t.reshape([3, 1])).reshape([4]), dy, 1e-14)
    }
    const h = hessian((x: DeviceArray) => f(params, x))(x0)
    await expectClose(h, jacrev(grad((x: DeviceArray) => f(params, x)))(x0), 1e-13)
    await expectClose(vmap(hessian((x: DeviceArray) => f(params, x)))(xs), np.stack(rows.map((x) => hessian((own: DeviceArray) => f(params, own))(x))), 1e-13)
    // A function of trees: in the structure of the result, with that of the argument at every array.
    const both = jacrev((p: Params) => ({ twice: p.b.mul(2), sum: np.sum(p.w) }))(params) as Readonly<Record<'twice' | 'sum', Params>>
    await expectClose(both.twice.b, np.eye(4, { dtype: 'float64' }).mul(2), 0)
    expect([both.twice.w.shape, both.sum.w.shape, both.sum.b.shape]).toEqual([[4, 3, 4], [3, 4], [4]])
  })

  test('third derivatives of a symmetric contraction are those of finite differences', async () => {
    const irreps = new Irreps('O3', '2x0e + 2x1o')
    const [e, p] = experimental.mace.symmetricContraction(irreps, new Irreps('O3', '2x0e'), [1, 2, 3])
    const w = np.einsum('au,ab->bu', randomArray([p.shape[0], 2], 4), p).reshape([-1])
    const value = (x: DeviceArray): DeviceArray => np.sum(equivariantTensorProduct(e, w, new IrrepsArray(irreps, x, irMul)).array)
    const [x, v] = [randomArray([8], 5), randomArray([8], 6)]
    const along = (g: (own: DeviceArray) => DeviceArray) => (own: DeviceArray) => np.sum(grad(g)(own).mul(v))
    const [first, second, third] = [along(value), along(along(value)), along(along(along(value)))]
    const h = 1e-3
    const quotient = async (g: (own: DeviceArray) => DeviceArray) => {
      const [p2 = 0, p1 = 0, m1 = 0, m2 = 0] = await Promise.all([2, 1, -1, -2].map((k) => g(x.add(v.mul(k * h))).item()))
      return (8 * (p1 - m1) - (p2 - m2)) / (12 * h)
    }
    for (const [derivative, before] of [[first, value], [second, first], [third, second]] as const)
      await expectClose(derivative(x), [await quotient(before)], 1e-7)
    await expectClose(jit(third)(x), third(x), 1e-12)
    await expectClose(vmap(third)(np.stack([x, v])), np.stack([third(x), third(v)]), 1e-12)
  })

  test('stopGradient is a constant', async () => {
    await expectClose(grad((x: DeviceArray) => np.sum(x.mul(stopGradient({ x }).x)))(x0), x0, 0)
  })
})

describe('vmap of arrays with representations', () => {
  const x = randn(random.key(0), new Irreps('O3', '2x0e + 1o'), [4, 3], irMul, 'float64')

  test('keeps them, and moves their axes', async () => {
    const e = descriptors.linear(x.irreps, new Irreps('O3', '1o'))
    const w = randomArray([e.inputs[0].dim], 1)
    const y = vmap((row: IrrepsArray) => {
      expect(row.shape).toEqual([3, 5])
      return equivariantTensorProduct(e, w, row)
    })(x)
    expect(y.irreps.toString()).toBe('1o')
    await expectClose(y, equivariantTensorProduct(e, w, x), 1e-14)
    const rep = new Irreps('O3', '1o')
    const both = new RepArray({ 0: rep, 2: rep }, randomArray([3, 5, 3], 2), irMul)
    const mapped = vmap((own: RepArray) => {
      expect([...own.reps.keys()]).toEqual([0, 1])
      return own.mul(2)
    }, { inAxes: 1, outAxes: 0 })(both)
    expect([...mapped.reps.keys()]).toEqual([1, 2])
  })

  test('refuses to map over a representation', () => {
    expect(() => vmap((own: IrrepsArray) => own, { inAxes: 2 })(x)).toThrow(/axis 2 carries '2x0e\+1o'/)
    expect(() => vmap((own: IrrepsArray) => own, { inAxes: -1 })(x)).toThrow(/no part of a representation/)
    expect(() => vmap((own: IrrepsArray) => own, { outAxes: -1 })(x)).toThrow(/carries/)
  })

  test('refuses axes that do not match', () => {
    expect(() => vmap(f, { inAxes: [null, null] })(params, xs)).toThrow(/no input is mapped/)
    expect(() => vmap(f, { inAxes: [{ w: 0 }, 0] })(params, xs)).toThrow(/no axis for 'b'/)
    expect(() => vmap(f, { inAxes: [0] })(params, xs)).toThrow(/1 axes for/)
  })
})

describe('control flow and rules of users', () => {
  const step = (c: DeviceArray, x: DeviceArray) => {
    const next = np.tanh(c.add(x))
    return [next, next.mul(2)] as const
  }
  const initial = randomArray([3], 1)

  test('scan is a loop, also differentiated, mapped and in programs', async () => {
    let carry: DeviceArray = initial
    const ys: DeviceArray[] = []
    for (const x of rows) {
      const [next, y] = step(carry, x)
      carry = next
      ys.push(y)
    }
    const [last, found] = scan(step, initial, xs)
    await expectClose(last, carry, 0)
    await expectClose(found, np.stack(ys), 0)
    const loss = (c: DeviceArray) => np.sum(scan(step, c, xs)[1])
    await expectClose(jit(grad(loss))(initial), grad(loss)(initial), 1e-14)
    const many = np.stack([initial, initial.mul(2)])
    await expectClose(vmap(grad(loss))(many), np.stack([...many].map((c) => grad(loss)(c))), 1e-14)
    const [, reversed] = scan(step, initial, xs, { reverse: true })
    const [, flipped] = scan(step, initial, np.stack([...rows].reverse()))
    await expectClose(np.stack([...reversed].reverse()), flipped, 0)
    expect(() => scan((c: DeviceArray, x: DeviceArray) => [c.astype('float32'), x], initial, xs)).toThrow(/must keep shapes and dtypes/)
  })

  test('a scan in a program is one step, whatever its length, with derivatives of derivatives', async () => {
    const { w } = params
    const run = (own: DeviceArray, c: DeviceArray, inputs: DeviceArray) => {
      const one = (h: DeviceArray, x: DeviceArray) => [np.tanh(np.einsum('i,ij->j', h.add(x), own)), h] as const
      return np.sum(np.square(scan(one, c, inputs)[1]))
    }
    const square = np.matmul(w, np.transpose(w))
    const second = (own: DeviceArray, c: DeviceArray, inputs: DeviceArray) => grad((y: DeviceArray) => np.sum(np.square(grad(run)(own, y, inputs))))(c)
    using program = jit(second)
    for (const length of [3, 4, 6, 9, 14, 40]) {
      const inputs = randomArray([length, 3], length)
      await expectClose(program(square, initial, inputs), second(square, initial, inputs), 1e-11)
    }
    const [statistics] = program.statistics()
    expect(statistics?.steps).toBeLessThan(60)
    expect(statistics?.newShapes.by).toBe('sizes')
    const carries = [initial, initial.mul(2)]
    const overCarries = vmap(grad(run), { inAxes: [null, 0, null] })(square, np.stack(carries), xs)
    await expectClose(overCarries, np.stack(carries.map((c) => grad(run)(square, c, xs))), 1e-13)
    const overRows = vmap(second, { inAxes: [null, null, 0] })(square, initial, np.stack([xs, xs.neg()]))
    await expectClose(overRows, np.stack([xs, xs.neg()].map((own) => second(square, initial, own))), 1e-12)
  })

  test('trees and representations are carried, and what changes is refused', async () => {
    const x = randn(random.key(3), new Irreps('O3', '2x0e + 1o'), [4], irMul, 'float64')
    const body = ({ h, n }: { h: IrrepsArray; n: DeviceArray }) => [{ h: h.mul(0.5).add(x), n: n.add(1) }, { seen: h }] as const
    const run = (h: IrrepsArray) => scan(body, { h, n: np.array([0], { dtype: 'int32' }) }, undefined, { length: 3 })
    const [eager, traced] = [run(x), jit(run)(x)]
    expect(traced[0].h.irreps.toString()).toBe('2x0e+1o')
    for (const [k, leaf] of tree.leaves(traced).entries()) await expectClose(leaf, tree.leaves(eager)[k] ?? leaf, 1e-15)
    for (const transformation of [jit, (f: typeof run) => f]) {
      const growing = (h: IrrepsArray) => scan((c: IrrepsArray) => [c.sliceByMul(0, 1), 0] as const, h, undefined, { length: 2 })
      expect(() => transformation(growing as never)(x)).toThrow(/the carry was IrrepsArray<.*composition\.test\.ts/s)
    }
    expect(() => scan((c: DeviceArray) => c as never, initial, undefined, { length: 2 })).toThrow(/must give \[carry, result\]/)
  })

  test('loops and branches by elements that are there need no bound, and run one branch', async () => {
    const halve = (x: DeviceArray) => whileLoop((c) => np.greater(np.max(c), 1), (c: DeviceArray) => c.div(2), x)
    const x = np.array([12, 3], { dtype: 'float64' })
    expect([...(await halve(x).data())]).toEqual([0.75, 0.1875])
    expect([...(await grad((own: DeviceArray) => np.sum(halve(own)))(x).data())]).toEqual([1 / 16, 1 / 16])
    expect([...(await hessian((own: DeviceArray) => np.sum(np.square(halve(own))))(x).data())]).toEqual([2 / 256, 0, 0, 2 / 256])
    expect([...(await jit(halve)(x).data())]).toEqual([0.75, 0.1875])
    expect([...(await jit(jacfwd(halve))(x).data())]).toEqual([1 / 16, 0, 0, 1 / 16])
    expect([...(await vmap(halve)(np.array([[12, 3], [1.5, 1]], { dtype: 'float64' })).data())]).toEqual([0.75, 0.1875, 0.75, 0.5])
    expect(() => jit(grad((own: DeviceArray) => np.sum(halve(own))))(x)).toThrow(/reverse mode needs what every step computed.*pass maxIterations/)
    const taken: string[] = []
    const branch = (name: string) => (a: DeviceArray) => {
      taken.push(name)
      return a.mul(2)
    }
    cond(np.greater(np.sum(x), 0), branch('yes'), branch('no'), x)
    grad((own: DeviceArray) => np.sum(cond(np.less(np.sum(own), 0), branch('yes'), branch('no'), own)))(x)
    expect(taken).toEqual(['yes', 'no'])
  })

  test('whileLoop and cond decide by elements, everywhere', async () => {
    const halve = (x: DeviceArray) => whileLoop((c) => np.greater(np.max(c), 1), (c: DeviceArray) => c.div(2), x, { maxIterations: 10 })
    const x = np.array([12, 3], { dtype: 'float64' })
    expect([...(await halve(x).data())]).toEqual([0.75, 0.1875])
    expect([...(await jit(halve)(x).data())]).toEqual([0.75, 0.1875])
    expect([...(await grad((own: DeviceArray) => np.sum(halve(own)))(x).data())]).toEqual([1 / 16, 1 / 16])
    expect([...(await vmap(halve)(np.array([[12, 3], [1.5, 1]], { dtype: 'float64' })).data())]).toEqual([0.75, 0.1875, 0.75, 0.5])
    const g = (own: DeviceArray) => cond(np.greater(np.sum(own), 0), (a: DeviceArray) => a.mul(2), (a: DeviceArray) => a.neg(), own)
    expect([...(await vmap(g)(np.array([[1, 2], [-1, -2]], { dtype: 'float64' })).data())]).toEqual([2, 4, 1, 2])
    expect([...(await jit(grad((own: DeviceArray) => np.sum(g(own))))(x).data())]).toEqual([2, 2])
    expect(() => cond(np.array([1, 2]), () => 1, () => 2)).toThrow(/must be one boolean/)
  })

  test('checkpoint and custom rules on trees', async () => {
    const plain = (p: Params, x: DeviceArray) => f(p, x)
    const expected = grad(plain, { argnums: [0, 1] })(params, x0)
    const byJvp = customJvp(plain, (primals, tangents) => jvp(f, primals, tangents))
    const byVjp = customVjp(plain, { forward: (p: Params, x: DeviceArray) => [f(p, x), { p, x }], backward: ({ p, x }, ct) => vjp(f, p, x)[1](ct) })
    for (const g of [checkpoint(plain), byJvp, byVjp]) {
      for (const own of [grad(g, { argnums: [0, 1] }), jit(grad(g, { argnums: [0, 1] }))]) {
        const found = own(params, x0)
        for (const [k, leaf] of tree.leaves(found).entries()) await expectClose(leaf, tree.leaves(expected)[k] ?? leaf, 1e-14)
      }
      const second = (h: typeof plain) => grad((x: DeviceArray) => np.sum(np.square(grad(h, { argnums: 1 })(params, x))))
      await expectClose(second(g)(x0), second(plain)(x0), 1e-13)
      await expectClose(vmap(second(g))(xs), vmap(second(plain))(xs), 1e-13)
    }
    const squares = (x: DeviceArray) => np.sum(np.square(x))
    const half = customVjp(squares, { forward: (x: DeviceArray) => [squares(x), x], backward: (x): [DeviceArray] => [x] })
    await expectClose(grad(half)(x0), x0, 0)
    expect(() => jvp(byVjp, [params, x0], [params, x0])).toThrow(/custom reverse rule only/)
  })
})

test('a new number of rows runs without another trace, and shapes are known without computing', async () => {
  const spread = (x: DeviceArray) => np.sum(np.square(x.sub(x.mean({ axes: 0 }))))
  const edges = (x: DeviceArray, senders: DeviceArray) => grad((own: DeviceArray) => spread(own.take(senders)))(x)
  using program = jit(edges)
  const run = async (numEdges: number) => {
    const senders = random.randint(random.key(numEdges), [numEdges], 0, 5)
    await expectClose(program(xs, senders), edges(xs, senders), 1e-13)
  }
  for (const numEdges of [7, 8, 9, 12, 20]) await run(numEdges)
  const [statistics] = program.statistics()
  expect(statistics?.newShapes.by).toBe('sizes')
  expect(statistics?.traces).toBeLessThan(6)
  const { w } = evalShape((p: Params) => grad(f)(p, x0), params)
  expect(w.toString()).toBe('float64[3, 4] abstract')
})
