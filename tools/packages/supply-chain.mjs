import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, installed, root } from '../lib/paths.mjs'
import { captureOutput } from '../lib/run.mjs'

/**
 * @typedef {object} Component
 * @property {string} name
 * @property {string} version
 * @property {readonly string[]} licences SPDX expressions; empty where none is named
 */

/** Licences under which a package may come to users. */
const permissive = new Set(['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'])

/** Packages of others that come to users, with the major versions that were looked at: their sources, maintainers and known vulnerabilities. */
const known = new Set([
  '@webgpu/types 0',
  'ansi-regex 5',
  'cli-progress 3',
  'commander 14',
  'emoji-regex 8',
  'is-fullwidth-code-point 3',
  'string-width 4',
  'strip-ansi 6',
])

/** Tools of development under other licences. None of them is part of what is published, or linked to it. */
const developmentExceptions = new Set([
  'argparse Python-2.0',
  'lightningcss MPL-2.0',
  'pako (MIT AND Zlib)',
  'smartwrap GPL-2.0',
  'spdx-exceptions CC-BY-3.0',
  'spdx-license-ids CC0-1.0',
])

/**
 * Writes what an installation of all packages brings to a machine, as CycloneDX.
 *
 * @param {string} folder with the packages installed
 * @returns {Promise<{ path: string, components: Component[] }>}
 */
export async function writeBillOfMaterials(folder) {
  const text = await captureOutput('npm', ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'library'], { cwd: folder })
  const path = join(cacheFolder, 'bill-of-materials.cdx.json')
  mkdirSync(cacheFolder, { recursive: true })
  writeFileSync(path, text)
  return { path, components: componentsOf(text) }
}

/**
 * @param {string} text CycloneDX in JSON
 * @returns {Component[]}
 */
export function componentsOf(text) {
  /** @typedef {{ expression?: string, license?: { id?: string, name?: string } }} Licence */
  const { components } = /** @type {{ components: { name: string, version: string, licenses?: Licence[] }[] }} */ (JSON.parse(text))
  return components.map(({ name, version, licenses = [] }) => ({
    name,
    version,
    licences: licenses.map(({ expression, license }) => expression ?? license?.id ?? license?.name ?? ''),
  }))
}

/**
 * What may not be shipped to users.
 *
 * @param {readonly Component[]} components
 * @returns {string[]}
 */
export function licenceProblems(components) {
  return components
    .filter(({ licences }) => licences.length === 0 || !licences.every(isPermissive))
    .map(({ name, version, licences }) => `${name} ${version} comes to users under ${licences.join(' and ') || 'no licence that it names'}; allowed are ${[...permissive].join(', ')}`)
}

/**
 * Packages that nobody has looked at, and those of the list that no longer come. No registry is asked.
 *
 * @param {readonly Component[]} components
 * @returns {string[]}
 */
export function dependencyProblems(components) {
  const found = components.filter(({ name }) => !name.startsWith('@equivar/')).map(({ name, version }) => `${name} ${version.split('.')[0]}`)
  return [
    ...found.filter((own) => !known.has(own)).map((own) => `${own}.x comes to users and is not in the list of tools/packages/supply-chain.mjs: look at it first`),
    ...[...known].filter((own) => !found.includes(own)).map((own) => `${own}.x is in the list of tools/packages/supply-chain.mjs and does not come to users`),
  ]
}

/** What development uses under a licence that nobody has looked at. */
export async function developmentLicenceProblems() {
  const text = await captureOutput(process.execPath, [installed('pnpm/bin/pnpm.cjs'), 'licenses', 'list', '--json'], { cwd: root })
  const byLicence = /** @type {Record<string, { name: string }[]>} */ (JSON.parse(text))
  return Object.entries(byLicence).flatMap(([licence, packages]) =>
    isPermissive(licence)
      ? []
      : packages.filter(({ name }) => !developmentExceptions.has(`${name} ${licence}`) && !developmentExceptions.has(`${name.replace(/-(?:linux|darwin|win32)-.*/, '')} ${licence}`))
          .map(({ name }) => `${name}, a tool of development, is under ${licence}: look at it, and add it to the exceptions if it is not shipped`),
  )
}

/**
 * Of alternatives one is enough.
 *
 * @param {string} expression
 */
function isPermissive(expression) {
  return expression.replace(/^\(|\)$/g, '').split(' OR ').some((licence) => licence.split(' AND ').every((part) => permissive.has(part)))
}
