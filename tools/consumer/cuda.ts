// A stranger's project with the kernels for NVIDIA GPUs, on a machine that may have none.
import { device } from '@equivar/core'
import { DriverError } from '@equivar/kernels-cuda'

const error = new DriverError('cuInit', 100, 'CUDA_ERROR_NO_DEVICE', 'no GPU')
const reason = await device('cuda').then(({ name }) => name, (refusal: unknown) => (refusal instanceof Error ? refusal.message : 'no reason'))
if (error.status !== 100 || !/cuda/.test(reason)) throw new Error(`installed packages: kernels-cuda loads, and says why it cannot serve: ${reason}`)
console.log(reason)
