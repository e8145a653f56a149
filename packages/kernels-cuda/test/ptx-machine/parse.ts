/** An instruction: `@%p0 setp.lt.s32 %p1, %r0, 5`. */
export interface PtxInstruction {
  readonly guard: string | null
  /** Parts of its name: `['setp', 'lt', 's32']`. */
  readonly name: readonly string[]
  readonly operands: readonly string[]
}

export type PtxLine = { readonly kind: 'label'; readonly label: string } | { readonly kind: 'instruction'; readonly instruction: PtxInstruction }

export interface PtxEntry {
  readonly name: string
  readonly threads: number
  /** Offset of every parameter, as the driver lays them out. */
  readonly parameters: ReadonlyMap<string, { readonly type: string; readonly offset: number }>
  readonly registers: readonly string[]
  readonly lines: readonly PtxLine[]
}

/** Reads text as this package writes it. @throws {Error} at what it does not write. */
export function parsePtx(text: string): PtxEntry {
  const source = text.replaceAll(/\/\/.*$/gm, '')
  const [, name, given = '', threads, body = ''] = /\.visible \.entry (\w+)\(([^)]*)\)\s*\.reqntid (\d+), 1, 1\s*(?:\.minnctapersm \d+\s*)?\{([\s\S]*)\}/.exec(source) ?? []
  if (name === undefined) throw new Error('the text has no entry')
  const parameters = new Map<string, { readonly type: string; readonly offset: number }>()
  let end = 0
  for (const [, type = '', own = ''] of given.matchAll(/\.param \.(\w+) (\w+)/g)) {
    const bytes = type.endsWith('64') ? 8 : 4
    const offset = Math.ceil(end / bytes) * bytes
    parameters.set(own, { type, offset })
    end = offset + bytes
  }
  const registers: string[] = []
  const lines: PtxLine[] = []
  for (const raw of body.split(/[;\n]/)) {
    const line = raw.trim()
    if (line === '') continue
    const [, , register, count] = /^\.reg \.(\w+) (%\w+?)(?:<(\d+)>)?$/.exec(line) ?? []
    const [, label] = /^(\w+):$/.exec(line) ?? []
    if (register !== undefined) registers.push(...(count === undefined ? [register] : Array.from({ length: Number(count) }, (_, k) => `${register}${k}`)))
    else if (label !== undefined) lines.push({ kind: 'label', label })
    else lines.push({ kind: 'instruction', instruction: parseInstruction(line) })
  }
  return { name, threads: Number(threads), parameters, registers, lines }
}

function parseInstruction(line: string): PtxInstruction {
  const [, , guard, name, rest = ''] = /^(@(%\w+)\s+)?([\w.]+)\s*(.*)$/.exec(line) ?? []
  if (name === undefined) throw new Error(`'${line}' is no instruction`)
  const operands = [...rest.matchAll(/\{[^}]*\}|\[[^\]]*\]|[^,\s]+/g)].map(([operand]) => operand)
  return { guard: guard ?? null, name: name.split('.'), operands }
}
