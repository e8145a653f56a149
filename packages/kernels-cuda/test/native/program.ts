// What runs in processes of its own: `node program.mjs MODE ADDON STUB`, bundled by process.test.ts.
import { InputError } from '@equivar/core'
import { createRequire } from 'node:module'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { Driver } from '../../src/native/driver.ts'
import { DriverError } from '../../src/native/driver-error.ts'
import { bindAddon, type Addon } from '../../src/native/addon.ts'
import type { Stub } from './built.ts'
import { text, useEverything } from './everything.ts'
import { failEverywhere } from './failures.ts'
import { callAtRandom } from './random-calls.ts'

const [mode = '', addonPath = '', stubPath = ''] = isMainThread ? process.argv.slice(2) : (workerData as readonly string[])
const require = createRequire(import.meta.url)
const { driver } = bindAddon(require(addonPath) as Addon, addonPath, stubPath)
const stub = require(stubPath) as Stub

/** Leaves a device with work of all kinds that does not end; `pending` waits for it. */
async function beBusy(): Promise<{ readonly pending: Promise<unknown> }> {
  const device = await driver.open(0)
  const [stream, other] = [driver.createStream(device), driver.createStream(device)]
  const address = driver.allocate(stream, 50_000_000)
  const f = driver.getFunction(driver.loadModule(device, driver.compile(device, text).image), 'increment')
  stub.hold()
  driver.write(stream, address, new Uint8Array(50_000_000))
  driver.launch(stream, f, 1, 1, 1, 1, 0, new ArrayBuffer(8), 0, 0)
  driver.usedBy(address, other)
  driver.fill(other, address, 100, 0, 1)
  const pending = [driver.read(stream, address, 50_000_000), driver.synchronize(other)]
  driver.release(address)
  driver.beginCapture(other)
  driver.fill(other, driver.allocate(other, 8), 8, 0, 1)
  void driver.compileAsync(device, text)
  return { pending: Promise.all(pending) }
}

/** Threads that end in all ways, with work under way; gives what is wrong. */
async function useWorkers(): Promise<readonly string[]> {
  const device = await driver.open(0)
  const start = (task: string) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: [task, addonPath, stubPath, String(device)] })
    const ended = new Promise<number>((resolve) => void worker.on('exit', resolve))
    const said = new Promise<unknown>((resolve) => void worker.on('message', resolve))
    return { worker, ended, said }
  }
  const mistakes: string[] = []
  const foreign = start('worker: foreign')
  mistakes.push(...((await foreign.said) as string[]))
  await foreign.ended
  for (const worker of ['worker: use', 'worker: use'].map(start)) {
    mistakes.push(...((await worker.said) as string[]))
    await worker.ended
  }
  const [terminated, exiting, throwing] = [start('worker: busy'), start('worker: busy and exit'), start('worker: busy and throw')]
  throwing.worker.on('error', () => undefined)
  await Promise.all([terminated.said, exiting.said, throwing.said])
  await Promise.all([terminated.worker.terminate(), exiting.ended, throwing.ended])
  stub.go()
  driver.close(device)
  // What threads left goes with the next that opens a device.
  for (let k = 0; k < 100 && Object.values(stub.live()).some((count) => count > 0); k++) driver.close(await driver.open(1))
  if (Object.values(stub.live()).some((count) => count > 0)) mistakes.push(`left alive: ${JSON.stringify(stub.live())}`)
  return [...mistakes, ...stub.takeViolations()]
}

async function runWorker(): Promise<void> {
  if (mode === 'worker: foreign') {
    const device = Number((workerData as readonly string[])[3])
    const refusals = [() => driver.createStream(device), () => driver.statistics(device)].map((call) => {
      try {
        call()
        return 'a handle of another thread was taken'
      } catch (error) {
        return error instanceof InputError ? '' : String(error)
      }
    })
    parentPort?.postMessage(refusals.filter(Boolean))
  } else if (mode === 'worker: use') {
    const failure = await useEverything(driver).then(() => [], (error: unknown) => [String(error)])
    parentPort?.postMessage(failure)
  } else {
    const { pending } = await beBusy()
    parentPort?.postMessage([])
    if (mode === 'worker: busy and exit') process.exit()
    if (mode === 'worker: busy and throw') throw new Error('in the middle of work')
    await pending
  }
}

const modes: Readonly<Record<string, () => Promise<unknown>>> = {
  calls: async () => {
    const outcomes: Readonly<Record<string, number>>[] = []
    for (const seed of [4, 5]) outcomes.push(await callAtRandom(driver, seed, 2000))
    return { outcomes, violations: stub.takeViolations() }
  },
  failures: () => failEverywhere(driver, stub, [1, 700]),
  workers: useWorkers,
  exit: async () => {
    await beBusy()
    process.exit(0)
  },
  throw: async () => {
    await beBusy()
    throw new Error('in the middle of work')
  },
  // A device that is open keeps nobody.
  idle: async () => {
    driver.createStream(await driver.open(0))
    return 'idle'
  },
  // A promise does.
  pending: async () => {
    const { pending } = await beBusy()
    setTimeout(() => {
      stub.go()
    }, 50).unref()
    await pending
    return 'done'
  },
}

/** Also errors and promises of a driver that nobody waits for must do no harm at the end. */
function leaveSomething(one: Driver): void {
  try {
    one.deviceCount()
  } catch (error) {
    if (!(error instanceof DriverError)) throw error
  }
}

leaveSomething(bindAddon(require(addonPath) as Addon, addonPath, '/nowhere').driver)
if (isMainThread) process.stdout.write(JSON.stringify(await modes[mode]?.()))
else await runWorker()
