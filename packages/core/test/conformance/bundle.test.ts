import { build } from 'esbuild'
import { expect, test } from 'vitest'
import type * as conformance from '../../src/conformance/index.ts'
import type * as core from '../../src/index.ts'

interface Bundle {
  readonly core: typeof core
  readonly conformance: typeof conformance
}

test('the suite runs from a bundle, without a test framework and without Node', async () => {
  const { outputFiles } = await build({
    stdin: { contents: "export * as core from './index.ts'; export * as conformance from './conformance/index.ts'", resolveDir: new URL('../../src', import.meta.url).pathname, loader: 'ts' },
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    minify: true,
    write: false,
  })
  const text = outputFiles[0]?.text ?? ''
  expect(text).not.toMatch(/vitest/)
  expect(text).not.toMatch(/(?:from|import\(?)\s*["'](?:node:)?(?:fs|path|url|module|worker_threads)["']/)
  const loaded = (await import(/* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(text).toString('base64')}`)) as Bundle
  const backend = loaded.core.interpreterBackend({ findsRaces: false })
  const results = await loaded.conformance.runConformance(backend, {
    tier: 'ci',
    seed: 2,
    filter: (own) => (own.category === 'polynomial' ? own.multiplicity === 1 && own.batchSize < 2 && own.rows !== 'huge' : own.name.length % 4 === 0),
  })
  expect(results.failures).toEqual([])
  expect(results.categories.polynomial.passed).toBeGreaterThan(20)
  expect(results.categories.kernel.passed).toBeGreaterThan(20)
})
