import { padding } from '../../src/kernels/neighbor-list/wrap.ts'
import type { HostTensor } from '../../src/naive/tensor.ts'

const float = new Float32Array(1)
const bits = new Int32Array(float.buffer)

/** All pairs of atoms, all images: what kernels find in bins. */
export function everyPair(inputs: readonly HostTensor[], numPairs: number, slots: number, lengths: readonly number[]): readonly Int32Array[] {
  const [points, places, , grid, shifts] = inputs
  const at = (array: typeof points, i: number) => array?.data[i] ?? 0
  const [numImages, numAtoms] = [shifts?.shape[0] ?? 1, (points?.shape[1] ?? padding) - padding]
  const row = numAtoms + padding
  bits[0] = at(grid, 9)
  const limit = float[0] ?? 0
  const home = Math.floor(numImages / 2)
  const vector = (receiver: number, sender: number, image: number) =>
    [0, 1, 2].map((k) => at(points, k * row + receiver) + at(shifts, 3 * image + k) - at(points, k * row + sender))
  const lists = Array.from({ length: numAtoms }, (): number[] => [])
  let coincident = 0
  for (let receiver = 0; receiver < numAtoms; receiver++)
    for (let sender = 0; sender < numAtoms; sender++)
      for (let image = 0; image < numImages; image++) {
        const [x = 0, y = 0, z = 0] = vector(receiver, sender, image).map(Math.fround)
        if ((sender === receiver && image === home) || !(Math.fround(x * x + y * y + z * z) < limit)) continue
        if (x === 0 && y === 0 && z === 0) coincident++
        lists[at(places, receiver)]?.push(at(places, sender) * numImages + image)
      }
  const most = Math.ceil(slots / 4) * 4
  const excess = lists.reduce((sum, list) => sum + Math.max(0, list.length - most), 0)
  const total = lists.reduce((sum, list) => sum + Math.min(list.length, most), 0)
  const fits = excess + coincident === 0 && total <= 2 * numPairs
  const edges = fits ? lists.flatMap((list, receiver) => list.sort((a, b) => a - b).map((key) => ({ key, receiver }))) : []
  const number = new Map(edges.map(({ key, receiver }, e) => [`${key} ${receiver}`, e]))
  const arrays = lengths.map((length) => new Int32Array(length))
  const [senders, receivers, images, pairOfEdge, edgeOfPair, status, starts, reverse, identity, pairStarts, pairEntries, edgeStarts] = arrays
  if (!senders || !receivers || !images || !pairOfEdge || !edgeOfPair || !status) throw new RangeError('a graph of neighbours has six arrays')
  if (!starts || !reverse || !identity || !pairStarts || !pairEntries || !edgeStarts) throw new RangeError('a graph of neighbours has its orders')
  status.set([total, excess, coincident])
  for (const array of [senders, receivers]) array.fill(numAtoms - 1)
  images.fill(home)
  pairOfEdge.fill(numPairs - 1)
  edgeOfPair.fill(2 * numPairs - 1)
  for (const array of [reverse, identity, pairEntries]) for (let e = 0; e < array.length; e++) array[e] = e
  let pairs = 0
  for (const [e, { key, receiver }] of edges.entries()) {
    const sender = Math.floor(key / numImages)
    const other = number.get(`${receiver * numImages + numImages - 1 - (key % numImages)} ${sender}`) ?? e
    senders[e] = sender
    receivers[e] = receiver
    images[e] = key % numImages
    reverse[e] = other
    edgeStarts[e] = pairs
    if (key < receiver * numImages + home) {
      pairEntries.set([e, other], 2 * pairs)
      edgeOfPair[pairs] = e
      pairOfEdge[e] = pairs
      pairOfEdge[other] = pairs++
    }
  }
  edgeStarts.fill(pairs, edges.length)
  for (let p = 0; p <= numPairs; p++) pairStarts[p] = Math.min(2 * p, edges.length)
  for (const { receiver } of edges) starts[receiver + 1] = (starts[receiver + 1] ?? 0) + 1
  for (let i = 0; i < numAtoms; i++) starts[i + 1] = (starts[i + 1] ?? 0) + (starts[i] ?? 0)
  return [senders, receivers, images, pairOfEdge, edgeOfPair, status, starts, reverse, identity, pairStarts, pairEntries, edgeStarts]
}
