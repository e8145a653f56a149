import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inRoot, installed } from '../lib/paths.mjs'
import { capture } from '../lib/run.mjs'

/**
 * @typedef {Record<string, string>} Texts
 * @typedef {{ dependencies?: Texts, optionalDependencies?: Texts }} Needs
 * @typedef {Needs & { name: string, private?: boolean, main?: string, scripts?: Texts, publishConfig?: { bin?: Texts, exports?: object } }} Manifest
 * @typedef {{ manifest: Manifest, tarball: string }} Packed
 */

/** The folders of all packages, apps and those for single platforms included, which lie in the package that brings them. */
export function packageFolders() {
  const folders = ['packages', 'apps'].flatMap((place) => readdirSync(inRoot(place)).map((name) => inRoot(place, name)))
  const platforms = folders.map((folder) => join(folder, 'platforms')).filter((folder) => existsSync(folder))
  return [...folders, ...platforms.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))]
}

/**
 * Every package that is published, packed as it would be.
 *
 * @param {string} scratch folder for the tarballs
 * @returns {Promise<Packed[]>}
 */
export async function packAll(scratch) {
  const packed = []
  for (const folder of packageFolders()) {
    const manifest = /** @type {Manifest} */ (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
    if (manifest.private === true) continue
    const destination = join(scratch, 'tarballs', manifest.name)
    mkdirSync(destination, { recursive: true })
    const { code, output } = await capture(process.execPath, [installed('pnpm/bin/pnpm.cjs'), 'pack', '--pack-destination', destination], { cwd: folder })
    const [tarball] = readdirSync(destination)
    if (code !== 0 || tarball === undefined) throw new Error(`${manifest.name}: pnpm pack failed\n${output}`)
    packed.push({ manifest, tarball: join(destination, tarball) })
  }
  return packed
}

/**
 * An empty project with some tarballs installed, and what they need from the registry.
 *
 * @param {string} folder is made
 * @param {readonly Packed[]} packages
 * @param {NodeJS.ProcessEnv} [env]
 */
export async function installInto(folder, packages, env = process.env) {
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'project', version: '1.0.0', private: true, type: 'module' }))
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', ...packages.map(({ tarball }) => tarball)]
  const { code, output } = await capture('npm', args, { cwd: folder, env })
  if (code !== 0) throw new Error(`npm could not install ${packages.map(({ manifest }) => manifest.name).join(', ')} from tarballs:\n${output}`)
}

/**
 * Packages and those of ours that they depend on, directly or not.
 *
 * @param {readonly string[]} names
 * @param {readonly Packed[]} all
 * @returns {Packed[]}
 */
export function closure(names, all) {
  const found = new Set(all.filter(({ manifest }) => names.includes(manifest.name)))
  for (const { manifest } of found)
    for (const other of all) if (Object.hasOwn({ ...manifest.dependencies, ...manifest.optionalDependencies }, other.manifest.name)) found.add(other)
  return [...found]
}
