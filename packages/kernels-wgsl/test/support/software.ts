import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What Debian's `chromium` brings: a browser, and a Vulkan driver for the processor (SwiftShader). */
export const chromium = '/usr/bin/chromium'
const driver = '/usr/lib/chromium/vk_swiftshader_icd.json'
const loaders = ['/usr/lib/x86_64-linux-gnu/libvulkan.so.1', '/usr/lib/aarch64-linux-gnu/libvulkan.so.1']
const packages = ['chromium', 'libvulkan1']

const isThere = () => existsSync(chromium) && existsSync(driver) && loaders.some((path) => existsSync(path))

/**
 * Makes this process see SwiftShader as its only graphics card; must run before anything of WebGPU is loaded. What is missing is installed
 * where this process may. A missing adapter is a failure of the tests, never a reason to leave them out.
 *
 * @throws {Error} with what to install.
 */
export function useSoftwareGpu(): void {
  if (!isThere()) install()
  process.env['VK_DRIVER_FILES'] = driver
  process.env['XDG_RUNTIME_DIR'] ??= '/tmp'
}

function install(): void {
  const remedy = `tests of WebGPU need the Debian packages ${packages.join(' and ')}: apt-get install ${packages.join(' ')}`
  if (process.getuid?.() !== 0) throw new Error(`${remedy} (as root)`)
  // Test files run at the same time, and apt-get does not wait for another one.
  const command = `apt-get update -qq && apt-get install -y -qq --no-install-recommends ${packages.join(' ')}`
  const { status, stderr } = spawnSync('flock', [join(tmpdir(), 'equivar-apt.lock'), 'sh', '-c', command], {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  if (status !== 0) throw new Error(`${remedy}; it was tried and failed:\n${stderr}`)
  if (!isThere()) throw new Error(`${remedy}; it was tried, and ${driver} or the Vulkan loader is still missing`)
}
