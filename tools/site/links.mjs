import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { root } from '../lib/paths.mjs'

/**
 * What the links of Markdown pages lead to that is not there: files, and headings of pages. Addresses of other hosts are left alone.
 *
 * @param {readonly string[]} files from the root
 * @returns {string[]}
 */
export function brokenLinksOfPages(files) {
  return files.flatMap((file) => {
    // Code may hold brackets that are no links.
    const text = readFileSync(join(root, file), 'utf8').replaceAll(/^```.*?^```/gms, '').replaceAll(/`[^`\n]*`/g, '``')
    return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
      if (/^[a-z]+:/.test(link)) return []
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? join(root, file) : resolve(root, dirname(file), path)
      if (!existsSync(target)) return [`${file}: ${link} does not exist`]
      if (anchor !== undefined && !anchorsOf(target).includes(anchor)) return [`${file}: ${link} names a heading that does not exist`]
      return []
    })
  })
}

/**
 * Names of headings as GitHub makes them.
 *
 * @param {string} file
 */
function anchorsOf(file) {
  if (!file.endsWith('.md')) return []
  const text = readFileSync(file, 'utf8').replaceAll(/^```.*?^```/gms, '')
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').trim().replaceAll(/\s/g, '-'))
}

/**
 * What the pages of a site refer to that is not in its folder.
 *
 * @param {string} folder
 * @returns {string[]}
 */
export function brokenLinksOfSite(folder) {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.html'))
  /** @type {Map<string, boolean>} */
  const known = new Map()
  return files.flatMap((file) => {
    const html = readFileSync(join(folder, file), 'utf8')
    const broken = new Set()
    for (const [, link = ''] of html.matchAll(/\s(?:href|src)="([^"#?]+)[^"]*"/g)) {
      if (/^(?:[a-z]+:|\/\/)/.test(link)) continue
      const target = resolve(folder, dirname(file), decodeURI(link))
      const exists = known.get(target) ?? (existsSync(target) && statSync(target).isFile())
      known.set(target, exists)
      if (!exists) broken.add(`${file}: ${link} leads to ${relative(folder, target)}, which is not there`)
    }
    return [...broken]
  })
}
