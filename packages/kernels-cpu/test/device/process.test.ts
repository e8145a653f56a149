import { build } from 'esbuild'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'equivar-cpu-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const program = fileURLToPath(new URL('program.ts', import.meta.url))

it.each([
  ['as it is', {}],
  ['minified', { minify: true }],
  // Then every function is given its name by a helper, which threads do not have.
  ['with the names of functions', { keepNames: true }],
] as const)('a bundled program uses threads, %s, and they do not keep it alive', async (_how, options) => {
  const outfile = join(folder, `${Object.keys(options).join() || 'plain'}.mjs`)
  await build({ entryPoints: [program], outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'silent', ...options })
  const { stdout } = await promisify(execFile)(process.execPath, [outfile], { timeout: 30_000 })
  expect(JSON.parse(stdout)).toEqual({ numThreads: 3, isRight: true })
})

it('a bundle for browsers holds nothing of Node', async () => {
  const { outputFiles } = await build({ entryPoints: [program], bundle: true, platform: 'browser', format: 'esm', write: false, logLevel: 'silent' })
  const text = outputFiles[0]?.text ?? ''
  expect(text).toContain('new Worker(')
  expect(text).not.toMatch(/worker_threads|node:os/)
})
