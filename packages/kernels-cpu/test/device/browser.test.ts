import { resolveObjectURL } from 'node:buffer'
import { Worker as NodeWorker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { createCpu } from '../../src/index.ts'
import { convolutionLaunch } from './launches.ts'

vi.mock('#platform', () => import('../../src/device/platform.ts'))

let policy: 'allows' | 'forbids' | 'throws' = 'allows'
const workers: NodeWorker[] = []

/** As much of a browser's worker as is used, on a thread of Node. */
class PageWorker {
  onerror: ((event: { preventDefault: () => void; message?: string }) => void) | null = null
  readonly #inner: Promise<NodeWorker>

  constructor(url: string) {
    if (policy === 'throws') throw new Error('workers are not allowed here')
    const isForbidden = policy === 'forbids'
    this.#inner = (async () => {
      const text = (await resolveObjectURL(url)?.text()) ?? ''
      const page = `const { parentPort } = require('node:worker_threads'); var onmessage; const close = () => process.exit(); parentPort.on('message', (data) => onmessage({ data }));`
      const inner = new NodeWorker(isForbidden ? '' : `${page} ${text}`, { eval: true })
      inner.on('error', ({ message }) => this.onerror?.({ preventDefault: () => undefined, message }))
      if (isForbidden) this.onerror?.({ preventDefault: () => undefined })
      workers.push(inner)
      return inner
    })()
  }

  postMessage(data: unknown): void {
    void this.#inner.then((inner) => inner.postMessage(data))
  }

  terminate(): void {
    void this.#inner.then((inner) => inner.terminate())
  }
}

beforeAll(() => vi.stubGlobal('Worker', PageWorker))
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.terminate()))
  vi.unstubAllGlobals()
})

const single = createCpu({ threads: 1 }).openSync()
const expected = convolutionLaunch(single)
single.enqueue(expected.launch)

it('threads of a page work like those of Node', async () => {
  const device = createCpu({ threads: 3 }).openSync()
  expect(await device.startThreads(20_000)).toBe(3)
  const { launch, result } = convolutionLaunch(device)
  for (let k = 0; k < 20; k++) device.enqueue(launch)
  expect(new Uint32Array(await device.read(result))).toEqual(new Uint32Array(await single.read(expected.result)))
  device.close()
})

it.each(['forbids', 'throws'] as const)('a page that refuses workers (%s) gets one thread, and is told why', async (how) => {
  policy = how
  const device = createCpu({ threads: 2 }).openSync()
  expect(await device.startThreads(5000)).toBe(1)
  expect(device.description).toMatch(how === 'throws' ? /on 1 of 2 threads \(workers are not allowed here\)/ : /on 1 of 2 threads \(the page refuses workers made of text; allow worker-src blob:/)
  const { launch, result } = convolutionLaunch(device)
  device.enqueue(launch)
  expect(new Uint32Array(await device.read(result))).toEqual(new Uint32Array(await single.read(expected.result)))
  device.close()
})
