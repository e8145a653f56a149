/// <reference types="@webgpu/types" />
import { DeviceError } from '@equivar/core'

/** Name of the device, in messages too. */
export const deviceName = 'webgpu'

/** Flags of WebGPU's specification, where no global object has them: in Node there is none. */
export const bufferUsage = { mapRead: 0x1, copySource: 0x4, copyTarget: 0x8, uniform: 0x40, storage: 0x80, queryResolve: 0x200 } as const
export const mapModeRead = 0x1
export const computeStage = 0x4

export function refusal(reason: string, cause?: unknown): DeviceError {
  return new DeviceError(`device '${deviceName}': ${reason}`, { cause })
}

/** Text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
