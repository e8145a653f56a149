import { basename } from 'node:path'
import { reportPage } from '../report/page.ts'
import { readResults, writeFile } from './files.ts'

/** One page of some files of results. */
export function writeReport(paths: readonly string[], out: string): void {
  writeFile(out, reportPage(paths.map((path) => ({ name: basename(path, '.json'), record: readResults(path) }))))
}
