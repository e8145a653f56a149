/** The outputs of the primitive by name. Those behind the status are parts of orders. */
export const graphOutputs = {
  senders: 0,
  receivers: 1,
  images: 2,
  pairOfEdge: 3,
  edgeOfPair: 4,
  status: 5,
  starts: 6,
  reverse: 7,
  identity: 8,
  pairStarts: 9,
  pairEntries: 10,
  edgeStarts: 11,
} as const

export type GraphOutput = keyof typeof graphOutputs

/** Orders of outputs, by the outputs that hold them: the number of rows is the length of `rows`, one less for `starts`. */
export const graphOrders: readonly { readonly of: GraphOutput; readonly rows: GraphOutput; readonly starts: GraphOutput; readonly entries: GraphOutput }[] = [
  { of: 'receivers', rows: 'starts', starts: 'starts', entries: 'identity' },
  { of: 'senders', rows: 'starts', starts: 'starts', entries: 'reverse' },
  { of: 'pairOfEdge', rows: 'edgeOfPair', starts: 'pairStarts', entries: 'pairEntries' },
  { of: 'edgeOfPair', rows: 'senders', starts: 'edgeStarts', entries: 'identity' },
]
