import { device as openDevice, DeviceError, type BackendDevice } from '@equivar/core'
import { defaultDevice, setDefaultDevice, type MethodChoice } from '@equivar/engine'
import { caseNamed } from '../cases/catalog.ts'
import type { CaseInput } from '../cases/case.ts'
import { MissingAssetError } from '../cases/seeded.ts'
import type { Refusal, Row } from '../results/record.ts'
import { measureCeilings, type CeilingOptions, type Ceilings } from './ceilings.ts'
import { compareCase, type CompareOptions } from './compare-case.ts'
import type { Opponent } from './opponent.ts'

/** Where rows are measured: an open device, or plain TypeScript. */
export interface BenchBackend {
  /** `cpu`, `webgpu`, `cuda:0`, `naive`. */
  readonly name: string
  readonly device: string
  readonly method: MethodChoice
  readonly backend: BackendDevice | null
  readonly ceilings: Ceilings | null
}

/**
 * Opens a backend by name, and measures its ceilings where it runs kernels.
 *
 * @throws {DeviceError} if it cannot be had, with the reason.
 */
export async function openBackend(name: string, ceilings: CeilingOptions | null = {}): Promise<BenchBackend> {
  if (name === 'naive') return { name, device: 'cpu', method: 'naive', backend: null, ceilings: null }
  const { name: opened, backend } = await openDevice(name)
  if (!backend) throw new DeviceError(`device '${name}' has no kernels here; install @equivar/kernels-cpu, or measure 'naive'`)
  return { name: opened, device: opened, method: 'auto', backend, ceilings: ceilings ? await measureCeilings(backend, ceilings) : null }
}

export interface RunOptions extends Pick<CompareOptions, 'samples' | 'ownOnly'> {
  readonly threads: number
  /** 1500 ms unless told. */
  readonly warmUp?: number
  /** Only these passes. */
  readonly passes?: readonly string[] | undefined
}

/** Rows of a case on every backend. What a device has no room or no types for is a refusal; everything else that fails throws. */
export async function runCase(
  input: CaseInput,
  backends: readonly BenchBackend[],
  opponents: readonly Opponent[],
  { samples, ownOnly, threads, warmUp = 1500, passes }: RunOptions,
): Promise<{ readonly rows: readonly Row[]; readonly refused: readonly Refusal[] }> {
  const { section, make, alone } = caseNamed(input.name)
  const rows: Row[] = []
  const refused: Refusal[] = []
  const reference: CompareOptions['reference'] = new Map()
  const before = defaultDevice()
  for (const { name, device, method, backend, ceilings } of backends) {
    try {
      // Throws where a case before lost the device.
      setDefaultDevice(device)
      const own = await make(input, { device, method })
      try {
        const chosen = passes ? Object.fromEntries(Object.entries(own.passes).filter(([pass]) => passes.includes(pass))) : own.passes
        const atoms = input.structures.reduce((sum, { numAtoms }) => sum + numAtoms, 0) || null
        const identity = { section, case: input.name, backend: name, dtype: input.dtype, threads: device === 'cpu' ? threads : 1, atoms }
        const synchronize = backend && device !== 'cpu' ? () => backend.synchronize() : null
        const options = { samples, ownOnly, warmUp, alone, synchronize, ceilings, reference }
        rows.push(...(await compareCase(identity, { ...own, passes: chosen }, opponents, options)))
      } finally {
        own.dispose()
      }
    } catch (error) {
      if (!(error instanceof DeviceError) && !(error instanceof MissingAssetError)) throw error
      refused.push({ case: input.name, backend: name, dtype: input.dtype, reason: error.message })
    } finally {
      setDefaultDevice(before)
    }
  }
  return { rows, refused }
}
