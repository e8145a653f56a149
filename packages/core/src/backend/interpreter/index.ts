import { DeviceError } from '../../errors.ts'
import type { Backend } from '../contract.ts'
import { InterpreterDevice, type InterpreterOptions } from './device.ts'

export { InterpreterDevice, type InterpreterOptions }

/** A backend of interpreters. */
export interface InterpreterBackend extends Backend {
  open(index?: number): Promise<InterpreterDevice>
  readonly openSync: (index?: number) => InterpreterDevice
}

/** A backend whose devices interpret kernels on the host; see {@link InterpreterDevice}. */
export function interpreterBackend(options: InterpreterOptions = {}): InterpreterBackend {
  const openSync = (index = 0): InterpreterDevice => {
    if (index !== 0) throw new DeviceError(`device 'interpreter:${index}': there is one interpreter; open number 0`)
    return new InterpreterDevice(options)
  }
  return {
    kind: 'cpu',
    available: () => Promise.resolve({ isAvailable: true, devices: ['interpreter of kernels'] }),
    open: (index) => new Promise((resolve) => resolve(openSync(index))),
    openSync,
  }
}

/** {@link interpreterBackend} as it is: every check on. */
export const interpreter: InterpreterBackend = /* @__PURE__ */ interpreterBackend()
