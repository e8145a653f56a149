import { CaseArrays, relativeError } from './arrays.ts'
import type { OurCase, Pass } from './case.ts'
import type { BuiltCase, Peer } from './peer.ts'
import { timing, type Timing } from './statistics.ts'

/** One pass of one case, both sides. */
export interface Row {
  readonly case: string
  readonly pass: string
  readonly own: Timing
  readonly firstCall: number
  readonly peers: Readonly<Record<string, Timing>>
  /** The peer with the best time, and how many times faster this project is. */
  readonly bestPeer: string | null
  readonly ratio: number | null
  /** Largest `max|a − b| / max|b|` over the outputs that a peer has in the same layout. */
  readonly error: number | null
}

interface Opponent extends BuiltCase {
  readonly peer: Peer
  readonly folder: string
}

export interface CompareOptions {
  readonly samples: number
  readonly ownOnly: boolean
}

/** float32 sums of thousands of products, in another order. */
const tolerance = 2e-5
/** Losses compare total energies of thousands of eV, which the peer sums up in float32. */
const lossTolerance = 1e-3

/**
 * Compares outputs, then takes the samples in turns.
 *
 * @throws if an output differs from a peer's by more than the tolerance.
 */
export async function compareCase(name: string, own: OurCase, opponents: readonly Opponent[], { samples, ownOnly }: CompareOptions): Promise<Row[]> {
  const rows: Row[] = []
  for (const [pass, ours] of Object.entries(own.passes)) {
    const players = opponents.flatMap((opponent) => opponent.passes.filter(([, theirs]) => theirs === pass).map(([lib]) => ({ opponent, lib })))
    if (players.length === 0 && !(opponents.every(({ passes }) => passes.length === 0) && pass !== 'db')) continue
    const began = performance.now()
    const first = await ours.run()
    const firstCall = performance.now() - began
    const found = await ours.outputs(first)
    ours.finish(first)
    let error: number | null = null
    for (const { opponent, lib } of players) {
      const arrays = new CaseArrays(opponent.folder, opponent.arrays)
      for (const [k, output] of found.entries()) {
        const theirs = `${lib}.${pass}.${k}`
        if (output === null || !arrays.has(theirs)) continue
        const one = relativeError(output, arrays.read(theirs))
        const allowed = pass === 'step' ? lossTolerance : tolerance
        if (!(one <= allowed)) throw new Error(`${name} ${pass}: output ${k} differs from that of ${lib} by ${one.toExponential(2)}, more than ${allowed}`)
        error = Math.max(error ?? 0, one)
      }
    }
    const times: number[] = []
    const theirs = new Map<string, number[]>(players.map(({ lib }) => [lib, []]))
    await warmUp(ours)
    const rounds = Math.min(10, samples)
    for (let round = 0; round < rounds; round++) {
      const count = Math.ceil(samples / rounds)
      if (!ownOnly) for (const { opponent, lib } of players) theirs.get(lib)?.push(...(await opponent.peer.sample(lib, pass, count)))
      times.push(...(await sample(ours, count)))
    }
    const timings = Object.fromEntries([...theirs].filter(([, list]) => list.length > 0).map(([lib, list]) => [lib, timing(list)]))
    const best = Object.entries(timings).sort(([, a], [, b]) => a.best - b.best)[0]
    const mine = timing(times)
    rows.push({ case: name, pass, own: mine, firstCall, peers: timings, bestPeer: best?.[0] ?? null, ratio: best ? best[1].best / mine.best : null, error })
  }
  return rows
}

/** Runs until the code is optimised: the host compiles in the background while it runs. */
async function warmUp(pass: Pass): Promise<void> {
  const until = performance.now() + 1500
  for (let k = 0; k < 200 && (k < 3 || performance.now() < until); k++) await sample(pass, 1)
}

async function sample(pass: Pass, count: number): Promise<number[]> {
  const times: number[] = []
  for (let k = 0; k < count; k++) {
    const began = performance.now()
    const result = pass.run()
    const settled: unknown = result instanceof Promise ? await (result as Promise<unknown>) : result
    times.push(performance.now() - began)
    pass.finish(settled)
  }
  return times
}
