import { costOf, nestBest } from '../algebra/derivatives.ts'
import type { Form, Sum } from '../algebra/form.ts'
import type { ChannelTarget, Variables } from './analysis.ts'
import type { Potential } from './integrate.ts'

/** Targets with one number of channels that are computed together. */
export interface Pass {
  readonly channels: number
  readonly targets: readonly ChannelTarget[]
  /** Variable by which the form is differentiated to give a target: its dual, or an input. */
  readonly duals: readonly number[]
  readonly root: Sum
}

export interface PassLimits {
  /** Targets that keep a register while the pass runs. */
  readonly maxTargets: number
  readonly maxTerms: number
}

/** The same targets as derivatives of one form by inputs, if that is cheaper. */
export function asGradient(pass: Pass, { form, variables: own }: Potential): Pass {
  const targets = new Set(own)
  const root = nestBest(form, targets, false)
  return costOf(root, own, false) < costOf(pass.root, pass.duals, false) ? { ...pass, duals: own, root } : pass
}

/**
 * Divides targets into passes: those that share factors come together, as many as there are registers for.
 */
export function divide(targets: readonly ChannelTarget[], variables: Variables, startsWithTotals: boolean, limits: PassLimits): readonly Pass[] {
  const { maxTargets, maxTerms } = limits
  const passes: Pass[] = []
  const byChannels = new Map<number, ChannelTarget[]>()
  for (const target of targets) byChannels.set(target.channels, [...(byChannels.get(target.channels) ?? []), target])
  for (const [channels, group] of byChannels) {
    for (const together of cluster(group, maxTargets, maxTerms)) passes.push(makePass(channels, together, variables, startsWithTotals))
  }
  return passes
}

/** Starts with the first target that is left, then takes again and again the one that shares most elements with what is there. */
function cluster(targets: readonly ChannelTarget[], maxTargets: number, maxTerms: number): readonly (readonly ChannelTarget[])[] {
  const sizes = targets.map(({ terms }) => terms.length)
  if (targets.length <= maxTargets && sizes.reduce((sum, size) => sum + size, 0) <= maxTerms) return targets.length > 0 ? [targets] : []
  const elements = targets.map(({ terms }) => new Set(terms.flatMap((term) => term.elements)))
  const holders = new Map<number, number[]>()
  for (const [k, own] of elements.entries()) for (const element of own) holders.set(element, [...(holders.get(element) ?? []), k])
  const left = new Set(targets.keys())
  const clusters: ChannelTarget[][] = []
  for (const first of targets.keys()) {
    if (!left.delete(first)) continue
    const chosen = [first]
    const gathered = new Set<number>()
    const scores = new Float64Array(targets.length)
    const gather = (k: number) => {
      for (const element of elements[k] ?? []) {
        if (gathered.has(element)) continue
        gathered.add(element)
        const own = holders.get(element) ?? []
        // Sharing what few others need counts more.
        for (const other of own) scores[other] = (scores[other] ?? 0) + 1 / own.length
      }
    }
    gather(first)
    let numTerms = sizes[first] ?? 0
    while (chosen.length < maxTargets) {
      let best = -1
      for (const k of left) if (numTerms + (sizes[k] ?? 0) <= maxTerms && (best < 0 || (scores[k] ?? 0) > (scores[best] ?? 0))) best = k
      if (best < 0) break
      left.delete(best)
      chosen.push(best)
      numTerms += sizes[best] ?? 0
      gather(best)
    }
    clusters.push(chosen.sort((a, b) => a - b).flatMap((k) => targets[k] ?? []))
  }
  return clusters
}

function makePass(channels: number, targets: readonly ChannelTarget[], variables: Variables, startsWithTotals: boolean): Pass {
  const duals = targets.map(({ kind, number }) => variables.number(kind === 'output' ? { kind, element: number } : { kind: 'slot', slot: number }))
  const form: Form = targets.flatMap(({ terms }, k) =>
    terms.map(({ coefficient, factorSlot, elements }) => ({
      coefficient,
      variables: [
        duals[k] ?? 0,
        ...(factorSlot === undefined ? [] : [variables.number({ kind: 'factor', slot: factorSlot })]),
        ...elements.map((element) => variables.number({ kind: 'input', element })),
      ].sort((a, b) => a - b),
    })),
  )
  return { channels, targets, duals, root: nestBest(form, new Set(duals), startsWithTotals) }
}
