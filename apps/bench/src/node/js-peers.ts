import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MemoryArrays, type ShapedArray } from '../cases/arrays.ts'
import type { CaseInput } from '../cases/case.ts'
import type { Opponent } from '../measure/opponent.ts'
import { expressionOf, type Expression } from '../peers/expressions.ts'
import { jaxRunner, type JaxModule } from '../peers/jax-js.ts'
import { onnxRunner, type OnnxModule } from '../peers/onnx.ts'
import type { Runner } from '../peers/tensor-library.ts'

const packages = ['@jax-js/jax', 'onnxruntime-node', 'onnxruntime-web'] as const

/** A library of JavaScript that is installed. */
export interface JsPeer {
  readonly name: string
  readonly version: string
  readonly module: unknown
}

/** Those of the libraries that the `node_modules` of a folder hold; why one could not be loaded is told. */
export async function loadJsPeers(folder: string, tell: (text: string) => void): Promise<readonly JsPeer[]> {
  const require = createRequire(join(resolve(folder), 'package.json'))
  const found: JsPeer[] = []
  for (const name of packages) {
    try {
      const path = require.resolve(name)
      found.push({ name, version: versionOf(path, name), module: await import(pathToFileURL(path).href) })
    } catch (error) {
      tell(`${name}: not a peer, ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`)
    }
  }
  return found
}

function versionOf(path: string, name: string): string {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly name?: string; readonly version?: string }
      if (manifest.name === name && manifest.version !== undefined) return manifest.version
    } catch {
      // Not the folder of the package.
    }
  }
  return 'unknown'
}

function makeRunner({ name, module }: JsPeer, threads: number, expression: Expression): Promise<Runner> {
  return name === '@jax-js/jax' ? jaxRunner(module as JaxModule, expression) : onnxRunner(module as OnnxModule, name, threads, expression)
}

export interface JsCase {
  readonly opponent: Opponent
  dispose(): Promise<void>
}

/** A case in every library that can say it, with its output; why one cannot is told. */
export async function buildJsCase(peers: readonly JsPeer[], input: CaseInput, threads: number, tell: (text: string) => void): Promise<JsCase> {
  const expression = expressionOf(input)
  const runners: Runner[] = []
  const outputs = new Map<string, ShapedArray>()
  for (const peer of peers) {
    if (!expression) break
    try {
      const runner = await makeRunner(peer, threads, expression)
      const data = await runner.output()
      runners.push(runner)
      outputs.set(`${runner.name}.fwd.0`, { data, shape: [data.length] })
    } catch (error) {
      tell(`${input.name}: ${peer.name} failed, ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`)
    }
  }
  return {
    opponent: {
      passes: runners.map(({ name }) => [name, 'fwd']),
      outputs: new MemoryArrays(outputs),
      async sample(library, _pass, count) {
        const runner = runners.find(({ name }) => name === library)
        if (!runner) throw new Error(`no library ${library}`)
        const times: number[] = []
        await runner.run()
        for (let k = 0; k < count; k++) {
          const began = performance.now()
          await runner.run()
          times.push(performance.now() - began)
        }
        return times
      },
    },
    async dispose() {
      for (const runner of runners) await runner.dispose()
    },
  }
}
