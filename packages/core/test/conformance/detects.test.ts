import { describe, expect, test } from 'vitest'
import { type Backend, type BackendDevice, DeviceError, InterpreterDevice, type Launch } from '../../src/index.ts'
import * as lowering from '../../src/lowering/index.ts'
import { disagreement, disagreementOfSums } from '../../src/conformance/compare.ts'
import { type ConformanceCase, type ConformanceOptions, type Lower, runConformance } from '../../src/conformance/index.ts'

type Faults = Partial<BackendDevice>

/** An interpreter of which some methods are wrong. */
function faulty(faults: (device: InterpreterDevice) => Faults): Backend {
  const openSync = () => {
    const device = new InterpreterDevice({ findsRaces: false })
    const wrong: Readonly<Record<PropertyKey, unknown>> = { ...faults(device) }
    return new Proxy<BackendDevice>(device, {
      get: (target, name) => {
        if (name in wrong) return wrong[name]
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
  }
  return { kind: 'cpu', available: () => Promise.resolve({ isAvailable: true, devices: ['faulty'] }), open: (index = 0) => (index === 0 ? Promise.resolve(openSync()) : Promise.reject(new DeviceError('no'))) }
}

async function failuresOf(backend: Backend, category: ConformanceCase['category'], options: Partial<ConformanceOptions> = {}): Promise<string[]> {
  const { failures } = await runConformance(backend, { tier: 'ci', seed: 1, filter: (own) => own.category === category, ...options })
  return failures.map(({ name, message }) => `${name}: ${message}`)
}

describe('broken rules are found', () => {
  test.each<[string, (device: InterpreterDevice) => Faults, RegExp]>([
    ['a read that waits sees what is written later', (device) => ({ read: (source) => Promise.resolve().then(() => device.read(source)) }), /in the order of the calls/],
    ['launches run twice', (device) => ({ enqueue: (launch) => [launch, launch].forEach((one) => device.enqueue(one)) }), /in the order of the calls/],
    ['empty grids run', (device) => ({ enqueue: (launch) => device.enqueue({ ...launch, grid: launch.grid.map((extent) => extent || 1) }) }), /an empty grid runs nothing/],
    ['some programs are left out', (device) => ({ enqueue: (launch) => device.enqueue({ ...launch, grid: launch.grid.map((extent) => Math.min(extent, 900)) }) }), /more programs than threads/],
    ['a replay does less', (device) => ({ record: (launches) => device.record(launches.slice(0, 1)) }), /a replay does what its launches did/],
    [
      'a recording refers to what it was made from',
      (device) => ({
        record: (launches) => {
          const own = device.record(launches)
          return { replay: () => launches.forEach((launch) => device.enqueue(launch)), dispose: () => own.dispose() }
        },
      }),
      /does not change with what it was made from[^]*a recording keeps its memory/,
    ],
    ['data is taken later', (device) => ({ write: (target, data) => void Promise.resolve().then(() => device.write(target, data)).catch(() => undefined) }), /what is written is read/],
    ['copies are made later', (device) => ({ copy: (target, source) => void Promise.resolve().then(() => device.copy(target, source)).catch(() => undefined) }), /copies happen in the order of the calls/],
    ['releases do nothing', (device) => ({ allocate: (byteLength) => Object.assign(device.allocate(byteLength), { release: () => undefined }) }), /memory is counted/],
    ['kernels are compiled again', (device) => ({ statistics: () => ({ ...device.statistics(), compiledKernels: Math.random() }) }), /equal kernels are compiled once/],
    ['nothing is checked', (device) => ({ enqueue: (launch: Launch) => { try { device.enqueue(launch) } catch { /* Said nothing. */ } } }), /launches that do not fit are refused/],
    ['errors are of another kind', (device) => ({ write: (target, data) => { try { device.write(target, data) } catch (error) { throw new Error('no', { cause: error }) } } }), /should throw a DeviceError/],
    ['close does nothing', () => ({ close: () => undefined }), /a closed device throws one error/],
  ])('%s', async (_, faults, message) => {
    const failures = await failuresOf(faulty(faults), 'contract')
    expect(failures.join('\n')).toMatch(message)
  })

  test('of a lost device, and of memory that ends', async () => {
    const backend = faulty(() => ({}))
    const failures = await failuresOf(backend, 'contract', { hooks: { lose: () => undefined, littleMemory: backend } })
    expect(failures.map((text) => text.replace(/:.*/, ''))).toEqual(['contract/a lost device throws one error', 'contract/memory that is not there is refused, and nothing else changes'])
    expect(await failuresOf(backend, 'contract')).toEqual([])
  })
})

test('wrong kernels are found', async () => {
  const failures = await failuresOf(
    faulty((device) => ({
      enqueue: (launch) => {
        device.enqueue(launch)
        // The first byte of what was written last flips.
        const target = launch.buffers.at(-1)
        const bytes = target && target.byteLength > 0 ? device.view(target) : undefined
        if (bytes) bytes[3] = (bytes[3] ?? 0) ^ 0x40
      },
    })),
    'kernel',
  )
  // One writes nothing, and a few write what still is no number afterwards.
  expect(failures.length).toBeGreaterThanOrEqual(230)
})

describe('wrong lowering is found', () => {
  const isSmall = (own: ConformanceCase) =>
    own.category === 'polynomial' && own.rows !== 'huge' && own.multiplicity === 1 && own.batchSize > 0 && own.batchSize < 10 && own.method === 'auto'
  const good = (): Backend => faulty(() => ({}))
  const altered =
    (alter: (plan: lowering.Plan) => lowering.Plan): Lower =>
    (...request) => {
      const lowered = lowering.lowerPolynomial(...request)
      return { ...lowered, plan: (sizes) => alter(lowered.plan(sizes)) }
    }
  const cases: [string, Lower, RegExp][] = [
    ['a coefficient', (request, ...rest) => lowering.lowerPolynomial({ ...request, polynomial: request.polynomial.scale(1 + 1e-4) }, ...rest), /the error is .* of the largest element/],
    ['a launch that is missing', altered(({ temporaries, launches }) => ({ temporaries, launches: launches.slice(1) })), /is NaN instead of/],
    ['another method', (request, target) => ({ ...lowering.lowerPolynomial(request, target, 'auto'), method: 'naive' }), /^$/],
  ]
  test.each(cases.slice(0, 2))('%s', async (_, lower, message) => {
    const results = await runConformance(good(), { tier: 'ci', seed: 1, filter: isSmall, lower })
    expect(results.failed).toBeGreaterThan(0.6 * results.passed)
    expect(results.failures.some(({ message: own }) => message.test(own))).toBe(true)
    expect((await runConformance(good(), { tier: 'ci', seed: 1, filter: isSmall })).failures).toEqual([])
  })

  test('an element that is small beside the others', async () => {
    const isF32 = (own: ConformanceCase) => own.category === 'polynomial' && own.multiplicity < 10 && own.batchSize < 10 && own.rows !== 'huge' && own.numbers === 'f32'
    const careless = faulty((device) => ({
      read: async (source) => {
        const bytes = await device.read(source)
        const elements = new Float32Array(bytes)
        const smallest = elements.reduce((best, value, k) => (value !== 0 && Math.abs(value) < Math.abs(elements[best] ?? Infinity) ? k : best), -1)
        elements[smallest] = (elements[smallest] ?? 0) * (1 + 1e-4)
        return bytes
      },
    }))
    const { failures } = await runConformance(careless, { tier: 'ci', seed: 1, filter: isF32 })
    expect(failures.filter(({ message }) => message.includes('a sum of terms that amount to')).length).toBeGreaterThan(3)
    expect((await runConformance(good(), { tier: 'ci', seed: 1, filter: isF32 })).failures).toEqual([])
  })

  test('memory that is written outside of outputs', async () => {
    const careless = faulty((device) => ({
      enqueue: (launch) => {
        device.enqueue(launch)
        const out = launch.buffers.find((_, k) => launch.executable.kernel.buffers[k]?.access !== 'read')
        if (!out) return
        const whole = device.view({ memory: out.memory, byteOffset: 0, byteLength: out.memory.byteLength })
        if (out.byteOffset > 0) whole[out.byteOffset + out.byteLength] = 1
      },
    }))
    const results = await runConformance(careless, { tier: 'ci', seed: 1, filter: isSmall })
    expect(results.failures[0]?.message).toMatch(/byte 0 behind output 0 was written/)
  })
})

test('what a runner may be asked for', async () => {
  const device = new InterpreterDevice({ findsRaces: false })
  const options = { tier: 'ci', seed: 1, filter: (own: ConformanceCase) => own.category !== 'polynomial' } as const
  const all = await runConformance(device, options)
  expect(all.failures).toEqual([])
  expect(all.skips['a device was given, and no backend to open another']).toBeGreaterThan(4)
  expect(device.lost).toBeNull()
  expect(JSON.parse(JSON.stringify(all))).toEqual(all)
  const names: string[] = []
  for (const index of [0, 1, 2]) await runConformance(device, { ...options, shard: { index, count: 3 }, report: ({ name }) => names.push(name) })
  expect(new Set(names).size).toBe(all.passed + all.skipped)
  for (const shard of [{ index: 3, count: 3 }, { index: -1, count: 3 }, { index: 0, count: 0.5 }]) await expect(runConformance(device, { ...options, shard })).rejects.toThrow(/does not exist/)
  const noDoubles = await runConformance(new InterpreterDevice({ capabilities: { floats: ['f32'] } }), { ...options, filter: (own) => own.category === 'kernel' && own.name.startsWith('kernel/sqrt') })
  expect(noDoubles).toMatchObject({ passed: 1, skipped: 1, failed: 0, skips: { 'no float64': 1 } })
})

test('a sum is held against its terms, element by element', () => {
  expect(disagreementOfSums('x', [1, 0.02], { data: [1, 0.01], magnitudes: [1, 1000] }, 1e-5)).toBeNull()
  expect(disagreementOfSums('x', [1, 0.021], { data: [1, 0.01], magnitudes: [1, 1000] }, 1e-5)).toBe('x: element 1 is 0.021 instead of 0.01, a sum of terms that amount to 1000; 0.00001 of that is allowed')
  expect(disagreementOfSums('x', [1, 1e-9], { data: [1, 0], magnitudes: [1, 0] }, 1e-5)).toMatch(/element 1 is 1e-9 instead of 0/)
  expect(disagreementOfSums('x', [NaN], { data: [1], magnitudes: [1] }, 1e9)).toMatch(/element 0 is NaN instead of 1/)
})

test('a comparison says how far, where, and both values', () => {
  expect(disagreement('x', [1, 2, 3], [1, 2, 4], 0.25)).toBeNull()
  expect(disagreement('x', [1, 2, 3], [1, 2, 4], 0.2)).toBe('x: element 2 is 3 instead of 4; the error is 2.50e-1 of the largest element, 4, and 0.2 is allowed')
  expect(disagreement('x', [NaN, 1], [NaN, 1], 0)).toBeNull()
  expect(disagreement('x', [1, NaN], [1, 1], 1e9)).toMatch(/element 1 is NaN instead of 1; the error is Infinity/)
  expect(disagreement('x', [1], [1, 1], 1e9)).toBe('x has 1 elements instead of 2')
  expect(disagreement('x', [1e-9], [0], 1e-5)).toMatch(/element 0 is 1e-9 instead of 0/)
})
