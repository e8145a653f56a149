import type {
  Address, CompilationHandle, DeviceProperties, Driver, ExecutableGraphHandle, FunctionHandle, GraphHandle, ModuleHandle,
} from '../../src/native/driver.ts'
import { assemblePtx, type StartThread } from './assemble.ts'
import { MachineMemory } from './memory.ts'
import { parsePtx, type PtxEntry } from './parse.ts'
import { type Grid, runGrid } from './run-grid.ts'

const firstAddress = 4096

interface Loaded {
  readonly entry: PtxEntry
  readonly start: StartThread
}

interface Command extends Grid {
  readonly loaded: Loaded
}

/** A driver whose device is the machine of this folder: it runs the text itself, at once, and compiles nothing. */
export function machineDriver(memoryBytes = 2 ** 26): Driver {
  const global = new MachineMemory('device memory', new ArrayBuffer(memoryBytes), firstAddress)
  const modules = new Map<ModuleHandle, Loaded>()
  const compilations = new Map<CompilationHandle, string>()
  const graphs = new Map<GraphHandle, readonly Command[]>()
  const live = new Map<Address, number>()
  const pieces = new Map<number, Address[]>()
  let [end, handles, allocated, captured]: [number, number, number, Command[] | null] = [firstAddress, 0, 0, null]
  const next = () => ++handles
  const run = ({ loaded, ...grid }: Command) => {
    runGrid(loaded.entry, loaded.start, global, grid)
  }
  const missing = (): never => {
    throw new Error('the machine does not offer this')
  }
  return {
    initialize: async () => undefined,
    driverVersion: () => 13000,
    deviceCount: () => 1,
    properties: (): DeviceProperties => ({
      ...{ name: 'machine', uuid: 'GPU-0', busId: '0000:00:00.0', major: 8, minor: 0, totalBytes: memoryBytes, l2Bytes: 2 ** 20 },
      ...{ numMultiprocessors: 2, warpSize: 32, maxThreadsPerBlock: 1024, maxThreadsPerMultiprocessor: 2048, maxBlocksPerMultiprocessor: 32 },
      ...{ registersPerMultiprocessor: 65536, registersPerBlock: 65536, maxGrid: [2 ** 31 - 1, 65535, 65535] },
      ...{ sharedBytesPerBlock: 49152, maxSharedBytesPerBlock: 166912, sharedBytesPerMultiprocessor: 167936 },
      ...{ clockKilohertz: 1, memoryClockKilohertz: 1, memoryBusBits: 1 },
    }),
    open: async () => next(),
    close: () => undefined,
    lost: () => null,
    createStream: () => next(),
    destroyStream: () => undefined,
    synchronize: async () => undefined,
    allocate: (_, byteLength) => {
      const size = Math.ceil(byteLength / 512) * 512
      const address = pieces.get(size)?.pop() ?? end
      if (address === end) {
        if (end + size > memoryBytes) throw new Error(`out of memory: ${byteLength} bytes`)
        end += size
      }
      live.set(address, byteLength)
      allocated += byteLength
      new Uint8Array(global.buffer, address, size).fill(0xa5)
      return address
    },
    usedBy: () => undefined,
    release: (address) => {
      const byteLength = live.get(address)
      if (byteLength === undefined) throw new Error(`${address} was not given out`)
      live.delete(address)
      allocated -= byteLength
      const size = Math.ceil(byteLength / 512) * 512
      pieces.set(size, [...(pieces.get(size) ?? []), address])
    },
    statistics: () => ({
      ...{ allocatedBytes: allocated, liveAllocations: live.size, peakBytes: allocated, reservedBytes: end, pinnedBytes: 0 },
      ...{ freeBytes: memoryBytes - end, totalBytes: memoryBytes },
    }),
    resetPeak: () => undefined,
    trim: () => 0,
    write: (_, target, data) => {
      new Uint8Array(global.buffer, target, data.byteLength).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    },
    read: (_, source, byteLength) => Promise.resolve(global.buffer.slice(source, source + byteLength)),
    copy: (_, target, source, byteLength) => {
      new Uint8Array(global.buffer).copyWithin(target, source, source + byteLength)
    },
    fill: missing,
    compile: (_, text) => ({ image: new TextEncoder().encode(text), log: '' }),
    compileAsync: async (_, text) => ({ image: new TextEncoder().encode(text), log: '' }),
    beginCompile: (_, texts) => {
      const handle = next()
      compilations.set(handle, texts[0] ?? '')
      return handle
    },
    endCompile: (compilation) => ({ image: new TextEncoder().encode(compilations.get(compilation)), log: '', index: 0 }),
    loadModule: (_, image) => {
      const entry = parsePtx(new TextDecoder().decode(image))
      const handle = next() as ModuleHandle
      modules.set(handle, { entry, start: assemblePtx(entry) })
      return handle
    },
    unloadModule: (module) => void modules.delete(module),
    getFunction: (module) => module as FunctionHandle & ModuleHandle,
    functionAttributes: () => ({ registers: 0, localBytes: 0, sharedBytes: 0, constantBytes: 0, maxThreadsPerBlock: 1024, ptxVersion: 80, binaryVersion: 80 }),
    allowSharedBytes: () => undefined,
    blocksPerMultiprocessor: () => 1,
    launch: (_, f, gridX, _y, _z, threads, sharedBytes, parameters, byteOffset, byteLength) => {
      const loaded = modules.get(f as FunctionHandle & ModuleHandle)
      if (!loaded || loaded.entry.threads !== threads) throw new Error('a launch does not fit its function')
      const command = { loaded, blocks: gridX, sharedBytes, parameters: new DataView(parameters.slice(byteOffset, byteOffset + byteLength)) }
      if (captured) captured.push(command)
      else run(command)
    },
    createEvent: () => next(),
    destroyEvent: () => undefined,
    recordEvent: () => undefined,
    waitEvent: () => undefined,
    isDone: () => true,
    elapsed: () => 1,
    beginCapture: () => {
      captured = []
    },
    endCapture: () => {
      const handle = next() as GraphHandle
      graphs.set(handle, captured ?? [])
      captured = null
      return handle
    },
    numNodes: (graph) => graphs.get(graph)?.length ?? 0,
    instantiate: (graph) => {
      const handle = next()
      graphs.set(handle, graphs.get(graph) ?? [])
      return handle
    },
    updateGraph: () => false,
    launchGraph: (_, executable) => {
      graphs.get(executable as GraphHandle & ExecutableGraphHandle)?.forEach(run)
    },
    destroyGraph: () => undefined,
    destroyExecutableGraph: () => undefined,
    canAccessPeer: () => false,
    enablePeerAccess: missing,
  }
}
