// `npm test`: set-up, then every test, with a summary of coverage. Arguments choose tests: `npm test -- packages/core`.
//   --node24          run under Node 24 instead of the Node that runs this
//   --node-dependent  without tests of what no version of Node changes
//   --report FILE     write the results as JSON, too; without coverage
import { pathToFileURL } from 'node:url'
import { installed } from './lib/paths.mjs'
import { run } from './lib/run.mjs'
import { command } from './setup.mjs'

/** Tests of texts that others run (a browser, a software graphics card, an assembler, a machine of this repository), and of the repository itself. */
const independentOfNode = [
  'packages/kernels-wgsl/test/{browser,conformance,engine,models}/**',
  'packages/kernels-cuda/test/{conformance,matrix}/**',
  'packages/kernels-cuda/test/native/process.test.ts',
  'packages/kernels-cuda/test/ptx/assembled.test.ts',
  'examples/browser/**',
  'apps/bench/test/page.test.ts',
  'tools/test/{architecture,figures,links,lint,lock,parity,page-weight,supply-chain}.test.ts',
]

/** @param {readonly string[]} argv */
export function vitestArguments(argv) {
  const own = { node24: false, report: /** @type {string | undefined} */ (undefined) }
  const rest = []
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? ''
    if (argument === '--node24') own.node24 = true
    else if (argument === '--node-dependent') rest.push(...independentOfNode.map((pattern) => `--exclude=${pattern}`))
    else if (argument === '--report') own.report = argv[++i]
    else rest.push(argument)
  }
  const args = ['run', ...rest]
  // The share of covered lines says nothing about a chosen few tests, and costs time that CI has not.
  if (rest.length === 0 && !own.node24 && own.report === undefined) args.push('--coverage')
  if (own.report !== undefined) args.push('--reporter=default', '--reporter=json', `--outputFile.json=${own.report}`)
  return { ...own, args }
}

/** @param {readonly string[]} argv */
async function main(argv) {
  const { args, node24 } = vitestArguments(argv)
  const node = node24 ? await (await import('./lib/node24.mjs')).node24() : process.execPath
  return run(node, [installed('vitest/vitest.mjs'), ...args])
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await command(() => main(process.argv.slice(2)))
