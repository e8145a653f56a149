import { InternalError } from '../../errors.ts'
import type { ContractCase, Tier } from '../cases.ts'
import { type ContractContext, type Rule, Skip } from './context.ts'
import { endings } from './endings.ts'
import { farRules } from './far.ts'
import { refusals } from './refusals.ts'
import { rules } from './rules.ts'

const all: Readonly<Record<string, Rule>> = { ...rules, ...refusals, ...endings, ...farRules }

export function contractCases(tier: Tier, seed: number): ContractCase[] {
  return Object.keys(tier === 'ci' ? { ...rules, ...refusals, ...endings } : all).map((name) => ({ category: 'contract', name: `contract/${name}`, seed }))
}

/** Nothing, or why it cannot be tried. @throws {Error} with a sentence if the rule is broken. */
export async function runContractCase({ name }: ContractCase, context: ContractContext): Promise<Skip | null> {
  const rule = all[name.replace(/^contract\//, '')]
  if (!rule) throw new InternalError(`there is no contract case '${name}'`)
  const skipped = await rule(context)
  return skipped instanceof Skip ? skipped : null
}
