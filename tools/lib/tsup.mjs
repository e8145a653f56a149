/**
 * How every package is built: ES modules with types and source maps, for Node and browsers alike.
 *
 * @param {Record<string, string>} entry output name → source file
 * @param {import('tsup').Options} [more]
 * @returns {import('tsup').Options}
 */
export function library(entry, more = {}) {
  return {
    entry,
    format: 'esm',
    // Node 20 and browsers lack `using`; es2022 lowers it.
    target: 'es2022',
    platform: 'neutral',
    dts: true,
    sourcemap: true,
    treeshake: true,
    clean: true,
    silent: true,
    removeNodeProtocol: false,
    tsconfig: '../../tsconfig.json',
    ...more,
  }
}
