import { build } from 'esbuild'
import { gzipSync } from 'node:zlib'

/**
 * @typedef {object} Page
 * @property {string} what in words
 * @property {string} needs the package whose presence makes the page possible
 * @property {string} code
 * @property {number} budget in kB of 1000 bytes, minified and gzipped, everything that is imported included
 * @property {number} [limit] where the budget is not met: what the page may weigh until it is
 */

/** @type {(name: string) => string} */
const whole = (name) => `import * as everything from '${name}'; globalThis.everything = everything`

/**
 * What pages may weigh. A page loads only what it uses, so the budgets are those of uses.
 *
 * @type {readonly Page[]}
 */
export const pages = [
  {
    what: 'one descriptor of core',
    needs: '@equivar/core',
    code: `import { Irreps, descriptors } from '@equivar/core'
      globalThis.layer = descriptors.linear(new Irreps('O3', '2x0e'), new Irreps('O3', '3x0e'))`,
    budget: 60,
  },
  {
    what: "core's mathematics: groups, irreps, polynomials, all descriptors",
    needs: '@equivar/core',
    code: `import { Irreps, HostIrrepsArray, descriptors, experimental, reducedSymmetricTensorProductBasis, SegmentedPolynomial } from '@equivar/core'
      globalThis.mathematics = { Irreps, HostIrrepsArray, descriptors, experimental, reducedSymmetricTensorProductBasis, SegmentedPolynomial }`,
    budget: 80,
  },
  { what: 'the kernel language, with its interpreter', needs: '@equivar/core', code: whole('@equivar/core/kernels'), budget: 24 },
  { what: 'the lowering of polynomials to kernels', needs: '@equivar/core', code: whole('@equivar/core/lowering'), budget: 92 },
  { what: 'all of core', needs: '@equivar/core', code: whole('@equivar/core'), budget: 80 },
  { what: 'all of kernels-cpu', needs: '@equivar/kernels-cpu', code: whole('@equivar/kernels-cpu'), budget: 60 },
  { what: 'all of kernels-wgsl', needs: '@equivar/kernels-wgsl', code: whole('@equivar/kernels-wgsl'), budget: 60 },
  { what: 'all of kernels-cuda', needs: '@equivar/kernels-cuda', code: whole('@equivar/kernels-cuda'), budget: 80 },
  {
    what: 'a layer of pure functions with its gradient, compiled',
    needs: '@equivar/functional',
    code: `import { Irreps, irMul } from '@equivar/core'
      import * as descriptors from '@equivar/core/descriptors'
      import { equivariantPolynomial, grad, jit, numpy, randn, random, sphericalHarmonics } from '@equivar/functional'
      const { normal, key } = random, { square, sum } = numpy
      globalThis.layer = [Irreps, irMul, descriptors.linear, equivariantPolynomial, grad, jit, normal, key, square, sum, randn, sphericalHarmonics]`,
    budget: 150,
    limit: 180,
  },
  { what: 'all of functional', needs: '@equivar/functional', code: whole('@equivar/functional'), budget: 150, limit: 192 },
  { what: 'MACE on the processor', needs: '@equivar/mace', code: whole('@equivar/mace'), budget: 250, limit: 264 },
]

/**
 * Bytes of a page as a browser would load it. A bundler that builds for browsers must find nothing of Node.
 *
 * @param {string} code
 * @param {string} folder with the packages installed
 */
export async function weigh(code, folder) {
  const options = /** @type {const} */ ({ bundle: true, minify: true, write: false, format: 'esm', platform: 'browser', target: 'es2022', logLevel: 'silent' })
  const { outputFiles } = await build({ ...options, stdin: { contents: code, resolveDir: folder } })
  return gzipSync(outputFiles[0]?.contents ?? '').length
}
