import { readdirSync, readFileSync } from 'node:fs'
import { inRoot } from '../lib/paths.mjs'

/** Pages of `docs`, in the order in which they are read. */
const pageOrder = [
  'getting-started-modules',
  'getting-started-functions',
  'getting-started-mace',
  'first-steps',
  'molecular-dynamics',
  'backends',
  'irreps-and-layouts',
  'accelerate-mace',
  'migrating',
  'torch-users',
  'jax-users',
  'performance',
  'benchmarks',
  'writing-a-backend',
  'writing-a-group',
  'architecture',
  'parity',
]

/** All pages of the site beside the first one, from the root. */
export function sitePages() {
  const packages = readdirSync(inRoot('packages')).map((name) => `packages/${name}/README.md`)
  return [...pageOrder.map((name) => `docs/${name}.md`), ...packages, 'apps/bench/README.md', 'CONTRIBUTING.md', 'SECURITY.md']
}

/**
 * The first heading of a page.
 *
 * @param {string} path from the root
 */
export function titleOf(path) {
  return /^# (.+)$/m.exec(readFileSync(inRoot(path), 'utf8'))?.[1] ?? path
}
