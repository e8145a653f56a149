import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withLock } from './lock.mjs'
import { cacheFolder } from './paths.mjs'
import { capture } from './run.mjs'

const version = '24.9.0'

/** The path of a Node 24, fetched from the npm registry on first use: it is large, and only the tests on a second Node need it. */
export async function node24() {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const folder = join(cacheFolder, `node-${version}`)
  const binary = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  await withLock(join(cacheFolder, 'node24.lock'), async () => {
    if (existsSync(binary)) return
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
    const args = ['install', '--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${version}`]
    const { code, output } = await capture('npm', args, { cwd: folder })
    if (code !== 0 || !existsSync(binary)) throw new Error(`${name}@${version} could not be installed:\n${output}`)
  })
  return binary
}
