import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/**
 * The folder for what may be made again: `EQUIVAR_CACHE_DIR` (`off`: none), or `equivar` in the system's folder for such, which is
 * `LOCALAPPDATA` in Windows and elsewhere `XDG_CACHE_HOME` or `~/.cache`. `null` if there is none.
 */
export function cachePath(environment: Readonly<Record<string, string | undefined>> = process.env, platform: string = process.platform): string | null {
  const { EQUIVAR_CACHE_DIR: own, XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = environment
  if (own === 'off') return null
  if (own !== undefined && own !== '') return own
  if (platform === 'win32') return local !== undefined && local !== '' ? join(local, 'equivar', 'cache') : null
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'equivar')
  const home = homeFolder()
  return home === null ? null : join(home, '.cache', 'equivar')
}

function homeFolder(): string | null {
  try {
    const home = homedir()
    return isAbsolute(home) ? home : null
  } catch {
    return null
  }
}
