import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { withLock } from './lock.mjs'
import { cacheFolder } from './paths.mjs'
import { capture } from './run.mjs'

const version = '13.0.88'

/**
 * The path of NVIDIA's assembler, which says whether text is right and what it needs; fetched from PyPI on first use, as only tests
 * need it. Linux on x64 alone.
 *
 * @returns {Promise<string>}
 */
export async function ptxas() {
  const folder = join(cacheFolder, `ptxas-${version}`)
  const binary = join(folder, 'nvidia', 'cu13', 'bin', 'ptxas')
  await withLock(join(cacheFolder, 'ptxas.lock'), async () => {
    if (existsSync(binary)) return
    mkdirSync(folder, { recursive: true })
    const name = `nvidia-cuda-nvcc==${version}`
    const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--root-user-action=ignore', '--no-deps', '--no-compile', '--target', folder, '--upgrade', name]
    const { code, output } = await capture('python3', args)
    if (code !== 0 || !existsSync(binary)) throw new Error(`${name} could not be installed:\n${output}`)
    chmodSync(binary, 0o755)
  })
  return binary
}
