import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readXyzFile } from '../../src/node/xyz-file.ts'
import { formatXyz, parseXyz, readXyz, referenceLabels, Structure, type AtomArray, type InfoValue } from '../../src/structures/index.ts'
import { at, defined } from './support.ts'

const file = (name: string) => new URL(`../fixtures/structures/${name}`, import.meta.url)
const text = (name: string) => readFileSync(file(name), 'utf8')
const frame = (comment: string, ...atoms: string[]) => `${atoms.length}\n${comment}\n${atoms.join('\n')}\n`
const one = (source: string): Structure => {
  const [structure, ...others] = parseXyz(source)
  expect(others).toEqual([])
  return defined(structure)
}
const info = (comment: string) => Object.fromEntries(one(frame(`Properties=species:S:1:pos:R:3 ${comment}`, 'H 0 0 0')).info)

/** Plain data, for exact comparison (toEqual tells 0 from −0 and equates NaN). */
function plain(s: Structure) {
  return {
    atomicNumbers: [...s.atomicNumbers],
    positions: [...s.positions],
    cell: s.cell && [...s.cell],
    pbc: s.pbc,
    info: [...s.info],
    arrays: [...s.arrays].map(([name, a]) => [name, a.kind, a.components, [...a.data]]),
  }
}

async function collect(source: Parameters<typeof readXyz>[0]): Promise<Structure[]> {
  const structures: Structure[] = []
  for await (const s of readXyz(source)) structures.push(s)
  return structures
}

describe('real files', () => {
  it('reads 3BPA: cell, forces, energy, JSON values, no periodicity', () => {
    const structures = parseXyz(text('3bpa.xyz'))
    expect(structures.length).toBe(4)
    const first = at(structures, 0)
    expect(first.numAtoms).toBe(27)
    expect(first.symbols.slice(0, 7).join('')).toBe('CCCHCON')
    expect([...first.positions.subarray(0, 3)]).toEqual([0.3265699, -1.01286015, 0.72107275])
    expect([...defined(first.cell)]).toEqual([50, 0, 0, 0, 50, 0, 0, 0, 50])
    expect(first.pbc).toEqual([false, false, false])
    expect(first.info.get('dihedrals')).toEqual([209.44, 80.54, 59.96])
    const labels = referenceLabels(first)
    expect(labels.energy).toBe(-17660.461737861464)
    expect([...defined(labels.forces).subarray(0, 3)]).toEqual([0.17092934, 0.132742, 0.79555789])
    expect(labels.keys).toEqual({ energy: 'energy', forces: 'forces' })
    expect(labels.configType).toBe('Default')
    expect(labels.stress).toBeNull()
  })

  it('reads aspirin without a cell, from every kind of source', async () => {
    const content = text('aspirin.xyz')
    const expected = parseXyz(content).map(plain)
    expect(expected.length).toBe(4)
    expect(at(expected, 0).cell).toBeNull()
    const bytes = new TextEncoder().encode(content)
    async function* pieces() {
      for (let i = 0; i < bytes.length; i += 7) yield bytes.subarray(i, i + 7)
    }
    for (const source of [content, bytes, bytes.buffer, new Blob([bytes]), new Blob([bytes]).stream(), pieces()]) {
      expect((await collect(source)).map(plain)).toEqual(expected)
    }
    const read: unknown[] = []
    for await (const s of readXyzFile(fileURLToPath(file('aspirin.xyz')))) read.push(plain(s))
    expect(read).toEqual(expected)
  })

  it('writes what it reads, to the last bit', () => {
    for (const name of ['3bpa.xyz', 'aspirin.xyz']) {
      const structures = parseXyz(text(name))
      expect(parseXyz(structures.map(formatXyz).join('')).map(plain)).toEqual(structures.map(plain))
    }
  })

  it('reads 2,000 frames of aspirin in well under a second', () => {
    const many = text('aspirin.xyz').repeat(500)
    const start = performance.now()
    expect(parseXyz(many).length).toBe(2000)
    expect(performance.now() - start).toBeLessThan(10_000)
  })
})

describe('the comment line', () => {
  it('reads numbers, logicals, strings, lists, flags and JSON', () => {
    expect(
      info(`a=1 b=-2.5D-3 c=1e5 d=T e=false f=word g="two words" h="1 2 3" i="T F T" j=[1, 2.5, 3] k={1 2 3} l=[[1, 2], [3, T]] m="x y=3" flag n='it is' o="say \\"hi\\" \\\\ there" p="_JSON {\\"a\\": [1, null, \\"T\\"]}" q=nan r=[a, "b c"] s={one} t="" "quoted key"=7 u=600K v=1.0E+02`),
    ).toEqual({
      a: 1, b: -0.0025, c: 1e5, d: true, e: false, f: 'word', g: 'two words', h: [1, 2, 3], i: [true, false, true], j: [1, 2.5, 3], k: [1, 2, 3],
      l: [[1, 2], [3, true]], m: 'x y=3', flag: true, n: 'it is', o: 'say "hi" \\ there', p: { a: [1, null, 'T'] }, q: NaN, r: ['a', 'b c'], s: 'one', t: '',
      'quoted key': 7, u: '600K', v: 100,
    })
  })

  it('keeps what float64 cannot hold as a string', () => {
    expect(info('id=12345678901234567890 hash=1e999 name=0x10')).toEqual({ id: '12345678901234567890', hash: '1e999', name: '0x10' })
  })

  it('reads blanks around the equals sign, and empty values', () => {
    expect(info('a = 5 b= 6 c =7 empty= next=8 last=')).toEqual({ a: 5, b: 6, c: 7, empty: '', next: 8, last: '' })
  })

  it('reads a key named like a part of every object', () => {
    expect(one(frame('Properties=species:S:1:pos:R:3 __proto__=5 constructor="_JSON {\\"__proto__\\": 1}"', 'H 0 0 0')).info.get('__proto__')).toBe(5)
  })

  it('takes Lattice as the vectors a, b, c, and is periodic unless pbc says otherwise', () => {
    const lattice = 'Lattice="1 2 3 0 5 6 0 0 9"'
    const s = one(frame(`${lattice} Properties=species:S:1:pos:R:3`, 'H 0 0 0'))
    expect([...defined(s.cell)]).toEqual([1, 2, 3, 0, 5, 6, 0, 0, 9])
    expect(s.pbc).toEqual([true, true, true])
    for (const pbc of ['"T F T"', '"1 0 1"', '[T, F, T]', '[true, false, true]', 'TFT', '{T F T}', '"True False True"']) {
      expect(one(frame(`${lattice} pbc=${pbc}`, 'H 0 0 0')).pbc).toEqual([true, false, true])
    }
  })

  it('keeps free text of plain XYZ', () => {
    expect(one(frame("the 'water = wet", 'O 0 0 0')).info.get('comment')).toBe("the 'water = wet")
    expect([...one(frame('', 'O 0 0 0')).info]).toEqual([])
    expect([...one(frame('frame 7', 'O 0 0 0')).info]).toEqual([['frame', true], ['7', true]])
  })
})

describe('atoms', () => {
  it('reads columns of every type in any order, and ignores extra ones', () => {
    const s = one(frame('Properties=id:I:1:pos:R:3:move:L:2:species:S:1:tag:S:2', '7 1 2 3 T F Cl a b extra 9', '-8 1.5d0 .5 -2E-1 F F h c d'))
    expect(s.symbols).toEqual(['Cl', 'H'])
    expect([...s.positions]).toEqual([1, 2, 3, 1.5, 0.5, -0.2])
    expect(plain(s).arrays).toEqual([['id', 'integer', 1, [7, -8]], ['move', 'logical', 2, [1, 0, 0, 0]], ['tag', 'string', 2, ['a', 'b', 'c', 'd']]])
  })

  it('reads plain XYZ, CRLF, tabs, blank lines between frames, a byte order mark, no last line feed', () => {
    const structures = parseXyz('\uFEFF 2 \r\nwater\r\n O\t0 0 0 \r\nH  1 0 0   \r\n\r\n  \n1\n\n8 1 1 1')
    expect(structures.map((s) => s.symbols)).toEqual([['O', 'H'], ['O']])
    expect([...at(structures, 1).positions]).toEqual([1, 1, 1])
  })

  it('reads atomic numbers as species, and Z as a column', () => {
    expect(one(frame('Properties=species:I:1:pos:R:3', '17 0 0 0')).symbols).toEqual(['Cl'])
    expect(one(frame('Properties=Z:I:1:pos:R:3', '17 0 0 0')).symbols).toEqual(['Cl'])
    expect(one(frame('Properties=species:S:1:pos:R:3:Z:I:1', 'Cl 0 0 0 17')).arrays.size).toBe(0)
    expect(() => one(frame('Properties=species:S:1:pos:R:3:Z:I:1', 'H 0 0 0 1', 'Cl 0 0 0 16'))).toThrow(/line 4, .*different elements for atom 2/)
  })
})

describe('labels', () => {
  const labelled = (comment: string) => one(frame(`Properties=species:S:1:pos:R:3:forces:R:3:REF_forces:R:3 ${comment}`, 'H 0 0 0 1 2 3 4 5 6'))

  it("prefers mace's own keys, reads Voigt and full tensors", () => {
    const labels = referenceLabels(labelled('energy=1 REF_energy=2 stress="1 2 3 4 5 6" virials="1 2 3 4 5 6 7 8 9" config_type=300K config_weight=0.5 config_forces_weight=2 head=pbe total_charge=-1'))
    expect(labels.energy).toBe(2)
    expect([...defined(labels.forces)]).toEqual([4, 5, 6])
    expect([...defined(labels.stress)]).toEqual([1, 6, 5, 6, 2, 4, 5, 4, 3])
    expect([...defined(labels.virials)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(labels).toMatchObject({ configType: '300K', configWeight: 0.5, head: 'pbe', totalCharge: -1, propertyWeights: { energy: 1, forces: 2 } })
    expect(labels.keys).toMatchObject({ energy: 'REF_energy', forces: 'REF_forces', stress: 'stress' })
  })

  it('takes the keys that are given, and only them', () => {
    const s = labelled('energy=1 REF_energy=2 mine=3')
    expect(referenceLabels(s, { energy: 'mine', forces: 'forces' })).toMatchObject({ energy: 3, keys: { energy: 'mine', forces: 'forces' } })
    expect(() => referenceLabels(s, { energy: 'absent' })).toThrow(/no "absent" to serve as energy; it has energy, REF_energy, mine/)
  })

  it('refuses labels of the wrong shape or not finite', () => {
    expect(() => referenceLabels(labelled('energy=nan'))).toThrow(/energy is NaN; expected a finite number/)
    expect(() => referenceLabels(labelled('energy=abc'))).toThrow(/energy is "abc"; expected a finite number/)
    expect(() => referenceLabels(labelled('stress="1 2 3"'))).toThrow(/stress has 3 numbers; expected 6 or 9/)
    expect(() => referenceLabels(one(frame('Properties=species:S:1:pos:R:3:forces:R:2', 'H 0 0 0 1 2')))).toThrow(/forces has 2 components/)
    expect(() => referenceLabels(one(frame('Properties=species:S:1:pos:R:3:forces:R:3', 'H 0 0 0 1 nan 2')))).toThrow(/forces of atom 0 is NaN/)
  })
})

describe('round trip', () => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true })
  const scalar = fc.oneof(number, fc.double(), fc.integer(), fc.boolean(), fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom('T', '5', 'nan', '', ' ', '_JSON x', '[1', "it's", 'a=b'))
  const { value } = fc.letrec<{ value: InfoValue }>((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, scalar, fc.constant(null), fc.array(number), fc.array(fc.boolean()), fc.array(tie('value'), { maxLength: 4 }), fc.dictionary(fc.string(), tie('value'), { maxKeys: 3, noNullPrototype: true })),
  }))
  const key = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('energy', 'a b', '"', "'", '=', '\\', '__proto__')).filter((k) => !['Lattice', 'Properties', 'pbc'].includes(k))
  const word = fc.stringMatching(/^[!-~]{1,6}$/)

  it('is exact for random structures with any info and arrays', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }).chain((n) =>
          fc.record({
            atomicNumbers: fc.array(fc.integer({ min: 1, max: 118 }), { minLength: n, maxLength: n }),
            positions: fc.array(number, { minLength: 3 * n, maxLength: 3 * n }),
            cell: fc.option(fc.constantFrom([3, 0.1, 0, 0, 1 / 3, 0, 1e-7, 0, 5], [0, 0, 4, 0, 5, 0, 6, 0, 0])),
            periodic: fc.boolean(),
            info: fc.array(fc.tuple(key, value), { maxLength: 4 }),
            real: fc.array(fc.double(), { minLength: 2 * n, maxLength: 2 * n }),
            integer: fc.array(fc.maxSafeInteger(), { minLength: n, maxLength: n }),
            logical: fc.array(fc.integer({ min: 0, max: 1 }), { minLength: n, maxLength: n }),
            string: fc.array(word, { minLength: n, maxLength: n }),
          }),
        ),
        (s) => {
          const arrays: Record<string, AtomArray> = {
            r: { kind: 'real', components: 2, data: Float64Array.from(s.real) },
            i: { kind: 'integer', components: 1, data: Float64Array.from(s.integer) },
            l: { kind: 'logical', components: 1, data: Uint8Array.from(s.logical) },
            s: { kind: 'string', components: 1, data: s.string },
          }
          const structure = new Structure({ ...s, pbc: s.cell !== null && s.periodic, info: new Map(s.info), arrays })
          const written = formatXyz(structure)
          expect(written.split('\n').length).toBe(structure.numAtoms + 3)
          expect(plain(one(written))).toEqual(plain(structure))
        },
      ),
      { seed: 5, numRuns: 500 },
    )
  })

  it('refuses what the format cannot express', () => {
    const base = { symbols: ['H'], positions: [0, 0, 0] }
    expect(() => formatXyz(new Structure({ ...base, arrays: { tag: { kind: 'string', components: 1, data: ['a b'] } } }))).toThrow(/needs words without blanks/)
    expect(() => formatXyz(new Structure({ ...base, info: { 'a\nb': 1 } }))).toThrow(/control characters/)
    expect(() => new Structure({ ...base, info: { Lattice: 1 } })).toThrow(/reserved/)
    expect(() => new Structure({ ...base, arrays: { 'a:b': { kind: 'string', components: 1, data: ['x'] } } })).toThrow(/cannot be the name/)
  })
})

describe('streams', () => {
  it('cancels the stream when the reader stops early, and obeys the signal', async () => {
    let cancelled = false
    const bytes = new TextEncoder().encode(text('aspirin.xyz'))
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(bytes),
      cancel: () => {
        cancelled = true
      },
    })
    for await (const s of readXyz(stream)) {
      expect(s.numAtoms).toBe(21)
      break
    }
    expect(cancelled).toBe(true)
    const controller = new AbortController()
    const read = async () => {
      for await (const s of readXyz(text('aspirin.xyz'), { signal: controller.signal })) controller.abort(new Error(`enough of ${s.numAtoms} atoms`))
    }
    await expect(read()).rejects.toThrow('enough')
  })

  it('refuses a source that is none', async () => {
    await expect(collect(5 as unknown as string)).rejects.toThrow(/cannot read XYZ from number/)
  })
})
