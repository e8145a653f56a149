import { relativeError } from '../cases/arrays.ts'
import type { OurCase, Pass } from '../cases/case.ts'
import type { Row } from '../results/record.ts'
import type { Ceilings } from './ceilings.ts'
import type { Opponent } from './opponent.ts'
import { shareOf } from './roofline.ts'
import { timing } from './statistics.ts'

export interface CompareOptions {
  readonly samples: number
  /** Time nothing of the opponents, whose outputs are compared all the same. */
  readonly ownOnly: boolean
  /** Longest warm-up of a pass, ms: the host compiles in the background while it runs. */
  readonly warmUp: number
  /** Passes that are timed where no opponent knows the case. */
  readonly alone: readonly string[]
  /** Waits for what a device has not done yet, where that outlasts a call. */
  readonly synchronize: (() => Promise<void>) | null
  readonly ceilings: Ceilings | null
  /** Outputs of another backend by pass, filled by the first one: what is compared where no opponent is. */
  readonly reference: Map<string, Outputs>
}

export type RowIdentity = Pick<Row, 'section' | 'case' | 'backend' | 'dtype' | 'threads' | 'atoms'>
type Outputs = readonly (ArrayLike<number | bigint> | null)[]

/** Largest relative difference of outputs by section. */
const tolerances: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  /** Sums of thousands of products, in another order. */
  usual: { f32: 2e-5, f64: 1e-9 },
  /** Losses compare total energies of thousands of eV, which the peer sums up in the precision of the model. */
  training: { f32: 1e-3, f64: 1e-6 },
  /** The peer takes float32 differences of positions, which lose digits as boxes grow. */
  sizes: { f32: 3e-4, f64: 1e-9 },
}

/**
 * Compares outputs, then takes the samples in turns.
 *
 * @throws if an output differs from an opponent's by more than the tolerance.
 */
export async function compareCase(identity: RowIdentity, own: OurCase, opponents: readonly Opponent[], options: CompareOptions): Promise<Row[]> {
  const rows: Row[] = []
  for (const [pass, ours] of Object.entries(own.passes)) {
    const players = opponents.flatMap((opponent) => opponent.passes.filter(([, theirs]) => theirs === pass).map(([lib]) => ({ opponent, lib })))
    if (players.length === 0 && !(opponents.every(({ passes }) => passes.length === 0) && options.alone.includes(pass))) continue
    const began = performance.now()
    const first = await ours.run()
    await options.synchronize?.()
    const firstCall = performance.now() - began
    const found = await ours.outputs(first)
    ours.finish(first)
    const error = compareOutputs(identity, pass, found, players, options.reference)
    const times: number[] = []
    const theirs = new Map<string, number[]>(players.map(({ lib }) => [lib, []]))
    await warmUp(ours, options)
    const calls = await callsBetween(ours, options)
    const rounds = Math.min(5, options.samples)
    for (let round = 0; round < rounds; round++) {
      const count = Math.ceil(options.samples / rounds)
      if (!options.ownOnly) for (const { opponent, lib } of players) theirs.get(lib)?.push(...(await opponent.sample(lib, pass, count)))
      // As the opponents do, once without a clock after the turns of others.
      await sample(ours, 1, options)
      times.push(...(await sample(ours, count, options, calls)))
    }
    const peers = Object.fromEntries([...theirs].filter(([, list]) => list.length > 0).map(([lib, list]) => [lib, timing(list)]))
    const best = Object.entries(peers).sort(([, a], [, b]) => a.best - b.best)[0]
    const mine = timing(times)
    const work = await ours.work?.()
    const share = work && options.ceilings ? shareOf(work.flops, work.bytes, identity.dtype, mine.best, options.ceilings) : null
    const results = { own: mine, firstCall, peers, bestPeer: best?.[0] ?? null, ratio: best ? best[1].best / mine.best : null, error }
    rows.push({ ...identity, pass, unit: 'ms', ...results, flops: work?.flops ?? null, bytes: work?.bytes ?? null, share })
  }
  return rows
}

interface Player {
  readonly opponent: Opponent
  readonly lib: string
}

/** Largest error over what can be compared; `null` if that is nothing. @throws if it is more than the tolerance. */
function compareOutputs(
  { case: name, section, backend, dtype }: RowIdentity,
  pass: string,
  found: Outputs,
  players: readonly Player[],
  reference: Map<string, Outputs>,
): number | null {
  const allowed = (tolerances[section] ?? tolerances['usual'])?.[dtype] ?? 0
  let error: number | null = null
  const compare = (k: number, theirs: ArrayLike<number | bigint>, whose: string, size = theirs.length) => {
    const output = found[k]
    if (!output) return
    if (output.length !== size) throw new Error(`${name} ${pass} on ${backend}: output ${k} has ${output.length} elements, that of ${whose} ${size}`)
    const one = relativeError(output, theirs)
    if (!(one <= allowed)) throw new Error(`${name} ${pass} on ${backend}: output ${k} differs from that of ${whose} by ${one.toExponential(2)}, more than ${allowed}`)
    error = Math.max(error ?? 0, one)
  }
  for (const { opponent, lib } of players)
    for (const k of found.keys()) {
      const theirs = `${lib}.${pass}.${k}`
      if (!opponent.outputs.has(theirs)) continue
      const part = opponent.outputs.part(theirs)
      compare(k, part, lib, opponent.outputs.shape(theirs).reduce((product, extent) => product * extent, 1))
    }
  const others = reference.get(pass)
  if (!others) reference.set(pass, found)
  else for (const [k, theirs] of others.entries()) if (theirs) compare(k, theirs, 'the first backend')
  return error
}

/** Runs until the code is optimised. */
async function warmUp(pass: Pass, options: CompareOptions): Promise<void> {
  const until = performance.now() + options.warmUp
  for (let k = 0; k < 200 && (k < 3 || performance.now() < until); k++) await sample(pass, 1, options)
}

/** Some milliseconds of calls where a caller of a device does not wait for each of them, as of the opponents; one otherwise. */
async function callsBetween(pass: Pass, options: CompareOptions): Promise<number> {
  if (!options.synchronize) return 1
  const result = pass.run()
  const waits = result instanceof Promise
  pass.finish(waits ? await (result as Promise<unknown>) : result)
  await options.synchronize()
  const once = waits ? Number.POSITIVE_INFINITY : timing(await sample(pass, 3, options)).median
  return Math.max(1, Math.min(200, Math.round(5 / once)))
}

/** Milliseconds a call. */
async function sample(pass: Pass, count: number, { synchronize }: CompareOptions, calls = 1): Promise<number[]> {
  const times: number[] = []
  for (let k = 0; k < count; k++) {
    const began = performance.now()
    for (let call = 0; call < calls; call++) {
      const result = pass.run()
      const settled: unknown = result instanceof Promise ? await (result as Promise<unknown>) : result
      if (call === calls - 1 && synchronize) await synchronize()
      if (call === calls - 1) times.push((performance.now() - began) / calls)
      pass.finish(settled)
    }
  }
  return times
}
