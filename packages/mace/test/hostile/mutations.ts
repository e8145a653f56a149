import type { ModelFile } from './model-file.ts'
import { opcode, tokens, type PickleToken } from '../../../files/test/support/pickle-writer.ts'
import { concat, text, zipFile, type ZipForgery, type ZipRecord } from '../../../files/test/support/zip-writer.ts'

/** Uniform integers, the same on every machine (mulberry32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit | 0
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }
}

type Mutation = (file: ModelFile, random: Random) => Uint8Array

const interesting = [0, 1, 2, 3, 7, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff]
const words = ['', '0', '1', '__proto__', 'constructor', 'weight', 'training', '_modules', '3x0e', '4x1o', '../0', 'heads', 'None', 'é', 'x'.repeat(300)]
const names = [
  'collections\nOrderedDict',
  'torch._utils\n_rebuild_tensor_v2',
  '__builtin__\nset',
  '__builtin__\ngetattr',
  'e3nn.o3._irreps\nIrrep',
  'os\nsystem',
  'torch\nFloatStorage',
  'torch\nLongStorage',
  '_codecs\nencode',
  'e3nn.o3._linear\nLinear',
]

const tokenized = new WeakMap<ModelFile, readonly PickleToken[]>()

function tokensOf(file: ModelFile): readonly PickleToken[] {
  const known = tokenized.get(file) ?? tokens(file.pickle)
  tokenized.set(file, known)
  return known
}

/** Bytes of the whole file. */
const raw: readonly Mutation[] = [
  (file, random) => flip(file.bytes(), random),
  (file, random) => file.bytes().slice(0, random.below(file.bytes().length)),
  (file, random) => splice(file.bytes(), random),
]

/** The pickle, with a CRC that is right, so that it is read. */
const inPickle: readonly Mutation[] = [
  (file, random) => file.with('data.pkl', flip(file.pickle, random)).bytes(),
  (file, random) => file.with('data.pkl', file.pickle.slice(0, random.below(file.pickle.length))).bytes(),
  (file, random) => file.with('data.pkl', splice(file.pickle, random)).bytes(),
  ...[dropToken, repeatToken, swapTokens, changeInteger, changeText, changeGlobal, changeMemo, changeFloat, changeConstant].map(
    (edit): Mutation =>
      (file, random) => {
        const list = [...tokensOf(file)]
        for (let edits = 1 + random.below(2); edits > 0; edits--) edit(list, random)
        return file.with('data.pkl', concat(list.map(({ bytes }) => bytes))).bytes()
      },
  ),
]

/** Numbers of a tensor, and headers of the archive. */
const inArchive: readonly Mutation[] = [
  (file, random) => {
    const name = random.pick([...file.records.keys()].filter((key) => key.startsWith('data/')))
    const data = file.records.get(name) ?? new Uint8Array(0)
    return file.with(name, random.below(3) === 0 ? data.slice(0, random.below(data.length + 1)) : flip(data, random)).bytes()
  },
  (file, random) => file.without(random.pick([...file.records.keys()])).bytes(),
  (file, random) => zipFile(forgeRecord(file.zipRecords, random)),
  (file, random) => zipFile(forgeRecord(file.zipRecords, random)),
  (file, random) => zipFile(file.zipRecords, forgeEnd(random)),
]

const mutations = [...raw, ...inPickle, ...inPickle, ...inArchive]

/** A file changed at random in one of many ways. */
export function mutate(file: ModelFile, random: Random): Uint8Array {
  return random.pick(mutations)(file, random)
}

function flip(bytes: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes)
  for (let flips = 1 + random.below(4); flips > 0 && copy.length > 0; flips--) {
    const position = random.below(copy.length)
    copy[position] = random.below(2) === 0 ? random.below(256) : (copy[position] ?? 0) ^ (1 << random.below(8))
  }
  return copy
}

/** Some bytes of the file in place of others. */
function splice(bytes: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  const [from, to, length] = [random.below(bytes.length), random.below(bytes.length), random.below(64)]
  return concat([bytes.subarray(0, to), bytes.subarray(from, from + length), bytes.subarray(to + random.below(64))])
}

function dropToken(list: PickleToken[], random: Random): void {
  list.splice(random.below(list.length), 1 + random.below(3))
}

function repeatToken(list: PickleToken[], random: Random): void {
  const from = random.below(list.length)
  list.splice(random.below(list.length), 0, ...list.slice(from, from + 1 + random.below(5)))
}

function swapTokens(list: PickleToken[], random: Random): void {
  const [a, b] = [random.below(list.length), random.below(list.length)]
  const [first, second] = [list[a], list[b]]
  if (!first || !second) return
  list[a] = second
  list[b] = first
}

/** Replaces one of the tokens with these opcodes. */
function replaceOne(list: PickleToken[], random: Random, codes: readonly number[], replacement: (old: PickleToken) => Uint8Array): void {
  const positions = [...list.keys()].filter((k) => codes.includes(list[k]?.code ?? -1))
  if (positions.length === 0) return
  const position = random.pick(positions)
  const old = list[position]
  if (!old) return
  const bytes = replacement(old)
  list[position] = { code: bytes[0] ?? 0, bytes }
}

function changeInteger(list: PickleToken[], random: Random): void {
  replaceOne(list, random, [0x4a, 0x4b, 0x4d], () => opcode.int(random.below(2) === 0 ? random.pick(interesting) : random.below(40)))
}

function changeText(list: PickleToken[], random: Random): void {
  replaceOne(list, random, [0x58], () => opcode.text(random.pick(words)))
}

function changeGlobal(list: PickleToken[], random: Random): void {
  const present = list.filter(({ code }) => code === 0x63)
  replaceOne(list, random, [0x63], () => (random.below(2) === 0 || present.length === 0 ? text(`c${random.pick(names)}\n`) : random.pick(present).bytes))
}

/** Another stored value: cycles, shared state, values of another type. */
function changeMemo(list: PickleToken[], random: Random): void {
  replaceOne(list, random, [0x68, 0x6a, 0x4e, 0x88, 0x89], () => Uint8Array.of(0x6a, random.below(256), random.below(9), 0, 0))
}

function changeFloat(list: PickleToken[], random: Random): void {
  replaceOne(list, random, [0x47], () => opcode.float(random.pick([0, -1, NaN, Infinity, 1e300, 1e-300, 0.5, 2])))
}

function changeConstant(list: PickleToken[], random: Random): void {
  const constants = [opcode.none, opcode.false, Uint8Array.of(0x88), Uint8Array.of(0x5d), Uint8Array.of(0x7d), Uint8Array.of(0x29), opcode.int(1), opcode.text('x')]
  replaceOne(list, random, [0x4e, 0x88, 0x89, 0x29, 0x5d, 0x7d, 0x4b, 0x58], () => random.pick(constants))
}

function forgeRecord(records: readonly ZipRecord[], random: Random): readonly ZipRecord[] {
  const position = random.below(records.length)
  const number = random.below(2) === 0 ? random.pick(interesting) : random.below(2000)
  const [other] = records
  const forgery = random.pick([
    { size: number }, { compressedSize: number }, { size: number, compressedSize: number }, { offset: number }, { crc: number }, { method: random.below(16) },
    { flags: random.below(0x10000) }, { name: other?.name ?? '' }, { localName: random.pick(words) }, { name: random.pick(words) },
  ])
  return records.map((record, k) => (k === position ? { ...record, ...forgery } : record))
}

function forgeEnd(random: Random): ZipForgery {
  const number = random.below(2) === 0 ? random.pick(interesting) : random.below(100_000)
  const wide = BigInt(number) << BigInt(random.below(33))
  return random.pick<ZipForgery>([
    { count: number & 0xffff }, { directorySize: number }, { directoryOffset: number }, { zip64: { count: wide, size: BigInt(number), offset: 0n } },
    { zip64: { count: 1n, size: wide, offset: BigInt(number) } },
  ])
}
