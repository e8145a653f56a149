/** What `process.test.ts` bundles and runs: threads that come up, work, and do not keep the process alive. */
import * as kernels from '@equivar/core/kernels'
import { createCpu } from '@equivar/kernels-cpu'

const b = new kernels.KernelBuilder('count', { lanes: 1 })
const y = b.buffer('y', 'i32', 'readWrite', { extent: b.gridExtent(0) })
const program = b.programId()
y.store(program, y.load(program).add(1))

const device = createCpu({ threads: 3 }).openSync()
const numThreads = await device.startThreads(20_000)
const binding = { memory: device.allocate(4000), byteOffset: 0, byteLength: 4000 }
device.write(binding, new Int32Array(1000))
const launch = { executable: device.compile(b.build()), grid: [1000], parameters: [], buffers: [binding], work: 1e9 }
for (let k = 0; k < 100; k++) device.enqueue(launch)
const counts = new Int32Array(await device.read(binding))
console.log(JSON.stringify({ numThreads, isRight: counts.every((count) => count === 100) }))
