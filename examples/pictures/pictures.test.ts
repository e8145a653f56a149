import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { pictures, picturesFolder } from './pictures.ts'

it.each(Object.entries(pictures()))('docs/pictures/%s is what the library draws (npm run -s program -- examples/pictures/main.ts)', (name, svg) => {
  expect(readFileSync(join(picturesFolder, name), 'utf8') === svg, `${name} is out of date`).toBe(true)
})
