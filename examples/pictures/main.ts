// The pictures of the documentation, drawn with the library: npm run -s program -- examples/pictures/main.ts
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parityPicture } from './parity.ts'
import { pictures, picturesFolder } from './pictures.ts'

// Predictions differ in their last bits between hosts, so this one is drawn, but no test compares it.
for (const [name, svg] of Object.entries({ ...pictures(), 'parity.svg': await parityPicture() })) {
  writeFileSync(join(picturesFolder, name), svg)
  console.log(`docs/pictures/${name}: ${(svg.length / 1000).toFixed(1)} kB`)
}
