import { describe, expect, it } from 'vitest'
import { componentsOf, dependencyProblems, licenceProblems } from '../packages/supply-chain.mjs'

const component = (name: string, licenses?: object[]) => ({ name, version: '1.0.0', ...(licenses === undefined ? {} : { licenses }) })
const bill = (...components: object[]) => JSON.stringify({ bomFormat: 'CycloneDX', components })

describe('licences of what comes to users', () => {
  it.each([
    ['an identifier', [{ license: { id: 'MIT' } }], true],
    ['alternatives, one of which is fine', [{ expression: '(GPL-3.0 OR MIT)' }], true],
    ['a sum, one part of which is not', [{ expression: 'MIT AND GPL-3.0' }], false],
    ['a strong copyleft', [{ license: { id: 'GPL-2.0-only' } }], false],
    ['two licences, one of which is not', [{ license: { id: 'MIT' } }, { license: { id: 'GPL-2.0-only' } }], false],
    ['a name that is no identifier', [{ license: { name: 'see file' } }], false],
    ['none', undefined, false],
  ])('%s', (_, licenses, isFine) => {
    const problems = licenceProblems(componentsOf(bill(component('thing', licenses), component('good', [{ license: { id: 'ISC' } }]))))
    expect(problems).toHaveLength(isFine ? 0 : 1)
    if (!isFine) expect(problems[0]).toMatch(/^thing 1\.0\.0 comes to users under /)
  })
})

describe('packages of others that come to users', () => {
  it('are those that were looked at, no more and no fewer', () => {
    const problems = dependencyProblems(componentsOf(bill(component('@equivar/core'), component('left-pad'))))
    expect(problems[0]).toMatch(/^left-pad 1\.x comes to users and is not in the list/)
    expect(problems.slice(1).every((problem) => problem.endsWith('does not come to users'))).toBe(true)
    expect(problems).toContainEqual(expect.stringMatching(/^commander 14\.x is in the list/))
  })
})
