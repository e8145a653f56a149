import type { Driver } from '../../src/native/driver.ts'

/** The text of one kernel that the stub knows, which adds 1 to numbers. */
export const text = '.version 7.0\n.target sm_80\n.address_size 64\n.visible .entry increment (.param .u64 x, .param .u32 n) { ret; }\n'

/** The parameters of `increment`. */
export function incrementParameters(address: number, count: number): ArrayBuffer {
  const parameters = new ArrayBuffer(16)
  const view = new DataView(parameters)
  view.setBigUint64(0, BigInt(address), true)
  view.setUint32(8, count, true)
  return parameters
}

function require(condition: boolean, what: string): void {
  if (!condition) throw new Error(`wrong: ${what}`)
}

/** Uses every function of the driver once or more and checks what comes back; closes what it opened whatever happens. */
export async function useEverything(driver: Driver): Promise<void> {
  await driver.initialize()
  require(driver.driverVersion() === 12_080, 'version')
  require(driver.deviceCount() === 2, 'count')
  require(driver.properties(1).name === 'Stub 1', 'properties')
  const device = await driver.open(0)
  try {
    const peer = await driver.open(1)
    try {
      await useDevices(driver, device, peer)
    } finally {
      driver.close(peer)
    }
  } finally {
    driver.close(device)
  }
}

async function useDevices(driver: Driver, device: number, peer: number): Promise<void> {
  require(driver.lost(device) === null, 'works')
  const [stream, second, far] = [driver.createStream(device), driver.createStream(device), driver.createStream(peer)]
  const address = driver.allocate(stream, 400)
  driver.write(stream, address, new Uint32Array(100).fill(5))

  const compiled = await driver.compileAsync(device, text)
  require(driver.compile(device, text, { maxRegisters: 64, optimization: 3, lineInfo: true }).image.length === compiled.image.length, 'image')
  const fitting = driver.endCompile(driver.beginCompile(device, [text, text], 'increment'))
  require(fitting.index === 1 && fitting.image.length === compiled.image.length, 'fitting')
  const module = driver.loadModule(device, compiled.image)
  const f = driver.getFunction(module, 'increment')
  require(driver.functionAttributes(f).registers === 8, 'registers')
  driver.allowSharedBytes(f, 100_000)
  require(driver.blocksPerMultiprocessor(f, 256, 0) === 8, 'blocks')

  const [start, end] = [driver.createEvent(device, true), driver.createEvent(device, true)]
  const parameters = incrementParameters(address, 100)
  driver.recordEvent(stream, start)
  driver.launch(stream, f, 1, 1, 1, 128, 0, parameters, 0, 12)
  driver.recordEvent(stream, end)
  driver.waitEvent(second, end)
  driver.usedBy(address, second)

  driver.beginCapture(stream)
  driver.launch(stream, f, 2, 1, 1, 64, 0, parameters, 0, 12)
  const graph = driver.endCapture(stream)
  require(driver.numNodes(graph) === 1, 'nodes')
  const executable = driver.instantiate(graph)
  driver.launchGraph(stream, executable)
  require(driver.updateGraph(executable, graph), 'update')
  driver.launchGraph(stream, executable)
  const read = new Uint32Array(await driver.read(stream, address, 400))
  require(read.every((value) => value === 8), 'values')
  await driver.synchronize(second)
  require(driver.isDone(end), 'done')
  require(driver.elapsed(start, end) > 0, 'time')

  if (driver.canAccessPeer(device, peer)) driver.enablePeerAccess(device, peer)
  const there = driver.allocate(far, 400)
  driver.fill(far, there, 400, 1, 4)
  driver.fill(far, there, 2, 7, 1)
  driver.fill(far, there, 2, 7, 2)
  driver.copy(far, there + 200, there, 100)
  const filled = driver.createEvent(peer, false)
  driver.recordEvent(far, filled)
  driver.waitEvent(stream, filled)
  driver.copy(stream, address, there, 400)
  require(new Uint32Array(await driver.read(stream, address, 400))[0] === 7, 'copy from the peer')

  driver.release(address)
  driver.release(driver.allocate(stream, 3_000_000))
  require(driver.statistics(device).allocatedBytes === 0, 'nothing is allocated')
  driver.resetPeak(device)
  driver.trim(device)
  for (const event of [start, end]) driver.destroyEvent(event)
  driver.destroyExecutableGraph(executable)
  driver.destroyGraph(graph)
  driver.unloadModule(module)
  driver.destroyStream(second)
}
