/** Entries of a part of the batch that is summed on its own. */
const entriesPerPart = 256
const maxParts = 64

/** Programs that keep a device of many multiprocessors busy; not asked of the device, so that sums have the same parts everywhere. */
export const enoughPieces = 1024
const maxEntriesPerPiece = 64
const atOnce = 4
/** Fewer would make more sums to add up than they save. */
const minEntriesPerSum = 8

/** Entries of a part of a batch that is visited in the order of an index array, by so many programs. */
export function entriesPerPiece(batchSize: number, isSummed: boolean, programs: number): number {
  const wanted = Math.ceil((batchSize * programs) / enoughPieces)
  // What entries of one row share is read for four of them at once.
  return Math.max(isSummed ? minEntriesPerSum : 1, Math.min(maxEntriesPerPiece, wanted < atOnce ? wanted : atOnce * Math.floor(wanted / atOnce)))
}

/** Equal parts of a batch whose sums are added up later: as many whatever the number of threads, so that the result is the same. */
export function splitsOf(batchSize: number): { readonly splits: number; readonly entriesPerSplit: number } {
  const entriesPerSplit = Math.max(entriesPerPart, Math.ceil(batchSize / maxParts))
  return { splits: Math.max(1, Math.ceil(batchSize / entriesPerSplit)), entriesPerSplit }
}
