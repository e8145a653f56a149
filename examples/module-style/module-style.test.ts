import { expect, it } from 'vitest'
import { problemsOf } from './check.ts'
import * as program from './main.ts'

it('the module-style program runs as written', async () => {
  expect(await problemsOf(program)).toEqual([])
})
