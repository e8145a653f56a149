import { describe, expect, it } from 'vitest'
import { evaluateModel, readFrames } from './evaluate.ts'
import { reportPage } from './report.ts'
import { errorsOf } from './statistics.ts'

describe('the aspirin example', () => {
  it.each([
    ['aspirin_l0_c32', 6],
    ['aspirin_l1_c64', 2],
  ])('%s gives the energies and forces of the reference, and a report', async (name, count) => {
    const frames = await readFrames()
    expect(frames.length).toBeGreaterThanOrEqual(100)
    const steps: number[] = []
    const result = await evaluateModel(name, frames, count, (done) => steps.push(done))
    expect(steps).toHaveLength(count)
    expect(result.reference.energies).toHaveLength(count)
    expect(errorsOf(result.predicted.energies, result.reference.energies).largest).toBeLessThanOrEqual(1e-9)
    expect(errorsOf(result.predicted.forces, result.reference.forces).largest).toBeLessThanOrEqual(1e-9)
    expect(errorsOf(result.predicted.forces, result.dft.forces).meanAbsolute).toBeLessThan(0.1)
    const page = reportPage([result])
    expect(page.match(/<svg/g)).toHaveLength(2)
    expect(page).not.toMatch(/(src|href)=/)
  })
})
