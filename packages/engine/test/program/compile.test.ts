import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { randomNumbers, read, scoped } from '../support/numbers.ts'

const random = (shape: readonly number[], seed: number) => eq.array(randomNumbers(shape.reduce((a, b) => a * b, 1), seed), { shape })

describe('compiled programs', () => {
  test(
    'give what the function gives',
    scoped(() => {
      const f = (x: eq.NDArray, { w }: { readonly w: eq.NDArray }) => {
        const y = eq.tanh(eq.add(eq.matmul(x, w), 1))
        return { y, parts: [eq.sum(y, { axes: 1 }), x] }
      }
      using program = eq.compile(f)
      const [x, w] = [random([4, 3], 1), random([3, 5], 2)]
      const eager = f(x, { w })
      const compiled = program(x, { w })
      expect(read(compiled.y)).toEqual(read(eager.y))
      expect(compiled.parts.map(read)).toEqual(eager.parts.map(read))
      expect(compiled.parts.map(({ shape }) => shape)).toEqual(eager.parts.map(({ shape }) => shape))
      expect(program.statistics()).toMatchObject({ traces: 1, calls: 1 })
    }),
  )

  test(
    'have derivatives inside of them',
    scoped(() => {
      const f = (x: eq.NDArray, v: eq.NDArray) => {
        const leaf = eq.track(x)
        const energy = eq.sum(eq.exp(eq.mul(eq.sin(leaf), v)))
        const [g] = eq.grad(energy, [leaf], { createGraph: true })
        if (!g) throw new Error('no gradient')
        const [h] = eq.grad(eq.sum(eq.mul(g, v)), [leaf])
        return [energy, g, ...(h ? [h] : [])]
      }
      using program = eq.compile(f)
      for (const n of [5, 7, 9, 40, 1, 0, 9]) {
        const [x, v] = [random([n], n), random([n], n + 1)]
        expect(program(x, v).map(read)).toEqual(f(x, v).map(read))
      }
      expect(program.statistics()).toMatchObject({ newShapes: { by: 'sizes', sizes: 1 } })
      expect(program.statistics().traces).toBe(5)
    }),
  )
})
