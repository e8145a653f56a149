import { InputError } from '@equivar/core'
import { cases } from '../cases/catalog.ts'
import type { Timing } from '../measure/statistics.ts'
import type { ResultRecord, Row } from './record.ts'

interface Timing1 {
  readonly best: number
  readonly median: number
  readonly samples: number
}

/** Records before there were versions: one data type, the processor only, no samples kept. */
interface Record1 extends Omit<ResultRecord, 'version' | 'rows' | 'machine' | 'ceilings' | 'refused'> {
  readonly dtype: string
  readonly machine: Pick<ResultRecord['machine'], 'cpu' | 'cores' | 'threads' | 'device'>
  readonly rows: readonly (Pick<Row, 'case' | 'pass' | 'firstCall' | 'bestPeer' | 'ratio' | 'error'> & { readonly own: Timing1; readonly peers: Readonly<Record<string, Timing1>> })[]
}

/**
 * A record of any version, as one of the newest.
 *
 * @throws {InputError} if the text is no record, or one of a later version.
 */
export function readRecord(text: string, name: string): ResultRecord {
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch (error) {
    throw new InputError(`${name} is no JSON; pass what bench --out wrote`, { cause: error })
  }
  if (typeof found !== 'object' || found === null || !('rows' in found) || !Array.isArray(found.rows) || !('machine' in found))
    throw new InputError(`${name} has no rows and machine; pass what bench --out wrote`)
  if (!('version' in found)) return upgrade(found as unknown as Record1)
  if (found.version !== 2) throw new InputError(`${name} is of version ${String(found.version)}, this program reads 1 and 2; use the program that wrote it`)
  return found as unknown as ResultRecord
}

function upgrade({ dtype, machine, rows, date, versions, geometricMean }: Record1): ResultRecord {
  return {
    version: 2,
    date,
    versions,
    geometricMean,
    machine: { ...machine, system: 'unknown', memory: 0 },
    ceilings: [],
    refused: [],
    rows: rows.map((row) => ({
      ...row,
      section: cases[row.case]?.section ?? 'operations',
      backend: 'cpu',
      dtype,
      threads: machine.threads,
      unit: 'ms',
      own: withoutSamples(row.own),
      peers: Object.fromEntries(Object.entries(row.peers).map(([peer, values]) => [peer, withoutSamples(values)])),
      flops: null,
      bytes: null,
      share: null,
      atoms: null,
    })),
  }
}

/** What is not known of the spread is left at the median. */
function withoutSamples({ best, median, samples }: Timing1): Timing {
  return { best, median, samples, low: median, high: median, values: [] }
}
