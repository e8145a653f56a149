import { InputError } from '@equivar/core'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Driver } from '../../src/native/driver.ts'
import { DriverError } from '../../src/native/driver-error.ts'
import { build, nothing, type Stub, stubbed } from './built.ts'
import { failEverywhere } from './failures.ts'
import { callAtRandom } from './random-calls.ts'

let driver: Driver
let stub: Stub
beforeAll(() => {
  ({ driver, stub } = stubbed(build()))
}, 300_000)
afterEach(() => {
  stub.go()
  stub.clear()
})

it('calls in any order with any arguments are done or refused', async () => {
  for (const seed of [1, 2, 3]) {
    const outcomes = await callAtRandom(driver, seed, 3000)
    expect(Object.keys(outcomes).sort()).toEqual(['DeviceError', 'InputError', 'done'])
    expect(outcomes['done']).toBeGreaterThan(800)
    await expect.poll(() => stub.live()).toEqual(nothing)
    expect(stub.takeViolations()).toEqual([])
  }
})

it('every call of the driver that fails becomes an error that names it, and nothing is left', async () => {
  const { failures, errors, mistakes } = await failEverywhere(driver, stub, [1, 2, 801])
  expect(mistakes).toEqual([])
  expect(errors).toBeGreaterThan(200)
  expect(failures).toBeGreaterThan(errors)
})

describe('a fault', () => {
  it.each([214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721, 810, 911, 999])('of status %s makes the device lost', async (status) => {
    const device = await driver.open(0)
    const stream = driver.createStream(device)
    const address = driver.allocate(stream, 8)
    stub.hold()
    const reading = driver.read(stream, address, 8)
    stub.fail('cuEventQuery', status, 0)
    await expect(reading).rejects.toMatchObject({ status, call: 'cuEventQuery' })
    const lost = driver.lost(device)
    expect(lost).toBeInstanceOf(DriverError)
    const calls = [() => driver.synchronize(stream), () => driver.allocate(stream, 8), () => driver.read(stream, address, 8), () => driver.statistics(device)]
    for (const call of calls) expect(call).toThrow(lost ?? 'lost')
    driver.release(address)
    driver.close(device)
    expect(() => driver.lost(device)).toThrow(InputError)
  })

  it('in a call makes it lost, too, and others stay', async () => {
    const [device, other] = [await driver.open(0), await driver.open(0)]
    stub.fail('cuStreamCreate', 700, 0)
    expect(() => driver.createStream(device)).toThrow(/cuStreamCreate: CUDA_ERROR_ILLEGAL_ADDRESS \(700\).*the device is lost: start a new process/)
    expect(driver.lost(device)).toMatchObject({ status: 700 })
    stub.clear()
    // It has the same context in the driver, but nothing was said about it yet.
    expect(driver.lost(other)).toBe(null)
    for (const one of [device, other]) driver.close(one)
  })

  it.each([1, 2, 100, 600, 801])('of status %s that is none leaves the device as it is', async (status) => {
    const device = await driver.open(0)
    stub.fail('cuMemGetInfo_v2', status, 0)
    expect(() => driver.statistics(device)).toThrow(DriverError)
    expect(driver.lost(device)).toBe(null)
    expect(driver.statistics(device).allocatedBytes).toBe(0)
    driver.close(device)
  })
})

it('a driver that cannot name its error is taken at its number', async () => {
  const device = await driver.open(0)
  stub.fail('cuMemGetInfo_v2', 4321, 0)
  expect(() => driver.statistics(device)).toThrow(/cuMemGetInfo: CUDA_ERROR_WITHOUT_NAME \(4321\): text of status 4321; .*please report it/)
  stub.fail('cuMemGetInfo_v2', 1, 0)
  stub.fail('cuGetErrorName', 1, 0)
  stub.fail('cuGetErrorString', 1, 0)
  expect(() => driver.statistics(device)).toThrow(/cuMemGetInfo: CUDA_ERROR_WITHOUT_NAME \(1\): the driver does not know this code/)
  driver.close(device)
})
