import { DeviceError } from '@equivar/core'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Addon, type AddonChoice, bindAddon, type LoadedAddon } from '../native/addon.ts'

export { openImageStore } from './image-store.ts'

/** Platforms for which a package is laid out. */
const platforms: readonly string[] = ['linux-x64', 'linux-arm64', 'win32-x64']

let loaded: LoadedAddon | null = null

/**
 * The addon of this thread, loaded once. It comes from the package of this platform, which is installed along with this one, or in this
 * repository from where `node packages/kernels-cuda/native/build.mjs` puts it. It loads without a GPU and without a driver.
 *
 * @throws {DeviceError} if there is none for the platform, it is not installed, or the system cannot load it, with a remedy.
 */
export function loadAddon(choice: AddonChoice = {}): LoadedAddon {
  const { addon: path, library = '' } = choice
  if (path !== undefined) return bindAddon(createRequire(import.meta.url)(path) as Addon, path, library)
  if (library !== '') return load(library)
  return (loaded ??= load(library))
}

function load(library: string): LoadedAddon {
  const platform = `${process.platform}-${process.arch}`
  const name = `@equivar/kernels-cuda-${platform}`
  if (!platforms.includes(platform)) throw new DeviceError(`CUDA: there is no addon for ${platform}, but for ${platforms.join(', ')}`)
  const [path, require] = find(name)
  try {
    return bindAddon(require(path) as Addon, path, library)
  } catch (error) {
    if (error instanceof DeviceError) throw error
    const text = error instanceof Error ? error.message : String(error)
    throw new DeviceError(`CUDA: ${path} cannot be loaded: ${text}; it needs glibc 2.28 or newer on Linux (Alpine has none)`, { cause: error })
  }
}

/** From where this file lies, or else from the program that runs: a bundled program lies elsewhere. */
function find(name: string): readonly [path: string, require: NodeJS.Require] {
  for (const from of [import.meta.url, process.argv[1] ?? '', join(process.cwd(), 'program')]) {
    if (from === '') continue
    const require = createRequire(from)
    try {
      return [require.resolve(name), require]
    } catch {
      // Then from the next place.
    }
  }
  throw new DeviceError(
    `CUDA: ${name} is not installed: install it in the version of @equivar/kernels-cuda (installing without optional dependencies leaves it out); ` +
      'in the repository, build it with node packages/kernels-cuda/native/build.mjs',
  )
}
