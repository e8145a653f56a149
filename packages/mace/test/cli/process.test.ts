import { build } from 'esbuild'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }

let folder: string
const path = (name: string) => join(folder, name)
const start = (...argv: string[]) => spawn(process.execPath, [path('main.mjs'), ...argv], { stdio: 'pipe' })
const frame = '2\n\nH 0 0 0\nH 0 0 1\n'

async function finish(child: ReturnType<typeof start>) {
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exitCode(child)])
  return { out, err, code }
}

async function exitCode(child: ReturnType<typeof start>): Promise<unknown> {
  const [code] = (await once(child, 'exit')) as unknown[]
  return code
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'equivar-process-'))
  await build({
    entryPoints: [fileURLToPath(new URL('./spring-main.ts', import.meta.url))],
    outfile: path('main.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    banner: { js: "import { createRequire as $require } from 'node:module'; const require = $require(import.meta.url);" },
  })
  writeFileSync(path('many.xyz'), frame.repeat(2000))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

describe('the process', () => {
  it('evaluates, and prints nothing but JSON', async () => {
    const { out, err, code } = await finish(start('eval', 'a.model', path('many.xyz'), '--json'))
    expect([err, code]).toEqual(['', 0])
    expect((JSON.parse(out) as unknown[]).length).toBe(2000)
  })

  it('reads standard input and ends', async () => {
    const child = start('eval', 'a.model', '-', '--json')
    child.stdin.end(frame)
    expect(await finish(child)).toMatchObject({ err: '', code: 0 })
  })

  it('tells its version', async () => {
    expect(await finish(start('--version'))).toEqual({ out: `${manifest.version}\n`, err: '', code: 0 })
  })

  it.each([
    ['SIGINT', 130, 'interrupted'],
    ['SIGTERM', 143, 'terminated'],
  ] as const)('%s ends it with code %d and without a trace of the output file', async (signal, expected, word) => {
    const child = start('eval', 'slow.model', path('many.xyz'), '--out', path('out.xyz'))
    await once(child.stderr, 'data')
    child.kill(signal)
    const { out, err, code } = await finish(child)
    expect(code).toBe(expected)
    expect(out).toBe('')
    expect(err).toMatch(new RegExp(`equivar: ${word}\\n$`))
    expect(readdirSync(folder).filter((name) => name.includes('out.xyz'))).toEqual([])
  })

  it('stays quiet when the reader of its output goes away', async () => {
    const child = start('eval', 'a.model', path('many.xyz'), '--json')
    child.stdout.destroy()
    const [err, code] = await Promise.all([text(child.stderr), exitCode(child)])
    expect([err, code]).toEqual(['', 0])
  })
})
