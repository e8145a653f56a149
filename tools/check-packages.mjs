// Packs every publishable package and uses the tarballs as a stranger would: publint, are-the-types-wrong, then empty projects that
// install nothing but the tarballs, compile against their types, bundle for browsers and run. Expects a build (`npm run build`).
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { cacheFolder, inRoot, installed, root } from './lib/paths.mjs'
import { capture } from './lib/run.mjs'
import { checkChoice } from './packages/choice.mjs'
import { followPages } from './packages/first-steps.mjs'
import { closure, installInto, packAll } from './packages/pack.mjs'
import { pages, weigh } from './packages/page-weight.mjs'
import { dependencyProblems, developmentLicenceProblems, licenceProblems, writeBillOfMaterials } from './packages/supply-chain.mjs'
import { tarballProblems } from './packages/tarball.mjs'
import { runVitePage } from './packages/vite-page.mjs'

/** @typedef {import('./packages/pack.mjs').Packed} Packed */

/**
 * Projects of strangers: the program `tools/consumer/NAME.ts`, and the packages that it installs.
 *
 * @type {readonly { program: string, installs: readonly string[] }[]}
 */
const projects = [
  { program: 'core', installs: ['@equivar/core'] },
  { program: 'engine', installs: ['@equivar/engine'] },
  { program: 'cuda', installs: ['@equivar/kernels-cuda'] },
  { program: 'torchlike', installs: ['@equivar/torchlike', '@equivar/kernels-cpu'] },
  { program: 'functional', installs: ['@equivar/functional', '@equivar/kernels-wgsl'] },
  { program: 'mace', installs: ['@equivar/mace'] },
]
const model = inRoot('examples/aspirin/models/aspirin_l0_c32.model.gz')

/** @type {string[]} */
const problems = []

const scratch = mkdtempSync(join(tmpdir(), 'equivar-packages-'))
try {
  const packages = await packAll(scratch)
  for (const one of packages) problems.push(...(await tarballProblems(one)))
  for (const project of projects) await checkProject(project, packages)

  const pageFolder = join(scratch, 'project-vite')
  await installInto(pageFolder, closure(['@equivar/functional', '@equivar/kernels-wgsl'], packages))
  const title = await runVitePage(pageFolder)
  if (title.startsWith('gradient: ')) console.log(`a page that vite builds, in Chromium: ${title}`)
  else problems.push(`the page that vite builds: ${title}`)

  problems.push(...(await checkChoice(scratch, packages)))

  const { record, problems: differences } = await followPages(scratch, packages)
  writeFileSync(join(cacheFolder, 'first-steps.md'), record)
  console.log(`pages of getting started: followed in empty folders; what they printed is in ${relative(root, join(cacheFolder, 'first-steps.md'))}`)
  problems.push(...differences)

  const everything = join(scratch, 'everything')
  await installInto(everything, packages)
  await checkCommands(everything, packages)
  await checkBenchmark(packages)
  await checkPages(everything, packages)
  const bill = await writeBillOfMaterials(everything)
  console.log(`bill of materials: ${bill.components.length} packages, in ${relative(root, bill.path)}`)
  problems.push(...dependencyProblems(bill.components), ...licenceProblems(bill.components), ...(await developmentLicenceProblems()))
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
for (const problem of problems) console.error(`✗ ${problem}`)
console.log(problems.length === 0 ? 'packages: all checks passed' : `packages: ${problems.length} problem(s)`)
process.exitCode = problems.length === 0 ? 0 : 1

/**
 * A project compiles against the packages' types in both ways of resolving modules, and runs.
 *
 * @param {typeof projects[number]} project
 * @param {Packed[]} packages
 */
async function checkProject({ program, installs }, packages) {
  const folder = join(scratch, `project-${program}`)
  await installInto(folder, closure(installs, packages))
  cpSync(inRoot('tools/consumer', `${program}.ts`), join(folder, 'main.ts'))
  cpSync(inRoot('tools/consumer/tsconfig.json'), join(folder, 'tsconfig.json'))
  for (const [module, moduleResolution] of /** @type {const} */ ([['node16', 'node16'], ['esnext', 'bundler']])) {
    const options = ['--module', module, '--moduleResolution', moduleResolution, '--outDir', join(folder, `out-${moduleResolution}`)]
    const { code, output } = await capture(process.execPath, [installed('typescript/bin/tsc'), '-p', folder, ...options], { cwd: folder })
    if (code !== 0) problems.push(`the project ${program} with moduleResolution ${moduleResolution} does not compile:\n${output}`)
  }
  const { code, output } = await capture(process.execPath, [join(folder, 'out-node16', 'main.js'), model], { cwd: folder })
  if (code !== 0) problems.push(`the project ${program} does not run:\n${output}`)
  else console.log(`project ${program}: ${output.trimEnd()}`)
}

/**
 * @param {string} folder with the packages installed
 * @param {Packed[]} packages
 */
async function checkCommands(folder, packages) {
  for (const { manifest } of packages)
    for (const command of Object.keys(manifest.publishConfig?.bin ?? {}))
      for (const argument of command === 'equivar' ? ['--help', 'doctor'] : ['--help']) {
        const { code, output } = await capture(process.execPath, [join(folder, 'node_modules', '.bin', command), argument], { cwd: folder })
        if (code !== 0) problems.push(`${manifest.name}: ${command} ${argument} fails when installed:\n${output}`)
      }
}

/**
 * The benchmark in a project of its own, with the kernels of the processor alone: it measures, draws its report and writes its page.
 *
 * @param {Packed[]} packages
 */
async function checkBenchmark(packages) {
  const folder = join(scratch, 'project-bench')
  await installInto(folder, closure(['@equivar/bench'], packages))
  const command = join(folder, 'node_modules', '.bin', 'equivar-bench')
  const measure = '--cases A5,F-l0 --passes fwd,ef --samples 2 --warm-up 0 --no-ceilings --out results.json'
  for (const [args, result] of [[measure, 'results.json'], ['report results.json --out report.html', 'report.html'], ['page --no-serve --out page', 'page/main.js']]) {
    const { code, output } = await capture(process.execPath, [command, ...(args ?? '').split(' ')], { cwd: folder })
    if (code !== 0 || !existsSync(join(folder, result ?? ''))) problems.push(`@equivar/bench: equivar-bench ${args} fails when installed:\n${output}`)
  }
  const { code, output } = await capture(process.execPath, [command, '--backends', 'webgpu', '--cases', 'A5'], { cwd: folder })
  if (code === 0 || !output.includes('install @equivar/kernels-wgsl')) problems.push(`@equivar/bench: a backend that is not installed is refused in other words:\n${output}`)
}

/**
 * @param {string} folder with the packages installed
 * @param {Packed[]} packages
 */
async function checkPages(folder, packages) {
  for (const { what, code, budget, limit = budget } of pages.filter((page) => packages.some(({ manifest }) => manifest.name === page.needs))) {
    try {
      const weight = (await weigh(code, folder)) / 1000
      console.log(`a page with ${what}: ${weight.toFixed(1)} kB gzipped, of ${budget}${weight > budget ? `, which it misses; the limit is ${limit}` : ''}`)
      if (weight > limit) problems.push(`a page with ${what} weighs ${weight.toFixed(1)} kB, its limit is ${limit} kB`)
    } catch (error) {
      problems.push(`a page with ${what} does not bundle for browsers: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}
