import { describe, expect, it } from 'vitest'
import { collate, Structure } from '../../src/index.ts'
import { chunkEdges } from '../../src/structures/chunks.ts'

const line = new Structure({ symbols: ['H', 'H', 'H', 'H', 'H'], positions: [0, 1, 2, 3, 4].map((x) => [x * x * 0.3, 0, 0]) })

describe('edges in chunks of nodes', () => {
  it.each([1, 2, 3, 5, 8])('have every edge once, with its receiver, in chunks of %i nodes', async (nodesPerChunk) => {
    const { numNodes, numEdges, receivers } = await collate([line], 2)
    const { numChunks, numPlaces, nodes, places, edges, rows } = chunkEdges({ numNodes, receivers }, nodesPerChunk)
    expect(numChunks).toBe(Math.ceil(5 / nodesPerChunk))
    expect(nodes).toHaveLength(numChunks * nodesPerChunk)
    expect(Array.from(places, (place) => nodes[place])).toEqual([0, 1, 2, 3, 4])
    const found: number[] = []
    for (let place = 0; place < numChunks * numPlaces; place++) {
      const [edge, row] = [edges[place] ?? -1, rows[place] ?? -1]
      if (row === nodesPerChunk) continue
      found.push(edge)
      expect(receivers[edge]).toBe(Math.floor(place / numPlaces) * nodesPerChunk + row)
    }
    // In the order of receivers, and no chunk has places that none fills.
    expect(found).toEqual(Array.from({ length: numEdges }, (_, edge) => edge))
    const used = Array.from({ length: numChunks }, (_, chunk) => rows.subarray(chunk * numPlaces, (chunk + 1) * numPlaces).filter((row) => row < nodesPerChunk))
    expect(Math.max(...used.map(({ length }) => length))).toBe(numPlaces)
  })

  it('take edges in any order', () => {
    const { numChunks, numPlaces, nodes, edges, rows } = chunkEdges({ numNodes: 3, receivers: Int32Array.of(2, 0, 1, 0) }, 2)
    expect([numChunks, numPlaces]).toEqual([2, 3])
    expect([...nodes]).toEqual([0, 1, 2, 0])
    expect([...edges]).toEqual([1, 3, 2, 0, 0, 0])
    expect([...rows]).toEqual([0, 0, 1, 0, 2, 2])
  })
})
