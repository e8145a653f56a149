import type { Backend, BackendDevice } from '../backend/index.ts'
import { InputError } from '../errors.ts'
import { lowerPolynomial } from '../lowering/index.ts'
import type { ConformanceCase, KernelCase, Tier } from './cases.ts'
import type { FailureHooks } from './contract/context.ts'
import { contractCases, runContractCase } from './contract/run.ts'
import { kernelCases, kernelProblemOf, runKernelCase } from './kernels/run.ts'
import { polynomialCases } from './polynomials/cases.ts'
import { errorText, type Lower, reasonToSkip, runPolynomialCase } from './polynomials/run.ts'

/**
 * What a backend has to do, as plain data: rules of its contract, instructions of the kernel language, and polynomials with every
 * access, element type, multiplicity and method, up to second derivatives. The same for the same tier and seed.
 */
export function conformanceCases(tier: Tier, seed: number): readonly ConformanceCase[] {
  if (made?.tier === tier && made.seed === seed) return made.cases
  const cases = Object.freeze([...contractCases(tier, seed), ...kernelCases(seed), ...polynomialCases(tier, seed)])
  made = { tier, seed, cases }
  return cases
}

/** Looking for a small set of cases takes a moment, so the last one is kept. */
let made: { readonly tier: Tier; readonly seed: number; readonly cases: readonly ConformanceCase[] } | undefined

export interface CaseResult {
  readonly name: string
  readonly category: ConformanceCase['category']
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** What went wrong, or why it was not tried. */
  readonly message: string | null
  /** Of the bits of a polynomial's values, to compare devices that promise equal ones; `null` for other cases. */
  readonly digest: string | null
  readonly milliseconds: number
}

/** Numbers of cases. */
export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** What came out; plain data. */
export interface ConformanceResults extends Counts {
  /** Name and description of the device. */
  readonly device: string
  readonly tier: Tier
  readonly seed: number
  readonly milliseconds: number
  readonly categories: Readonly<Record<ConformanceCase['category'], Counts>>
  readonly failures: readonly { readonly name: string; readonly message: string }[]
  /** How often each reason was given. */
  readonly skips: Readonly<Record<string, number>>
}

export interface ConformanceOptions {
  readonly tier: Tier
  readonly seed: number
  /** How polynomials become kernels; `lowerPolynomial` unless another is tried. */
  readonly lower?: Lower
  /** Hears of every case when it is done. */
  readonly report?: (result: CaseResult) => void
  /** Which cases are run; all by default. */
  readonly filter?: (own: ConformanceCase) => boolean
  /** Only every count-th case, beginning with `index`: for several processes. */
  readonly shard?: { readonly index: number; readonly count: number }
  /** How failures are brought about. */
  readonly hooks?: FailureHooks
}

/**
 * Runs the conformance suite on a backend, whose device 0 it opens and closes, or on an open device, where rules about opening
 * and closing are skipped. Needs no test framework.
 *
 * @throws {InputError} if a shard is not one of its count.
 * @throws {DeviceError} if the backend does not open.
 */
export async function runConformance(subject: Backend | BackendDevice, options: ConformanceOptions): Promise<ConformanceResults> {
  const { tier, seed, lower = lowerPolynomial, report, filter = () => true, hooks = {} } = options
  const { index, count } = options.shard ?? { index: 0, count: 1 }
  if (!(Number.isSafeInteger(count) && Number.isSafeInteger(index) && index >= 0 && index < count)) throw new InputError(`runConformance: shard ${index} of ${count} does not exist`)
  const cases = conformanceCases(tier, seed).filter((own, k) => k % count === index && filter(own))
  const backend = isBackend(subject) ? subject : null
  let device = isBackend(subject) ? await subject.open() : subject
  const description = `${device.name}: ${device.description}`
  const begin = now()
  const results: CaseResult[] = []
  for (const own of cases) {
    // What breaks a device must not break the cases behind it.
    if (device.lost && backend) device = await backend.open()
    const start = now()
    const result = { name: own.name, category: own.category, ...(await runCase(own, device, backend, lower, hooks)), milliseconds: now() - start }
    results.push(result)
    report?.(result)
  }
  if (backend) device.close()
  return summary(results, { device: description, tier, seed, milliseconds: now() - begin })
}

type Outcome = Pick<CaseResult, 'outcome' | 'message' | 'digest'>

async function runCase(own: ConformanceCase, device: BackendDevice, backend: Backend | null, lower: Lower, hooks: FailureHooks): Promise<Outcome> {
  try {
    const before = device.statistics()
    const outcome = await attempt(own, device, backend, lower, hooks)
    if (outcome.outcome !== 'passed') return outcome
    const after = device.statistics()
    if (after.liveBuffers !== before.liveBuffers || after.allocatedBytes !== before.allocatedBytes)
      return { outcome: 'failed', digest: null, message: `${after.liveBuffers - before.liveBuffers} buffers and ${after.allocatedBytes - before.allocatedBytes} bytes more are in use than before` }
    return outcome
  } catch (error) {
    return { outcome: 'failed', digest: null, message: errorText(error) }
  }
}

async function attempt(own: ConformanceCase, device: BackendDevice, backend: Backend | null, lower: Lower, hooks: FailureHooks): Promise<Outcome> {
  const skipped = (message: string): Outcome => ({ outcome: 'skipped', message, digest: null })
  const done = (message: string | null, digest: string | null = null): Outcome => ({ outcome: message === null ? 'passed' : 'failed', message, digest })
  switch (own.category) {
    case 'contract': {
      const skip = await runContractCase(own, { device, backend, hooks })
      return skip ? skipped(skip.reason) : done(null)
    }
    case 'kernel': {
      return lacksF64(own, device) ? skipped('no float64') : done(await runKernelCase(own, device))
    }
    case 'polynomial': {
      const reason = reasonToSkip(own, device)
      if (reason !== null) return skipped(reason)
      const { wrong, digest } = await runPolynomialCase(own, device, lower)
      return done(wrong, digest)
    }
  }
}

/** Whether the kernel of a case computes in float64, and the device cannot. */
function lacksF64(own: KernelCase, { capabilities }: BackendDevice): boolean {
  if (capabilities.floats.includes('f64')) return false
  const { types, buffers, shared, parameters } = kernelProblemOf(own).kernel
  return [...types, ...buffers, ...shared, ...parameters].some(({ scalar }) => scalar === 'f64')
}

function summary(results: readonly CaseResult[], head: Pick<ConformanceResults, 'device' | 'tier' | 'seed' | 'milliseconds'>): ConformanceResults {
  const countsOf = (own: readonly CaseResult[]): Counts => {
    const number = (outcome: CaseResult['outcome']) => own.filter((result) => result.outcome === outcome).length
    return { passed: number('passed'), failed: number('failed'), skipped: number('skipped') }
  }
  const inCategory = (category: ConformanceCase['category']) => countsOf(results.filter((result) => result.category === category))
  const skips: Record<string, number> = {}
  for (const { outcome, message } of results) if (outcome === 'skipped' && message !== null) skips[message] = (skips[message] ?? 0) + 1
  return {
    ...head,
    ...countsOf(results),
    categories: { contract: inCategory('contract'), kernel: inCategory('kernel'), polynomial: inCategory('polynomial') },
    failures: results.flatMap(({ name, outcome, message }) => (outcome === 'failed' ? [{ name, message: message ?? '' }] : [])),
    skips,
  }
}

function isBackend(subject: Backend | BackendDevice): subject is Backend {
  return 'open' in subject
}

function now(): number {
  return performance.now()
}
