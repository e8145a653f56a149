/** A malformed extended XYZ input, and what its refusal must say. */
export interface HostileXyz {
  readonly name: string
  /** Made on demand: some are large. */
  readonly make: () => string | Uint8Array
  readonly message: RegExp
}

const header = 'Properties=species:S:1:pos:R:3'
const water = ['O 0 0 0', 'H 0.96 0 0', 'H -0.24 0.93 0']
const frame = (count: string | number, comment: string, atoms: readonly string[] = water) => [count, comment, ...atoms, ''].join('\n')

const texts: readonly (readonly [name: string, text: string | (() => string | Uint8Array), message: RegExp])[] = [
  ['an empty file', '', /line 1, column 1: expected at least one structure, but the file is empty/],
  ['only blank lines', () => '\n'.repeat(1_000_000), /expected at least one structure/],
  ['a count that is a word', frame('three', header), /line 1, column 1: expected the number of atoms, found "three"/],
  ['a negative count', frame('-3', header), /line 1, column 1: expected a number of atoms from 1 to 10000000, found "-3"/],
  ['a count of zero', frame(0, header, []), /found "0"/],
  ['a fractional count', frame('3.0', header), /expected the number of atoms, found "3.0"/],
  ['an absurd count', frame('999999999999', header), /from 1 to 10000000, found "999999999999"/],
  ['a count beyond any integer', frame('9'.repeat(400), header), /from 1 to 10000000, found "9999/],
  ['a large count with few atoms', frame('9999999', header), /line 6, column 1: expected 9999999 atom lines, but the file ends after 3|line 6, column 1: expected 4 columns for atom 4 of 9999999, found an empty line/],
  ['a count too large, more frames following', frame(4, header) + frame(3, header), /line 6, column 2: expected 4 columns for atom 4 of 4, found 1 in "3"/],
  ['a count too small', frame(2, header), /line 5, column 1: expected the number of atoms, found "H -0.24 0.93 0" \(does the frame before it/],
  ['the end after the count', '3\n', /line 2, column 1: expected a comment line, but the file ends/],
  ['the end within the atoms', `3\n${header}\nO 0 0 0`, /line 4, column 1: expected 3 atom lines, but the file ends after 1/],
  ['a missing coordinate', frame(3, header, ['O 0 0 0', 'H 1 0', 'H 2 0 0']), /line 4, column 6: expected 4 columns for atom 2 of 3, found 3 in "H 1 0"/],
  ['a blank line within the atoms', frame(3, header, ['O 0 0 0', '', 'H 2 0 0']), /line 4, column 1: expected 4 columns for atom 2 of 3, found an empty line/],
  ['a coordinate that is a word', frame(3, header, ['O 0 0 0', 'H 1 zero 0', 'H 2 0 0']), /line 4, column 5: expected a finite number for pos\[1\], found "zero"/],
  ['a coordinate that is not a number', frame(1, header, ['H nan 0 0']), /line 3, column 3: expected a finite number for pos\[0\], found "nan"/],
  ['an infinite coordinate', frame(1, header, ['H 0 -Infinity 0']), /column 5: expected a finite number for pos\[1\], found "-Infinity"/],
  ['a coordinate that overflows', frame(1, header, ['H 0 0 1e400']), /column 7: expected a finite number for pos\[2\], found "1e400"/],
  ['a hexadecimal coordinate', frame(1, header, ['H 0x10 0 0']), /found "0x10"/],
  ['a Fortran overflow', frame(1, header, ['H ******** 0 0']), /found "\*+"/],
  ['a decimal comma', frame(1, header, ['H 0,5 0 0']), /found "0,5"/],
  ['an unknown element', frame(1, header, ['Xx 0 0 0']), /line 3, column 1: expected a chemical symbol \(H to Og\) or an atomic number, found "Xx"/],
  ['an atomic number out of range', frame(1, header, ['119 0 0 0']), /found "119"/],
  ['an element named like an object property', frame(1, header, ['constructor 0 0 0']), /found "constructor"/],
  ['a column missing that Properties promises', frame(1, `${header}:forces:R:3`, ['H 0 0 0 1 2']), /expected 7 columns for atom 1 of 1, found 6/],
  ['Properties without positions', frame(1, 'Properties=species:S:1', ['H']), /expected Properties to name the positions as pos:R:3/],
  ['Properties with positions as text', frame(1, 'Properties=species:S:1:pos:S:3', ['H 0 0 0']), /pos:R:3/],
  ['Properties without elements', frame(1, 'Properties=pos:R:3', ['0 0 0']), /name the elements as species:S:1 or Z:I:1/],
  ['Properties cut off', frame(1, 'Properties=species:S:1:pos:R', ['H 0 0 0']), /line 2, column 1: expected Properties as name:type:count triples/],
  ['Properties of unknown type', frame(1, 'Properties=species:S:1:pos:Q:3', ['H 0 0 0']), /expected the type S, R, I or L for property "pos", found "Q"/],
  ['Properties with an absurd width', frame(1, `${header}:x:R:999999`, ['H 0 0 0']), /expected a column count from 1 to 100000 for property "x"/],
  ['Properties with a negative width', frame(1, `${header}:x:R:-1`, ['H 0 0 0']), /found "-1"/],
  ['Properties naming a column twice', frame(1, `${header}:pos:R:3`, ['H 0 0 0 0 0 0']), /Properties names "pos" twice/],
  ['a Lattice of eight numbers', frame(1, `Lattice="1 0 0 0 1 0 0 0" ${header}`, ['H 0 0 0']), /line 2, column 9: expected nine finite numbers for Lattice/],
  ['a Lattice with an infinity', frame(1, `Lattice="1 0 0 0 1 0 0 0 inf" ${header}`, ['H 0 0 0']), /expected nine finite numbers for Lattice/],
  ['a Lattice without value', frame(1, `Lattice= ${header}`, ['H 0 0 0']), /expected nine finite numbers for Lattice/],
  ['a singular Lattice', frame(1, `Lattice="1 2 3 4 5 6 7 8 9" ${header}`, ['H 0 0 0']), /line 2, column 1: the cell is singular/],
  ['a periodic axis without a vector', frame(1, `${header} pbc="T T T"`, ['H 0 0 0']), /periodic along axis a/],
  ['a pbc of two', frame(1, `${header} pbc="T T"`, ['H 0 0 0']), /expected three logicals such as "T T F" for pbc, found "T T"/],
  ['a quote never closed', frame(1, `${header} name="oh no`, ['H 0 0 0']), /line 2, column 37: the quote that begins here is not closed/],
  ['a bracket never closed', frame(1, `${header} list=[1, 2`, ['H 0 0 0']), /column 37: the bracket that begins here is not closed/],
  ['brackets that do not match', frame(1, `${header} list=[1, 2}`, ['H 0 0 0']), /expected "\]", found "\}"/],
  ['a value without a key', frame(1, `${header} =5`, ['H 0 0 0']), /expected a key, found "=5"/],
  ['a key with two values', frame(1, `${header} energy=1 energy=2`, ['H 0 0 0']), /the key "energy" occurs twice with different values/],
  ['broken JSON', frame(1, `${header} x="_JSON {1: 2}"`, ['H 0 0 0']), /expected JSON after _JSON/],
  ['JSON with an open quote', frame(1, `${header} x="_JSON [\\"${'\\\\\\"'.repeat(100_000)}]"`, ['H 0 0 0']), /quote inside the JSON is not closed/],
  ['deep JSON', frame(1, `${header} x="_JSON ${'['.repeat(100_000)}${']'.repeat(100_000)}"`, ['H 0 0 0']), /nested deeper than 64/],
  ['deep lists', frame(1, `${header} x=${'['.repeat(400_000)}1${']'.repeat(400_000)}`, ['H 0 0 0']), /nested deeper than 64/],
  ['an over-long comment', () => frame(1, `${header} x="${'a'.repeat(2 ** 20)}"`, ['H 0 0 0']), /line 2, column 1048577: the line is longer than 1048576 characters/],
  ['one endless line', () => 'x'.repeat(2 ** 24), /line 1, .*longer than/],
  ['a million lines of garbage', () => 'garbage in\n'.repeat(1_000_000), /line 1, column 1: expected the number of atoms, found "garbage in"/],
  ['a million lines of garbage after a plausible start', () => `1000000\n${header}\n${'garbage in, garbage out\n'.repeat(1_000_000)}`, /line 3, column 9: expected a finite number/],
  ['a million atoms and one bad line', () => `1000000\n${header}\n${'H 0 0 0\n'.repeat(999_999)}H 0 0\n`, /line 1000002, column 6: expected 4 columns/],
  ['a very long number', () => frame(1, header, [`H ${'1'.repeat(900_000)}x 0 0`]), /expected a finite number for pos\[0\], found "1111/],
  ['zero bytes', () => new Uint8Array(100_000), /zero byte: this is not an XYZ file/],
  ['zero bytes in a line', frame(1, header, ['H 0 0 0\0']), /line 3, column 8: expected text, found a zero byte/],
  ['bytes of an archive', () => Uint8Array.of(0x50, 0x4b, 3, 4, 0xff, 0xfe, 0x80, 0x0a, 0x31), /not an XYZ file/],
  ['a truncated character', () => Uint8Array.of(0x31, 0x0a, 0xe2, 0x82), /line 2, column 1: expected UTF-8 text/],
  ['UTF-16', () => Uint8Array.of(0xff, 0xfe, 0x31, 0, 0x0a, 0), /expected UTF-8 text/],
]

/** Every one of these must be refused quickly, in bounded memory, by a FormatError with one line of text. */
export const hostileXyz: readonly HostileXyz[] = texts.map(([name, text, message]) => ({ name, make: typeof text === 'function' ? text : () => text, message }))

/** A small valid file to mutate: every feature of the format in a few hundred bytes. */
const mutationSeed = [
  '3',
  'Lattice="5.0 0.0 0.1 0.0 6.0 0.0 0.2 0.0 7.0" Properties=species:S:1:pos:R:3:forces:R:3:tag:I:1:fixed:L:1 energy=-17.5 stress="1 2 3 4 5 6" list=[[1, 2], [3, T]] old={1 2 3} json="_JSON {\\"a\\": [1, null]}" config_type=water flag pbc="T T F"',
  'O   0.00  0.00  0.00  0.1 -0.2 1.0E-3 1 T',
  'H   0.96  0.00  0.00  0.1 -0.2 1.0D-3 2 F',
  'H  -0.24  0.93  0.00  0.1 -0.2 .5     3 F',
  '1',
  'plain',
  'Ar 1 2 3',
  '',
].join('\n')

const snippets = ['"', "'", '{', '}', '[', ']', '=', '\\', '\n', '\r\n', ' ', '\t', '\0', '-', '1e999', 'nan', '9999999999', '_JSON ', 'Properties=', 'Lattice=', 'pbc=', 'T', ':R:3', '\u2028', 'é', '\ud800']

/** A seeded mutation of the small file above: a few insertions, deletions, replacements, repetitions or exchanged lines. */
export function mutateXyz(seed: number): string {
  let state = (seed * 2654435761 + 12345) >>> 0
  const random = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  let text = mutationSeed
  for (let round = 1 + random(4); round > 0; round--) {
    const at = random(text.length + 1)
    const length = random(8)
    const snippet = snippets[random(snippets.length)] ?? ''
    const lines = text.split('\n')
    switch (random(5)) {
      case 0:
        text = text.slice(0, at) + snippet + text.slice(at)
        break
      case 1:
        text = text.slice(0, at) + text.slice(at + length)
        break
      case 2:
        text = text.slice(0, at) + String.fromCharCode(random(256)) + text.slice(at + 1)
        break
      case 3:
        text = text.slice(0, at) + text.slice(at, at + length).repeat(1 + random(50)) + text.slice(at + length)
        break
      default:
        lines.splice(random(lines.length), random(2), lines[random(lines.length)] ?? '')
        text = lines.join('\n')
    }
  }
  return text
}
