import type { BufferId, BufferLaunch, DevicePlan, HostCheck } from './device-plan.ts'

/** Buffers that launches make from constants alone, and that are not handed out: they are made once. */
export function constantBuffers({ buffers, work }: DevicePlan, outputs: readonly BufferId[]): ReadonlySet<BufferId> {
  const isFixed = (buffer: BufferId): boolean => {
    const kind = buffers[buffer]?.kind
    return kind?.kind === 'constant' || kind?.kind === 'table' || (kind?.kind === 'order' && buffers[kind.of]?.kind.kind === 'constant')
  }
  const constant = new Set<BufferId>()
  for (const id of buffers.keys()) if (isFixed(id)) constant.add(id)
  const varying = new Set(outputs)
  // What a varying launch writes is varying, also where a constant one writes to it first.
  for (let before = -1; before !== varying.size; ) {
    before = varying.size
    const made = new Set<BufferId>()
    for (const item of work) {
      if (item.kind !== 'launch') continue
      const written = writtenBy(item)
      const isMade =
        readBy(item).every((buffer) => isFixed(buffer) || (made.has(buffer) && !varying.has(buffer))) && !written.some((buffer) => varying.has(buffer))
      for (const buffer of written) {
        if (isMade) made.add(buffer)
        else varying.add(buffer)
      }
    }
    if (before === varying.size) for (const buffer of made) if (!varying.has(buffer)) constant.add(buffer)
  }
  return constant
}

/** Whether a launch needs to run once only. */
export function isConstant(launch: BufferLaunch, constant: ReadonlySet<BufferId>): boolean {
  return launch.buffers.every((buffer) => constant.has(buffer))
}

function readBy({ launch, buffers }: BufferLaunch): readonly BufferId[] {
  return buffers.filter((_, k) => launch.kernel.buffers[k]?.access !== 'write')
}

function writtenBy({ launch, buffers }: BufferLaunch): readonly BufferId[] {
  return buffers.filter((_, k) => launch.kernel.buffers[k]?.access !== 'read')
}

/** Buffers that must have a place while something runs. */
export function touchedBy(item: BufferLaunch | HostCheck): readonly BufferId[] {
  return item.kind === 'launch' ? item.buffers : [item.buffer]
}
