import { DeviceError } from '@equivar/core'
import { requireDevice, type Device } from '../array/device.ts'
import { describe } from '../array/ndarray.ts'
import type { Value } from '../graph/value.ts'

/**
 * The device of all inputs of a primitive; without inputs the given one, or the default device.
 *
 * @throws {DeviceError} if the inputs are on several devices.
 */
export function commonDevice(what: string, inputs: readonly Value[], given?: Device): Device {
  const [first] = inputs
  if (!first) return requireDevice(what, given)
  for (const [i, other] of inputs.entries())
    if (other.device !== first.device)
      throw new DeviceError(
        `${what}: input 0, ${describe(first)}, is on device '${first.device}', input ${i}, ${describe(other)}, on '${other.device}'; move one of them with to()`,
      )
  return first.device
}
