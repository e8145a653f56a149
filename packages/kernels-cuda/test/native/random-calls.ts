import type { Driver } from '../../src/native/driver.ts'
import { text } from './everything.ts'

/** What a function takes, and what it gives: kinds of values, one of which is kept for later calls. */
const signatures: { readonly [F in keyof Driver]: { readonly takes: readonly string[]; readonly gives?: string } } = {
  initialize: { takes: [] },
  driverVersion: { takes: [] },
  deviceCount: { takes: [] },
  properties: { takes: ['number'] },
  open: { takes: ['number'], gives: 'device' },
  close: { takes: ['device'] },
  lost: { takes: ['device'] },
  createStream: { takes: ['device'], gives: 'stream' },
  destroyStream: { takes: ['stream'] },
  synchronize: { takes: ['stream'] },
  allocate: { takes: ['stream', 'number'], gives: 'address' },
  usedBy: { takes: ['address', 'stream'] },
  release: { takes: ['address'] },
  statistics: { takes: ['device'] },
  resetPeak: { takes: ['device'] },
  trim: { takes: ['device'] },
  write: { takes: ['stream', 'address', 'view'] },
  read: { takes: ['stream', 'address', 'number'] },
  copy: { takes: ['stream', 'address', 'address', 'number'] },
  fill: { takes: ['stream', 'address', 'number', 'number', 'number'] },
  compile: { takes: ['device', 'text', 'options'], gives: 'image' },
  compileAsync: { takes: ['device', 'text', 'options'], gives: 'image' },
  beginCompile: { takes: ['device', 'texts', 'name'], gives: 'compilation' },
  endCompile: { takes: ['compilation'] },
  loadModule: { takes: ['device', 'image'], gives: 'module' },
  unloadModule: { takes: ['module'] },
  getFunction: { takes: ['module', 'name'], gives: 'function' },
  functionAttributes: { takes: ['function'] },
  allowSharedBytes: { takes: ['function', 'number'] },
  blocksPerMultiprocessor: { takes: ['function', 'number', 'number'] },
  launch: { takes: ['stream', 'function', 'number', 'number', 'number', 'number', 'number', 'buffer', 'zero', 'number'] },
  createEvent: { takes: ['device', 'boolean'], gives: 'event' },
  destroyEvent: { takes: ['event'] },
  recordEvent: { takes: ['stream', 'event'] },
  waitEvent: { takes: ['stream', 'event'] },
  isDone: { takes: ['event'] },
  elapsed: { takes: ['event', 'event'] },
  beginCapture: { takes: ['stream'] },
  endCapture: { takes: ['stream'], gives: 'graph' },
  numNodes: { takes: ['graph'] },
  instantiate: { takes: ['graph'], gives: 'executable' },
  updateGraph: { takes: ['executable', 'graph'] },
  launchGraph: { takes: ['stream', 'executable'] },
  destroyGraph: { takes: ['graph'] },
  destroyExecutableGraph: { takes: ['executable'] },
  canAccessPeer: { takes: ['device', 'device'] },
  enablePeerAccess: { takes: ['device', 'device'] },
}

const strange: readonly unknown[] = [
  undefined, null, true, -0, -1, 0.5, NaN, Infinity, -Infinity, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 53 - 1, 1e300, '', '\0', 12n, {}, [],
  Symbol('strange'), () => 0, new ArrayBuffer(0), new Uint8Array(3), new DataView(new ArrayBuffer(8), 1), new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0, 0]), { maxRegisters: -1 }, { lineInfo: 3 },
]

/** Numbers in [0, 1), the same ones for the same seed. */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/**
 * Calls functions of the driver in any order, mostly with arguments of the right kind: some that are alive, some that were, and some
 * that nobody would choose. Closes all devices in the end.
 *
 * @returns how many calls did something, and which errors came otherwise, by name.
 */
export async function callAtRandom(driver: Driver, seed: number, calls: number): Promise<Readonly<Record<string, number>>> {
  const random = generator(seed)
  const pick = <T>(values: readonly T[]): T | undefined => values[Math.floor(random() * values.length)]
  const names = Object.keys(signatures) as (keyof Driver)[]
  const opened: number[] = []
  const known: Record<string, unknown[]> = {
    number: [0, 1, 2, 4, 12, 64, 400, 5000, 3_000_000],
    zero: [0],
    boolean: [true, false],
    name: ['increment'],
    text: [text],
    texts: [[text], [text, text]],
    options: [undefined, {}, { maxRegisters: 32 }],
    buffer: [new ArrayBuffer(16)],
    view: [new Uint8Array(4), new Float64Array(50), new DataView(new ArrayBuffer(8), 1), new Uint16Array(200_000)],
    image: [new TextEncoder().encode(text)],
  }
  const outcomes: Record<string, number> = {}
  const count = (outcome: string) => (outcomes[outcome] = (outcomes[outcome] ?? 0) + 1)
  const fail = (error: unknown) => void count(error instanceof Error ? error.name : typeof error)
  const keep = (kind: string, value: unknown) => {
    if (kind === 'device') opened.push(value as number)
    const values = (known[kind] ??= [])
    values.push(kind === 'image' ? (value as { readonly image: unknown }).image : value)
    // Old ones stay among the new ones, so that much of what is used is gone.
    if (values.length > 12) values.splice(Math.floor(random() * 12), 1)
  }
  const pending: Promise<void>[] = []
  for (const ordinal of [0, 1]) keep('device', await driver.open(ordinal))
  for (let call = 0; call < calls; call++) {
    const name = pick(names) ?? 'initialize'
    // Else little would live long.
    if ((name === 'close' || name === 'destroyStream') && random() < 0.9) continue
    const { takes, gives } = signatures[name]
    const args = takes.map((kind) => (random() < 0.97 ? pick(known[kind] ?? []) : random() < 0.5 ? pick(Object.values(known).flat()) : pick(strange)))
    try {
      const result = (driver[name] as (...given: unknown[]) => unknown)(...args)
      count('done')
      if (result instanceof Promise) pending.push(result.then((value: unknown) => gives !== undefined && keep(gives, value), fail).then(() => undefined))
      else if (gives !== undefined) keep(gives, result)
    } catch (error) {
      fail(error)
    }
    // Promises of the driver are settled between the calls.
    if (call % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.all(pending)
  for (const device of opened) driver.close(device)
  return outcomes
}
