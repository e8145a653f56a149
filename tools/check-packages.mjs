// Packs every publishable package and uses the tarballs as a stranger would: publint, are-the-types-wrong, then an empty project
// that installs nothing but the tarballs, compiles against their types and runs. Expects a build (`npm run build`).
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { problemKindInfo } from '@arethetypeswrong/core/problems'
import { build } from 'esbuild'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { inRoot, installed } from './lib/paths.mjs'
import { capture } from './lib/run.mjs'

/**
 * @typedef {Record<string, string>} Texts
 * @typedef {{ name: string, private?: boolean, scripts?: Texts, dependencies?: Texts, publishConfig?: { bin?: Texts } }} Manifest
 * @typedef {{ manifest: Manifest, tarball: string }} Packed
 */

/**
 * What a page that uses everything of a package may weigh, minified and gzipped, in kB.
 *
 * @type {Readonly<Record<string, number>>}
 */
const budgets = { '@equivar/core': 80, '@equivar/kernels-cpu': 60, '@equivar/kernels-cuda': 80, '@equivar/mace': 250 }

/** @type {string[]} */
const problems = []

const scratch = mkdtempSync(join(tmpdir(), 'equivar-packages-'))
try {
  const packages = await packAll()
  for (const one of packages) {
    await checkManifest(one)
    await checkTypes(one)
  }
  for (const one of packages) await checkAlone(one, packages)
  await checkConsumer(packages)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
for (const problem of problems) console.error(`✗ ${problem}`)
console.log(problems.length === 0 ? 'packages: all checks passed' : `packages: ${problems.length} problem(s)`)
process.exitCode = problems.length === 0 ? 0 : 1

/** @returns {Promise<Packed[]>} */
async function packAll() {
  const packed = []
  for (const name of readdirSync(inRoot('packages'))) {
    const folder = inRoot('packages', name)
    const manifest = /** @type {Manifest} */ (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
    if (manifest.private === true) continue
    const destination = join(scratch, 'tarballs', name)
    mkdirSync(destination, { recursive: true })
    const { code, output } = await capture(process.execPath, [installed('pnpm/bin/pnpm.cjs'), 'pack', '--pack-destination', destination], { cwd: folder })
    const [tarball] = readdirSync(destination)
    if (code !== 0 || tarball === undefined) throw new Error(`${manifest.name}: pnpm pack failed\n${output}`)
    packed.push({ manifest, tarball: join(destination, tarball) })
  }
  return packed
}

/** @param {Packed} one */
async function checkManifest({ manifest, tarball }) {
  const data = readFileSync(tarball)
  const { messages, pkg } = await publint({ pack: { tarball: toArrayBuffer(data) }, level: 'warning', strict: true })
  for (const message of messages) problems.push(`${manifest.name}: publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`)
  const script = Object.keys(manifest.scripts ?? {}).find((key) => /^(?:pre|post)?(?:install|prepare)$/.test(key))
  if (script !== undefined) problems.push(`${manifest.name}: the script ${script} would run on a user's machine at installation`)
  console.log(`${manifest.name}: tarball ${kilobytes(data.length)}`)
}

/** @param {Packed} one */
async function checkTypes({ manifest, tarball }) {
  const analysis = await checkPackage(createPackageFromTarballData(readFileSync(tarball)))
  if (analysis.types === false) return void problems.push(`${manifest.name}: the tarball holds no types`)
  for (const problem of analysis.problems) {
    // ES modules only, found by `exports`: `require` and the resolution of Node 10 are not offered.
    const resolution = 'resolutionKind' in problem ? problem.resolutionKind : undefined
    if (resolution === 'node10' || resolution === 'node16-cjs') continue
    problems.push(`${manifest.name}: are-the-types-wrong: ${problemKindInfo[problem.kind].title} (${JSON.stringify(problem)})`)
  }
}

/**
 * A package installed with its own dependencies only must load.
 *
 * @param {Packed} one
 * @param {Packed[]} all
 */
async function checkAlone(one, all) {
  const needed = closure(one, all)
  const folder = await installInto(`alone-${one.manifest.name.replace(/.*\//, '')}`, needed)
  const program = `const loaded = await import('${one.manifest.name}'); console.log(Object.keys(loaded).length)`
  const { code, output } = await capture(process.execPath, ['--input-type=module', '--eval', program], { cwd: folder })
  if (code !== 0) problems.push(`${one.manifest.name}: does not load in an empty project:\n${output}`)
  else console.log(`${one.manifest.name}: loads alone, ${output.trim()} exports`)
  for (const command of Object.keys(one.manifest.publishConfig?.bin ?? {})) {
    const help = await capture(process.execPath, [join(folder, 'node_modules', '.bin', command), '--help'], { cwd: folder })
    if (help.code !== 0) problems.push(`${one.manifest.name}: ${command} --help fails when installed:\n${help.output}`)
  }
}

/**
 * The program in tools/consumer compiles against the packages' types in both ways of resolving modules, and runs.
 *
 * @param {Packed[]} packages
 */
async function checkConsumer(packages) {
  const folder = await installInto('consumer', packages)
  cpSync(inRoot('tools', 'consumer'), folder, { recursive: true })
  for (const [module, moduleResolution] of [['node16', 'node16'], ['esnext', 'bundler']]) {
    const options = ['--module', module ?? '', '--moduleResolution', moduleResolution ?? '', '--outDir', join(folder, `out-${moduleResolution}`)]
    const { code, output } = await capture(process.execPath, [installed('typescript/bin/tsc'), '-p', folder, ...options], { cwd: folder })
    if (code !== 0) problems.push(`a project with moduleResolution ${moduleResolution} does not compile:\n${output}`)
  }
  await checkBrowser(folder, packages)
  const { code, output } = await capture(process.execPath, [join(folder, 'out-node16', 'main.js'), inRoot('examples/aspirin/models/aspirin_l0_c32.model.gz')], { cwd: folder })
  if (code !== 0) problems.push(`the consuming project does not run:\n${output}`)
  else process.stdout.write(output.replace(/^/gm, '  ').trimEnd() + '\n')
}

/**
 * A bundler that builds for browsers must find nothing of Node behind the packages' entries.
 *
 * @param {string} folder with the packages installed
 * @param {Packed[]} packages
 */
async function checkBrowser(folder, packages) {
  for (const { manifest } of packages) {
    const contents = `import * as everything from '${manifest.name}'; globalThis.everything = everything`
    try {
      const options = /** @type {const} */ ({ bundle: true, minify: true, write: false, format: 'esm', platform: 'browser', logLevel: 'silent' })
      const { outputFiles } = await build({ ...options, stdin: { contents, resolveDir: folder } })
      const weight = gzipSync(outputFiles[0]?.contents ?? '').length
      const budget = budgets[manifest.name] ?? Infinity
      console.log(`${manifest.name}: whole in a page, ${kilobytes(weight)} gzipped`)
      if (weight > 1000 * budget) problems.push(`${manifest.name}: ${kilobytes(weight)} in a page, the budget is ${budget} kB`)
    } catch (error) {
      problems.push(`${manifest.name}: does not bundle for browsers: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

/**
 * @param {string} name
 * @param {Packed[]} packages
 */
async function installInto(name, packages) {
  const folder = join(scratch, name)
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version: '1.0.0', private: true, type: 'module' }))
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', ...packages.map(({ tarball }) => tarball)]
  const { code, output } = await capture('npm', args, { cwd: folder })
  if (code !== 0) throw new Error(`npm could not install ${packages.map(({ manifest }) => manifest.name).join(', ')} from tarballs:\n${output}`)
  return folder
}

/**
 * A package and those of ours that it depends on, directly or not.
 *
 * @param {Packed} one
 * @param {Packed[]} all
 */
function closure(one, all) {
  const found = new Set([one])
  for (const { manifest } of found)
    for (const other of all) if (Object.hasOwn(manifest.dependencies ?? {}, other.manifest.name)) found.add(other)
  return [...found]
}

/** @param {Buffer} data */
function toArrayBuffer(data) {
  const copy = new ArrayBuffer(data.byteLength)
  new Uint8Array(copy).set(data)
  return copy
}

/** @param {number} bytes */
function kilobytes(bytes) {
  return `${(bytes / 1000).toFixed(1)} kB`
}
