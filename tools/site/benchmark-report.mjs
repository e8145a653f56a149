import { readdirSync, readFileSync } from 'node:fs'
import { inRoot } from '../lib/paths.mjs'
import { capture } from '../lib/run.mjs'
import { ToolError } from '../lib/tool-error.mjs'

/**
 * Every committed record of the benchmark as one page. Results of other programs, which have a form of their own, are left out.
 *
 * @param {string} file where the page is written
 */
export async function writeBenchmarkReport(file) {
  const folder = inRoot('apps', 'bench', 'results')
  const records = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => `${folder}/${name}`)
    .filter((path) => 'rows' in JSON.parse(readFileSync(path, 'utf8')))
  const { code, output } = await capture(process.execPath, [inRoot('tools', 'bench.mjs'), 'report', ...records, '--out', file])
  if (code !== 0) throw new ToolError(`the report of the benchmark could not be made:\n${output}`)
}
