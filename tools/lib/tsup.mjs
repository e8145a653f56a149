import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

/**
 * How every package is built: ES modules with source maps, for Node and browsers alike. Types come from `tools/build-types.mjs`.
 *
 * @param {Record<string, string>} entry output name → source file
 * @param {import('tsup').Options} [more]
 * @returns {import('tsup').Options}
 */
export function library(entry, more = {}) {
  const namespaces = findNamespaces(resolve('src'))
  return {
    entry: { ...entry, ...Object.fromEntries([...namespaces.values()].flatMap((own) => [...own.values()]).map(({ name, path }) => [name, path])) },
    format: 'esm',
    // Node 20 and browsers lack `using`; es2022 lowers it.
    target: 'es2022',
    platform: 'neutral',
    sourcemap: true,
    splitting: true,
    clean: true,
    silent: true,
    removeNodeProtocol: false,
    // Where an entry is for Node alone, or a package chooses its platform by a condition.
    external: [/^#/, /^node:/],
    tsconfig: '../../tsconfig.json',
    esbuildPlugins: [modulesForNamespaces(namespaces)],
    ...more,
  }
}

/**
 * A bundler that meets an object of a namespace keeps everything in it. So what is exported by `export * as` becomes a module of its
 * own, and the export stays as it is written: who bundles a page then finds what is not used and leaves it away.
 *
 * @param {Namespaces} namespaces
 * @returns {import('esbuild').Plugin}
 */
function modulesForNamespaces(namespaces) {
  return {
    name: 'modules-for-namespaces',
    setup(builder) {
      builder.onResolve({ filter: /^\./ }, ({ path, importer }) => {
        const found = namespaces.get(importer)?.get(path)
        // All outputs lie in one folder.
        return found === undefined ? undefined : { path: `./${found.name}.js`, external: true }
      })
    },
  }
}

/** @typedef {ReadonlyMap<string, ReadonlyMap<string, { name: string, path: string }>>} Namespaces file → specifier → module */

/**
 * @param {string} source folder of the sources
 * @returns {Namespaces}
 */
function findNamespaces(source) {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).map((name) => join(source, name))
  return new Map(
    files.map((file) => {
      const specifiers = [...readFileSync(file, 'utf8').matchAll(/^export \* as \w+ from '(\.[^']+)'/gm)].map(([, specifier]) => specifier ?? '')
      return [file, new Map(specifiers.map((specifier) => [specifier, moduleOf(resolve(dirname(file), specifier), source)]))]
    }),
  )
}

/**
 * @param {string} path
 * @param {string} source
 */
function moduleOf(path, source) {
  const name = relative(source, path).replaceAll('\\', '/').replace(/(?:\/index)?\.ts$/, '').replaceAll('/', '-')
  return { name, path }
}
