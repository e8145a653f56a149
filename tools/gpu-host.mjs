// `node tools/gpu-host.mjs [FOLDER]`: a folder with all that the benchmark needs on a Linux machine with an NVIDIA GPU and nothing else:
// the program, the addon, Dawn, Node itself (both compressed with xz) and the models of the example. There, `sh FOLDER/bench.sh …` takes its
// arguments. WebGPU needs a Vulkan loader there beside the driver (Debian's libvulkan1).
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundle } from './lib/bundle.mjs'
import { inRoot } from './lib/paths.mjs'
import { ToolError } from './lib/tool-error.mjs'
import { command } from './setup.mjs'

const script = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
[ -x node ] || { xz -dc node.xz > node && chmod +x node; } || exit 1
dawn=node_modules/webgpu/dist/linux-x64/dawn.node
[ -s $dawn ] || xz -dc dawn.xz > $dawn || exit 1
exec ./node bench.mjs "$@"
`

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

await command(async () => {
  const folder = resolve(process.argv[2] ?? inRoot('.cache', 'gpu-host'))
  const addon = join(folder, 'node_modules', '@equivar', 'kernels-cuda-linux-x64')
  mkdirSync(addon, { recursive: true })
  const from = inRoot('packages', 'kernels-cuda', 'platforms', 'linux-x64')
  runOrThrow(process.execPath, [inRoot('packages', 'kernels-cuda', 'native', 'build.mjs')])
  cpSync(from, addon, { recursive: true, dereference: true, filter: (path) => !path.includes('node_modules/.') })
  const program = readFileSync(await bundle('apps/bench/src/node/main.ts', ['apps/bench/src']), 'utf8')
  // Dawn is beside the program there, and not where it is installed here.
  const dawn = createRequire(inRoot('packages', 'kernels-wgsl', 'package.json')).resolve('webgpu')
  writeFileSync(join(folder, 'bench.mjs'), program.replaceAll(pathToFileURL(dawn).href, 'webgpu'))
  const own = join(folder, 'node_modules', 'webgpu')
  mkdirSync(join(own, 'dist', 'linux-x64'), { recursive: true })
  for (const name of ['package.json', 'index.js']) copyFileSync(join(dirname(dawn), name), join(own, name))
  compress(join(dirname(dawn), 'dist', 'linux-x64', 'dawn.node'), join(folder, 'dawn'))
  compress(process.execPath, join(folder, 'node'))
  cpSync(inRoot('examples', 'aspirin', 'models'), join(folder, 'models'), { recursive: true })
  copyFileSync(inRoot('examples', 'aspirin', 'frames.xyz'), join(folder, 'frames.xyz'))
  copyFileSync(inRoot('apps', 'bench', 'peers', 'peers.py'), join(folder, 'peers.py'))
  writeFileSync(join(folder, 'bench.sh'), script)
  console.log(`sh ${join(folder, 'bench.sh')} kernels --backend cuda`)
})
