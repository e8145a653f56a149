import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inRoot, root } from '../lib/paths.mjs'
import { capture } from '../lib/run.mjs'

const folder = mkdtempSync(join(tmpdir(), 'equivar-gpu-host-'))
const tool = inRoot('tools', 'gpu-host.mjs')

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a folder for a machine with a GPU', () => {
  beforeAll(async () => {
    const { code, output } = await capture(process.execPath, [tool, folder, '--without', 'node,dawn'])
    expect(code, output).toBe(0)
  }, 120_000)

  it('has the program, the addon, models and structures, and nothing that was to be left out', () => {
    expect(readdirSync(folder).sort()).toEqual(['bench.mjs', 'bench.sh', 'frames.xyz', 'models', 'node_modules', 'peers.py'])
    expect(readdirSync(join(folder, 'node_modules'))).toEqual(['@equivar'])
    expect(readdirSync(join(folder, 'node_modules', '@equivar', 'kernels-cuda-linux-x64'))).toContain('equivar-cuda.node')
  })

  it('knows no path of this machine', () => {
    const program = readFileSync(join(folder, 'bench.mjs'), 'utf8')
    for (const path of [root, dirname(root), 'file:///']) expect(program.includes(`${path}/`) || program.includes(`"${path}`), path).toBe(false)
  })

  it('runs from anywhere, the programs of the tutorial too', async () => {
    const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`, EQUIVAR_CACHE_DIR: 'off' }
    const { code, output } = await capture('sh', [join(folder, 'bench.sh'), 'examples', '--backend', 'cpu', '--examples', 'functional-layer'], { cwd: tmpdir(), env })
    expect(output).toBe('ok functional-layer nodeOutputs, 12 elements: cpu and cpu differ by 0.0e+0 of 0.00002\n')
    expect(code).toBe(0)
  })

  it.each([['--without', 'nodes'], ['--with', 'node']])('refuses %s %s in one line', async (...options) => {
    const { code, output } = await capture(process.execPath, [tool, folder, ...options])
    expect(output.trim().split('\n')).toHaveLength(1)
    expect(output).toContain(options[1] === 'nodes' ? 'there are node and dawn to leave out' : '--with')
    expect(code).toBe(1)
  })
})
