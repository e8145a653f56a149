import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as core from '../../packages/core/src/index.ts'
import * as engine from '../../packages/engine/src/index.ts'
import * as files from '../../packages/files/src/index.ts'
import * as functional from '../../packages/functional/src/index.ts'
import * as mace from '../../packages/mace/src/index.ts'
import * as torchlike from '../../packages/torchlike/src/index.ts'
import { inRoot } from '../lib/paths.mjs'
import { exists, parityRows } from '../lib/parity.mjs'

const packages = { core, engine, files, functional, mace, torchlike }
const rows = parityRows(readFileSync(inRoot('docs', 'parity.md'), 'utf8'))

describe('docs/parity.md', () => {
  it('says of every feature one of three things', () => {
    expect(rows.length).toBeGreaterThan(150)
    for (const { feature, state } of rows) expect(state, feature).toMatch(/^(?:done|not yet|out of scope: .+)$/)
  })

  it('names nothing as done that does not exist', () => {
    const missing = rows.filter(({ state }) => state === 'done').flatMap(({ names }) => names.filter((name) => !exists(packages, name)))
    expect(missing).toEqual([])
  })

  it('sees members, statics and fields, and their absence', () => {
    for (const name of ['core.HostArray', 'core.HostArray.from', 'core.HostArray.permute', 'core.HostArray.shape', 'core.experimental']) expect(exists(packages, name), name).toBe(true)
    for (const name of ['core.Nothing', 'core.HostArray.nothing', 'core.experimental.nothing']) expect(exists(packages, name), name).toBe(false)
  })
})
