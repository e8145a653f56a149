/**
 * What a launch costs beside its work: enqueued, replayed, on one thread and on two; and what waking threads costs.
 * Run: npm run -s program -- packages/kernels-cpu/bench/launch.ts
 */
import type { Binding, Launch } from '@equivar/core'
import * as kernels from '@equivar/core/kernels'
import { type CpuDevice, createCpu } from '../src/index.ts'

/** `y[p] += 1`, and nothing else. */
function touch(): kernels.Kernel {
  const b = new kernels.KernelBuilder('touch', { lanes: 4 })
  const y = b.buffer('y', 'f32', 'readWrite', { extent: b.gridExtent(0).times(4) })
  const base = b.programId().mul(4)
  y.storeLanes(base, y.loadLanes(base).add(1))
  return b.build()
}

function all(device: CpuDevice, byteLength: number): Binding {
  return { memory: device.allocate(byteLength), byteOffset: 0, byteLength }
}

/** Nanoseconds of the fastest of many turns of `run`, each of `times` launches, per launch. */
function best(times: number, run: () => void, turns = 400): number {
  let least = Infinity
  for (let turn = 0; turn < turns; turn++) {
    const start = performance.now()
    run()
    least = Math.min(least, performance.now() - start)
  }
  return (least / times) * 1e6
}

function line(what: string, nanoseconds: number): void {
  console.log(`${what.padEnd(64)} ${nanoseconds.toFixed(0).padStart(8)} ns`)
}

for (const threads of [1, 2]) {
  const device = createCpu({ threads }).openSync()
  await device.startThreads()
  console.log(device.description)
  const executable = device.compile(touch())
  const buffer = all(device, 4 * 4 * 1024)
  const launch = (programs: number, work: number): Launch => ({ executable, grid: [programs], parameters: [], buffers: [buffer], work })

  const empty = launch(1, 1)
  line('one program, enqueued', best(100, () => {
    for (let k = 0; k < 100; k++) device.enqueue(empty)
  }))
  line('memory taken and released', best(100, () => {
    for (let k = 0; k < 100; k++) device.allocate(100 * k).release()
  }))
  for (const [what, one] of [['one program', empty], ['16 programs said to be work for threads', launch(16, 1e6)]] as const) {
    const recording = device.record(Array.from({ length: 100 }, () => one))
    line(`${what}, replayed 100 times in one recording`, best(100, () => recording.replay()))
    recording.dispose()
  }
  const large = launch(16, 1e6)
  const times: number[] = []
  for (let turn = 0; turn < 101; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 3))
    const start = performance.now()
    device.enqueue(large)
    times.push(performance.now() - start)
  }
  const median = times.toSorted((a, b) => a - b)[50] ?? Number.NaN
  line('16 programs said to be work for threads, after a pause, median', median * 1e6)
  device.close()
}
