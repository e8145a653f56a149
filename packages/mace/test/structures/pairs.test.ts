import { describe, expect, it } from 'vitest'
import { collate, Structure } from '../../src/index.ts'
import { pairEdges } from '../../src/structures/pairs.ts'

const water = new Structure({ symbols: ['O', 'H', 'H'], positions: [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]] })
/** One atom in a small cell: all its neighbours are its own images. */
const crystal = new Structure({ symbols: ['Cu'], positions: [[0.1, 0.2, 0.3]], cell: [[0, 1.8, 1.8], [1.8, 0, 1.8], [1.8, 1.8, 0]], pbc: true })

describe('pairs of edges', () => {
  it.each([
    ['a molecule', [water], 3],
    ['images of one atom', [crystal], 5],
    ['both', [crystal, water, crystal], 4],
  ] as const)('of %s: every edge with its reverse', async (_, structures, cutoff) => {
    const batch = await collate(structures, cutoff)
    const pairs = pairEdges(batch)
    if (!pairs) throw new Error('every edge has its reverse')
    expect(pairs.edgeOfPair).toHaveLength(batch.numEdges / 2)
    const members = Array.from(pairs.edgeOfPair, (): number[] => [])
    pairs.pairOfEdge.forEach((pair, edge) => members[pair]?.push(edge))
    for (const [pair, [first = -1, second = -1, ...more]] of members.entries()) {
      expect(more).toEqual([])
      expect(pairs.edgeOfPair[pair]).toBe(first)
      expect([batch.senders[first], batch.receivers[first]]).toEqual([batch.receivers[second], batch.senders[second]])
      for (let axis = 0; axis < 3; axis++) expect((batch.unitShifts[3 * first + axis] ?? 0) + (batch.unitShifts[3 * second + axis] ?? 0)).toBe(0)
    }
  })

  it('are not there if an edge has no reverse', async () => {
    const batch = await collate([water], 3)
    expect(pairEdges({ ...batch, numEdges: 5, senders: batch.senders.slice(0, 5), receivers: batch.receivers.slice(0, 5) })).toBeNull()
    expect(pairEdges({ ...batch, senders: batch.senders.map((node, e) => (e === 0 ? 0 : node)) })).toBeNull()
  })
})
