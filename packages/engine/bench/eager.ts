/**
 * Time of one call of a primitive on tiny arrays, where everything but arithmetic counts: in plain TypeScript and on kernels-cpu.
 * Run: npm run -s program -- packages/engine/bench/eager.ts
 */
import { descriptors, Irreps, use } from '@equivar/core'
import { createCpu } from '@equivar/kernels-cpu'
import * as eq from '../src/index.ts'

const calls = 2000
const rounds = 7

/** Best mean of several rounds, µs. */
function time(f: () => unknown): number {
  let best = Infinity
  for (let round = 0; round < rounds; round++) {
    const started = performance.now()
    for (let i = 0; i < calls; i++) eq.scope(() => void f())
    best = Math.min(best, ((performance.now() - started) * 1000) / calls)
  }
  return best
}

const e = descriptors.channelwiseTensorProduct(new Irreps('O3', '8x0e + 8x1o'), new Irreps('O3', '0e + 1o'), new Irreps('O3', '0e + 1o'))
const [x, y, a] = [eq.ones([4, 8]), eq.ones([4, 8]), eq.ones([8, 8])]
const indices = eq.array([0, 1, 1, 3], { dtype: 'int32' })
const operands = e.polynomial.inputs.map(({ size }) => eq.ones([4, size]))
const [first, second, third] = operands
const tracked = eq.track(x)

const cases: readonly (readonly [string, () => unknown])[] = [
  ['reshape', () => eq.reshape(x, [8, 4])],
  ['add', () => eq.add(x, y)],
  ['exp', () => eq.exp(x)],
  ['multiply by a number', () => eq.mul(x, 2)],
  ['sum', () => eq.sum(x, { axes: 1 })],
  ['permute', () => eq.transpose(x)],
  ['take', () => eq.take(x, indices)],
  ['segmentSum', () => eq.segmentSum(x, indices, 4)],
  ['matmul', () => eq.matmul(x, a)],
  ['tensor product', () => eq.segmentedPolynomial(e.polynomial, operands)],
  [
    'tensor product, gathered and scattered',
    () => first && second && third && eq.segmentedPolynomial(e.polynomial, [first, { array: second, indices }, third], { outputs: [{ indices, rows: 4 }] }),
  ],
  ['gradient of sum(exp(x)²)', () => eq.grad(eq.sum(eq.square(eq.exp(tracked))), [tracked])],
]

const naive = cases.map(([, f]) => time(f))
use(createCpu({ threads: 1 }))
for (const [i, [name, f]] of cases.entries()) console.log(`${name.padEnd(40)} naive ${(naive[i] ?? 0).toFixed(1).padStart(7)} µs   kernels ${time(f).toFixed(1).padStart(7)} µs`)
