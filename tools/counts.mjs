// Prints the counts of the first JSON report of vitest as `N passed, N failed[, N skipped]`; a failure, or no test, is exit code 1.
// Further reports are of the same tests in other conditions: they are not added up, but a failure in one of them counts.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * @param {string} text vitest's JSON report
 * @returns {Counts}
 */
export function countsOf(text) {
  const report = /** @type {Record<string, number | undefined> & { testResults?: { status: string, assertionResults: unknown[] }[] }} */ (JSON.parse(text))
  // A file that does not even load holds no test that could fail, yet it has failed.
  const broken = (report.testResults ?? []).filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0)
  return {
    passed: report['numPassedTests'] ?? 0,
    failed: (report['numFailedTests'] ?? 0) + broken.length,
    skipped: (report['numPendingTests'] ?? 0) + (report['numTodoTests'] ?? 0),
  }
}

/**
 * @param {readonly Counts[]} reports
 * @returns {{ line: string, ok: boolean }}
 */
export function summary(reports) {
  const [first = { passed: 0, failed: 0, skipped: 0 }, ...others] = reports
  const failed = first.failed + others.reduce((sum, counts) => sum + counts.failed, 0)
  const line = `${first.passed} passed, ${failed} failed${first.skipped > 0 ? `, ${first.skipped} skipped` : ''}`
  return { line, ok: failed === 0 && reports.length > 0 && reports.every(({ passed }) => passed > 0) }
}

/** @param {string} file */
function read(file) {
  try {
    return countsOf(readFileSync(file, 'utf8'))
  } catch {
    console.error(`${file}: no test report`)
    return { passed: 0, failed: 0, skipped: 0 }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { line, ok } = summary(process.argv.slice(2).map(read))
  console.log(line)
  process.exitCode = ok ? 0 : 1
}
