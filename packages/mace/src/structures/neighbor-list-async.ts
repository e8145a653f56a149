import { InputError, registeredDevice, type BackendDevice } from '@equivar/core'
import { findNeighbors } from '@equivar/engine'
import { openRuntime, type RuntimeOptions } from '../runtime.ts'
import { latticeBasis } from './cell.ts'
import { pauseIfDue } from './cooperation.ts'
import { searchInTurns, type NeighborList, type NeighborListOptions } from './neighbor-list.ts'
import type { Structure } from './structure.ts'

/** Where it is searched: `device` and `method` as for a model; method `'naive'` is plain TypeScript. */
export interface NeighborListAsyncOptions extends NeighborListOptions, Omit<RuntimeOptions, 'precision'> {}

/** Atoms from which kernels take half the time or less; below, nobody need wait for them to be compiled. */
const kernelsFrom = 500

/**
 * The same as `neighborList`, edge by edge and error by error, while other work, an abort for example, may run in between.
 *
 * Structures of 500 atoms and more are searched by kernels: those of the device, or those of the processor if the device has no float64.
 * What kernels refuse is searched in TypeScript: mistakes, for the message; cells so thin that images of all atoms have more than 2³¹
 * numbers; lengths outside of 1e-12 … 1e12 Å; more than 4,096 atoms in so much empty space that bins would be larger than the cutoff.
 *
 * @throws as `neighborList` does. @throws {DeviceError} if the device cannot be had, or has no memory.
 */
export async function neighborListAsync(structure: Structure, cutoff: number, options: NeighborListAsyncOptions = {}): Promise<NeighborList> {
  const { signal, maxEdges } = options
  signal?.throwIfAborted()
  const device = structure.numAtoms < kernelsFrom ? null : await searchDevice(options)
  if (!device) return searchInTurns(structure, cutoff, options)
  const { positions, cell, pbc } = structure
  try {
    return await findNeighbors(device, { positions, basis: latticeBasis(cell, pbc).flat(), pbc, cutoff }, { maxEdges, pause: () => pauseIfDue(signal) })
  } catch (error) {
    // An abort may come with an error of any class.
    signal?.throwIfAborted()
    if (error instanceof InputError) return searchInTurns(structure, cutoff, options)
    throw error
  }
}

/** Decisions are made in float64. */
async function searchDevice(options: RuntimeOptions): Promise<BackendDevice | null> {
  const { device, isCompiled } = await openRuntime(options)
  if (!isCompiled) return null
  const own = registeredDevice(device)
  return own?.capabilities.floats.includes('f64') ? own : registeredDevice('cpu')
}
