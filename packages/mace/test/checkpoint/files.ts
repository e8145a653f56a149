import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const shared = new URL('../fixtures/', import.meta.url)
const reference = new URL('../reference/fixtures/', import.meta.url)
const aspirin = new URL('../../../../examples/aspirin/models/', import.meta.url)

/** Bytes of a compressed fixture, by its name without `.gz`. */
export function fixture(name: string): Uint8Array<ArrayBuffer> {
  const folder = [shared, reference, aspirin].find((url) => readdirSync(url).includes(`${name}.gz`))
  if (!folder) throw new Error(`no fixture ${name}`)
  return new Uint8Array(gunzipSync(readFileSync(new URL(`${name}.gz`, folder))))
}

/** Names of every `.model` fixture of this package. */
export const modelNames: readonly string[] = [shared, reference, aspirin]
  .flatMap((url) => readdirSync(url))
  .filter((name) => name.endsWith('.model.gz'))
  .map((name) => name.slice(0, -'.gz'.length))
