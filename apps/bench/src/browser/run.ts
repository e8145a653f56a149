import { casesOf } from '../cases/catalog.ts'
import { seededInput, type Assets } from '../cases/seeded.ts'
import type { CeilingOptions } from '../measure/ceilings.ts'
import { openBackend, runCase, type BenchBackend } from '../measure/run-case.ts'
import type { Machine, Refusal, ResultRecord, Row } from '../results/record.ts'

export interface PageChoice {
  readonly backends: readonly string[]
  readonly sections: readonly string[]
  /** Instead of all cases of the sections. */
  readonly cases?: readonly string[]
  /** Instead of all passes. */
  readonly passes?: readonly string[]
  readonly samples: number
  readonly warmUp?: number
  readonly threads: number
  readonly ceilings?: CeilingOptions
}

export interface PageHost {
  readonly assets: Assets
  readonly machine: Omit<Machine, 'device' | 'threads'>
  readonly versions: Readonly<Record<string, string>>
  /** From 0 to 1, before something is measured; lets the page be drawn. */
  progress(share: number, what: string): Promise<void>
}

/** Measures what was chosen on a page; backends are registered already. What cannot be had is told in the record. */
export async function runOnPage(choice: PageChoice, host: PageHost): Promise<ResultRecord> {
  const { backends: names, sections, cases, passes, samples, warmUp = 500, threads, ceilings } = choice
  const chosen = cases ?? casesOf(sections)
  const backends: BenchBackend[] = []
  const rows: Row[] = []
  const refused: Refusal[] = []
  for (const name of names) {
    await host.progress(0, `ceilings of ${name}`)
    try {
      backends.push(await openBackend(name, ceilings))
    } catch (error) {
      refused.push({ case: 'all', backend: name, dtype: 'f32', reason: error instanceof Error ? error.message : String(error) })
    }
  }
  for (const [k, name] of chosen.entries()) {
    await host.progress(k / chosen.length, name)
    const found = await runCase(await seededInput(name, 'f32', host.assets), backends, [], { samples, ownOnly: true, threads, warmUp, passes })
    rows.push(...found.rows)
    refused.push(...found.refused)
  }
  await host.progress(1, '')
  const device = backends.flatMap(({ backend }) => backend?.description ?? []).join('; ') || 'none'
  return {
    version: 2,
    date: new Date().toISOString().slice(0, 10),
    machine: { ...host.machine, threads, device },
    versions: host.versions,
    ceilings: backends.flatMap((own) => own.ceilings ?? []),
    rows,
    refused,
    geometricMean: null,
  }
}
