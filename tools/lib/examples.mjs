import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inRoot, root } from './paths.mjs'

/**
 * @typedef {object} Example
 * @property {string} file from the root
 * @property {number} line where the code begins
 * @property {string} code
 * @property {readonly string[]} prints what follows `// ` after each `console.log(…)` of the code
 */

/** The pages whose code runs in the tests, from the root. */
export function pages() {
  const packages = readdirSync(inRoot('packages')).map((name) => `packages/${name}/README.md`)
  const docs = readdirSync(inRoot('docs')).map((name) => `docs/${name}`)
  return ['README.md', ...packages, ...docs].filter((name) => name.endsWith('.md'))
}

/**
 * The TypeScript blocks of a page.
 *
 * @param {string} file from the root
 * @returns {Example[]}
 */
export function examplesIn(file) {
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => ({
    file,
    line: text.slice(0, match.index).split('\n').length + 1,
    code: match[1] ?? '',
    prints: [...(match[1] ?? '').matchAll(/^console\.log\(.*\)\s+\/\/ (.*)$/gm)].map(([, printed]) => printed ?? ''),
  }))
}
