import { describe, expect, test } from 'vitest'
import { type Backend, device, type DeviceDiagnostic, type DeviceKind, InterpreterDevice, interpreter, onDiagnostic, registeredDevice } from '../../src/backend/index.ts'
import { findInstalled } from '../../src/backend/registry/installed.ts'
import { BackendRegistry } from '../../src/backend/registry/registry.ts'
import { DeviceError, InputError } from '../../src/errors.ts'

/** A backend that opens interpreters, or refuses, and counts. */
function fake(kind: DeviceKind, { reason, isSync = false, numDevices = 2 }: { reason?: string; isSync?: boolean; numDevices?: number } = {}) {
  const counts = { opened: 0 }
  const open = (index = 0) => {
    if (index >= numDevices) throw new DeviceError(`there are ${numDevices} devices, number ${index} is asked for`)
    counts.opened++
    return new InterpreterDevice()
  }
  const backend: Backend = {
    kind,
    available: () => Promise.resolve(reason === undefined ? { isAvailable: true, devices: ['a', 'b'].slice(0, numDevices) } : { isAvailable: false, reason }),
    open: (index) => new Promise((resolve) => resolve(open(index))),
    ...(isSync ? { openSync: open } : {}),
  }
  return { backend, counts }
}

const none = (kind: DeviceKind) => Promise.resolve({ reason: `nothing for ${kind} is installed` })

describe('device', () => {
  test('auto prefers cuda, then webgpu, then cpu, and says why not', async () => {
    const registry = new BackendRegistry(none)
    const [cuda, webgpu, cpu] = [fake('cuda', { reason: 'no driver' }), fake('webgpu'), fake('cpu')]
    const heard: DeviceDiagnostic[] = []
    const stop = registry.onDiagnostic((diagnostic) => heard.push(diagnostic))
    expect(await registry.device('auto')).toMatchObject({ name: 'cpu', backend: null, refused: [{ name: 'cuda:0' }, { name: 'webgpu' }, { name: 'cpu', reason: 'nothing for cpu is installed' }] })
    registry.use(cpu.backend)
    expect((await registry.device('auto')).backend).toBeInstanceOf(InterpreterDevice)
    registry.use(cuda.backend, webgpu.backend)
    const choice = await registry.device('auto')
    expect(choice).toMatchObject({ name: 'webgpu', refused: [{ name: 'cuda:0', reason: 'no driver' }] })
    expect(await registry.device('auto')).toEqual(choice)
    expect(heard.map(({ name }) => name)).toEqual(['cpu', 'cpu', 'webgpu'])
    expect(heard[2]?.message).toBe("device 'auto' is webgpu: interpreter of kernels on the host, one program after another; not cuda:0 (no driver)")
    stop()
    await registry.device('webgpu')
    expect(heard).toHaveLength(3)
  })

  test('a survey tells of every kind, in the order of auto, what there is or what would help', async () => {
    const registry = new BackendRegistry(none)
    registry.use(fake('webgpu').backend, fake('cpu', { reason: 'no SIMD' }).backend)
    const [cuda, webgpu, cpu, ...others] = await registry.survey()
    expect(others).toEqual([])
    expect(cuda).toEqual({ kind: 'cuda', name: 'cuda:0', backend: null, refused: [{ name: 'cuda:0', reason: 'nothing for cuda is installed' }], remedy: 'install @equivar/kernels-cuda and a driver for an NVIDIA GPU' })
    expect(webgpu).toEqual({ kind: 'webgpu', name: 'webgpu', backend: (await registry.device('auto')).backend, refused: [], remedy: null })
    expect(cpu).toMatchObject({ kind: 'cpu', name: 'cpu', backend: null, refused: [{ reason: 'no SIMD' }], remedy: 'install @equivar/kernels-cpu' })
  })

  test('the same name is the same device, until it is closed', async () => {
    const registry = new BackendRegistry(none)
    const cuda = fake('cuda')
    registry.use(cuda.backend)
    const [first, again] = await Promise.all([registry.device('cuda'), registry.device('cuda:0')])
    expect(first.name).toBe('cuda:0')
    expect(again.backend).toBe(first.backend)
    expect((await registry.device('auto')).backend).toBe(first.backend)
    const other = await registry.device('cuda:1')
    expect(other.name).toBe('cuda:1')
    expect(other.backend).not.toBe(first.backend)
    expect(cuda.counts.opened).toBe(2)
    first.backend?.close()
    const reopened = await registry.device('cuda')
    expect(reopened.backend).not.toBe(first.backend)
    expect(reopened.backend?.lost).toBeNull()
    expect(cuda.counts.opened).toBe(3)
  })

  test('what was registered last is asked first, and what is installed last', async () => {
    const [old, recent, installed] = [fake('cpu'), fake('cpu', { reason: 'no SIMD' }), fake('cpu')]
    const registry = new BackendRegistry(() => Promise.resolve({ backend: installed.backend }))
    registry.use(recent.backend)
    expect(await registry.device('cpu')).toMatchObject({ refused: [{ name: 'cpu', reason: 'no SIMD' }] })
    registry.use(old.backend, recent.backend)
    await registry.device('cpu')
    expect([old.counts.opened, installed.counts.opened]).toEqual([1, 1])
  })

  test('a named device that cannot be had is an error with its remedy', async () => {
    const registry = new BackendRegistry(none)
    registry.use(fake('webgpu', { reason: 'no adapter' }).backend, fake('cuda', { numDevices: 1 }).backend, fake('cpu', { numDevices: 1 }).backend)
    await expect(registry.device('webgpu')).rejects.toThrow(DeviceError)
    await expect(registry.device('webgpu')).rejects.toThrow(/cannot be had: no adapter\. Remedy: install @equivar\/kernels-wgsl/)
    await expect(registry.device('cuda:1')).rejects.toThrow(/there are 1 devices, number 1/)
    await expect(registry.device('cpu:3')).rejects.toThrow(/leave the number away/)
    for (const name of ['gpu', 'cuda:', 'cuda:x', 'CPU', '', 'auto:1']) await expect(registry.device(name)).rejects.toThrow(DeviceError)
    expect(() => registry.registered('gpu')).toThrow(/'gpu' is unknown; names are/)
  })

  test('a backend that breaks its promises is refused, not believed', async () => {
    const registry = new BackendRegistry(none)
    registry.use({ kind: 'cpu', available: () => Promise.reject(new Error('broken')), open: () => Promise.reject(new Error('broken too')) })
    expect(await registry.device('cpu')).toEqual({ name: 'cpu', backend: null, refused: [{ name: 'cpu', reason: 'broken' }] })
    const strange = { ...fake('cpu').backend, kind: 'tpu' }
    expect(() => registry.use(strange as unknown as Backend)).toThrow(InputError)
  })
})

describe('registeredDevice', () => {
  test('opens at once where the backend can', async () => {
    const registry = new BackendRegistry(none)
    expect(registry.registered('cpu')).toBeNull()
    const slow = fake('cpu')
    registry.use(slow.backend)
    expect(registry.registered('cpu')).toBeNull()
    const { backend } = await registry.device('cpu')
    expect(registry.registered('cpu')).toBe(backend)
    const sync = fake('cpu', { isSync: true, numDevices: 1 })
    registry.use(sync.backend)
    const opened = registry.registered('cpu')
    expect(opened).not.toBe(backend)
    expect((await registry.device('cpu')).backend).toBe(opened)
    expect(registry.registered('auto')).toBe(opened)
    expect(() => registry.registered('cpu:1')).toThrow(DeviceError)
  })

  test('knows what was installed once it was opened, behind what is registered', async () => {
    const [installed, registered] = [fake('cpu'), fake('cpu', { isSync: true })]
    const registry = new BackendRegistry(() => Promise.resolve({ backend: installed.backend }))
    expect(registry.registered('cpu')).toBeNull()
    const { backend } = await registry.device('cpu')
    expect(backend).not.toBeNull()
    expect(registry.registered('cpu')).toBe(backend)
    registry.use(registered.backend)
    expect(registry.registered('cpu')).not.toBe(backend)
  })

  test('wins over what is being opened', async () => {
    const registry = new BackendRegistry(none)
    registry.use(fake('cpu', { isSync: true }).backend)
    const waiting = registry.device('cpu')
    const now = registry.registered('cpu')
    expect((await waiting).backend).toBe(now)
    expect(now?.lost).toBeNull()
  })
})

describe('installed packages', () => {
  test('are looked for in Node, and their absence has a reason', async () => {
    expect(await findInstalled('cuda', { name: '@equivar/kernels-of-nobody', exported: 'cuda' })).toEqual({ reason: '@equivar/kernels-of-nobody is not installed' })
  })

  test('are asked for by use() elsewhere', async () => {
    const { process } = globalThis
    Object.defineProperty(globalThis, 'process', { value: undefined, configurable: true, writable: true })
    try {
      expect(await findInstalled('webgpu')).toEqual({ reason: 'no backend is registered; call use(webgpu) of @equivar/kernels-wgsl' })
    } finally {
      Object.defineProperty(globalThis, 'process', { value: process, configurable: true, writable: true })
    }
  })
})

test('the public functions share one registry', async () => {
  const heard: string[] = []
  const stop = onDiagnostic(({ requested }) => heard.push(requested))
  expect(registeredDevice('cpu')).toBeNull()
  expect((await device('cpu')).name).toBe('cpu')
  stop()
  expect(heard).toEqual(['cpu'])
  expect(interpreter.kind).toBe('cpu')
})
