import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { inRoot } from '../lib/paths.mjs'
import { vitestArguments } from '../test.mjs'

it('measures coverage only when every test runs', () => {
  expect(vitestArguments([]).args).toEqual(['run', '--coverage'])
  expect(vitestArguments(['packages/core']).args).toEqual(['run', 'packages/core'])
  expect(vitestArguments(['--node24'])).toMatchObject({ node24: true, args: ['run'] })
})

it('writes a report beside the readable output', () => {
  expect(vitestArguments(['--report', 'x.json']).args).toEqual(['run', '--reporter=default', '--reporter=json', '--outputFile.json=x.json'])
})

it('leaves out what no version of Node changes, on request', () => {
  const left = vitestArguments(['--node24', '--node-dependent']).args.slice(1)
  expect(left.every((argument) => argument.startsWith('--exclude='))).toBe(true)
  expect(left).toContain('--exclude=examples/browser/**')
  // A folder that was renamed would run again without anybody noticing.
  const beginnings = left.map((argument) => argument.slice('--exclude='.length).replace(/\{.*|\*.*/, ''))
  expect(beginnings.filter((path) => !existsSync(inRoot(path)))).toEqual([])
})
