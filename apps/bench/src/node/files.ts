import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { differences, differencesText, type DifferenceOptions } from '../results/differences.ts'
import { readRecord } from '../results/read.ts'
import type { ResultRecord } from '../results/record.ts'
import { reportText } from '../results/text.ts'
import { recordText } from '../results/write.ts'

/** @throws {InputError} if the file holds no record. */
export function readResults(path: string): ResultRecord {
  return readRecord(readFileSync(path, 'utf8'), path)
}

/** In a folder that is made if need be. */
export function writeFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/** A record as JSON, and its table as Markdown beside it. */
export function writeResults(path: string, record: ResultRecord): void {
  writeFile(path, recordText(record))
  const { machine, rows, versions } = record
  const heading = `# ${record.date}, Node ${versions['node'] ?? ''}\n\n${machine.cpu}, ${machine.cores} cores, ${machine.threads} threads on both sides. ${machine.device}\n\n`
  const summary = record.geometricMean === null ? '' : `\n\nGeometric mean of the ratios: ${record.geometricMean.toFixed(2)}\n`
  writeFile(path.replace(/(?:\.json)?$/, '.md'), `${heading}${reportText(rows)}${summary}`)
}

/** Prints what became better or worse, and gives the number of rows that became worse. */
export function compareFiles(before: string, after: string, options: DifferenceOptions): number {
  const found = differences(readResults(before), readResults(after), options)
  console.log(differencesText(found))
  return found.rows.filter(({ verdict }) => verdict === 'worse').length
}
