import { expect, it } from 'vitest'
import { blocksToAskFor } from '../../src/device/occupancy.ts'
import { machineDriver } from '../ptx-machine/driver.ts'

/** 164 KiB of shared memory a multiprocessor. */
const properties = machineDriver().properties(0)

function ask(threads: number, sharedBytes = 0, text = '', programs = 1): readonly number[] {
  return blocksToAskFor(properties, { text, sharedBytes, shape: { threads, programs, sharedBytes, sharedOffsets: [] } })
}

it('blocks are asked for as threads and shared memory allow, and not for texts that would spill', () => {
  expect(ask(128)).toEqual([6, 4, 3, 2])
  expect(ask(64)).toEqual([12, 8, 6, 4])
  expect(ask(96)).toEqual([8, 5, 4, 2])
  expect(ask(512)).toEqual([])
  expect(ask(32, 0, '', 4)).toEqual([6, 4, 3, 2])
  expect(ask(16, 0, '', 8)).toEqual([])
  expect(ask(128, 30_000)).toEqual([5, 4, 3, 2])
  expect(ask(128, 70_000)).toEqual([2])
  expect(ask(128, 100_000)).toEqual([])
  expect(ask(128, 0, ' '.repeat(600_000))).toEqual([])
})
