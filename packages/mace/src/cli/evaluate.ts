import { InternalError } from '@equivar/core'
import type { EvaluationOptions } from '../evaluation/options.ts'
import { AtomicFile } from '../node/atomic-file.ts'
import { formatXyz, realArray, type AtomArray, type InfoValue, type LabelKeys, type Structure } from '../structures/index.ts'
import type { CliContext, CliEvaluation, CliLoadOptions, CliModel } from './context.ts'
import { counted, writeText } from './output.ts'
import { startProgress, type Progress } from './progress.ts'
import { Report } from './report.ts'
import { openStructures, type LabelledStructure, type StructureFile } from './structure-files.ts'

export interface EvalOptions extends Omit<CliLoadOptions, 'signal' | 'chosen'> {
  readonly out?: string | undefined
  readonly json: boolean
  readonly stress: boolean
  readonly nodeEnergies: boolean
  /** Structures evaluated together; by default as many as have about {@link atomsPerBatch} atoms. */
  readonly batch?: number | undefined
  readonly head?: string | undefined
  readonly keys: LabelKeys
}

/**
 * `equivar eval`: energies and forces of all structures of a file. Nothing is written to standard output or under the name
 * of `--out` before every structure is done.
 */
export async function evaluateFile(modelPath: string, structuresPath: string, options: EvalOptions, context: CliContext): Promise<void> {
  const { signal } = context
  const { dtype, backend, method, precision, memory, threads } = options
  const chosen = (line: string) => void context.stderr.write(`equivar: ${line}\n`)
  const model = await context.models.load(modelPath, { dtype, backend, method, precision, memory, threads, signal, chosen })
  const { architecture } = model.definition
  const file = await openStructures(structuresPath, architecture.atomicNumbers, options.keys, context)
  const out = options.out === undefined ? null : await AtomicFile.create(options.out)
  let progress: Progress | null = null
  const report = new Report()
  const json: string[] = []
  const began = performance.now()
  try {
    progress = await startProgress(context.stderr, file.count, 'structures')
    let done = 0
    for await (const [items, results] of evaluations(model, file, options, signal)) {
      for (const [position, item] of items.entries()) {
        const result = checked(results[position], item)
        report.add(item, result)
        if (options.json) json.push(JSON.stringify(plainResult(result)))
        await out?.write(formatXyz(withResult(item.structure, result)))
      }
      done += items.length
      progress.update(done)
      // A batch may be synchronous; this lets signals arrive.
      await new Promise<void>((resolve) => setImmediate(resolve))
      signal.throwIfAborted()
    }
    await out?.commit()
  } finally {
    progress?.stop()
    await out?.discard()
  }
  const seconds = (performance.now() - began) / 1000
  if (options.json) {
    await writeText(context.stdout, `[${json.join(',\n')}]\n`)
    if (context.stderr.isTTY === true) await writeText(context.stderr, report.errors())
    return
  }
  const summary = `${counted(file.count, 'structure')}, ${counted(file.numAtoms, 'atom')}, ${seconds.toFixed(2)} s (${architecture.model}, ${model.dtype})\n`
  const sections = [out === null ? report.structures() : `wrote ${options.out ?? ''}\n`, summary, report.errors()]
  await writeText(context.stdout, sections.filter((section) => section !== '').join('\n'))
}

/** Small enough for a bar that moves, large enough for the fixed cost of an evaluation not to matter. */
const atomsPerBatch = 200

/** Batches of structures that share a head, with their results. */
async function* evaluations(
  model: CliModel,
  file: StructureFile,
  options: EvalOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly [readonly LabelledStructure[], readonly CliEvaluation[]], void, undefined> {
  const multiHead = model.definition.architecture.heads.length > 1
  const headOf = (item: LabelledStructure) => options.head ?? (multiHead ? (item.labels.head ?? undefined) : undefined)
  const evaluate = async (items: readonly LabelledStructure[], head: string | undefined) => {
    const request: EvaluationOptions = { forces: true, stress: options.stress, nodeEnergies: options.nodeEnergies, head, signal, batchSize: items.length }
    const results = await model.evaluate(items.map((item) => item.structure), request)
    return [items, results] as const
  }
  let batch: LabelledStructure[] = []
  let numAtoms = 0
  let head: string | undefined
  for await (const item of file.read()) {
    const isFull = options.batch === undefined ? numAtoms + item.structure.numAtoms > atomsPerBatch : batch.length >= options.batch
    if (batch.length > 0 && (isFull || headOf(item) !== head)) {
      yield await evaluate(batch, head)
      batch = []
      numAtoms = 0
    }
    head = headOf(item)
    batch.push(item)
    numAtoms += item.structure.numAtoms
  }
  if (batch.length > 0) yield await evaluate(batch, head)
}

function checked(result: CliEvaluation | undefined, { index }: LabelledStructure): CliEvaluation {
  if (result === undefined) throw new InternalError(`no result for structure ${index}`)
  const numbers = [result.energy, ...(result.forces ?? []), ...(result.nodeEnergies ?? []), ...(result.stress ?? [])]
  if (!numbers.every(Number.isFinite)) throw new InternalError(`the result for structure ${index} holds a number that is not finite`)
  return result
}

/** One entry of the JSON array. */
function plainResult({ energy, forces, nodeEnergies, stress }: CliEvaluation): object {
  return {
    energy,
    ...(forces === undefined ? {} : { forces: triples(forces) }),
    ...(nodeEnergies === undefined ? {} : { nodeEnergies: [...nodeEnergies] }),
    ...(stress === undefined ? {} : { stress: triples(stress) }),
  }
}

function triples(flat: Float64Array): number[][] {
  return Array.from({ length: flat.length / 3 }, (_, i) => [...flat.subarray(3 * i, 3 * i + 3)])
}

/** The structure with predictions beside its own values, under the names that mace-torch's evaluation uses. */
function withResult(structure: Structure, { energy, forces, nodeEnergies, stress }: CliEvaluation): Structure {
  const info = new Map<string, InfoValue>(structure.info).set('MACE_energy', energy)
  const arrays = new Map<string, AtomArray>(structure.arrays)
  if (forces !== undefined) arrays.set('MACE_forces', realArray(3, forces))
  if (nodeEnergies !== undefined) arrays.set('MACE_node_energies', realArray(1, nodeEnergies))
  if (stress !== undefined) info.set('MACE_stress', [...stress])
  return structure.with({ info, arrays })
}
