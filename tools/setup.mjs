// Installs what the repository needs, when it is not there yet. Plain Node, no dependencies: it runs first on a fresh clone.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { withLock } from './lib/lock.mjs'
import { cacheFolder, inRoot, root } from './lib/paths.mjs'
import { ToolError } from './lib/tool-error.mjs'

const stampFile = inRoot('node_modules', '.equivar-setup')

/** Prepares the checkout, or returns at once when nothing changed since the last time. */
export async function setup() {
  requireNode(process.versions.node)
  if (isReady()) return
  await withLock(join(cacheFolder, 'setup.lock'), async () => {
    if (!isReady()) install()
  })
}

/** @param {string} version */
export function requireNode(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19))
    throw new ToolError(`Node.js 20.19 or newer is needed, this is ${version}: install a newer one from nodejs.org`)
}

/** What an installation depends on: the lock file, and the platform that binaries were chosen for. */
function fingerprint() {
  return createHash('sha256').update(readFileSync(inRoot('pnpm-lock.yaml'))).update(`${process.platform} ${process.arch}`).digest('hex')
}

function isReady() {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === fingerprint()
}

function install() {
  const npx = process.platform === 'win32' ? 'npx.cmd' : 'npx'
  if (spawnSync(npx, ['--version'], { shell: process.platform === 'win32' }).error !== undefined)
    throw new ToolError('npx is not on the PATH: install npm, which comes with Node.js')
  const { packageManager } = /** @type {{ packageManager: string }} */ (JSON.parse(readFileSync(inRoot('package.json'), 'utf8')))
  process.stderr.write('Installing dependencies (only when the lock file has changed) …\n')
  const installation = spawnSync(npx, ['--yes', packageManager, 'install', '--frozen-lockfile', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
    // Without a terminal pnpm would stop and ask before it replaces a folder that another tool made.
    env: { ...process.env, CI: 'true' },
  })
  if (installation.status !== 0) {
    process.stderr.write(`${installation.stdout}${installation.stderr}`)
    throw new ToolError(`${packageManager} could not install the dependencies (its output is above): is the npm registry reachable?`)
  }
  writeFileSync(stampFile, fingerprint())
}

/**
 * Runs the main function of a tool; what a person can act on ends it with one line instead of a stack trace.
 *
 * @param {() => Promise<number | void>} main resolves to the exit code
 */
export async function command(main) {
  try {
    await setup()
    const code = await main()
    if (typeof code === 'number') process.exitCode = code
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await command(async () => 0)
