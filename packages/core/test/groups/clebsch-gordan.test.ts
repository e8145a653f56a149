import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as cue from '../../src/index.ts'

const golden = JSON.parse(readFileSync(new URL('../fixtures/clebsch_gordan.json', import.meta.url), 'utf8')) as {
  so3: Record<string, { shape: number[]; data: number[] }>
}

describe('Clebsch-Gordan coefficients of SO3', () => {
  it.each(Object.entries(golden.so3))('%s equal the reference', (key, { shape, data }) => {
    const [a = 0, b = 0, c = 0] = key.split(',').map(Number)
    const array = cue.clebschGordan(new cue.SO3(a), new cue.SO3(b), new cue.SO3(c))
    expect(array.shape).toEqual([1, ...shape])
    expect(array.maxAbsDifference(cue.HostArray.from(data, [1, ...shape]))).toBeLessThan(2e-15)
  })
})
