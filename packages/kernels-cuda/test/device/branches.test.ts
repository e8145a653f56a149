import type { Binding, DeviceMemory, Launch } from '@equivar/core'
import { KernelBuilder } from '@equivar/core/kernels'
import { describe, expect, it } from 'vitest'
import { branchesOf, isDependent } from '../../src/device/branches.ts'

const accesses = ['read', 'write', 'readWrite'] as const
type Access = (typeof accesses)[number]
const memory: DeviceMemory = { byteLength: 4096, release: () => undefined }

function launch(buffers: readonly (readonly [Access, number, number])[]): Launch {
  const b = new KernelBuilder('own', { lanes: 1 })
  for (const [k, [access]] of buffers.entries()) b.buffer(`x${k}`, 'f32', access)
  const bindings = buffers.map(([, byteOffset, byteLength]): Binding => ({ memory, byteOffset, byteLength }))
  return { executable: { kernel: b.build() }, grid: [1], parameters: [], buffers: bindings }
}

/** Numbers in 0 … below − 1, the same ones for the same seed. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

describe('branches of a recording', () => {
  it('read, write and overlap as memory says', () => {
    const [read, write, far, both] = [launch([['read', 0, 8]]), launch([['write', 4, 8]]), launch([['write', 12, 8]]), launch([['readWrite', 0, 4]])]
    expect([isDependent(read, read), isDependent(read, write), isDependent(write, read), isDependent(write, write)]).toEqual([false, true, true, true])
    expect([isDependent(far, write), isDependent(both, read), isDependent(both, write)]).toEqual([false, true, false])
  })

  it.each([1, 2, 3, 6])('with %i streams, every launch comes behind those that it depends on', (numStreams) => {
    for (let seed = 0; seed < 20; seed++) {
      const random = generator(seed)
      const launches = Array.from({ length: 40 }, () => launch(Array.from({ length: 1 + random(3) }, () => [accesses[random(3)] ?? 'read', 4 * random(30), 4 * (1 + random(3))] as const)))
      const branches = branchesOf(launches, numStreams)
      expect(new Set(branches.map(({ stream }) => stream)).size).toBeLessThanOrEqual(numStreams)
      // What is over when a launch begins: what came before in its stream, what it waits for, and what was over for those.
      const over: Set<number>[] = []
      for (const [k, { stream, waits }] of branches.entries()) {
        const before = branches.slice(0, k).flatMap((other, i) => (other.stream === stream ? [i] : []))
        over.push(new Set([...before, ...waits].flatMap((i) => [i, ...(over[i] ?? [])])))
        for (const i of waits) expect(branches[i]?.isAwaited).toBe(true)
        for (let i = 0; i < k; i++) {
          const [later, earlier] = [launches[k], launches[i]]
          if (later && earlier && isDependent(later, earlier)) expect(over[k]?.has(i), `${i} before ${k}, seed ${seed}`).toBe(true)
        }
      }
    }
  })

  it('are as many as there are independent chains, which do not wait for each other', () => {
    const chains = [0, 1, 2].map((c) => [0, 1, 2, 3].map((k) => launch([['read', 512 * c + 16 * k, 16], ['write', 512 * c + 16 * (k + 1), 16]])))
    const mixed = [0, 1, 2, 3].flatMap((k) => chains.flatMap((chain) => chain[k] ?? []))
    const branches = branchesOf(mixed, 6)
    expect(branches.map(({ stream }) => stream)).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2])
    expect(branches.flatMap(({ waits }) => waits)).toEqual([])
  })

  it('are one where there are very many launches', () => {
    const many = Array.from({ length: 1001 }, () => launch([['read', 0, 4]]))
    expect(new Set(branchesOf(many, 6).map(({ stream }) => stream))).toEqual(new Set([0]))
  })
})
