import { descriptors, DeviceError, InputError, Irreps, PolynomialError } from '@equivar/core'
import type * as lowering from '@equivar/core/lowering'
import { beforeAll, describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { useInterpreter } from '../support/devices.ts'
import { expectClose, expectNoLeaks, randomArray, read, scoped } from '../support/numbers.ts'

const irreps = (text: string) => new Irreps('O3', text)
const { polynomial } = descriptors.channelwiseTensorProduct(irreps('4x0e + 4x1o'), irreps('0e + 1o'), irreps('0e + 1o'))
const linear = descriptors.linear(irreps('8x0e + 8x1o'), irreps('4x0e + 8x1o')).polynomial
const connected = descriptors.fullyConnectedTensorProduct(irreps('4x0e + 2x1o'), irreps('3x0e + 2x1o'), irreps('3x0e + 2x1o')).polynomial
const operands = (rows: number, of = polynomial) => of.inputs.map(({ size }, i) => randomArray([rows, size], i))

describe('methods without a backend', () => {
  expectNoLeaks()

  test(
    'are naive, and say why',
    scoped(() => {
      const explanation = eq.explainSegmentedPolynomial(polynomial, operands(3))
      expect(explanation.method).toBe('naive')
      expect(explanation.flops).toBe(polynomial.flop(3))
      expect(explanation.toString()).toMatch(/method naive \(nothing runs kernels on device 'cpu'; install @equivar\/kernels-cpu/)
    }),
  )

  test.each(['uniform_1d', 'fused_tp', 'indexed_linear'] as const)('refuse %s with what would serve', (method) => {
    eq.scope(() => {
      const inputs = operands(3)
      const message = `method '${method}' needs kernels, but nothing runs them on device 'cpu'; install @equivar/kernels-cpu and call use(cpu), or leave the method to 'auto'`
      expect(() => eq.segmentedPolynomial(polynomial, inputs, { method })).toThrow(message)
      expect(() => eq.withMethod(method, () => eq.segmentedPolynomial(polynomial, inputs))).toThrow(DeviceError)
      expect(() => eq.explainSegmentedPolynomial(polynomial, inputs, { method })).toThrow(DeviceError)
    })
  })

  test('are known by name', () => {
    expect(() => eq.withMethod('fast' as eq.MethodChoice, () => 1)).toThrow(/method 'fast' is unknown; use one of auto, naive, uniform_1d/)
    expect(() => eq.segmentedPolynomial(polynomial, [], { method: 'fast' as eq.MethodChoice })).toThrow(InputError)
    expect(() => eq.withMethod('naive', () => Promise.resolve(1))).toThrow(/returned a promise/)
  })
})

describe('methods with a backend', () => {
  beforeAll(() => void useInterpreter())
  const runs = (f: () => unknown) => {
    const compiled = () => useInterpreter().statistics().compiledKernels
    const before = compiled()
    eq.scope(() => void f())
    return compiled() - before
  }

  test.each([
    { name: 'a tensor product of channels', of: polynomial, methods: ['auto', 'uniform_1d', 'fused_tp'] },
    { name: 'a linear layer', of: linear, methods: ['auto', 'fused_tp', 'indexed_linear'] },
    { name: 'a fully connected tensor product', of: connected, methods: ['auto', 'fused_tp'] },
  ] as const)('agree for $name, and serve derivatives of what was recorded in them', ({ of, methods }) => {
    eq.scope(() => {
      const inputs = operands(3, of).map((x) => eq.track(x))
      const results = (method: eq.MethodChoice) => {
        const run = () => eq.segmentedPolynomial(of, inputs)
        const [y] = method === 'naive' ? eq.segmentedPolynomial(of, inputs, { method }) : eq.withMethod(method, run)
        const gradients = eq.grad(eq.sum(eq.square(y ?? eq.zeros([]))), inputs, { createGraph: true })
        const second = eq.grad(gradients.map((g) => eq.sum(eq.square(g))), inputs)
        return [...(y ? [y] : []), ...gradients, ...second]
      }
      const expected = results('naive')
      for (const method of methods) for (const [i, x] of results(method).entries()) expectClose(read(x), read(expected[i] ?? x), 1e-13)
    })
  })

  test(
    'naive runs no kernel, whether it is asked for by option or by mode',
    scoped(() => {
      const fresh = descriptors.channelwiseTensorProduct(irreps('3x0e'), irreps('0e'), irreps('0e')).polynomial
      const inputs = operands(2, fresh)
      expect(runs(() => eq.segmentedPolynomial(fresh, inputs, { method: 'naive' }))).toBe(0)
      expect(runs(() => eq.withMethod('naive', () => eq.segmentedPolynomial(fresh, inputs)))).toBe(0)
      expect(runs(() => eq.withMethod('naive', () => eq.tanh(eq.zeros([2, 3, 5]))))).toBe(0)
      expect(runs(() => eq.segmentedPolynomial(fresh, inputs))).toBeGreaterThan(0)
      expect(eq.explainSegmentedPolynomial(fresh, inputs, { method: 'naive' })).toMatchObject({ method: 'naive', reason: 'asked for' })
    }),
  )

  test(
    'that cannot serve are refused',
    scoped(() => {
      expect(() => eq.segmentedPolynomial(polynomial, operands(3), { method: 'indexed_linear' })).toThrow(PolynomialError)
    }),
  )

  test(
    'explain what is chosen, for abstract arrays too',
    scoped(() => {
      const explanations: lowering.Explanation[] = [
        eq.explainSegmentedPolynomial(polynomial, operands(3)),
        eq.explainSegmentedPolynomial(polynomial, polynomial.inputs.map(({ size }) => eq.abstractArray([3, size], 'float32'))),
        eq.explainSegmentedPolynomial(linear, operands(3, linear)),
      ]
      for (const { method, reason, kernels, flops, bytes, intensity } of explanations) {
        expect(method).not.toBe('naive')
        expect(reason.length).toBeGreaterThan(10)
        expect(kernels.length).toBeGreaterThan(0)
        expect([flops, bytes]).toEqual([kernels.reduce((sum, kernel) => sum + kernel.flops, 0), kernels.reduce((sum, kernel) => sum + kernel.bytes, 0)])
        expect(intensity).toBeCloseTo(flops / bytes, 10)
      }
      expect(explanations[0]?.toString()).toContain('uniform_1d')
      expect(() => eq.explainSegmentedPolynomial(polynomial, operands(3).slice(1))).toThrow(InputError)
    }),
  )
})
