import type { Backend, DeviceKind } from '../contract.ts'

/** What looking for a package gave: its backend, or why there is none. */
export type Found = { readonly backend: Backend } | { readonly reason: string }

/** The package that serves a kind of device, and the name under which it exports its backend. */
export const packages: { readonly [K in DeviceKind]: { readonly name: string; readonly exported: string } } = {
  cuda: { name: '@equivar/kernels-cuda', exported: 'cuda' },
  webgpu: { name: '@equivar/kernels-wgsl', exported: 'webgpu' },
  cpu: { name: '@equivar/kernels-cpu', exported: 'cpu' },
}

/** The parts of Node's `process` that are needed, where there is one. */
interface NodeProcess {
  readonly versions?: { readonly node?: string }
  readonly argv?: readonly string[]
  cwd(): string
  readonly getBuiltinModule?: (id: string) => unknown
}

/**
 * Looks for an installed package of kernels, in Node. Its name is no literal where it is imported, so bundlers leave it alone;
 * elsewhere backends are registered.
 */
export async function findInstalled(kind: DeviceKind, { name, exported } = packages[kind]): Promise<Found> {
  const node = nodeProcess()
  if (!node) return { reason: `no backend is registered; call use(${exported}) of ${name}` }
  try {
    const module = await importPackage(node, name)
    const backend = isRecord(module) ? module[exported] : undefined
    return isBackend(backend, kind) ? { backend } : { reason: `${name} exports no backend '${exported}'; install a version that fits this one of @equivar/core` }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    return { reason: isAbsent(error, name) ? `${name} is not installed` : `${name} cannot be loaded: ${text}` }
  }
}

/** From where this file lies, as in a flat node_modules, or else from the program that runs. */
async function importPackage(node: NodeProcess, name: string): Promise<unknown> {
  try {
    return await importModule(name)
  } catch (error) {
    const url = isAbsent(error, name) ? resolveFromProgram(node, name) : null
    if (url === null) throw error
    return importModule(url)
  }
}

function importModule(specifier: string): Promise<unknown> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ specifier)
}

function resolveFromProgram(node: NodeProcess, name: string): string | null {
  const modules = node.getBuiltinModule?.('node:module') as { createRequire(path: string): { resolve(name: string): string } } | undefined
  const urls = node.getBuiltinModule?.('node:url') as { pathToFileURL(path: string): { readonly href: string } } | undefined
  const files = node.getBuiltinModule?.('node:fs') as { realpathSync(path: string): string } | undefined
  if (!modules || !urls || !files) return null
  try {
    // `node -e` has no program file and looks from the working directory, as its own imports do.
    const program = node.argv?.[1] === undefined ? `${node.cwd()}/program` : files.realpathSync(node.argv[1])
    return urls.pathToFileURL(modules.createRequire(program).resolve(name)).href
  } catch {
    return null
  }
}

function nodeProcess(): NodeProcess | null {
  const { process } = globalThis as { readonly process?: NodeProcess }
  return process?.versions?.node === undefined ? null : process
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function isBackend(value: unknown, kind: DeviceKind): value is Backend {
  return isRecord(value) && value['kind'] === kind && typeof value['open'] === 'function' && typeof value['available'] === 'function'
}

/** The package itself is missing, not something that it needs. */
function isAbsent(error: unknown, name: string): boolean {
  return error instanceof Error && /cannot find|failed to (?:load|resolve)|could not resolve/i.test(error.message) && error.message.includes(name)
}
