import { describe, expect, it } from 'vitest'
import { pythonGlobals } from '../src/pickle/globals.ts'
import { unpickle } from '../src/pickle/unpickler.ts'
import {
  describe as describeValue, PickleBytes, PickleDict, PickleGlobal, PickleList, PickleObject, PickleSet, PickleTuple, type PickleValue,
} from '../src/pickle/values.ts'
import { opcode, pickle } from './support/pickle-writer.ts'
import { concat, text } from './support/zip-writer.ts'

function read(bytes: Uint8Array): PickleValue {
  return unpickle(bytes, {
    globals: (module, name) => pythonGlobals(module, name) ?? (module === 'test' ? { kind: 'class' } : undefined),
    persistentLoad: (id) => id,
  })
}

/** Bytes from hexadecimal digits, as Python's `pickle.dumps(…).hex()` prints them. */
function hex(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16))
}

function plain(value: PickleValue): unknown {
  if (value instanceof PickleTuple || value instanceof PickleList || value instanceof PickleSet) return value.items.map(plain)
  if (value instanceof PickleDict) return new Map([...value.entries].map(([key, item]) => [key, plain(item)]))
  if (value instanceof PickleBytes) return value.bytes
  return value
}

describe('unpickle', () => {
  it('reads what Python writes with protocol 2', () => {
    // {'a': [1, -2, 300, 70000, 1 << 40, -(1 << 70)], 'b': (True, False, None), 'c': 1.5, 'd': b'\x00\xff', 'e': {1, 2}}
    const bytes = hex(
      '80027d71002858010000006171015d7102284b014afeffffff4d2c014a701101008a060000000000018a090000000000000000c06558010000006271' +
      '0388894e8771045801000000637105473ff80000000000005801000000647106635f636f646563730a656e636f64650a7107580300000000c3bf7108' +
      '58060000006c6174696e31710986710a52710b580100000065710c635f5f6275696c74696e5f5f0a7365740a710d5d710e284b014b026585710f5271' +
      '10752e',
    )
    expect(plain(read(bytes))).toEqual(
      new Map<string, unknown>([
        ['a', [1, -2, 300, 70000, 2 ** 40, -(1n << 70n)]],
        ['b', [true, false, null]],
        ['c', 1.5],
        ['d', Uint8Array.of(0, 255)],
        ['e', [1, 2]],
      ]),
    )
  })

  it('reads what Python writes with protocol 4', () => {
    // {'t': (1, 2, 3, 4), 'f': frozenset([5]), 's': {6}, 'b': b'xyz', 'u': 'ü', 'n': 10**18, 'o': collections.OrderedDict(k=7)}
    const bytes = hex(
      '80049574000000000000007d94288c017494284b014b024b034b0474948c016694284b0591948c0173948f94284b06908c016294430378797a948c01' +
      '75948c02c3bc948c016e948a08000064a7b3b6e00d8c016f948c0b636f6c6c656374696f6e73948c0b4f726465726564446963749493942952948c01' +
      '6b944b0773752e',
    )
    expect(plain(read(bytes))).toEqual(
      new Map<string, unknown>([
        ['t', [1, 2, 3, 4]],
        ['f', [5]],
        ['s', [6]],
        ['b', text('xyz')],
        ['u', 'ü'],
        ['n', 10n ** 18n],
        ['o', new Map([['k', 7]])],
      ]),
    )
  })

  it('reads what Python writes with protocol 5', () => {
    // {'t': (1, 2, 3, 4), 'b': b'xyz'}
    expect(plain(read(hex('8005951e000000000000007d94288c017494284b014b024b034b0474948c016294430378797a94752e')))).toEqual(
      new Map<string, unknown>([
        ['t', [1, 2, 3, 4]],
        ['b', text('xyz')],
      ]),
    )
  })

  it('reads numbers as text', () => {
    const list = concat([Uint8Array.of(0x5d, 0x28), text('I12\nI01\nI00\nL-7L\nF2.5\nFnan\nF-inf\n'), Uint8Array.of(0x65)])
    expect(plain(read(pickle(list)))).toEqual([12, true, false, -7, 2.5, NaN, -Infinity])
    expect(() => read(pickle(text('I1x\n')))).toThrow(/"1x" is not an integer/)
    expect(() => read(pickle(text('F1,5\n')))).toThrow(/"1,5" is not a number/)
  })

  it('keeps identity: what is shared stays shared, what contains itself does', () => {
    const cyclic = read(pickle(Uint8Array.of(0x5d, 0x71, 5, 0x68, 5, 0x61)))
    expect(cyclic instanceof PickleList && cyclic.items[0] === cyclic).toBe(true)
  })

  it('keeps objects as records of their class, arguments and state', () => {
    const object = read(pickle(opcode.global('test', 'Thing'), opcode.tuple(opcode.int(3)), Uint8Array.of(0x81), opcode.dict(opcode.text('x'), opcode.int(4)), Uint8Array.of(0x62)))
    expect(object).toBeInstanceOf(PickleObject)
    const { type, args, state } = object as PickleObject
    expect([type.qualifiedName, args, plain(state ?? null)]).toEqual(['test.Thing', [3], new Map([['x', 4]])])
  })

  it('discards with POP and POP_MARK, and copies references with DUP', () => {
    expect(plain(read(pickle(opcode.int(1), opcode.int(2), Uint8Array.of(0x30))))).toBe(1)
    expect(plain(read(pickle(opcode.int(1), Uint8Array.of(0x28), opcode.int(2), opcode.int(3), Uint8Array.of(0x31))))).toBe(1)
    expect(plain(read(pickle(opcode.int(1), Uint8Array.of(0x32, 0x86))))).toEqual([1, 1])
  })

  it('looks up nothing but functions of torch', () => {
    const attribute = (owner: Uint8Array) => opcode.call(opcode.global('__builtin__', 'getattr'), owner, opcode.text('tanh'))
    expect(() => read(pickle(attribute(opcode.global('test', 'Thing'))))).toThrow(/calls getattr on test\.Thing/)
    expect(() => read(pickle(attribute(opcode.text('x'))))).toThrow(/calls getattr on "x"/)
  })

  it('describes any value in a few words', () => {
    const values = [null, undefined, 1, 1n, true, 'x', new PickleTuple([]), new PickleList(), new PickleSet(), new PickleDict(), new PickleBytes('')]
    expect(values.map(describeValue)).toEqual(['None', 'nothing', '1', '1', 'true', '"x"', 'a tuple of 0', 'a list of 0', 'a set of 0', 'a dict of 0', 'bytes'])
    expect(describeValue(new PickleGlobal('m', 'n', { kind: 'name' }))).toBe('m.n')
    expect(describeValue('y'.repeat(1000)).length).toBeLessThan(70)
  })
})
