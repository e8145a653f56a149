import { loadAddon } from '#addon'
import type { LoadedAddon } from './addon.ts'
import type { DeviceProperties } from './driver.ts'

/** What there is of CUDA on this machine. */
export interface DoctorReport {
  /** The compiled part of this package; `null` if it cannot be loaded. */
  readonly addon: { readonly path: string; readonly version: string } | null
  /** The newest CUDA that the driver serves, for example `'12.8'`; `null` without a driver. */
  readonly driver: string | null
  readonly devices: readonly DeviceProperties[]
  /** What is missing, each with its remedy; empty where everything is fine. */
  readonly problems: readonly string[]
  /** All of it for people, in lines. */
  readonly text: string
}

/** Compute capability 8.0, the oldest for which kernels are written. */
const oldestCapability = 80
const oldestDriver = 12_000

/** Looks for the addon, the driver and the devices. Never throws, and opens no device. */
export async function doctor(load: () => LoadedAddon = loadAddon): Promise<DoctorReport> {
  const problems: string[] = []
  let addon: DoctorReport['addon'] = null
  let driver: string | null = null
  const devices: DeviceProperties[] = []
  try {
    const loaded = load()
    addon = { path: loaded.path, version: loaded.version }
    await loaded.driver.initialize()
    const version = loaded.driver.driverVersion()
    driver = `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`
    if (version < oldestDriver) problems.push(`the driver serves CUDA ${driver}, but 12.0 is needed: install a newer driver`)
    const count = loaded.driver.deviceCount()
    for (let ordinal = 0; ordinal < count; ordinal++) devices.push(loaded.driver.properties(ordinal))
    if (count === 0) problems.push('the driver sees no GPU: look at nvidia-smi and at CUDA_VISIBLE_DEVICES')
    for (const [ordinal, { name, major, minor }] of devices.entries())
      if (10 * major + minor < oldestCapability) problems.push(`device ${ordinal} (${name}) has compute capability ${major}.${minor}, but 8.0 is needed: use another device`)
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error))
  }
  const lines = [
    `addon    ${addon === null ? 'none' : `${addon.version}, ${addon.path}`}`,
    `driver   ${driver === null ? 'no CUDA driver' : `CUDA ${driver}`}`,
    ...devices.map((device, ordinal) => `cuda:${ordinal}   ${describeDevice(device)}`),
    ...problems.map((problem) => `problem  ${problem}`),
  ]
  return { addon, driver, devices, problems, text: lines.join('\n') }
}

function describeDevice({ name, major, minor, totalBytes, numMultiprocessors, uuid }: DeviceProperties): string {
  return `${name}, compute capability ${major}.${minor}, ${(totalBytes / 2 ** 30).toFixed(1)} GiB, ${numMultiprocessors} multiprocessors, ${uuid}`
}
