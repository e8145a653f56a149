import { InterpreterDevice } from '@equivar/core'
import { describe, expect, it } from 'vitest'
import { relativeError } from '../src/cases/arrays.ts'
import { waterBox } from '../src/cases/water.ts'
import { measureCeilings } from '../src/measure/ceilings.ts'
import { rateFor, shareOf } from '../src/measure/roofline.ts'
import { geometricMean, timing } from '../src/measure/statistics.ts'
import { record } from './support.ts'

describe('timing', () => {
  it('keeps best, median, quartiles and the samples in their order', () => {
    expect(timing([5, 1, 4, 2, 3])).toEqual({ best: 1, median: 3, samples: 5, low: 2, high: 4, values: [5, 1, 4, 2, 3] })
    expect(() => timing([])).toThrow(/needs samples/)
  })

  it('has geometric means', () => {
    expect(geometricMean([2, 8])).toBeCloseTo(4, 12)
  })
})

describe('relative error', () => {
  it('is max|a − b| / max|b|, and infinite for what is not finite', () => {
    expect(relativeError([1, 2.5], [1, 2])).toBe(0.25)
    expect(relativeError([Number.NaN, 2], [1, 2])).toBe(Number.POSITIVE_INFINITY)
    expect(() => relativeError([1], [1, 2])).toThrow(/cannot be compared/)
  })
})

describe('roofline', () => {
  const [ceilings] = record().ceilings
  if (!ceilings) throw new Error('no ceilings')

  it('takes the bandwidth of the nearest size', () => {
    expect(rateFor(ceilings, 20_000)).toBe(2e11)
    expect(rateFor(ceilings, 1e9)).toBe(4e10)
  })

  it('is bound by what takes longer', () => {
    expect(shareOf(1e9, 1, 'f32', 20, ceilings)).toEqual({ limit: 'arithmetic', floor: 10, fraction: 0.5 })
    expect(shareOf(1e9, 1, 'f64', 20, ceilings)).toMatchObject({ floor: 20, fraction: 1 })
    expect(shareOf(1, 4e9, 'f32', 400, ceilings)).toEqual({ limit: 'memory', floor: 100, fraction: 0.25 })
    expect(shareOf(0, 0, 'f32', 1, ceilings)).toBeNull()
  })
})

describe('ceilings', () => {
  it('are measured on any device: here the interpreter, whose memory tells that the kernels ran', async () => {
    const device = new InterpreterDevice()
    const found = await measureCeilings(device, { budget: 0, bytesAtOnce: 1, maxBytes: 2 ** 16, multiplyAdds: 100 })
    expect(Object.keys(found.flops)).toEqual([...device.capabilities.floats])
    expect(found.copy.map(({ bytes }) => bytes)).toEqual([2 ** 14, 2 ** 16])
    for (const rate of [...Object.values(found.flops), ...found.copy.map(({ rate }) => rate)]) expect(rate).toBeGreaterThan(0)
    expect(device.statistics()).toMatchObject({ liveBuffers: 0, compiledKernels: 3 })
    device.close()
  })
})

describe('boxes of water', () => {
  it('have rigid molecules at the density of the liquid, the same every time', () => {
    const box = waterBox(8)
    const p = box.positions
    const distance = (a: number, b: number) => Math.hypot(...[0, 1, 2].map((axis) => (p[3 * a + axis] ?? 0) - (p[3 * b + axis] ?? 0)))
    for (let n = 0; n < 8; n++) {
      expect(distance(3 * n, 3 * n + 1)).toBeCloseTo(0.9572, 12)
      expect(distance(3 * n, 3 * n + 2)).toBeCloseTo(Math.hypot(0.24, 0.9266), 12)
      expect(distance(3 * n + 1, 3 * n + 2)).toBeCloseTo(Math.hypot(0.9572 + 0.24, 0.9266), 12)
    }
    expect(8 / 0.0334).toBeCloseTo((box.cell?.[0] ?? 0) ** 3, 9)
    expect(waterBox(8).positions).toEqual(p)
    expect(() => waterBox(9)).toThrow(/cube/)
  })
})
