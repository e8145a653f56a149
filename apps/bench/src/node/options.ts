import { InvalidArgumentError } from 'commander'
import type { Dtype } from '../cases/case.ts'
import { cases, casesOf } from '../cases/catalog.ts'
import { kernelCases } from '../kernels/catalog.ts'
import { exampleNames } from './examples.ts'

/** Sections of cases, and those that run other processes. */
export const sections = ['operations', 'models', 'training', 'neighbors', 'sizes', 'large', 'threads', 'startup', 'memory'] as const
export type SectionName = (typeof sections)[number]

/** Of the conformance suite. */
export const conformanceBackends = ['cpu', 'cuda', 'webgpu'] as const
export type ConformanceBackend = (typeof conformanceBackends)[number]

/** Every count-th case, beginning with `index`. */
export interface Share {
  readonly index: number
  readonly count: number
}

/** What runs when nothing is chosen. */
const usual: readonly SectionName[] = ['operations', 'models', 'training', 'neighbors']

export interface RunOptionTexts {
  readonly python: readonly string[]
  readonly peerDevice: 'cpu' | 'cuda'
  readonly js?: string
  readonly sections?: readonly SectionName[]
  readonly cases?: readonly string[]
  readonly passes?: readonly string[]
  readonly backends: readonly string[]
  readonly dtype: readonly Dtype[]
  readonly threads: number
  readonly samples: number
  readonly warmUp: number
  readonly models: string
  readonly structures: string
  readonly ceilings: boolean
  readonly ownOnly?: boolean
  readonly out?: string
}

export function list(text: string): readonly string[] {
  return text.split(',').map((item) => item.trim()).filter((item) => item !== '')
}

function listOf<T extends string>(what: string, known: readonly T[]): (text: string) => readonly T[] {
  return (text) =>
    list(text).map((item) => {
      const found = known.find((name) => name === item)
      if (found === undefined) throw new InvalidArgumentError(`there is no ${what} ${item}; there are ${known.join(', ')}`)
      return found
    })
}

/** One of some words. */
function oneOf<T extends string>(what: string, known: readonly T[]): (text: string) => T {
  const listed = listOf(what, known)
  return (text) => {
    const [found] = listed(text)
    if (found === undefined) throw new InvalidArgumentError(`which ${what}? There are ${known.join(', ')}`)
    return found
  }
}

export const caseList = listOf('case', Object.keys(cases))
export const kernelCaseList = listOf('case', Object.keys(kernelCases))
export const conformanceBackend = oneOf('backend', conformanceBackends)
export const exampleName = oneOf('example', exampleNames)
export const exampleList = listOf('example', exampleNames)
export const tier = oneOf('tier', ['ci', 'full'])
export const dtypeList = listOf<Dtype>('dtype', ['f32', 'f64'])

/** Where torch's libraries run. */
export function peerDevice(text: string): 'cpu' | 'cuda' {
  if (text === 'cpu' || text === 'cuda') return text
  throw new InvalidArgumentError('peers run on cpu or cuda')
}

export function sectionList(text: string): readonly SectionName[] {
  return text === 'all' ? sections : listOf('section', sections)(text)
}

export function backendList(text: string): readonly string[] {
  return list(text).map((item) => {
    if (!/^(?:naive|cpu|webgpu|cuda(?::\d+)?)$/.test(item)) throw new InvalidArgumentError(`there is no backend ${item}; there are cpu, webgpu, cuda, cuda:1, naive`)
    return item
  })
}

/** A whole number from `least` on. */
export function count(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < least) throw new InvalidArgumentError(`a whole number from ${least} on is needed`)
    return value
  }
}

/** `3/16` */
export function shareOfCases(text: string): Share {
  const [index = Number.NaN, count = Number.NaN] = text.split('/').map(Number)
  if (!(Number.isInteger(index) && Number.isInteger(count) && index >= 0 && index < count)) throw new InvalidArgumentError('a share such as 0/16 is needed, the first below the second')
  return { index, count }
}

/** A number from 0 to 1. */
export function share(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= 1)) throw new InvalidArgumentError('a number from 0 to 1 is needed')
  return value
}

/** Cases by name, or those of the chosen sections; sections that run other processes; by themselves cases are the choice. */
export function choiceOf({ sections: chosen, cases: named }: Pick<RunOptionTexts, 'sections' | 'cases'>): { readonly cases: readonly string[]; readonly sections: readonly SectionName[] } {
  const which = chosen ?? (named ? [] : usual)
  const own = casesOf(which)
  return { cases: named ? (chosen ? own.filter((name) => named.includes(name)) : named) : own, sections: which }
}
