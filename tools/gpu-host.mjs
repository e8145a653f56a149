// `node tools/gpu-host.mjs [FOLDER]`: a folder with all that the benchmark needs on a Linux machine with an NVIDIA GPU and nothing else:
// the program, the addon, Node itself (compressed with xz) and the models of the example. There, `sh FOLDER/bench.sh …` takes its arguments.
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { bundle } from './lib/bundle.mjs'
import { inRoot } from './lib/paths.mjs'
import { ToolError } from './lib/tool-error.mjs'
import { command } from './setup.mjs'

const script = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
[ -x node ] || { xz -dc node.xz > node && chmod +x node; } || exit 1
exec ./node bench.mjs "$@"
`

/** @param {string} name @param {readonly string[]} args */
function runOrThrow(name, args) {
  const { status } = spawnSync(name, args, { stdio: 'inherit' })
  if (status !== 0) throw new ToolError(`${name} ${args.join(' ')} ended with ${status ?? 'an error'}`)
}

await command(async () => {
  const folder = resolve(process.argv[2] ?? inRoot('.cache', 'gpu-host'))
  const addon = join(folder, 'node_modules', '@equivar', 'kernels-cuda-linux-x64')
  mkdirSync(addon, { recursive: true })
  const from = inRoot('packages', 'kernels-cuda', 'platforms', 'linux-x64')
  runOrThrow(process.execPath, [inRoot('packages', 'kernels-cuda', 'native', 'build.mjs')])
  cpSync(from, addon, { recursive: true, dereference: true, filter: (path) => !path.includes('node_modules/.') })
  copyFileSync(await bundle('apps/bench/src/node/main.ts', ['apps/bench/src']), join(folder, 'bench.mjs'))
  const node = join(folder, 'node')
  if (!existsSync(`${node}.xz`)) {
    copyFileSync(process.execPath, node)
    runOrThrow('xz', ['-T0', '-3', node])
  }
  cpSync(inRoot('examples', 'aspirin', 'models'), join(folder, 'models'), { recursive: true })
  copyFileSync(inRoot('examples', 'aspirin', 'frames.xyz'), join(folder, 'frames.xyz'))
  copyFileSync(inRoot('apps', 'bench', 'peers', 'peers.py'), join(folder, 'peers.py'))
  writeFileSync(join(folder, 'bench.sh'), script)
  console.log(`sh ${join(folder, 'bench.sh')} kernels --backend cuda`)
})
