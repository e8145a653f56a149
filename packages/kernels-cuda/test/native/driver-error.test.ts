import { DeviceError } from '@equivar/core'
import { expect, it } from 'vitest'
import { DriverError } from '../../src/native/driver-error.ts'

it('names the call, the code and a remedy', () => {
  const error = new DriverError('cuMemAlloc', 2, 'CUDA_ERROR_OUT_OF_MEMORY', '8.0 GB are asked for')
  expect(error).toBeInstanceOf(DeviceError)
  expect(error).toMatchObject({ code: 'DeviceError', call: 'cuMemAlloc', status: 2, statusName: 'CUDA_ERROR_OUT_OF_MEMORY' })
  expect(error.message).toMatch(/^cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY \(2\): 8\.0 GB are asked for; use smaller batches/)
})

it('has a remedy where there is no driver, and for codes that it does not know', () => {
  expect(new DriverError('dlopen', 0, 'LIBRARY_NOT_FOUND', 'no such file').message).toMatch(/^dlopen: LIBRARY_NOT_FOUND: no such file; install a driver/)
  expect(new DriverError('cuNew', 4000, 'CUDA_ERROR_NEW', 'new').message).toMatch(/please report it$/)
})
