import { DtypeError, InputError, ShapeError } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as cuet from '../src/index.ts'
import { expectClose, given, random } from './support/numbers.ts'

const float64 = { dtype: 'float64' } as const
const leaf = (...values: number[]) => cuet.tensor(values, { ...float64, requiresGrad: true })

describe('gradients', () => {
  test('add up in leaves, over several passes and branches', async () => {
    const x = leaf(1, 2, 3)
    const y = x.mul(x)
    y.sum().backward({ retainGraph: true })
    expectClose(await given(x.grad).data(), [2, 4, 6])
    y.mul(x).sum().backward()
    expectClose(await given(x.grad).data(), [2 + 3, 4 + 12, 6 + 27])
    x.grad = null
    expect(x.grad).toBeNull()
  })

  test('of gradients, to third order', async () => {
    const x = leaf(0.5)
    const [first] = cuet.grad(x.pow(4).sum(), [x], { createGraph: true })
    const [second] = cuet.grad(first.sum(), [x], { createGraph: true })
    const [third] = cuet.grad(second.sum(), [x])
    expectClose(await third.data(), [24 * 0.5])
  })

  test('stop where they are told to', async () => {
    const x = leaf(2)
    expect(cuet.noGrad(() => x.mul(3)).requiresGrad).toBe(false)
    expect(x.detach().requiresGrad).toBe(false)
    x.mul(x.detach()).sum().backward()
    expectClose(await given(x.grad).data(), [2])
  })

  test('go to results that retain them, and to chosen inputs only', async () => {
    const [x, z] = [leaf(2), leaf(5)]
    const y = x.mul(3).retainGrad()
    y.square().mul(z).sum().backward({ inputs: [x, y] })
    expectClose(await given(y.grad).data(), [60])
    expectClose(await given(x.grad).data(), [180])
    expect(z.grad).toBeNull()
    const w = leaf(1, 2)
    w.mul(2).backward({ gradient: cuet.tensor([1, 10], float64) })
    expectClose(await given(w.grad).data(), [2, 20])
  })

  test('are seen and changed by hooks', async () => {
    const x = leaf(2)
    const y = x.mul(3)
    const seen: cuet.Tensor[] = []
    const remove = y.registerHook((gradient) => {
      seen.push(gradient)
      return gradient.mul(10)
    })
    y.square().sum().backward({ retainGraph: true })
    expectClose(await given(seen[0]).data(), [12])
    expectClose(await given(x.grad).data(), [360])
    remove()
    y.square().sum().backward()
    expectClose(await given(x.grad).data(), [360 + 36])
  })

  test('of parameters that changed between are those of the elements that were used', async () => {
    const x = new cuet.Parameter(cuet.tensor([2], float64))
    const y = x.square().sum()
    x.copy_(cuet.tensor([7], float64))
    y.backward()
    expectClose(await given(x.grad).data(), [4])
    expect(await x.item()).toBe(7)
  })
})

describe('a graph', () => {
  test('is let go by its pass: results stay until the next pass, outputs and scalars after it', async () => {
    const x = leaf(1, 2)
    const [y, part] = [x.mul(2), x.sum()]
    const loss = y.square().sum().add(part)
    loss.backward()
    expectClose(await y.data(), [2, 4])
    expect(y.requiresGrad).toBe(false)
    expect(() => loss.backward()).toThrow(/let go by an earlier backward pass/)
    const kept = y.detach()
    x.square().sum().backward()
    await expect(y.data()).rejects.toThrow(/detach\(\) what you keep/)
    expectClose(await kept.data(), [2, 4])
    expect([await loss.item(), await part.item()]).toEqual([23, 3])
  })

  test('of 1,000 steps holds no more buffers than that of a few', () => {
    const parameter = new cuet.Parameter(random([8, 8], 1))
    const optimizer = new cuet.Adam([parameter], { lr: 1e-3 })
    const x = random([16, 8], 2)
    const train = (steps: number) => {
      for (let i = 0; i < steps; i++) {
        optimizer.zeroGrad()
        const loss = cuet.scope(() => {
          const own = x.matmul(parameter).tanh().matmul(parameter).square().mean()
          own.backward()
          return own
        })
        optimizer.step()
        loss.dispose()
      }
      return cuet.liveBuffers()
    }
    const before = train(5)
    expect(train(1000)).toBe(before)
  })

  test('needs no scope for it, but for what has one element', () => {
    const parameter = new cuet.Parameter(random([8, 8], 1))
    const optimizer = new cuet.SGD([parameter], { lr: 1e-3, momentum: 0.9 })
    const x = random([16, 8], 2)
    const losses: cuet.Tensor[] = []
    const train = (steps: number) => {
      for (let i = 0; i < steps; i++) {
        optimizer.zeroGrad()
        const y = x.matmul(parameter).tanh()
        const loss = y.matmul(parameter).square().mean()
        loss.backward()
        optimizer.step()
        losses.push(loss)
      }
      return cuet.liveBuffers() - losses.length
    }
    const before = train(5)
    expect(train(200)).toBe(before)
  })
})

describe('tensors', () => {
  const x = cuet.arange(24).to('float64').reshape([2, 3, 4])

  test.each([
    ['one position', () => x.at(1, 2, 3), [], [23]],
    ['from the end', () => x.at(-1, 0, -1), [], [15]],
    ['a range', () => x.at(0, [1, undefined], 0), [2], [4, 8]],
    ['the rest', () => x.at('...', 3), [2, 3], [3, 7, 11, 15, 19, 23]],
    ['a new axis', () => x.at(0, 0, null), [1, 4], [0, 1, 2, 3]],
    ['picked rows', () => x.at(0, cuet.tensor([2, 0], { dtype: 'int32' }), 1), [2], [9, 1]],
    ['along an axis', () => x.indexSelect(2, cuet.tensor([3], { dtype: 'int32' })).at(1), [3, 1], [15, 19, 23]],
    ['flattened', () => x.at(0).flatten(), [12], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
    ['sums', () => x.sum([0, 2], { keepDims: true }), [1, 3, 1], [60, 92, 124]],
    ['variance', () => x.at(0, 0).var(), [], [5 / 3]],
    ['smallest', () => x.amin(1), [2, 4], [0, 1, 2, 3, 12, 13, 14, 15]],
    ['position of the largest', () => x.neg().argmax(1), [2, 4], [0, 0, 0, 0, 0, 0, 0, 0]],
    ['unsqueezed', () => x.at(0, 0).unsqueeze(-1).squeeze(1), [4], [0, 1, 2, 3]],
    ['a unit matrix', () => cuet.eye(2), [2, 2], [1, 0, 0, 1]],
    ['equal distances', () => cuet.linspace(0, 1, 3), [3], [0, 0.5, 1]],
    ['gathered', () => cuet.gather(x.at(0), 1, cuet.tensor([[3], [0]], { dtype: 'int32' })), [2, 1], [3, 4]],
    ['scattered', () => cuet.scatterAdd(cuet.zeros([2, 2], float64), 1, cuet.tensor([[1, 1]], { dtype: 'int32' }), cuet.ones([1, 2], float64)), [2, 2], [0, 2, 0, 0]],
    ['put', () => cuet.scatter(cuet.ones([2, 2], float64), 1, cuet.tensor([[1], [0]], { dtype: 'int32' }), cuet.tensor([[5], [7]], float64)), [2, 2], [1, 5, 7, 1]],
    ['products', () => x.at(0, 0).add(1).prod(), [], [24]],
    ['products along an axis', () => x.at(0, [1, 3]).prod(0), [4], [32, 45, 60, 77]],
    ['whether any', () => x.at(0).any(1).to('float64'), [3], [1, 1, 1]],
    ['whether all', () => x.at(0).all(1).to('float64'), [3], [0, 1, 1]],
    ['added rows', () => cuet.indexAdd(cuet.ones([2, 2], float64), 1, cuet.tensor([1, 1], { dtype: 'int32' }), cuet.ones([2, 2], float64)), [2, 2], [1, 3, 1, 3]],
  ] as const)('%s', async (_, f, shape, values) => {
    const y = f()
    expect(y.shape).toEqual(shape)
    expectClose(await y.data(), values)
  })

  test('select by what they hold', async () => {
    const found = await cuet.nonzero(cuet.tensor([[0, 2], [3, 0]]))
    expect([found.shape, [...(await found.data())]]).toEqual([[2, 2], [0, 1, 1, 0]])
    expect([...(await (await cuet.oneHotToIndex(cuet.tensor([[0, 1], [1, 0]]))).data())]).toEqual([1, 0])
    await expect(cuet.oneHotToIndex(cuet.tensor([[1, 1]]))).rejects.toThrow(/row 0 is \[1, 1\]/)
    const [first, second] = cuet.tensor([[1, 2], [3, 4]])
    expect([[...(await given(first).data())], [...(await given(second).data())]]).toEqual([[1, 2], [3, 4]])
  })

  test('print what a person can read', async () => {
    const y = cuet.tensor([[1, 2.5]], { ...float64, requiresGrad: true })
    expect(y.toString()).toBe('tensor float64[1, 2], requiresGrad')
    expect(await y.toText()).toBe('tensor float64[1, 2] [[1, 2.5]], requiresGrad')
  })

  test('refuse mistakes where they are made', async () => {
    expect(() => x.at(2)).toThrow(InputError)
    expect(() => x.at(0, 0, 0, 0)).toThrow(ShapeError)
    expect(() => x.squeeze(0)).toThrow(ShapeError)
    expect(() => x.add(cuet.ones([4]))).toThrow(DtypeError)
    expect(() => x.backward()).toThrow(/no tensor with requiresGrad/)
    expect(() => leaf(1, 2).mul(1).backward()).toThrow(ShapeError)
    expect(() => leaf(1).mul(2).requiresGrad_(false)).toThrow(/detach/)
    expect(() => cuet.tensor([1], { dtype: 'int32', requiresGrad: true })).toThrow(DtypeError)
    expect(() => leaf(1).copy_(leaf(1, 2))).toThrow(ShapeError)
    expect(() => cuet.gather(x, 1, cuet.tensor([[[3]]], { dtype: 'int32' }))).toThrow(InputError)
    await expect(leaf(1).mul(2).to('cpu')).rejects.toThrow(/derivatives do not cross devices/)
    const freed = cuet.ones([2])
    freed.dispose()
    expect(() => freed.add(1)).toThrow(/was disposed/)
  })

  test('of one seed are the same, and go on', async () => {
    const draw = async () => {
      cuet.manualSeed(7)
      const drawn = [cuet.randn([3]), cuet.randn([3]), cuet.randint(0, 5, [4]), cuet.randperm(4)]
      return Promise.all(drawn.map(async (x) => [...(await x.data())]))
    }
    const [a, b] = [await draw(), await draw()]
    expect(a).toEqual(b)
    expect(a[0]).not.toEqual(a[1])
    expect([...given(a[3])].sort()).toEqual([0, 1, 2, 3])
    expect(() => cuet.manualSeed(-1)).toThrow(InputError)
  })

  test('scopes keep what they return, and parameters', async () => {
    const parameter = new cuet.Parameter(cuet.tensor([1], float64))
    const before = cuet.liveBuffers()
    const { y } = cuet.scope(() => {
      const hidden = parameter.mul(2)
      hidden.square().sum().backward()
      return { y: cuet.tensor([4]) }
    })
    expect(await y.item()).toBe(4)
    expectClose(await given(parameter.grad).data(), [8])
    expect(cuet.liveBuffers()).toBeLessThanOrEqual(before + 2)
  })
})
