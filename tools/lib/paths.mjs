import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's root folder. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** Build products and reports of the tools; git ignores it, and it may be deleted at any time. */
export const cacheFolder = join(root, '.cache')

/** @param {...string} parts */
export const inRoot = (...parts) => join(root, ...parts)

/**
 * The JavaScript file behind a command of an installed development tool, to be run with `node`.
 *
 * @param {string} path below node_modules, for example `vitest/vitest.mjs`
 */
export const installed = (path) => inRoot('node_modules', ...path.split('/'))
