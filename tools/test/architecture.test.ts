import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { inRoot } from '../lib/paths.mjs'

describe('docs/architecture.md', () => {
  const text = readFileSync(inRoot('docs', 'architecture.md'), 'utf8')
  const packages = readdirSync(inRoot('packages'))

  it.each(packages)('has a section about %s', (name) => {
    expect(text).toMatch(new RegExp(`^## ${name}\\b`, 'm'))
  })

  it.each(packages)('says what lives in each folder of %s', (name) => {
    const section = text.split('\n## ').find((part) => part.startsWith(`${name}:`)) ?? ''
    const folders = readdirSync(inRoot('packages', name, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    for (const folder of folders) expect(section, folder.name).toMatch(new RegExp(`^\\| [^|]*\`${folder.name}\`[^|]*\\|`, 'm'))
  })

  it('names no folder that does not exist', () => {
    const paths = [...text.matchAll(/`((?:packages|tools|examples|docs)\/[\w./-]+)`/g)].map(([, path]) => path ?? '')
    for (const path of paths) expect(() => readFileSync(inRoot(path)), path).not.toThrow(/ENOENT/)
  })
})
