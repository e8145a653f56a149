import { DeviceError, type BackendDevice, type Binding } from '@equivar/core'
import type { DType } from '../array/dtype.ts'
import { wordBytes } from './words.ts'

/** Buffers are never empty: an array without elements has an address too. */
const smallest = 4

/**
 * Memory for `length` elements of a dtype, with undefined contents.
 *
 * @throws {DeviceError} if the device does not have the dtype, or not so much memory; nothing is kept then.
 */
export function allocateOn(backend: BackendDevice, dtype: DType, length: number): Binding {
  requireDtypeOn(backend, dtype)
  const { maxBufferBytes, maxBindingBytes = maxBufferBytes } = backend.capabilities
  const bytes = length * wordBytes[dtype]
  if (bytes > maxBindingBytes && bytes <= maxBufferBytes)
    throw new DeviceError(`${backend.name}: an array of ${length} ${dtype} elements takes ${bytes} bytes, a kernel reads at most ${maxBindingBytes} of a buffer; use smaller batches`)
  return allocateBytes(backend, bytes, () => `an array of ${length} ${dtype} elements`)
}

/** @throws {DeviceError} if the device does not have the dtype. */
export function requireDtypeOn({ name, capabilities }: BackendDevice, dtype: DType): void {
  if (dtype === 'float64' && !capabilities.floats.includes('f64'))
    throw new DeviceError(`${name}: this device has no float64; cast to float32 before, or use another device`)
}

/** Memory of a backend. @throws {DeviceError} if there is not so much; the message says what it was for. */
export function allocateBytes(backend: BackendDevice, byteLength: number, what: () => string): Binding {
  const { maxBufferBytes } = backend.capabilities
  if (!(byteLength <= maxBufferBytes))
    throw new DeviceError(`${backend.name}: ${what()} takes ${byteLength} bytes, a buffer holds at most ${maxBufferBytes}; use smaller batches`)
  return { memory: backend.allocate(Math.max(smallest, byteLength)), byteOffset: 0, byteLength }
}
