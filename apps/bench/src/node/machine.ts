import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os'
import type { BenchBackend } from '../measure/run-case.ts'
import type { Machine } from '../results/record.ts'

/** This machine, and what runs the kernels. */
export function machineOf(threads: number, backends: readonly BenchBackend[]): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    threads,
    device: backends.flatMap(({ backend }) => backend?.description ?? []).join('; ') || 'none',
    system: `${platform()} ${arch()} ${release()}`,
    memory: totalmem(),
  }
}
