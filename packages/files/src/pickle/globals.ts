import { FormatError } from '@equivar/core'
import { describe, PickleBytes, PickleDict, PickleGlobal, PickleList, PickleSet, PickleTuple, type GlobalRule, type PickleValue } from './values.ts'

/** The rule of a global, or `undefined` when it must not occur. */
export type GlobalTable = (module: string, name: string) => GlobalRule | undefined

/** Builtins of Python that torch's pickles name, under the names of Python 2 and 3. */
export const pythonGlobals: GlobalTable = (module, name) => {
  const builtin = module === '__builtin__' || module === 'builtins'
  if (builtin && (name === 'set' || name === 'frozenset')) return { kind: 'call', call: makeSet }
  if (builtin && name === 'getattr') return { kind: 'call', call: getAttribute }
  if (module === 'collections' && name === 'OrderedDict') return { kind: 'call', call: makeOrderedDict }
  if (module === '_codecs' && name === 'encode') return { kind: 'call', call: encode }
  return undefined
}

/** `OrderedDict()` or `OrderedDict([(key, value), …])`. */
function makeOrderedDict(args: readonly PickleValue[], charge: (work: number) => void): PickleValue {
  const dict = new PickleDict()
  const [pairs] = args
  if (args.length > 1 || (pairs !== undefined && !(pairs instanceof PickleList))) throw new FormatError(`pickle: OrderedDict made from ${describe(pairs)}`)
  charge(pairs?.items.length ?? 0)
  for (const pair of pairs?.items ?? []) {
    const [key, value] = pair instanceof PickleTuple || pair instanceof PickleList ? pair.items : []
    if (key === undefined || value === undefined) throw new FormatError(`pickle: OrderedDict made from a list with ${describe(pair)}`)
    dict.entries.set(key, value)
  }
  return dict
}

function makeSet(args: readonly PickleValue[], charge: (work: number) => void): PickleValue {
  const [items] = args
  if (args.length > 1 || (items !== undefined && !(items instanceof PickleList || items instanceof PickleTuple)))
    throw new FormatError(`pickle: set made from ${describe(items)}`)
  charge(items?.items.length ?? 0)
  const set = new PickleSet()
  for (const item of items?.items ?? []) set.items.push(item)
  return set
}

/** How protocol 2 writes bytes: `encode('…', 'latin1')`. */
function encode(args: readonly PickleValue[], charge: (work: number) => void): PickleValue {
  const [text, encoding] = args
  if (args.length !== 2 || typeof text !== 'string' || (encoding !== 'latin1' && encoding !== 'latin-1'))
    throw new FormatError(`pickle: _codecs.encode of ${describe(text)} to ${describe(encoding)}, only bytes as latin1 are understood`)
  charge(1 + text.length / 256)
  return new PickleBytes(text)
}

/** torch writes `torch.tanh` as `getattr(torch._C._VariableFunctionsClass, 'tanh')`; nothing else is looked up. */
function getAttribute(args: readonly PickleValue[]): PickleValue {
  const [owner, name] = args
  if (args.length !== 2 || !(owner instanceof PickleGlobal) || owner.qualifiedName !== 'torch._C._VariableFunctionsClass' || typeof name !== 'string')
    throw new FormatError(`pickle: the file calls getattr on ${describe(owner)}; such a file can run code in Python and is refused`)
  return new PickleGlobal('torch', name, { kind: 'name' })
}
