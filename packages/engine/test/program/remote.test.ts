import { use } from '@equivar/core'
import { beforeAll, describe, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { remoteBackend } from '../support/devices.ts'
import { expectClose, expectNoLeaks } from '../support/numbers.ts'
import { functions } from './functions.ts'

const remote = remoteBackend()
const tried = ['element-wise primitives with broadcasting', 'gathers, scatters and one-hot rows of indices that are computed', 'messages along edges and their gradient']

describe('compiled programs where the host does not see the memory', () => {
  expectNoLeaks()

  beforeAll(async () => {
    use(remote)
    await eq.device('webgpu')
  })

  for (const { name, f, inputs } of functions.filter((own) => tried.includes(own.name)))
    test(`give what plain TypeScript gives: ${name}`, async () => {
      const program = eq.compile(f)
      for (const n of [3, 5]) {
        const expected: (readonly number[])[] = []
        const own = inputs(n)
        const eager = eq.scope(() => f(...own))
        for (const y of eager) expected.push([...(await y.data())])
        const moved = await Promise.all(own.map((x) => x.to('webgpu')))
        eq.setDefaultDevice('webgpu')
        try {
          const results = eq.scope(() => program(...moved))
          for (const [k, y] of results.entries()) expectClose(await y.data(), expected[k] ?? [], 1e-12)
          for (const y of results) y.dispose()
        } finally {
          eq.setDefaultDevice('cpu')
        }
        for (const x of [...moved, ...own, ...eager]) x.dispose()
      }
      program.dispose()
    })
})
