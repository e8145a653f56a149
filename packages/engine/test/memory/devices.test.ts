import { DeviceError, InputError, use } from '@equivar/core'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { remoteBackend, useInterpreter } from '../support/devices.ts'
import { expectNoLeaks, read } from '../support/numbers.ts'

const remote = remoteBackend()

describe('devices', () => {
  expectNoLeaks()

  test('that were not opened are refused, with what opens them', async () => {
    for (const device of ['webgpu', 'cuda', 'cuda:1', 'auto', 'abacus']) {
      expect(() => eq.array([1], { device })).toThrow(DeviceError)
      expect(() => eq.setDefaultDevice(device)).toThrow(DeviceError)
    }
    expect(() => eq.zeros([1], { device: 'webgpu' })).toThrow("zeros: device 'webgpu' is not open; pass what `await device('webgpu')` gives")
    await expect(eq.device('webgpu')).rejects.toThrow(DeviceError)
    expect(await eq.device('cpu')).toBe('cpu')
    expect(eq.defaultDevice()).toBe('cpu')
  })

  describe('whose memory the host does not see', () => {
    beforeAll(async () => {
      use(remote)
      expect(await eq.device('webgpu')).toBe('webgpu')
    })
    afterEach(() => {
      eq.setDefaultDevice('cpu')
      expect(remote.device.statistics().liveBuffers).toBe(0)
    })

    test('hold arrays, and give them back when they are read', async () => {
      for (const options of [{}, { dtype: 'int32' }, { dtype: 'bool' }, { dtype: 'float64' }] as const) {
        using x = eq.array([[1, 0], [0, 1]], { ...options, device: 'webgpu' })
        expect([x.device, x.dtype]).toEqual(['webgpu', options.dtype ?? 'float32'])
        expect([...(await x.data())]).toEqual([1, 0, 0, 1])
        using y = await x.to('cpu')
        expect([y.device, y.dtype, y.shape]).toEqual(['cpu', x.dtype, [2, 2]])
        expect(read(y)).toEqual([1, 0, 0, 1])
        using z = await y.to('cpu')
        expect(z.value).toBe(y.value)
      }
    })

    test('are the default when they are chosen, for numbers beside arrays too', () => {
      eq.setDefaultDevice('webgpu')
      eq.scope(() => {
        expect(eq.ones([2]).device).toBe('webgpu')
        expect(eq.zerosLike(eq.ones([2], { device: 'cpu' })).device).toBe('cpu')
        expect(eq.mul(eq.ones([2], { device: 'cpu' }), 2).device).toBe('cpu')
        expect(eq.abstractArray([2], 'float32', 'cpu').device).toBe('cpu')
      })
    })

    test('do not mix', () => {
      eq.scope(() => {
        const [x, y] = [eq.ones([2]), eq.ones([2], { device: 'webgpu' })]
        expect(() => eq.add(x, y)).toThrow("add: input 0, float32[2], is on device 'cpu', input 1, float32[2], on 'webgpu'; move one of them with to()")
        expect(() => eq.add(x, y)).toThrow(DeviceError)
      })
    })

    test('without float64 say so when an array is made', async () => {
      use(remoteBackend({ floats: ['f32'] }))
      await eq.device('webgpu')
      eq.scope(() => {
        const float64 = { dtype: 'float64', device: 'webgpu' } as const
        for (const make of [() => eq.array([1], float64), () => eq.zeros([2], float64), () => eq.full([2], 1, float64)])
          expect(make).toThrow('webgpu: this device has no float64; cast to float32 before, or use another device')
        expect(() => eq.cast(eq.ones([2], { device: 'webgpu' }), 'float64')).toThrow(DeviceError)
      })
      const x = eq.array([1], { dtype: 'float64' })
      await expect(x.to('webgpu')).rejects.toThrow(/no float64/)
      x.dispose()
    })

    test('do not take what is tracked', async () => {
      using x = eq.scope(() => eq.track(eq.ones([2])))
      await expect(x.to('webgpu')).rejects.toThrow(InputError)
    })
  })

  test('the host sees and that have no kernel yet are computed for in place', () => {
    const device = useInterpreter()
    const x = eq.array([1, 2, 3])
    const y = eq.withMethod('naive', () => eq.scope(() => eq.greater(eq.add(x, eq.exp(eq.sub(x, x))), 2)))
    expect([y.dtype, read(y)]).toEqual(['bool', [0, 1, 1]])
    x.dispose()
    y.dispose()
    expect(device.statistics().liveBuffers).toBe(0)
  })
})
