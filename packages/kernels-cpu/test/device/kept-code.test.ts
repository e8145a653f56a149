import type { CodeStore } from '@equivar/core'
import { build } from 'esbuild'
import fc from 'fast-check'
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { dataBytes } from '../../src/device/data-bytes.ts'
import { loadModule } from '../../src/device/module.ts'
import { createCpu } from '../../src/index.ts'
import type * as wasm from '../../src/wasm/index.ts'
import { emit } from '../../src/wasm/index.ts'
import { gather, saxpy } from '../wasm/kernels.ts'
import { saxpyLaunch } from './launches.ts'

vi.mock('../../src/wasm/index.ts', async (original) => {
  const own = await original<typeof wasm>()
  return { ...own, emit: vi.fn(own.emit) }
})

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'equivar-kept-'))
  vi.mocked(emit).mockClear()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Names of the files, and when they were written. */
const written = () => readdirSync(join(folder, 'kernels-cpu')).map((name) => `${name} ${statSync(join(folder, 'kernels-cpu', name)).ino}`)

async function resultOf(cacheFolder: string | null): Promise<ArrayBuffer> {
  const device = createCpu({ threads: 1, cacheFolder }).openSync()
  const { launch, result } = saxpyLaunch(device, 100)
  device.enqueue(launch)
  const found = await device.read(result)
  device.close()
  return found
}

describe('code of kernels', () => {
  it('is made once for all devices with one folder', async () => {
    const expected = await resultOf(null)
    expect(await resultOf(folder)).toEqual(expected)
    expect(emit).toHaveBeenCalledTimes(2)
    expect(await resultOf(folder)).toEqual(expected)
    expect(emit).toHaveBeenCalledTimes(2)
  })

  it('is kept where EQUIVAR_CACHE_DIR says, or nowhere', async () => {
    vi.stubEnv('EQUIVAR_CACHE_DIR', folder)
    createCpu({ threads: 1 }).openSync().compile(saxpy(8))
    expect(written()).toHaveLength(1)
    vi.stubEnv('EQUIVAR_CACHE_DIR', 'off')
    createCpu({ threads: 1 }).openSync().compile(saxpy(4))
    vi.unstubAllEnvs()
    expect(written()).toHaveLength(1)
  })

  it('differs for kernels, threads and options that differ', () => {
    for (const threads of [1, 2]) for (const lanes of [4, 8]) createCpu({ threads, cacheFolder: folder }).openSync().compile(saxpy(lanes))
    createCpu({ threads: 1, cacheFolder: folder }).openSync().compile(gather(4))
    expect(written()).toHaveLength(5)
  })

  it('is made anew, where what is kept is no module of ours', () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 })
    const options = { relaxedMultiplyAdd: false, sharedMemory: false, maxPages: 1 }
    const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
    const shared = emit(saxpy(8), { ...options, sharedMemory: true })
    const right = emit(saxpy(8), options)
    for (const kept of [Uint8Array.of(1, 2, 3), empty, shared, new Uint8Array()]) {
      const store = { read: () => kept, write: vi.fn() } satisfies CodeStore
      const { bytes, run } = loadModule(saxpy(8), options, memory, store)
      expect(bytes).toEqual(right)
      expect(typeof run).toBe('function')
      expect(store.write).toHaveBeenCalledOnce()
    }
  })

  it('survives processes that make it at once, and later ones make none', async () => {
    const outfile = join(folder, 'program.mjs')
    await build({ entryPoints: [fileURLToPath(new URL('program.ts', import.meta.url))], outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'silent' })
    const run = async () => {
      const { stdout } = await promisify(execFile)(process.execPath, [outfile], { timeout: 30_000, env: { ...process.env, EQUIVAR_CACHE_DIR: folder } })
      return JSON.parse(stdout) as unknown
    }
    const right = { numThreads: 3, isRight: true }
    expect(await Promise.all([run(), run(), run(), run()])).toEqual([right, right, right, right])
    const before = written()
    expect(before).toHaveLength(1)
    expect(await run()).toEqual(right)
    expect(written()).toEqual(before)
    const [name = ''] = readdirSync(join(folder, 'kernels-cpu'))
    const module = readFileSync(join(folder, 'kernels-cpu', name)).subarray(0, -32)
    expect(WebAssembly.validate(Uint8Array.from(module))).toBe(true)
  })
})

describe('plain data as bytes', () => {
  const hex = (data: unknown) => Buffer.from(dataBytes(data)).toString('hex')

  it('are equal for equal data only', () => {
    const number = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.constantFrom(-0, NaN, Infinity, 0.5, 2 ** 31, 2 ** 32))
    const leaf = fc.oneof(number, fc.constantFrom('', 'a', 'b', 'ab', null, true, false))
    const { data } = fc.letrec((tie) => ({
      data: fc.oneof({ maxDepth: 3 }, leaf, fc.array(tie('data'), { maxLength: 3 }), fc.dictionary(fc.constantFrom('a', 'b'), tie('data'), { noNullPrototype: true })),
    }))
    const text = (value: unknown) => JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'number' ? `#${Object.is(inner, -0) ? '-0' : inner}` : inner))
    fc.assert(
      fc.property(data, data, (a, b) => {
        expect(hex(a) === hex(b)).toBe(text(a) === text(b))
        expect(hex([a, b])).not.toBe(hex([[a, b]]))
      }),
      { seed: 7, numRuns: 2000 },
    )
  })

  it('grow with the data', () => {
    const long = Array.from({ length: 10_000 }, (_, k) => k / 3)
    expect(dataBytes(long)).toHaveLength(4 * (2 + 3 * 10_000 - 2 * 3334 + 3334))
    expect(hex(long)).not.toBe(hex(long.with(9_999, 0)))
  })
})
