import { setFlagsFromString } from 'node:v8'
import manifest from '../../package.json' with { type: 'json' }
import { Interrupted, type ModelFiles } from './context.ts'
import { describeFailure } from './failure.ts'
import { isBrokenPipe } from './output.ts'
import { runCli } from './program.ts'

/**
 * Runs the command line of this process: its arguments, streams and signals. The exit code is set rather than forced, so
 * that everything written still arrives. A second Ctrl-C ends the process at once.
 */
export async function runProcess(models: ModelFiles): Promise<void> {
  // Node 20 keeps relaxed SIMD behind a flag, which counts for all that is compiled from now on. A process of its own may set it.
  if (process.versions.node.startsWith('20.')) setFlagsFromString('--experimental-wasm-relaxed-simd')
  const controller = new AbortController()
  const interrupt = () => {
    controller.abort(new Interrupted('interrupted', 130))
  }
  const terminate = () => {
    controller.abort(new Interrupted('terminated', 143))
  }
  process.once('SIGINT', interrupt).once('SIGTERM', terminate)
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (isBrokenPipe(error)) return
      process.exitCode = 1
      process.stderr.write(describeFailure(error, false))
    })
  }
  const inputs = new Set<typeof process.stdin>()
  const context = {
    stdout: process.stdout,
    stderr: process.stderr,
    // Touched only when it is read: an open standard input would keep the process alive.
    get stdin() {
      inputs.add(process.stdin)
      return process.stdin
    },
    signal: controller.signal,
    version: manifest.version,
    models,
  }
  const code = await runCli(process.argv.slice(2), context)
  if (code !== 0) process.exitCode = code
  for (const input of inputs) input.destroy()
  process.off('SIGINT', interrupt).off('SIGTERM', terminate)
}
