import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cacheFolder, inRoot, root } from './paths.mjs'
import { ToolError } from './tool-error.mjs'

/**
 * Bundles a TypeScript program of this repository into one ES module and returns its path. Nothing is built when no source,
 * manifest or lock file changed since the last time; a concurrent reader sees either the old bundle or the new one.
 *
 * @param {string} entry path from the root, for example `packages/mace/src/cli/main.ts`
 * @param {readonly string[]} [folders] further folders, from the root, whose changes ask for a new bundle
 * @param {{ readonly isMovable?: boolean }} [options] whether it shall run elsewhere: it holds no path of this machine then, and looks
 * beside itself for what lies beside its sources, and for packages with machine code
 */
export async function bundle(entry, folders = [], { isMovable = false } = {}) {
  const key = fingerprint([...packageInputs(), ...folders.map((folder) => inRoot(folder)), inRoot('pnpm-lock.yaml'), inRoot('tools/lib/bundle.mjs')])
  const name = `${entry.replace(/\.ts$/, '').replaceAll('/', '-')}${isMovable ? '-movable' : ''}`
  const folder = join(cacheFolder, 'bundles')
  const target = join(folder, `${name}.${key}.mjs`)
  if (!existsSync(target)) {
    const temporary = join(folder, `.${name}.${process.pid}.mjs`)
    await build(entry, temporary, isMovable ? [byName] : [byAddress, ownAddress])
    renameSync(`${temporary}.map`, `${target}.map`)
    renameSync(temporary, target)
    removeOlder(folder, name, basename(target))
  }
  return target
}

/** Everything that can change a bundle: the sources and the manifests of all packages. */
function packageInputs() {
  return readdirSync(inRoot('packages')).flatMap((name) => [inRoot('packages', name, 'src'), inRoot('packages', name, 'package.json')])
}

/**
 * Names, sizes and times of files, which is enough to see a change and takes a few milliseconds.
 *
 * @param {readonly string[]} paths files and folders
 */
function fingerprint(paths) {
  const hash = createHash('sha256')
  /** @param {string} path */
  const visit = (path) => {
    const status = statSync(path, { throwIfNoEntry: false })
    if (status === undefined) return
    if (status.isDirectory()) {
      for (const child of readdirSync(path).sort()) if (child !== 'node_modules' && !child.startsWith('.')) visit(join(path, child))
    } else if (!path.endsWith('.html')) hash.update(`${relative(root, path)} ${status.size} ${status.mtimeMs}\n`)
  }
  paths.forEach(visit)
  return hash.digest('hex').slice(0, 16)
}

/**
 * @param {string} entry
 * @param {string} outfile
 * @param {import('esbuild').Plugin[]} plugins
 */
async function build(entry, outfile, plugins) {
  const esbuild = await import('esbuild')
  mkdirSync(join(outfile, '..'), { recursive: true })
  const building = esbuild.build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    sourcemap: 'linked',
    logLevel: 'error',
    // Dependencies in CommonJS find Node's own modules by `require`, which an ES module does not have.
    banner: { js: `import { createRequire as $createRequire } from 'node:module'; const require = $createRequire(import.meta.url);` },
    plugins,
  })
  await building.catch(() => {
    throw new ToolError(`${entry} could not be built; the reason is above`)
  })
}

const native = /^(?:webgpu|esbuild)$/

/**
 * A package with machine code finds it beside itself, so it stays where it is installed.
 *
 * @type {import('esbuild').Plugin}
 */
const byAddress = {
  name: 'native-packages',
  setup(builder) {
    builder.onResolve({ filter: native }, ({ path, importer }) => ({ path: installedAddress(path, importer), external: true }))
  },
}

/** @type {import('esbuild').Plugin} */
const byName = {
  name: 'native-packages',
  setup(builder) {
    builder.onResolve({ filter: native }, ({ path }) => ({ path, external: true }))
  },
}

/**
 * A program finds the files beside it by its own address, which must stay that of its source.
 *
 * @type {import('esbuild').Plugin}
 */
const ownAddress = {
  name: 'own-address',
  setup(builder) {
    builder.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (path.includes('node_modules')) return undefined
      const contents = readFileSync(path, 'utf8').replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
      return { contents: path === finder ? findingSources(contents) : contents, loader: 'ts' }
    })
  },
}

/** Where a program looks for packages of kernels by their names, which bundlers do not see. */
const finder = inRoot('packages', 'core', 'src', 'backend', 'registry', 'installed.ts')

/**
 * The same, but what it looks for are the sources in this repository, where nothing is installed by its name.
 *
 * @param {string} contents
 */
function findingSources(contents) {
  const before = /import\((?:\/\*[^*]*\*\/ ?)+specifier\)/
  if (!before.test(contents)) throw new ToolError(`${relative(root, finder)} imports packages in another way than tools/lib/bundle.mjs knows`)
  const packages = ['cpu', 'cuda', 'wgsl'].map((name) => `kernels-${name}`)
  const entries = packages.map((name) => `'@equivar/${name}': () => import(${JSON.stringify(inRoot('packages', name, 'src', 'index.ts'))})`)
  return `${contents.replace(before, 'fromSources(specifier)')}
const sources: Readonly<Record<string, () => Promise<unknown>>> = { ${entries.join(', ')} }
function fromSources(specifier: string): Promise<unknown> {
  return sources[specifier]?.() ?? import(specifier)
}
`
}

/**
 * The address of an installed package, or its name if it is absent: whoever imports it says so then.
 *
 * @param {string} name
 * @param {string} importer
 */
function installedAddress(name, importer) {
  try {
    return pathToFileURL(createRequire(importer).resolve(name)).href
  } catch {
    return name
  }
}

/**
 * Bundles of earlier sources go when they are a day old; a running command may still read a younger one.
 *
 * @param {string} folder
 * @param {string} name
 * @param {string} keep
 */
function removeOlder(folder, name, keep) {
  const dayAgo = Date.now() - 86_400_000
  for (const file of readdirSync(folder)) {
    if (!file.startsWith(`${name}.`) || file.startsWith(keep)) continue
    const path = join(folder, file)
    if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? dayAgo) < dayAgo) rmSync(path, { force: true })
  }
}
