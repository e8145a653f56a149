// A stranger's project with the kernels for NVIDIA GPUs, on a machine that may have none.
import { device } from '@equivar/core'
import { doctor, type DoctorReport, DriverError } from '@equivar/kernels-cuda'

declare const process: { readonly platform: string; readonly arch: string }

const report: DoctorReport = await doctor()
if (report.addon === null && `${process.platform}-${process.arch}` === 'linux-x64') throw new Error(`installed packages: kernels-cuda has no addon: ${report.text}`)
const error = new DriverError('cuInit', 100, 'CUDA_ERROR_NO_DEVICE', 'no GPU')
const reason = await device('cuda').then(({ name }) => name, (refusal: unknown) => (refusal instanceof Error ? refusal.message : 'no reason'))
if (error.status !== 100 || !/cuda/.test(reason)) throw new Error(`installed packages: kernels-cuda loads, and says why it cannot serve: ${reason}`)
console.log(`${report.text}\n${reason}`)
