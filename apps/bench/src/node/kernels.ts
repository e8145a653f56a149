import { kernelCases } from '../kernels/catalog.ts'
import { timeKernels } from '../kernels/time-kernels.ts'
import { openBackend } from '../measure/run-case.ts'
import type { KernelRow, ResultRecord, Row } from '../results/record.ts'
import { tableHead, tableLines } from '../results/text.ts'
import { registerBackends } from './backends.ts'
import { writeResults } from './files.ts'
import { machineOf } from './machine.ts'

export interface KernelOptionTexts {
  readonly backend: string
  readonly cases?: readonly string[]
  readonly passes?: readonly string[]
  readonly samples: number
  readonly threads: number
  readonly ceilings: boolean
  readonly out?: string
}

/** Bytes of the largest copy: more than any cache holds. */
const largestCopy = 2 ** 30

/** Times the kernels of operations, and writes down what there is after every case. */
export async function runKernels({ backend: name, cases, passes, samples, threads, ceilings: measuresCeilings, out }: KernelOptionTexts): Promise<void> {
  await registerBackends([name], threads)
  const opened = await openBackend(name, measuresCeilings ? { maxBytes: largestCopy } : null)
  const { backend: device, ceilings } = opened
  if (!device) throw new Error(`backend ${name} runs no kernels`)
  console.log(device.description)
  const rows: Row[] = []
  const record = (): ResultRecord => ({
    version: 2,
    date: new Date().toISOString().slice(0, 10),
    machine: machineOf(threads, [opened]),
    versions: { node: process.version },
    ceilings: ceilings ? [ceilings] : [],
    rows,
    refused: [],
    geometricMean: null,
  })
  for (const line of tableHead) console.log(line)
  for (const own of cases ?? Object.keys(kernelCases)) {
    const found = await timeKernels(own, device, { samples, ceilings, passes })
    rows.push(...found)
    for (const row of found) console.log([...tableLines([row]), ...(row.kernels ?? []).map(kernelText)].join('\n'))
    if (out !== undefined) writeResults(out, record())
  }
}

function kernelText({ name, lanes, grid, ms, flops, bytes, resources }: KernelRow): string {
  const rates = `${ms.toPrecision(3)} ms ${(bytes / ms / 1e6).toFixed(0)} GB/s ${(flops / ms / 1e9).toFixed(2)} TFLOP/s`
  if (!resources) return `    ${name} ${lanes} ${grid.join('×')} ${rates}`
  const { registers, spilledBytes, sharedBytes, threadsPerBlock, blocksPerMultiprocessor } = resources
  const blocks = `${blocksPerMultiprocessor} blocks of ${threadsPerBlock}`
  return `    ${name} ${lanes} ${grid.join('×')} ${rates}; ${registers} registers, ${spilledBytes} B spilled, ${sharedBytes} B shared, ${blocks}`
}
