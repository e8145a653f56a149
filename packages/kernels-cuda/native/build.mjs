// Builds the addon of this machine's platform with a C++ compiler alone: `node packages/kernels-cuda/native/build.mjs`.
//   --tests   builds what the tests need instead (the addon, a driver for tests, and both with AddressSanitizer), and prints where it is
// Nothing is built when no source, flag or compiler has changed since the last time.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { withLock } from '../../../tools/lib/lock.mjs'
import { cacheFolder } from '../../../tools/lib/paths.mjs'
import { ToolError } from '../../../tools/lib/tool-error.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const products = join(cacheFolder, 'kernels-cuda')
const { version } = /** @type {{ version: string }} */ (JSON.parse(readFileSync(join(here, '..', 'package.json'), 'utf8')))
const { include_dir: headers } = /** @type {{ include_dir: string }} */ (createRequire(import.meta.url)('node-api-headers'))

const common = ['-std=c++17', '-fPIC', '-shared', '-pthread', '-Wall', '-Wextra', '-Wpedantic', `-I${headers}`, '-DNAPI_VERSION=8', `-DEQUIVAR_VERSION="${version}"`]
/** What the linker sends to native/src/old_glibc.cpp. */
const wrapped = ['dlopen', 'dlsym', 'dlerror', 'pthread_create', 'pthread_join']
// The library stays once it is loaded: threads and hooks of the process may come to it when the last environment is gone.
const linked = ['-Wl,-z,nodelete', '-Wl,-z,now', `-Wl,--version-script=${join(here, 'exports.map')}`]
const released = ['-O2', '-fvisibility=hidden', '-ffunction-sections', '-fdata-sections', '-static-libstdc++', '-s', '-Wl,--gc-sections', ...linked, ...wrapped.map((name) => `-Wl,--wrap=${name}`)]
const sanitized = ['-O1', '-g', '-fno-omit-frame-pointer', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-sanitize=vptr']

/**
 * Folders of sources, and flags.
 *
 * @type {Readonly<Record<string, { sources: string, flags: readonly string[] }>>}
 */
const targets = {
  addon: { sources: 'src', flags: released },
  stub: { sources: 'stub', flags: ['-O1', '-fvisibility=hidden'] },
  'addon-sanitized': { sources: 'src', flags: [...sanitized, ...linked, ...wrapped.map((name) => `-Wl,--wrap=${name}`)] },
  'stub-sanitized': { sources: 'stub', flags: ['-fvisibility=hidden', ...sanitized] },
}

/** The C++ compiler: `CXX`, or g++. */
const compiler = process.env['CXX'] ?? 'g++'

/**
 * The path of a built target.
 *
 * @param {string} name
 * @returns {Promise<string>}
 */
async function build(name) {
  const target = targets[name]
  if (target === undefined) throw new ToolError(`there is no target ${name}: one of ${Object.keys(targets).join(', ')}`)
  const output = join(products, `${name}-${fingerprint(target.flags)}.node`)
  mkdirSync(products, { recursive: true })
  await withLock(join(products, `${name}.lock`), async () => {
    if (existsSync(output)) return
    // All sources at once: most of the time goes into the headers of the standard library.
    const folder = join(here, target.sources)
    const text = filesIn(folder, '.cpp').map((file) => `#include "${file}"\n`).join('')
    const temporary = `${output}.${process.pid}`
    const { status, stderr, error } = spawnSync(compiler, ['-x', 'c++', '-', ...common, ...target.flags, '-o', temporary], { input: text, encoding: 'utf8' })
    if (error !== undefined) throw new ToolError(`${compiler} cannot be run (${error.message}): install a C++17 compiler, or name one in CXX`)
    if (status !== 0) throw new ToolError(`${compiler} does not build ${name}:\n${stderr}`)
    if (stderr !== '') process.stderr.write(stderr)
    renameSync(temporary, output)
  })
  return output
}

/** @param {readonly string[]} flags */
function fingerprint(flags) {
  const hash = createHash('sha256')
  hash.update([...common, ...flags].join(' ')).update(spawnSync(compiler, ['--version'], { encoding: 'utf8' }).stdout)
  for (const folder of ['src', 'stub']) for (const file of filesIn(join(here, folder), 'pp')) hash.update(file).update(readFileSync(file))
  return hash.update(readFileSync(join(here, 'exports.map'))).digest('hex').slice(0, 16)
}

/**
 * @param {string} folder
 * @param {string} end
 */
function filesIn(folder, end) {
  return readdirSync(folder).filter((name) => name.endsWith(end)).sort().map((name) => join(folder, name))
}

/** Builds the addon and puts it into the package of this platform, where it is found. */
export async function buildAddon() {
  const folder = join(here, '..', 'platforms', `${process.platform}-${process.arch}`)
  if (!existsSync(folder)) throw new ToolError(`there is no package for ${process.platform}-${process.arch} in packages/kernels-cuda/platforms`)
  const built = await build('addon')
  const target = join(folder, 'equivar-cuda.node')
  if (!existsSync(target) || !readFileSync(target).equals(readFileSync(built))) {
    const temporary = `${target}.${process.pid}`
    copyFileSync(built, temporary)
    renameSync(temporary, target)
  }
  return target
}

/** @param {readonly string[]} argv */
async function main(argv) {
  const addon = await buildAddon()
  if (!argv.includes('--tests')) return
  const paths = { addon, stub: await build('stub'), sanitizedAddon: await build('addon-sanitized'), sanitizedStub: await build('stub-sanitized') }
  console.log(JSON.stringify(paths))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    await main(process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
