import { readdirSync, readFileSync } from 'node:fs'
import { inRoot } from './paths.mjs'

/**
 * What users can import: every entry of every package, and the source behind it.
 *
 * @returns {Record<string, string>} for example `@equivar/mace/node` → `/…/packages/mace/src/node/index.ts`
 */
export function packageEntries() {
  return Object.fromEntries(
    readdirSync(inRoot('packages')).flatMap((folder) => {
      const { name, exports } = /** @type {{ name: string, exports: Record<string, string> }} */ (JSON.parse(readFileSync(inRoot('packages', folder, 'package.json'), 'utf8')))
      return Object.entries(exports).map(([path, source]) => [`${name}${path.slice(1)}`, inRoot('packages', folder, source)])
    }),
  )
}
