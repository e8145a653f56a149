import { readFileSync } from 'node:fs'
import { InputError, ShapeError } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as cuet from '../src/index.ts'
import { expectClose, given } from './support/numbers.ts'

interface Golden {
  readonly parameters: readonly (readonly number[])[]
  readonly rates: readonly (readonly number[])[]
}

const goldens = JSON.parse(readFileSync(new URL('fixtures/optimizers.json', import.meta.url), 'utf8')) as Readonly<Record<string, Golden>>
const float64 = { dtype: 'float64' } as const
const numSteps = 7
const factors = [cuet.tensor([1, 2, 3], float64), cuet.tensor([0.5, 4], float64)]

type Parameters = [cuet.Parameter, cuet.Parameter]
type AnyOptimizer = cuet.SGD | cuet.Adam

const starts = (): Parameters => [new cuet.Parameter(cuet.tensor([0.3, 0.6, 0.9], float64)), new cuet.Parameter(cuet.tensor([1.2, 1.5], float64))]

/** What happens between the gradients and a step, and after it; each is made for the parameters and their optimiser. */
interface Run {
  readonly make: (params: Parameters) => AnyOptimizer
  readonly schedule?: (optimizer: AnyOptimizer) => () => void
  readonly clip?: (params: Parameters) => void
  readonly decay?: number
}

const sgd = (options = {}) => (params: Parameters) => new cuet.SGD(params, { lr: 0.1, ...options })
const adam = (options = {}) => (params: Parameters) => new cuet.Adam(params, { lr: 0.1, ...options })
const groups = ([a, b]: Parameters) => new cuet.Adam([{ params: [a], lr: 0.2 }, { params: [b], weightDecay: 0.5 }], { lr: 0.05, amsgrad: true })
const scheduled = (schedule: cuet.Schedule) => (optimizer: AnyOptimizer) => {
  const scheduler = new cuet.LRScheduler<cuet.GroupOptions>(optimizer, schedule)
  return () => {
    scheduler.step()
  }
}

const runs: Readonly<Record<string, Run>> = {
  'SGD': { make: sgd() },
  'SGD momentum': { make: sgd({ momentum: 0.9, weightDecay: 0.1 }) },
  'SGD dampening': { make: sgd({ momentum: 0.9, dampening: 0.3 }) },
  'SGD nesterov': { make: sgd({ momentum: 0.9, nesterov: true }) },
  'Adam': { make: adam() },
  'Adam options': { make: adam({ betas: [0.8, 0.95], eps: 1e-3, weightDecay: 0.2 }) },
  'Adam amsgrad': { make: adam({ amsgrad: true }) },
  'AdamW': { make: (params) => new cuet.AdamW(params, { lr: 0.1 }) },
  'AdamW amsgrad': { make: (params) => new cuet.AdamW(params, { lr: 0.1, weightDecay: 0.3, amsgrad: true }) },
  'groups': { make: groups },
  'ExponentialLR': { make: sgd(), schedule: scheduled(cuet.exponentialSchedule(1, 0.7)) },
  'StepLR': { make: groups, schedule: scheduled(cuet.stepSchedule(1, 2, 0.5)) },
  'CosineAnnealingLR': { make: adam(), schedule: scheduled(cuet.cosineSchedule(1, 0, 6)) },
  'LambdaLR': { make: adam(), schedule: scheduled((k) => 1 / (1 + k)) },
  'ReduceLROnPlateau': {
    make: adam(),
    schedule: (optimizer) => {
      const scheduler = new cuet.ReduceLROnPlateau(optimizer, { factor: 0.5, patience: 1 })
      return () => {
        scheduler.step(1)
      }
    },
  },
  'clip_grad_norm_': { make: sgd(), clip: (params) => cuet.clipGradNorm_(params, 0.5) },
  'clip_grad_value_': {
    make: sgd(),
    clip: (params) => {
      cuet.clipGradValue_(params, 0.5)
    },
  },
  'ExponentialMovingAverage': { make: sgd(), decay: 0.9 },
}

async function train({ make, schedule, clip, decay }: Run, isCompiled: boolean): Promise<{ shown: readonly cuet.Tensor[]; rates: number[][] }> {
  const params = starts()
  const optimizer = make(params)
  const next = schedule?.(optimizer)
  const average = decay === undefined ? undefined : new cuet.ExponentialMovingAverage(params, { decay })
  const eager = (k: cuet.Tensor) => {
    optimizer.zeroGrad()
    const loss = params.map((p, i) => p.mul(given(factors[i])).add(k).sin().sum()).reduce((a, b) => a.add(b))
    loss.backward()
    clip?.(params)
    optimizer.step()
    average?.update()
    return loss
  }
  const step = isCompiled ? cuet.compile(eager) : eager
  const rates: number[][] = []
  for (let k = 0; k < numSteps; k++) {
    rates.push(optimizer.groups.map(({ lr }) => lr))
    await step(cuet.tensor([k], float64)).item()
    next?.()
  }
  return { shown: average?.shadows ?? params, rates }
}

describe('optimisers, schedules, clipping and averages are those of torch', () => {
  test.each(Object.entries(runs).flatMap(([name, run]) => [[name, 'eager', run], [name, 'compiled', run]] as const))('%s, %s', async (name, mode, run) => {
    const golden = given(goldens[name])
    const { shown, rates } = await train(run, mode === 'compiled')
    for (const [i, p] of shown.entries()) expectClose(await p.data(), given(golden.parameters[i]))
    expectClose(rates.flat(), golden.rates.flat(), 1e-14)
  })

  test('every golden is run', () => {
    expect(Object.keys(runs)).toEqual(Object.keys(goldens))
  })
})

describe('optimisers', () => {
  test('go on from their state as if nothing had happened', async () => {
    const [params, others] = [starts(), starts()]
    const [whole, first] = [adam({ amsgrad: true })(params), adam({ amsgrad: true })(others)]
    const step = (optimizer: cuet.Adam, own: Parameters) => {
      optimizer.zeroGrad()
      own.map((p) => p.square().sum()).reduce((a, b) => a.add(b)).backward()
      optimizer.step()
    }
    for (let k = 0; k < 6; k++) step(whole, params)
    for (let k = 0; k < 3; k++) step(first, others)
    const resumed = adam({ amsgrad: true })(others)
    resumed.loadStateDict(first.stateDict())
    for (let k = 0; k < 3; k++) step(resumed, others)
    for (const [i, p] of params.entries()) expect(await given(others[i]).data()).toEqual(await p.data())
    // What a state lacks starts anew.
    resumed.loadStateDict({ state: new Map(), groups: resumed.stateDict().groups })
    for (const own of resumed.stateDict().state.values()) for (const x of own.values()) expect([...(await x.data())].every((value) => value === 0)).toBe(true)
  })

  test('averages stand in for parameters while something is evaluated, also if it fails', async () => {
    const [p] = starts()
    const average = new cuet.ExponentialMovingAverage([p], { decay: 0.5, warmUp: false })
    p.copy_(cuet.tensor([2.3, 2.6, 2.9], float64))
    average.update()
    expectClose(await average.averaged(() => p.data()), [1.3, 1.6, 1.9])
    await expect(average.averaged(() => Promise.reject(new Error('in the middle')))).rejects.toThrow('in the middle')
    expectClose(await p.data(), [2.3, 2.6, 2.9])
  })

  test('refuse mistakes', () => {
    const [a, b] = starts()
    expect(() => new cuet.Adam([])).toThrow(/no parameters/)
    expect(() => new cuet.Adam([{ params: [a] }, { params: [a, b] }])).toThrow(/in two groups/)
    expect(() => new cuet.SGD([a], { lr: -1 })).toThrow(/learning rate is -1/)
    expect(() => cuet.clipGradNorm_([withGradient(a)], 0)).toThrow(InputError)
    const one = new cuet.SGD([a], { lr: 0.1, momentum: 0.9 })
    expect(() => one.loadStateDict(new cuet.SGD([{ params: [a] }, { params: [b] }], { lr: 0.1 }).stateDict())).toThrow(/2 groups/)
    const state = new Map([[0, new Map([['momentum_buffer', cuet.zeros([2], float64)]])]])
    expect(() => one.loadStateDict({ state, groups: one.stateDict().groups })).toThrow(/momentum_buffer of parameter 0 has shape \[2\], the parameter \[3\]/)
    expect(() => new cuet.ExponentialMovingAverage([a]).loadStateDict({ shadows: [cuet.zeros([2], float64)], updates: [] })).toThrow(ShapeError)
  })
})

function withGradient(parameter: cuet.Parameter): cuet.Parameter {
  parameter.grad = cuet.onesLike(parameter)
  return parameter
}
