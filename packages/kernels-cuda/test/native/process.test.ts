import { build as bundle } from 'esbuild'
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { build, type Built } from './built.ts'

let built: Built
let folder = ''
let program = ''
beforeAll(async () => {
  built = build()
  folder = mkdtempSync(join(tmpdir(), 'equivar-cuda-'))
  program = join(folder, 'program.mjs')
  const entry = fileURLToPath(new URL('program.ts', import.meta.url))
  await bundle({ entryPoints: [entry], outfile: program, bundle: true, platform: 'node', format: 'esm', logLevel: 'silent' })
}, 300_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The library that has to be there before everything else in a process with AddressSanitizer. */
const sanitizer = execFileSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim()

interface Ended {
  readonly code: number
  readonly output: string
  readonly errors: string
}

/** Runs the program to its end; with AddressSanitizer, or as users have it. */
function run(mode: string, how: 'sanitized' | 'released'): Promise<Ended> {
  const [addon, stub] = how === 'sanitized' ? [built.sanitizedAddon, built.sanitizedStub] : [built.addon, built.stub]
  // Node itself keeps memory to the end, which is no leak of the addon; whether that leaks is counted in the stub.
  const environment = how === 'sanitized' ? { LD_PRELOAD: sanitizer, ASAN_OPTIONS: 'detect_leaks=0', UBSAN_OPTIONS: 'print_stacktrace=1' } : {}
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...environment }, timeout: 30_000, maxBuffer: 2 ** 26 }
    execFile(process.execPath, [program, mode, addon, stub], options, (error, output, errors) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, output, errors })
    })
  })
}

it('there is AddressSanitizer on this machine', () => {
  expect(existsSync(sanitizer)).toBe(true)
})

describe.each(['sanitized', 'released'] as const)('%s', (how) => {
  it('a process may exit in the middle of work', async () => {
    expect(await run('exit', how)).toEqual({ code: 0, output: '', errors: '' })
  })

  it('a process may throw in the middle of work', async () => {
    const { code, errors } = await run('throw', how)
    expect(code).toBe(1)
    expect(errors).toMatch(/in the middle of work/)
    expect(errors).not.toMatch(/Sanitizer|runtime error/)
  })

  it('what is open keeps no process alive, but promises do', async () => {
    expect(await Promise.all([run('idle', how), run('pending', how)])).toEqual([
      { code: 0, output: '"idle"', errors: '' },
      { code: 0, output: '"done"', errors: '' },
    ])
  })

  it('threads have devices of their own, and may end in the middle of work in any way', async () => {
    expect(await run('workers', how)).toEqual({ code: 0, output: '[]', errors: '' })
  })
})

describe('sanitized', () => {
  it('calls in any order touch no memory but their own', async () => {
    const { code, output, errors } = await run('calls', 'sanitized')
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
    const { outcomes, violations } = JSON.parse(output) as { outcomes: Record<string, number>[]; violations: string[] }
    expect(violations).toEqual([])
    for (const outcome of outcomes) expect(outcome['done']).toBeGreaterThan(500)
  })

  it('calls of the driver that fail leave nothing that is used later', async () => {
    const { code, output, errors } = await run('failures', 'sanitized')
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
    const { failures, mistakes } = JSON.parse(output) as { failures: number; mistakes: string[] }
    expect(mistakes).toEqual([])
    expect(failures).toBeGreaterThan(150)
  })
})
