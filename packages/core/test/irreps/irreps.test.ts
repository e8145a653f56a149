import { describe, expect, it } from 'vitest'
import * as cue from '../../src/index.ts'

describe('Irreps', () => {
  it('reads and prints', () => {
    const irreps = new cue.Irreps('O3', ' 4 x 0e +1x1o + 2e')
    expect(`${irreps}`).toBe('4x0e+1o+2e')
    expect(irreps.dim).toBe(12)
  })
})
