import { DeviceError } from '@equivar/core'
import { remedyFor } from './remedies.ts'

/** The CUDA driver refused a call, or there is none. */
export class DriverError extends DeviceError {
  /** The function of the driver, for example `'cuMemAlloc'`. */
  readonly call: string
  /** The driver's number for what went wrong; 0 where there is no driver to give one. */
  readonly status: number
  /** The driver's name for it, for example `'CUDA_ERROR_OUT_OF_MEMORY'`. */
  readonly statusName: string

  /** @param detail what the driver or the addon adds, in words. */
  constructor(call: string, status: number, statusName: string, detail: string) {
    super(`${call}: ${statusName}${status === 0 ? '' : ` (${status})`}: ${detail}; ${remedyFor(statusName)}`)
    this.call = call
    this.status = status
    this.statusName = statusName
  }
}
