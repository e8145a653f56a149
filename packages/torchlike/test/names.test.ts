import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import * as cuet from '../src/index.ts'

test('docs/torch-users.md has a line for everything that the package offers', () => {
  const page = readFileSync(new URL('../../../docs/torch-users.md', import.meta.url), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('|')).join('\n')
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(cuet.Tensor.prototype)).filter((name) => name !== 'constructor')
  const own = ['Tensor', 'Module', ...Object.keys({ ...cuet.nn, ...cuet.layers }), ...Object.keys(cuet).filter((name) => name !== 'nn' && name !== 'layers')]
  const isNamed = (name: string) => new RegExp(`(?<!\\w)${name}(?!\\w)`).test(rows)
  expect([...new Set([...own, ...methods])].filter((name) => !isNamed(name))).toEqual([])
})
