// Writes the declarations of all packages into their `dist`, one file a source file, from one program. Bundled declarations would be
// fewer files, but lose which names of a namespace are types where entries share them.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'
import { inRoot, root } from './lib/paths.mjs'

/** @typedef {{ publishConfig?: { exports?: Record<string, { types?: string }> } }} Manifest */

const entries = readdirSync(inRoot('packages')).flatMap(entriesOf)
const { config } = ts.readConfigFile(inRoot('tsconfig.json'), (path) => ts.sys.readFile(path))
const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root)
const program = ts.createProgram(
  entries.map(({ source }) => source),
  { ...options, noEmit: false, declaration: true, emitDeclarationOnly: true },
)
const { diagnostics } = program.emit(undefined, write)
for (const { source, target } of entries) if (target !== declarationOf(source)) writeShim(source, target)
for (const diagnostic of diagnostics) console.error(ts.formatDiagnostic(diagnostic, ts.createCompilerHost(options)))
process.exitCode = diagnostics.length === 0 ? 0 : 1

/**
 * What users import from a package: the declarations that its manifest names, and the sources behind them.
 *
 * @param {string} name
 */
function entriesOf(name) {
  const { publishConfig } = /** @type {Manifest} */ (JSON.parse(readFileSync(inRoot('packages', name, 'package.json'), 'utf8')))
  return Object.values(publishConfig?.exports ?? {}).flatMap(({ types }) => {
    if (types === undefined) return []
    const path = types.replace(/^\.\/dist\//, '').replace(/\.d\.ts$/, '')
    const source = [`${path}.ts`, `${path}/index.ts`].map((file) => inRoot('packages', name, 'src', file)).find((file) => existsSync(file))
    if (source === undefined) throw new Error(`packages/${name}: ${types} would be the declarations of src/${path}.ts or src/${path}/index.ts, and neither exists`)
    return [{ source, target: inRoot('packages', name, types) }]
  })
}

/** @type {ts.WriteFileCallback} */
function write(_path, text, _mark, _onError, sources) {
  const source = sources?.[0]?.fileName
  if (source !== undefined) writeInto(declarationOf(source), text.replaceAll(/((?:\bfrom|\bimport)\s*\(?\s*['"]\.[^'"]*)\.ts(?=['"])/g, '$1.js'))
}

/** @param {string} source */
function declarationOf(source) {
  return source.replace(/\/src\/(?=[^/]|$)/, '/dist/').replace(/\.ts$/, '.d.ts')
}

/**
 * @param {string} source
 * @param {string} target
 */
function writeShim(source, target) {
  const path = relative(dirname(target), declarationOf(source)).replaceAll('\\', '/').replace(/\.d\.ts$/, '.js')
  writeInto(target, `export * from './${path}'\n`)
}

/**
 * @param {string} path
 * @param {string} text
 */
function writeInto(path, text) {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text)
}
