import { describe, expect, it } from 'vitest'
import { countsOf, summary } from '../counts.mjs'

const report = (passed: number, failed: number, pending = 0, broken = 0) =>
  JSON.stringify({
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: pending,
    testResults: Array.from({ length: broken }, () => ({ status: 'failed', assertionResults: [] })),
  })

describe('the closing line of CI', () => {
  it.each([
    [[report(3, 0)], '3 passed, 0 failed', true],
    [[report(3, 1)], '3 passed, 1 failed', false],
    [[report(3, 0, 2)], '3 passed, 0 failed, 2 skipped', true],
    [[report(0, 0)], '0 passed, 0 failed', false],
    [[report(3, 0, 0, 1)], '3 passed, 1 failed', false],
    [[report(3, 0), report(2, 1)], '3 passed, 1 failed', false],
    [[report(3, 0), report(0, 0)], '3 passed, 0 failed', false],
    [[], '0 passed, 0 failed', false],
  ])('%j', (texts, line, ok) => {
    expect(summary(texts.map(countsOf))).toEqual({ line, ok })
  })
})
