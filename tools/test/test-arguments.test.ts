import { expect, it } from 'vitest'
import { vitestArguments } from '../test.mjs'

it('measures coverage only when every test runs', () => {
  expect(vitestArguments([]).args).toEqual(['run', '--coverage'])
  expect(vitestArguments(['packages/core']).args).toEqual(['run', 'packages/core'])
  expect(vitestArguments(['--node24'])).toMatchObject({ node24: true, args: ['run'] })
})

it('writes a report beside the readable output', () => {
  expect(vitestArguments(['--report', 'x.json']).args).toEqual(['run', '--coverage', '--reporter=default', '--reporter=json', '--outputFile.json=x.json'])
})
