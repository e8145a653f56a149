import { FormatError } from '@equivar/core'

/**
 * Irreps of O(3) as a checkpoint states them, exactly: neither sorted nor simplified unless asked.
 *
 * Only what is needed to verify a file; everything that is computed with irreps uses `@equivar/core`.
 */
export type FileIrreps = readonly FileIrrep[]

export interface FileIrrep {
  readonly mul: number
  readonly l: number
  readonly p: 1 | -1
}

const limits = { mul: 1_000_000, l: 16, blocks: 2048 }

/** @throws {FormatError} unless multiplicity, degree and parity are possible ones. */
export function fileIrrep(mul: unknown, l: unknown, p: unknown, what: string): FileIrrep {
  const integer = (x: unknown, max: number): x is number => typeof x === 'number' && Number.isInteger(x) && x >= 0 && x <= max
  if (!integer(mul, limits.mul) || !integer(l, limits.l) || (p !== 1 && p !== -1)) throw new FormatError(`${what}: impossible irrep`)
  return { mul, l, p }
}

/** `'16x0e+16x1o'`; a missing multiplicity is 1, an empty text no irreps at all. */
export function parseIrreps(text: string, what: string): FileIrreps {
  if (!/^[\dxeo+ ]*$/.test(text)) throw new FormatError(`${what}: ${JSON.stringify(text.slice(0, 40))} are no irreps; expected something like '16x0e+16x1o'`)
  if (text.trim() === '') return []
  const blocks = text.split('+')
  checkCount(blocks.length, what)
  return blocks.map((block) => {
    const match = /^\s*(?:(\d{1,7})\s*x)?\s*(\d{1,2})([eo])\s*$/.exec(block)
    if (!match) throw new FormatError(`${what}: ${JSON.stringify(block.slice(0, 40))} is no irrep; expected something like '16x0e'`)
    return fileIrrep(Number(match[1] ?? 1), Number(match[2]), match[3] === 'e' ? 1 : -1, what)
  })
}

export function checkCount(count: number, what: string): void {
  if (count > limits.blocks) throw new FormatError(`${what}: ${count} irreps, at most ${limits.blocks} are accepted`)
}

export function formatIrreps(irreps: FileIrreps): string {
  return irreps.map(({ mul, l, p }) => `${mul}x${l}${p === 1 ? 'e' : 'o'}`).join('+')
}

export function sameIrrep(a: FileIrrep, b: FileIrrep): boolean {
  return a.l === b.l && a.p === b.p
}

export function sameIrreps(a: FileIrreps, b: FileIrreps): boolean {
  return a.length === b.length && a.every((x, k) => x.mul === b[k]?.mul && sameIrrep(x, b[k]))
}

export function dimension(irreps: FileIrreps): number {
  return irreps.reduce((sum, { mul, l }) => sum + mul * (2 * l + 1), 0)
}

export function numIrreps(irreps: FileIrreps): number {
  return irreps.reduce((sum, { mul }) => sum + mul, 0)
}

/** Multiplicity of 0e over all blocks. */
export function countScalars(irreps: FileIrreps): number {
  return numIrreps(irreps.filter(({ l, p }) => l === 0 && p === 1))
}

export function scalars(mul: number): FileIrreps {
  return [{ mul, l: 0, p: 1 }]
}

/** Drops empty blocks and merges neighbours of one irrep. */
export function simplify(irreps: FileIrreps): FileIrreps {
  const merged: FileIrrep[] = []
  for (const block of irreps) {
    const last = merged.at(-1)
    if (block.mul === 0) continue
    if (last && sameIrrep(last, block)) merged[merged.length - 1] = { ...last, mul: last.mul + block.mul }
    else merged.push(block)
  }
  return merged
}

/** e3nn 0.4.4's order: by degree, odd before even, stable. Returns the blocks and where each came from. */
export function sortIrreps(irreps: FileIrreps): { readonly sorted: FileIrreps; readonly origins: readonly number[] } {
  const origins = irreps.map((_, k) => k)
  const key = (k: number) => 2 * (irreps[k]?.l ?? 0) + ((irreps[k]?.p ?? 1) === 1 ? 1 : 0)
  origins.sort((a, b) => key(a) - key(b) || a - b)
  return { sorted: origins.flatMap((k) => irreps[k] ?? []), origins }
}
