// `node tools/gpu-host.mjs [FOLDER] [--without node,dawn]`: a folder with all that the benchmark needs on a Linux machine with an NVIDIA GPU
// and nothing else: the program, the addon, Dawn, Node itself (both compressed with xz) and the models of the example. There, `sh
// FOLDER/bench.sh …` takes its arguments. WebGPU needs a Vulkan loader there beside the driver (Debian's libvulkan1). `--without node` takes
// the Node of that machine, `--without dawn` leaves WebGPU out unless the package `webgpu` is there.
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { bundle } from './lib/bundle.mjs'
import { inRoot } from './lib/paths.mjs'
import { ToolError } from './lib/tool-error.mjs'
import { command } from './setup.mjs'

/** What takes room, and may be there already. */
const parts = ['node', 'dawn']

/** @param {readonly string[]} without */
function script(without) {
  const node = '[ -x node ] || { xz -dc node.xz > node && chmod +x node; } || exit 1\n'
  const dawn = 'dawn=node_modules/webgpu/dist/linux-x64/dawn.node\n[ -s $dawn ] || xz -dc dawn.xz > $dawn || exit 1\n'
  const run = `exec ${without.includes('node') ? 'node' : './node'} bench.mjs "$@"\n`
  return `#!/bin/sh\ncd "$(dirname "$0")" || exit 1\n${without.includes('node') ? '' : node}${without.includes('dawn') ? '' : dawn}${run}`
}

/** @param {string} name @param {readonly string[]} args */
function runOrThrow(name, args) {
  const { status } = spawnSync(name, args, { stdio: 'inherit' })
  if (status !== 0) throw new ToolError(`${name} ${args.join(' ')} ended with ${status ?? 'an error'}`)
}

/** Unless it is there. @param {string} from @param {string} to */
function compress(from, to) {
  if (existsSync(`${to}.xz`)) return
  copyFileSync(from, to)
  runOrThrow('xz', ['-T0', '-3', to])
}

/** @returns {{ folder: string, without: readonly string[] }} */
function options() {
  try {
    const { positionals, values } = parseArgs({ allowPositionals: true, options: { without: { type: 'string', default: '' } } })
    const without = values.without.split(',').filter((part) => part !== '')
    const unknown = without.find((part) => !parts.includes(part))
    if (unknown !== undefined) throw new ToolError(`--without ${unknown}: there are ${parts.join(' and ')} to leave out`)
    return { folder: resolve(positionals[0] ?? inRoot('.cache', 'gpu-host')), without }
  } catch (error) {
    throw error instanceof ToolError || !(error instanceof Error) ? error : new ToolError(error.message)
  }
}

/** Dawn is beside the program there. @param {string} folder */
function packDawn(folder) {
  const dawn = createRequire(inRoot('packages', 'kernels-wgsl', 'package.json')).resolve('webgpu')
  const own = join(folder, 'node_modules', 'webgpu')
  mkdirSync(join(own, 'dist', 'linux-x64'), { recursive: true })
  for (const name of ['package.json', 'index.js']) copyFileSync(join(dirname(dawn), name), join(own, name))
  compress(join(dirname(dawn), 'dist', 'linux-x64', 'dawn.node'), join(folder, 'dawn'))
}

await command(async () => {
  const { folder, without } = options()
  const addon = join(folder, 'node_modules', '@equivar', 'kernels-cuda-linux-x64')
  mkdirSync(addon, { recursive: true })
  const from = inRoot('packages', 'kernels-cuda', 'platforms', 'linux-x64')
  runOrThrow(process.execPath, [inRoot('packages', 'kernels-cuda', 'native', 'build.mjs')])
  cpSync(from, addon, { recursive: true, dereference: true, filter: (path) => !path.includes('node_modules/.') })
  copyFileSync(await bundle('apps/bench/src/node/main.ts', ['apps/bench/src', 'examples'], { isMovable: true }), join(folder, 'bench.mjs'))
  if (!without.includes('dawn')) packDawn(folder)
  if (!without.includes('node')) compress(process.execPath, join(folder, 'node'))
  cpSync(inRoot('examples', 'aspirin', 'models'), join(folder, 'models'), { recursive: true })
  copyFileSync(inRoot('examples', 'aspirin', 'frames.xyz'), join(folder, 'frames.xyz'))
  copyFileSync(inRoot('apps', 'bench', 'peers', 'peers.py'), join(folder, 'peers.py'))
  writeFileSync(join(folder, 'bench.sh'), script(without))
  console.log(`sh ${join(folder, 'bench.sh')} kernels --backend cuda`)
})
