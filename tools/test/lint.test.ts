import { ESLint } from 'eslint'
import tseslint from 'typescript-eslint'
import { describe, expect, it } from 'vitest'
import config from '../../eslint.config.mjs'
import { layers } from '../eslint/layers.mjs'

/** Rule ids reported for a text that pretends to be the file at `filePath` (from the root). */
async function findings(eslint: ESLint, filePath: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(text, { filePath })
  return (result?.messages ?? []).map(({ ruleId, message }) => ruleId ?? message)
}

describe('who may import whom', () => {
  // Without types: these rules look at the text of an import only, and each case takes a millisecond.
  const parser = { files: ['**/*.ts'], languageOptions: { parser: tseslint.parser } }
  const eslint = new ESLint({ overrideConfigFile: true, overrideConfig: [parser, ...layers] as never })
  const forbidden = 'no-restricted-imports'

  it.each([
    ['a room below imports one above', 'packages/core/src/math/probe.ts', '../groups/index.ts'],
    ['errors import anything', 'packages/core/src/errors.ts', './math/index.ts'],
    ['groups import irreps', 'packages/core/src/groups/so3/probe.ts', '../../irreps/index.ts'],
    ['irreps import polynomials', 'packages/core/src/irreps/probe.ts', '../polynomials/path.ts'],
    ['polynomials import descriptors', 'packages/core/src/polynomials/probe.ts', '../descriptors/linear.ts'],
    ['descriptors import experimental', 'packages/core/src/descriptors/probe.ts', '../experimental/index.ts'],
    ['kernels import descriptors', 'packages/core/src/kernels/lower/probe.ts', '../../descriptors/linear.ts'],
    ['descriptors import kernels', 'packages/core/src/descriptors/probe.ts', '../kernels/index.ts'],
    ['core imports the engine', 'packages/core/src/irreps/probe.ts', '@equivar/engine'],
    ['core imports itself by name', 'packages/core/src/irreps/probe.ts', '@equivar/core'],
    ['the engine imports a front end', 'packages/engine/src/probe.ts', '@equivar/mace'],
    ['the engine imports a kernels package', 'packages/engine/src/probe.ts', '@equivar/kernels-cpu'],
    ['a front end imports a kernels package', 'packages/mace/src/probe.ts', '@equivar/kernels-wgsl'],
    ['a front end imports another', 'packages/mace/src/probe.ts', '@equivar/torchlike'],
    ['a kernels package imports the engine', 'packages/kernels-cpu/src/probe.ts', '@equivar/engine'],
    ['a path reaches into another package', 'packages/mace/src/model/probe.ts', '../../../core/src/errors.ts'],
    ['a library file imports a Node built-in', 'packages/mace/src/model/probe.ts', 'node:fs'],
    ['a library file imports a Node built-in by its bare name', 'packages/core/src/math/probe.ts', 'fs/promises'],
    ['a library file imports a Node-only file', 'packages/mace/src/model/probe.ts', '../node/files.ts'],
    ['what measures on a page imports a Node built-in', 'apps/bench/src/measure/probe.ts', 'node:fs'],
    ['what measures on a page imports the command', 'apps/bench/src/browser/probe.ts', '../node/files.ts'],
  ])('refuses that %s', async (_, filePath, specifier) => {
    expect(await findings(eslint, filePath, `import { x } from '${specifier}'\n`)).toEqual([forbidden])
    expect(await findings(eslint, filePath, `import type { X } from '${specifier}'\n`)).toEqual([forbidden])
    expect(await findings(eslint, filePath, `export * from '${specifier}'\n`)).toEqual([forbidden])
  })

  it.each([
    ['packages/core/src/experimental/probe.ts', '../descriptors/index.ts'],
    ['packages/core/src/polynomials/probe.ts', '../errors.ts'],
    ['packages/core/src/kernels/lower/probe.ts', '../../polynomials/index.ts'],
    ['packages/core/src/kernels/lower/probe.ts', '../ir.ts'],
    ['packages/core/src/index.ts', './experimental/index.ts'],
    ['packages/engine/src/probe.ts', '@equivar/core'],
    ['packages/mace/src/probe.ts', '@equivar/engine'],
    ['packages/mace/src/node/probe.ts', 'node:fs/promises'],
    ['packages/mace/src/torchlike/probe.ts', '@equivar/torchlike'],
    ['packages/mace/src/cli/probe.ts', '../node/files.ts'],
    ['packages/kernels-cuda/src/probe.ts', '@equivar/core'],
    ['packages/mace/test/probe.test.ts', 'node:fs'],
  ])('lets %s import %s', async (filePath, specifier) => {
    expect(await findings(eslint, filePath, `import { x } from '${specifier}'\n`)).toEqual([])
  })

  it('lets a front end find kernels by dynamic import, but core nothing at all', async () => {
    const text = `export const load = () => import('@equivar/kernels-cpu')\n`
    expect(await findings(eslint, 'packages/mace/src/probe.ts', text)).toEqual([])
    expect(await findings(eslint, 'packages/core/src/probe.ts', text)).toEqual(['no-restricted-syntax'])
    expect(await findings(eslint, 'packages/mace/src/probe.ts', `export const load = () => import('node:fs')\n`)).toEqual(['no-restricted-syntax'])
  })
})

describe('cycles', () => {
  it('refuses that two files import each other', async () => {
    const withoutIgnores = config.filter((entry) => entry.ignores === undefined || entry.files !== undefined)
    const project = { languageOptions: { parserOptions: { project: null, projectService: false } } }
    const untyped = [...withoutIgnores, project, tseslint.configs.disableTypeChecked, { rules: { '@typescript-eslint/switch-exhaustiveness-check': 0 } }]
    const eslint = new ESLint({ overrideConfigFile: true, overrideConfig: untyped as never })
    const results = await eslint.lintFiles(['tools/test/fixtures/cycle/*.ts'])
    expect(results.map(({ messages }) => messages.map(({ ruleId }) => ruleId))).toEqual([['import-x/no-cycle'], ['import-x/no-cycle']])
  })
})

describe('types and style', () => {
  // Real types are needed here, for a file that does not exist: TypeScript's own service makes a project for it.
  const source = 'packages/core/src/math/lint-probe.ts'
  const test = 'packages/core/test/lint-probe.test.ts'
  const projectService = { allowDefaultProject: [source, test], defaultProject: 'tsconfig.json' }
  const service = { languageOptions: { parserOptions: { project: null, projectService } } }
  const eslint = new ESLint({ overrideConfig: [service] as never })
  const lint = (text: string) => findings(eslint, source, text)

  it('passes a clean file', async () => {
    expect(await lint(`import type { HostArray } from './host-array.ts'\n\nexport const rank = (array: HostArray): number => array.shape.length\n`)).toEqual([])
  })

  it.each([
    ['@typescript-eslint/no-explicit-any', 'export const f = (x: any): number => Number(x)\n'],
    ['@typescript-eslint/no-floating-promises', 'export function f(p: Promise<number>): void {\n  p.then(() => 1)\n}\n'],
    ['@typescript-eslint/no-non-null-assertion', 'export const f = (x: readonly number[]): number => x[0]!\n'],
    ['@typescript-eslint/no-unnecessary-condition', 'export const f = (x: number): number => x ?? 1\n'],
    ['@typescript-eslint/consistent-type-imports', `import { HostArray } from './host-array.ts'\n\nexport const f = (x: HostArray): number => x.size\n`],
    ['@typescript-eslint/switch-exhaustiveness-check', `export function f(x: 'a' | 'b'): number {\n  switch (x) {\n    case 'a':\n      return 1\n  }\n  return 2\n}\n`],
    ['@typescript-eslint/ban-ts-comment', '// @ts-ignore\nexport const x = 1\n'],
    ['no-console', 'export const f = (): void => console.log(1)\n'],
    ['no-restricted-globals', 'export const f = (): string | undefined => process.env.HOME\n'],
    ['no-restricted-imports', `export { readFile } from 'node:fs'\n`],
    ['@stylistic/semi', 'export const x = 1;\n'],
    ['@stylistic/quotes', 'export const x = "a"\n'],
    ['max-lines', Array.from({ length: 451 }, (_, i) => `export const x${i} = ${i}\n`).join('')],
  ])('%s', async (rule, text) => {
    expect(await lint(text)).toEqual([rule])
  })

  it('cannot be switched off by a comment', async () => {
    expect(await lint('// eslint-disable-next-line no-console\nexport const f = (): void => console.log(1)\n')).toContain('no-console')
  })

  it('refuses a test that runs alone', async () => {
    const text = `import { it } from 'vitest'\n\nit.only('x', () => undefined)\n`
    expect(await findings(eslint, test, text)).toContain('no-restricted-syntax')
  })
})
