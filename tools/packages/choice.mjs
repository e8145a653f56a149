import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inRoot } from '../lib/paths.mjs'
import { capture } from '../lib/run.mjs'
import { closure, installInto } from './pack.mjs'

/**
 * @typedef {object} Situation
 * @property {string} what in words
 * @property {readonly string[]} installs beside `@equivar/mace`
 * @property {'dawn' | 'stub'} [brings] what else is there: Dawn as the package `webgpu`, without a graphics card; or a driver of CUDA that
 * has a device and computes nothing
 * @property {string} chosen the device that `auto` takes
 * @property {readonly RegExp[]} says lines of `equivar doctor`
 */

/** @type {readonly Situation[]} */
const situations = [
  {
    what: 'the processor alone',
    installs: [],
    chosen: 'cpu',
    says: [/^cuda:0 +none +@equivar\/kernels-cuda is not installed$/m, /^webgpu +none +@equivar\/kernels-wgsl is not installed$/m, /^ +· for webgpu: install @equivar\/kernels-wgsl/m],
  },
  {
    what: 'kernels-wgsl without WebGPU',
    installs: ['@equivar/kernels-wgsl'],
    chosen: 'cpu',
    says: [/^webgpu +none +Node has no WebGPU of its own; install the npm package 'webgpu'/m],
  },
  {
    what: 'kernels-wgsl and Dawn without a graphics card',
    installs: ['@equivar/kernels-wgsl'],
    brings: 'dawn',
    chosen: 'cpu',
    says: [/^webgpu +none +.*adapter/m],
  },
  {
    what: 'kernels-cuda without a driver',
    installs: ['@equivar/kernels-wgsl', '@equivar/kernels-cuda'],
    chosen: 'cpu',
    says: [/^cuda:0 +none +.*no CUDA driver.*install a driver for an NVIDIA GPU/m],
  },
  {
    what: 'kernels-cuda and a driver that does not compute',
    installs: ['@equivar/kernels-cuda'],
    brings: 'stub',
    chosen: 'cuda:0',
    says: [/^cuda:0 +FAILS +Stub 0, sm_90/m, /^auto +cuda:0$/m, /^ +· do not use cuda:0: its kernels fail a check/m],
  },
]

/**
 * What `auto` takes, and what `equivar doctor` says, with packages from the tarballs in empty projects.
 *
 * @param {string} scratch
 * @param {readonly import('./pack.mjs').Packed[]} packages
 * @returns {Promise<string[]>} problems
 */
export async function checkChoice(scratch, packages) {
  const problems = []
  for (const [k, { what, installs, brings, chosen, says }] of situations.entries()) {
    const folder = join(scratch, `project-auto-${k}`)
    await installInto(folder, closure(['@equivar/mace', ...installs], packages))
    /** @type {NodeJS.ProcessEnv} */
    const env = { ...process.env, VK_DRIVER_FILES: '/dev/null' }
    if (brings === 'dawn') symlinkSync(inRoot('packages/kernels-wgsl/node_modules/webgpu'), join(folder, 'node_modules/webgpu'))
    if (brings === 'stub') env['LD_LIBRARY_PATH'] = stubIn(join(folder, 'driver'))
    writeFileSync(join(folder, 'auto.js'), "import { device } from '@equivar/core'\nconsole.log((await device('auto')).name)\nprocess.exit()\n")
    const auto = await capture(process.execPath, ['auto.js'], { cwd: folder, env })
    // Dawn warns before.
    if (auto.output.trim().split('\n').at(-1) !== chosen) problems.push(`with ${what} auto takes\n${auto.output}where ${chosen} is expected`)
    const { code, output } = await capture(process.execPath, [join(folder, 'node_modules/.bin/equivar'), 'doctor'], { cwd: folder, env })
    const unsaid = [new RegExp(`^auto +${chosen}$`, 'm'), ...says].filter((line) => !line.test(output))
    if (code !== 0 || unsaid.length > 0) problems.push(`with ${what} equivar doctor ends with ${code}, without ${unsaid.join(', ')}:\n${output}`)
  }
  console.log(`auto and equivar doctor: ${situations.length} installations`)
  return problems
}

/**
 * The driver that the tests of kernels-cuda use, by the name under which a driver is found.
 *
 * @param {string} folder is made
 */
function stubIn(folder) {
  const built = execFileSync(process.execPath, [inRoot('packages/kernels-cuda/native/build.mjs'), '--tests'], { encoding: 'utf8' })
  mkdirSync(folder)
  cpSync(/** @type {{ stub: string }} */ (JSON.parse(built)).stub, join(folder, 'libcuda.so.1'))
  return folder
}
