import { DeviceError } from '@equivar/core'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { bindAddon } from '../../src/native/addon.ts'
import { doctor } from '../../src/native/doctor.ts'
import { loadAddon as loadWithoutNode } from '../../src/native/no-addon.ts'
import { loadAddon } from '../../src/node/addon.ts'
import { build, type Built, loadStub } from './built.ts'

let built: Built
beforeAll(() => {
  built = build()
}, 300_000)

describe('doctor', () => {
  it('describes the addon, the driver and the devices', async () => {
    const report = await doctor(() => loadAddon({ library: built.stub }))
    expect(report).toMatchObject({ addon: { path: built.addon, version: '0.0.0' }, driver: '12.8', problems: [] })
    expect(report.devices.map(({ name }) => name)).toEqual(['Stub 0', 'Stub 1'])
    expect(report.text.split('\n')).toEqual([
      expect.stringMatching(/^addon {4}0\.0\.0, .*equivar-cuda\.node$/),
      'driver   CUDA 12.8',
      'cuda:0   Stub 0, compute capability 9.0, 1.0 GiB, 132 multiprocessors, GPU-00010203-0405-0607-0809-0a0b0c0d0e0f',
      expect.stringMatching(/^cuda:1 {3}Stub 1/),
    ])
  })

  it('says that there is no driver, and what to do', async () => {
    const report = await doctor(() => loadAddon({ library: '/nowhere/libcuda.so.1' }))
    expect(report).toMatchObject({ driver: null, devices: [], addon: { path: built.addon } })
    expect(report.problems).toEqual([expect.stringMatching(/^dlopen: LIBRARY_NOT_FOUND: no CUDA driver: \/nowhere\/libcuda\.so\.1 cannot be opened .*install a driver/)])
    expect(report.text).toContain('driver   no CUDA driver\nproblem  dlopen')
  })

  it.each([
    ['cuInit', 100, /^cuInit: CUDA_ERROR_NO_DEVICE \(100\).*the driver sees no GPU/],
    ['cuDeviceGetCount', 999, /^cuDeviceGetCount: CUDA_ERROR_UNKNOWN/],
  ])('tells of a driver whose %s fails', async (symbol, status, message) => {
    const stub = loadStub(built.stub)
    // A library that is open stays initialised; another path to it is another driver.
    const library = symbol === 'cuInit' ? built.stub.replace(/([^/]+)$/, './$1') : built.stub
    stub.fail(symbol, status, 0)
    const report = await doctor(() => loadAddon({ library }))
    expect(stub.clear()).toBe(0)
    expect(report.problems).toEqual([expect.stringMatching(message)])
  })

  it('tells of a library that is no driver', async () => {
    const report = await doctor(() => loadAddon({ library: built.addon }))
    expect(report.problems).toEqual([expect.stringMatching(/^dlsym: SYMBOL_NOT_FOUND: .* has no cuInit; the driver is too old/)])
  })

  it('tells of an addon that cannot be had', async () => {
    expect((await doctor(loadWithoutNode)).text).toBe('addon    none\ndriver   no CUDA driver\nproblem  CUDA needs Node.js: a page can use WebGPU by @equivar/kernels-wgsl')
  })
})

it('an addon of another version is refused', () => {
  const other = { version: '9.9.9', interfaceVersion: 2, bind: () => expect.fail('bound') }
  expect(() => bindAddon(other, '/there/equivar-cuda.node', '')).toThrow(DeviceError)
  expect(() => bindAddon(other, '/there/equivar-cuda.node', '')).toThrow(/this addon has interface 2, but 1 is needed/)
})

it('the same addon is loaded once a thread', () => {
  expect(loadAddon().driver).toBe(loadAddon().driver)
})

it.runIf(process.platform === 'linux')('the addon loads where Node does: it needs no younger C library, and no C++ library', () => {
  const needed = readFileSync(built.addon, 'latin1').match(/\bGLIBC(?:XX)?_[\d.]+/g) ?? []
  expect(needed.length).toBeGreaterThan(0)
  for (const version of needed) expect(version).toMatch(/^GLIBC_2\.(?:\d|1\d|2[0-8])(?:\.\d+)?$/)
})
