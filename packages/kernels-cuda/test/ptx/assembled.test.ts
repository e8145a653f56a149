import * as kernels from '@equivar/core/kernels'
import * as lowering from '@equivar/core/lowering'
import { conformanceCases, kernelProblemOf, problemOf } from '@equivar/core/conformance'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type KernelPass, kernelCases } from '../../../../apps/bench/src/kernels/catalog.ts'
import { requestOf, sizesOf } from '../../../../apps/bench/src/kernels/problems.ts'
import { ptxas } from '../../../../tools/lib/ptxas.mjs'
import { capabilitiesOf } from '../../src/device/capabilities.ts'
import { printPtx, withMinBlocks } from '../../src/ptx/index.ts'
import { machineDriver } from '../ptx-machine/driver.ts'

const run = promisify(execFile)
const target = capabilitiesOf(machineDriver().properties(0))

/** Bytes of values a thread that do not stay in registers, at most, of any kernel here. */
const mostSpilled = 64

/** Different kernels of the tier `ci`: all of those written by hand, and of polynomials one in so many. */
function sample(oneIn: number): readonly kernels.Kernel[] {
  const found = new Map<string, kernels.Kernel>()
  const polynomials = conformanceCases('ci', 1).filter(({ category }) => category === 'polynomial')
  for (const own of conformanceCases('ci', 1)) {
    if (own.category === 'kernel') {
      const { kernel } = kernelProblemOf(own)
      found.set(kernels.kernelKey(kernel), kernel)
    } else if (own.category === 'polynomial' && polynomials.indexOf(own) % oneIn === 0) {
      const { request, sizes } = problemOf(own)
      for (const { kernel } of lowering.lowerPolynomial(request, target, own.method).plan(sizes).launches) found.set(kernels.kernelKey(kernel), kernel)
    }
  }
  return [...found.values()]
}

describe('the assembler', () => {
  const folder = mkdtempSync(join(tmpdir(), 'equivar-ptx-'))
  let binary = ''
  beforeAll(async () => {
    binary = await ptxas()
  }, 120_000)
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  /** Spilled bytes of the kernel with most. @throws {Error} with what the assembler says, if it refuses the text. */
  async function assemble(text: string, architecture: string): Promise<number> {
    const path = join(folder, 'kernel.ptx')
    writeFileSync(path, text)
    const { stderr, stdout } = await run(binary, [`-arch=${architecture}`, '-v', path, '-o', '/dev/null'])
    const spilled = [...`${stdout}${stderr}`.matchAll(/(\d+) bytes spill stores/g)].map(([, bytes]) => Number(bytes))
    expect(spilled).toHaveLength(text.split('.visible .entry').length - 1)
    return Math.max(...spilled)
  }

  it.each(['sm_80', 'sm_90', 'sm_100'])('takes kernels for %s and spills little', { timeout: 120_000 }, async (architecture) => {
    const all = sample(architecture === 'sm_90' ? 6 : 24)
    expect(all.length).toBeGreaterThan(200)
    // Many small kernels fit into one text.
    const headless = (text: string) => text.replace(/[\s\S]*?(?=\.visible)/, '')
    const head = '.version 7.0\n.target sm_80\n.address_size 64\n.extern .shared .align 16 .b8 shared_memory[];\n'
    const texts = all.map((kernel, k) => printPtx({ ...kernel, name: `k${k}` }, k % 2 === 0 ? 32 : 64).text)
    for (let first = 0; first < texts.length; first += 50) {
      const spilled = await assemble([head, ...texts.slice(first, first + 50).map(headless)].join('\n'), architecture)
      expect(spilled).toBeLessThanOrEqual(mostSpilled)
    }
  })

  it.each(['sm_80', 'sm_90', 'sm_100'])('takes products by matrix units for %s, three blocks a multiprocessor, and spills nothing', { timeout: 60_000 }, async (architecture) => {
    const large = { ...target, maxSharedBytes: 60_416 }
    for (const scalar of ['f32', 'f64'] as const)
      for (const transposed of [false, true])
        for (const [m, n, k] of [[250_000, 64, 64], [64, 64, 250_000], [21, 128, 128], [5000, 1, 16]] as const) {
          const { launches } = lowering.lowerMatmul({ scalar, transposeA: transposed && m < k, transposeB: transposed && m >= k }, large).plan({ m, n, k })
          const [{ kernel } = { kernel: null }] = launches
          if (!kernel) throw new Error('a product is a launch')
          expect(await assemble(withMinBlocks(printPtx(kernel, 32).text, 3), architecture)).toBe(0)
        }
  })

  /** What is left: second derivatives of the widest convolution, and of one in float64. */
  const known: Readonly<Record<string, number>> = { 'A3 dbl': 400, 'A1-f64 dbl': 8 }
  const convolutionsAndContractions = Object.keys(kernelCases).filter((name) => /^[AB]/.test(name))

  it.each(convolutionsAndContractions)('keeps the kernels of %s in registers', { timeout: 120_000 }, async (name) => {
    const own = kernelCases[name]
    for (const [pass, problems] of Object.entries<KernelPass>(own?.make() ?? {}))
      for (const problem of problems) {
        const { launches } = lowering.lowerPolynomial(requestOf(problem, own?.dtype ?? 'f32'), target).plan(sizesOf(problem))
        for (const { kernel } of launches) {
          const spilled = await assemble(printPtx(kernel, 32).text, 'sm_90')
          expect(spilled, `${pass} ${kernel.name}`).toBeLessThanOrEqual(known[`${name} ${pass}`] ?? 0)
        }
      }
  })

  it('refuses what is wrong', async () => {
    await expect(assemble('.version 7.0\n.target sm_80\n.address_size 64\n.visible .entry k() { bad.f32 %f0; }', 'sm_80')).rejects.toThrow()
  })
})
