import type { ResultRecord } from './record.ts'

/** JSON with one row a line: files that people compare. */
export function recordText(record: ResultRecord): string {
  const entries = Object.entries(record).map(([key, value]: [string, unknown]) => {
    const isList = Array.isArray(value) && value.length > 0
    return `${JSON.stringify(key)}: ${isList ? `[\n${value.map((item) => `  ${JSON.stringify(item)}`).join(',\n')}\n ]` : JSON.stringify(value)}`
  })
  return `{\n ${entries.join(',\n ')}\n}\n`
}
