import { defineConfig } from 'vitest/config'

/** Packages that compute: a worker that runs the tests of one loads it once, and keeps it from file to file. */
const sharing = ['core', 'files', 'functional', 'mace', 'torchlike']
/** Of their tests, those that count what a process holds, or register backends: these have a process of their own, as all other tests do. */
const exceptions = [
  'packages/core/test/backend/**/*.test.ts',
  'packages/functional/test/laws/reference-checks.test.ts',
  'packages/mace/test/{cli,hostile,model}/**/*.test.ts',
  'packages/mace/test/structures/neighbor-list-async.test.ts',
  'packages/torchlike/test/{backends,tensors}.test.ts',
]

export default defineConfig({
  test: {
    testTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'own process',
          include: [`packages/!(${sharing.join('|')})/test/**/*.test.ts`, ...exceptions, 'apps/*/test/**/*.test.ts', 'examples/**/*.test.ts', 'tools/test/*.test.ts'],
        },
      },
      ...sharing.map((name) => ({
        extends: true as const,
        test: {
          name,
          isolate: false,
          include: [`packages/${name}/test/**/*.test.ts`],
          exclude: ['**/node_modules/**', ...exceptions],
          setupFiles: name === 'torchlike' ? ['packages/torchlike/test/support/seeded.ts'] : [],
        },
      })),
    ],
    coverage: {
      provider: 'v8',
      reportOnFailure: true,
      include: ['packages/*/src/**/*.ts'],
      reporter: ['text-summary'],
      reportsDirectory: '.cache/coverage',
    },
  },
})
