/** Entries of a part of the batch that is summed on its own. */
const entriesPerPart = 256
const maxParts = 64

/** Equal parts of a batch whose sums are added up later: as many whatever the number of threads, so that the result is the same. */
export function splitsOf(batchSize: number): { readonly splits: number; readonly entriesPerSplit: number } {
  const entriesPerSplit = Math.max(entriesPerPart, Math.ceil(batchSize / maxParts))
  return { splits: Math.max(1, Math.ceil(batchSize / entriesPerSplit)), entriesPerSplit }
}
