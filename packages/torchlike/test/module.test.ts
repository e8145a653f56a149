import { inspect } from 'node:util'
import { Irreps, InputError } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as cuet from '../src/index.ts'
import { expectClose } from './support/numbers.ts'

const float64 = { dtype: 'float64' } as const
const irreps = new Irreps('O3', '2x0e + 1x1o')

class Block extends cuet.Module {
  readonly linear = new cuet.Linear({ irrepsIn: irreps, irrepsOut: irreps, ...float64 })
  readonly scale = new cuet.Parameter(cuet.tensor([2], float64))
  readonly shift = new cuet.Buffer(cuet.tensor([1], float64))
  readonly scratch = new cuet.Buffer(cuet.tensor([9], float64), { persistent: false })
  readonly counts = new cuet.Buffer(cuet.tensor([3], { dtype: 'int32' }))

  forward(x: cuet.Tensor): cuet.Tensor {
    return this.linear.forward(x).mul(this.scale).add(this.shift)
  }
}

class Model extends cuet.Module {
  readonly blocks = new cuet.ModuleList([new Block(), new Block()])
  readonly weights = new cuet.ParameterList([new cuet.Parameter(cuet.ones([2], float64))])
  readonly shared = this.blocks.at(0)
  readonly head = new cuet.Sequential(new cuet.nn.Linear(5, 2, float64), new cuet.nn.Activation('silu'))
}

const names = (entries: Iterable<readonly [string, unknown]>) => [...entries].map(([name]) => name)

describe('a module', () => {
  test('finds what belongs to it, each once, by the names of properties', () => {
    const model = new Model()
    expect(names(model.namedParameters())).toEqual([
      'blocks.0.scale', 'blocks.0.linear.weight', 'blocks.1.scale', 'blocks.1.linear.weight', 'weights.0', 'head.0.weight', 'head.0.bias',
    ])
    expect([...model.parameters()]).toHaveLength(7)
    expect(names(model.namedBuffers())).toEqual(['blocks.0.shift', 'blocks.0.scratch', 'blocks.0.counts', 'blocks.1.shift', 'blocks.1.scratch', 'blocks.1.counts'])
    expect(names(model.namedChildren())).toEqual(['blocks', 'weights', 'shared', 'head'])
    expect(names(model.namedModules())).toEqual(['', 'blocks', 'blocks.0', 'blocks.0.linear', 'blocks.1', 'blocks.1.linear', 'weights', 'head', 'head.0', 'head.1'])
    expect([...model.modules()]).toHaveLength(10)
    const seen: string[] = []
    model.apply((module) => seen.push(module.constructor.name))
    expect(seen.at(-1)).toBe('Model')
    expect(seen.indexOf('Linear')).toBeLessThan(seen.indexOf('Block'))
  })

  test('saves parameters and persistent buffers, and loads what fits', async () => {
    const [model, other] = [new Model(), new Model()]
    const state = model.stateDict()
    expect(state.has('blocks.0.scratch')).toBe(false)
    expect(other.loadStateDict(state)).toEqual({ missing: [], unexpected: [] })
    for (const [name, x] of other.stateDict()) expect(await x.data(), name).toEqual(await state.get(name)?.data())
    // A state is of its moment.
    model.blocks.at(0).scale.copy_(cuet.tensor([5], float64))
    expect(await state.get('blocks.0.scale')?.item()).toBe(2)
  })

  test('names everything that does not fit, and changes nothing', async () => {
    const model = new Model()
    const state = new Map(model.stateDict())
    const before = await model.blocks.at(0).scale.item()
    state.delete('weights.0')
    state.delete('head.0.bias')
    state.set('extra', cuet.ones([1]))
    state.set('blocks.0.scale', cuet.ones([3], float64))
    state.set('blocks.1.scale', cuet.ones([4], float64))
    expect(() => model.loadStateDict(state)).toThrow(InputError)
    expect(() => model.loadStateDict(state)).toThrow(
      /missing: weights\.0, head\.0\.bias; unknown: extra; of another shape: blocks\.0\.scale \[3\] for \[1\], blocks\.1\.scale \[4\] for \[1\]/,
    )
    expect(() => model.loadStateDict(state, { strict: false })).toThrow(/of another shape/)
    expect(await model.blocks.at(0).scale.item()).toBe(before)
    state.set('blocks.0.scale', cuet.tensor([7], float64))
    state.set('blocks.1.scale', cuet.tensor([8], { dtype: 'float32' }))
    expect(model.loadStateDict(state, { strict: false })).toEqual({ missing: ['weights.0', 'head.0.bias'], unexpected: ['extra'] })
    expect([await model.blocks.at(0).scale.item(), await model.blocks.at(1).scale.item()]).toEqual([7, 8])
    expect(model.blocks.at(1).scale.dtype).toBe('float64')
  })

  test('moves to another dtype, integers staying as they are', async () => {
    const block = new Block()
    const x = cuet.ones([2, 5], float64)
    const before = await block.forward(x).data()
    expect(block.to('float32')).toBe(block)
    expect([block.scale.dtype, block.shift.dtype, block.counts.dtype, block.linear.dtype]).toEqual(['float32', 'float32', 'int32', 'float32'])
    expectClose(await block.forward(x.to('float32')).data(), before, 1e-6)
    expect(() => block.forward(x)).toThrow(/x\.to\('float32'\)/)
    expect(await block.to('cpu')).toBe(block)
    await expect(block.to('cuda:7')).rejects.toThrow(/cuda/)
  })

  test('is in training until it is evaluated, with all inside', () => {
    const model = new Model()
    expect([...model.modules()].every(({ training }) => training)).toBe(true)
    model.eval()
    expect([...model.modules()].some(({ training }) => training)).toBe(false)
    model.blocks.train()
    expect([model.training, model.blocks.at(1).linear.training, model.head.training]).toEqual([false, true, false])
  })

  test('turns derivatives off, and forgets gradients', () => {
    const block = new Block()
    block.forward(cuet.ones([1, 5], float64)).sum().backward()
    expect(block.scale.grad?.shape).toEqual([1])
    block.zeroGrad()
    expect(block.scale.grad).toBeNull()
    block.requiresGrad_(false)
    expect(block.forward(cuet.ones([1, 5], float64)).requiresGrad).toBe(false)
  })

  test('prints as a tree', () => {
    const text = new Model().toString()
    expect(text).toBe(inspect(new Model()))
    expect(text.split('\n').slice(0, 4)).toEqual(['Model(', '  (blocks): ModuleList(', '    (0): Block(', '      (linear): Linear(2x0e+1o → 2x0e+1o, 5 weights)'])
    expect(text).toContain('(head): Sequential(\n    (0): Linear(5 → 2)\n    (1): Activation(silu)\n  )')
  })

  test('refuses lists that would hide modules, names that are taken, and members that are not there', () => {
    class Hidden extends cuet.Module {
      readonly layers = [new Block()]
    }
    expect(() => [...new Hidden().parameters()]).toThrow(/'layers' is a plain list.*ModuleList/)
    class Twice extends cuet.Module {
      constructor() {
        super()
        this.register('a', new Block())
        this.register('a', new Block())
      }
    }
    expect(() => new Twice()).toThrow(/'a' is registered twice/)
    expect(() => new Model().blocks.at(2)).toThrow(/no module 2 of 2/)
    expect(() => new Model().weights.at(1)).toThrow(/no parameter 1 of 1/)
  })
})
