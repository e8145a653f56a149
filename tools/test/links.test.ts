import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { pages } from '../lib/examples.mjs'
import { inRoot, root } from '../lib/paths.mjs'
import { brokenLinksOfPages, brokenLinksOfSite } from '../site/links.mjs'
import { sitePages, titleOf } from '../site/pages.mjs'

const folder = mkdtempSync(join(tmpdir(), 'equivar-links-'))
afterAll(() => rmSync(folder, { recursive: true }))
const written = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return relative(root, join(folder, name))
}

describe('links of the documentation', () => {
  it('lead to files and headings that exist', () => {
    expect(brokenLinksOfPages([...new Set(['README.md', ...pages(), ...sitePages()])])).toEqual([])
  })

  it('are seen to be broken', () => {
    written('other.md', '# Über `x`: y\n\n```sh\n# no heading\n```\n')
    const page = written('page.md', '[a](other.md) [b](none.md) [c](other.md#über-x-y) [d](other.md#no-heading) [e](https://example.org) `[f](g)`\n')
    expect(brokenLinksOfPages([page]).map((problem) => problem.replace(/^.*?: /, ''))).toEqual(['none.md does not exist', 'other.md#no-heading names a heading that does not exist'])
  })

  it('of a site are found in its folder, or are broken', () => {
    mkdirSync(join(folder, 'site/below'), { recursive: true })
    written('site/index.html', '<a href="below/page.html#x"></a><a href="https://example.org"></a><img src="none.svg">')
    written('site/below/page.html', '<a href="../index.html"></a><a href="#here"></a>')
    expect(brokenLinksOfSite(join(folder, 'site'))).toEqual(['index.html: none.svg leads to none.svg, which is not there'])
  })
})

describe('the site', () => {
  it('has every page of docs, each with a title', () => {
    expect(sitePages().filter((path) => path.startsWith('docs/')).sort()).toEqual(readdirSync(inRoot('docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`))
    const titles = sitePages().map(titleOf)
    expect(new Set(titles).size).toBe(titles.length)
  })
})
