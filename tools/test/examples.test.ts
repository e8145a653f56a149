import { build } from 'esbuild'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ts from 'typescript'
import { afterAll, describe, expect, it } from 'vitest'
import { packageEntries } from '../lib/entries.mjs'
import { examplesIn, pages } from '../lib/examples.mjs'
import { inRoot, root } from '../lib/paths.mjs'
import { capture } from '../lib/run.mjs'

/** An example sees what the package sees that it stands in; on other pages, which are about all of them, every package. */
const homeOf = (file: string) => inRoot('packages', /^packages\/([^/]+)\//.exec(file)?.[1] ?? 'mace', 'test')
const entries = packageEntries()
const entriesFor = (file: string) => (file.startsWith('packages/') ? {} : entries)
const examples = pages().flatMap(examplesIn)
const folder = mkdtempSync(join(tmpdir(), 'equivar-examples-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('the code of the documentation', () => {
  it('has the types that it seems to have', () => {
    expect(problemsOf(examples)).toEqual([])
  })

  it('has pages in which something runs', () => {
    for (const page of pages().filter((name) => /getting-started|README/.test(name))) expect(examplesIn(page), page).not.toEqual([])
  })

  it.each(examples.map((example) => [`${example.file}:${example.line}`, example] as const))('%s prints what it says', async (_, { file: page, code, prints }) => {
    const file = join(folder, 'example.mjs')
    await build({
      stdin: { contents: code, resolveDir: homeOf(page), loader: 'ts' },
      bundle: true,
      alias: entriesFor(page),
      external: ['webgpu'],
      format: 'esm',
      platform: 'node',
      target: 'node20.19',
      outfile: file,
      banner: { js: 'import { createRequire as $createRequire } from "node:module"; const require = $createRequire(import.meta.url);' },
    })
    const { code: exit, output } = await capture(process.execPath, [file], { cwd: root })
    expect(exit, output).toBe(0)
    expect(output.trimEnd().split('\n').filter(Boolean)).toEqual(prints)
  })
})

/** What the compiler says about examples that pretend to be modules of their packages, under the repository's own settings. */
function problemsOf(shown: typeof examples): string[] {
  const { config } = ts.readConfigFile(inRoot('tsconfig.json'), (path) => ts.sys.readFile(path)) as { config: object }
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root)
  const texts = new Map(shown.map(({ file, code }, i) => [join(homeOf(file), `documented-${i}.ts`), code]))
  const host = ts.createCompilerHost(options)
  const readFile = (path: string) => texts.get(path) ?? ts.sys.readFile(path)
  const paths = Object.fromEntries(Object.entries(entries).map(([name, source]) => [name, [source]]))
  const program = ts.createProgram([...texts.keys()], { ...options, paths, noUnusedLocals: false }, {
    ...host,
    readFile,
    fileExists: (path) => texts.has(path) || ts.sys.fileExists(path),
    getSourceFile: (path, version) => {
      const text = readFile(path)
      return text === undefined ? undefined : ts.createSourceFile(path, text, version)
    },
  })
  return [...texts.keys()].flatMap((path) => {
    const file = program.getSourceFile(path)
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
    return found.map(({ messageText, start }) => `${path}@${start ?? 0}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
  })
}
