import type { BackendDevice } from '@equivar/core'

/** Milliseconds of what is enqueued: by the device's own clock where it has one, otherwise by that of the host, with the way there and back. */
export async function deviceTime(device: BackendDevice, run: () => void): Promise<number> {
  if (device.measure) return device.measure(run)
  return callTime(device, run)
}

/** Milliseconds until the host knows that what is enqueued is done. */
export async function callTime(device: BackendDevice, run: () => void): Promise<number> {
  const began = performance.now()
  run()
  await device.synchronize()
  return performance.now() - began
}
