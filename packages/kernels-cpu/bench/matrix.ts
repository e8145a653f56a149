import { type Binding, descriptors, Irreps, type Recording, type SegmentedPolynomial } from '@equivar/core'
import * as lowering from '@equivar/core/lowering'
import { createCpu, type CpuDevice } from '../src/index.ts'
import { numbers, orderOf, recordPlan, upload } from '../test/matrix/on-device.ts'

/**
 * Times of matrix products and linear layers on the processor: `node matrix.js [name …]`, with `THREADS=2`, `SECONDS=1` for each,
 * `PLAIN=1` without the multiply-add of relaxed SIMD. C and D are the layers of the issue, M the radial networks.
 */
const threads = Number(process.env.THREADS ?? 1)
const seconds = Number(process.env.SECONDS ?? 1)

interface Prepared {
  readonly recording: Recording
  readonly flops: number
}

const floats = (device: CpuDevice, length: number, seed: number): Binding => upload(device, Float32Array.from(numbers(length, seed)))

function matmul(m: number, n: number, k: number, request: Partial<lowering.MatmulRequest> = {}) {
  return (device: CpuDevice): Prepared => {
    const plan = lowering.lowerMatmul({ scalar: 'f32', ...request }, device.capabilities).plan({ m, n, k })
    const inputs = [floats(device, m * k, 1), floats(device, k * n, 2), floats(device, n, 3)]
    return { recording: recordPlan(device, plan, { inputs, outputs: [floats(device, m * n, 4)] }), flops: 2 * m * n * k }
  }
}

function layer(irreps: string, numSpecies: number | null, nodes: number, pass: 'forward' | 'backward') {
  return (device: CpuDevice): Prepared => {
    const own = new Irreps('O3', irreps)
    const { polynomial: forward } = descriptors.linear(own, own)
    const weights: lowering.RowAccess = numSpecies === null ? { kind: 'shared' } : { kind: 'indexed', index: 0 }
    const batched: lowering.RowAccess = { kind: 'batched' }
    const [backward] = forward.backward([true, true], [true])
    const [polynomial, inputs, outputs]: readonly [SegmentedPolynomial, readonly lowering.RowAccess[], readonly lowering.RowAccess[]] =
      pass === 'forward' ? [forward, [weights, batched], [batched]] : [backward, [weights, batched, batched], [weights, batched]]
    const rows = (access: lowering.RowAccess) => (access.kind === 'batched' ? nodes : (numSpecies ?? 1))
    const f32 = 'f32' as const
    const request = { polynomial, inputs, outputs, inputScalars: inputs.map(() => f32), outputScalars: outputs.map(() => f32), mathScalar: f32 }
    const lowered = lowering.lowerMatrix(request, device.capabilities)
    if (!lowered) throw new Error('a linear layer is a sum of products of matrices')
    const plan = lowered.plan({ batchSize: nodes, inputRows: inputs.map(rows), outputRows: outputs.map(rows) })
    const indices = Int32Array.from(numbers(nodes, 5), (x) => Math.floor(((x + 1) / 2) * (numSpecies ?? 1)))
    const order = orderOf(indices, numSpecies ?? 1)
    const sizes = (accesses: readonly lowering.RowAccess[], own: readonly { readonly size: number }[], seed: number) =>
      accesses.map((access, i) => floats(device, rows(access) * (own[i]?.size ?? 0), i + seed))
    const memory = {
      inputs: [...sizes(inputs, polynomial.inputs, 1), upload(device, indices)],
      outputs: sizes(outputs, polynomial.outputs, 10),
      orders: new Map([[0, { starts: upload(device, order.starts), entries: upload(device, order.entries) }]]),
    }
    return { recording: recordPlan(device, plan, memory), flops: plan.launches.reduce((total, launch) => total + launch.flops, 0) }
  }
}

const [wide, narrow] = ['128x0e+128x1o+128x2e+128x3o', '128x0e+128x1o']
const cases: Readonly<Record<string, (device: CpuDevice) => Prepared>> = {
  '4800x128x128': matmul(4800, 128, 128),
  '4800x128x128 bᵀ': matmul(4800, 128, 128, { transposeB: true }),
  '128x128x4800 aᵀ': matmul(128, 128, 4800, { transposeA: true }),
  'C5000 forward': layer(wide, null, 5000, 'forward'),
  'C5000 gradients': layer(wide, null, 5000, 'backward'),
  'D5000 forward': layer(narrow, 10, 5000, 'forward'),
  'D5000 gradients': layer(narrow, 10, 5000, 'backward'),
  'C21 forward': layer(wide, null, 21, 'forward'),
  'C21 gradients': layer(wide, null, 21, 'backward'),
  'D21 forward': layer(narrow, 10, 21, 'forward'),
  'D21 gradients': layer(narrow, 10, 21, 'backward'),
  'M 25000x8→64 silu': matmul(25_000, 64, 8, { activation: 'silu' }),
  'M 25000x64→64 silu': matmul(25_000, 64, 64, { activation: 'silu' }),
  'M 25000x64→1280': matmul(25_000, 1280, 64),
  'M 25000x1280→64, towards x': matmul(25_000, 64, 1280, { transposeB: true }),
  'M 64x1280 over 25000, towards w': matmul(64, 1280, 25_000, { transposeA: true }),
  'M 300x64→1280': matmul(300, 1280, 64),
}

const wanted = process.argv.slice(2)
for (const [name, make] of Object.entries(cases)) {
  if (wanted.length > 0 && !wanted.some((word) => name.startsWith(word))) continue
  const device = createCpu({ threads, ...(process.env.PLAIN === '1' ? { relaxedSimd: false } : {}) }).openSync()
  const { recording, flops } = make(device)
  const times: number[] = []
  for (const end = performance.now() + seconds * 1000; times.length < 10 || performance.now() < end; ) {
    const start = performance.now()
    recording.replay()
    times.push(performance.now() - start)
  }
  times.sort((a, b) => a - b)
  const [best, median] = [times[0] ?? 0, times[times.length >> 1] ?? 0]
  console.log(`${name.padEnd(32)} best ${best.toFixed(3).padStart(8)} ms  median ${median.toFixed(3).padStart(8)} ms  ${(flops / best / 1e6).toFixed(1).padStart(6)} GFLOP/s`)
  device.close()
}
