import { InputError } from '@equivar/core'
import { Writable } from 'node:stream'
import type { CliCalculator, CliContext, CliModel, ModelFiles } from '../../src/cli/context.ts'
import type { EvaluationOptions } from '../../src/evaluation/options.ts'
import type { MaceDefinition } from '../../src/definition.ts'
import { neighborList, type Structure } from '../../src/structures/index.ts'

const silu = { name: 'silu', scale: 1.6791767 } as const

/** The definition of a small model, as a checkpoint reader would give it. */
export const definition: MaceDefinition = {
  architecture: {
    model: 'ScaleShiftMACE',
    dtype: 'float64',
    heads: ['Default'],
    atomicNumbers: [1, 8],
    cutoff: 3,
    maxEll: 1,
    harmonics: '1x0e+1x1o',
    radial: { basis: { kind: 'bessel', count: 8 }, cutoffOrder: 5, applyCutoff: true, transform: null },
    pairRepulsion: null,
    jointEmbedding: null,
    embeddingReadout: false,
    layers: [
      {
        interaction: {
          kind: 'RealAgnosticResidualInteractionBlock',
          nodeFeatures: '4x0e',
          edgeFeatures: '4x0e',
          target: '4x0e+4x1o',
          hidden: '4x0e',
          avgNumNeighbors: 8.5,
          radialNetwork: { kind: 'fully_connected', sizes: [8, 16, 8], activation: silu },
          densityNetwork: null,
          gate: null,
        },
        product: { hidden: '4x0e', correlation: 2, useSelfConnection: true, agnostic: false },
      },
    ],
    readouts: [{ kind: 'linear', input: '4x0e' }],
  },
  tensors: new Map([
    ['node_embedding.linear.weight', { dtype: 'float64', shape: [8], data: new Float64Array(8) }],
    ['atomic_energies_fn.atomic_energies', { dtype: 'float64', shape: [2], data: new Float64Array(2) }],
  ]),
  couplings: [],
}

/** A pair potential in the place of a network: E = Σ_edges ½ (3 − r)², exact forces, no stress of its own. */
export function springModel(onEvaluate: (structures: readonly Structure[], head: string | undefined) => void = () => undefined): CliModel {
  return {
    definition,
    dtype: 'float64',
    explain: async (structures) => ({ steps: [], flops: 1000, bytes: 10, toString: () => `springs of ${structures.length} structure` }),
    evaluate: async (structures, options) => {
      onEvaluate(structures, options.head)
      options.signal?.throwIfAborted()
      return structures.map((structure) => evaluateSprings(structure, options))
    },
  }
}

/** The springs as what dynamics asks for forces; `wait` comes before each answer. */
export function springCalculator(wait: () => Promise<void> = async () => undefined): CliCalculator {
  const model = springModel()
  return {
    model,
    calculate: async (structure, { signal } = {}) => {
      await wait()
      signal?.throwIfAborted()
      return evaluateSprings(structure, {})
    },
  }
}

function evaluateSprings(structure: Structure, options: EvaluationOptions) {
  const { senders, receivers, numEdges } = neighborList(structure, 3)
  const forces = new Float64Array(3 * structure.numAtoms)
  const nodeEnergies = new Float64Array(structure.numAtoms)
  const r = structure.positions
  for (let e = 0; e < numEdges; e++) {
    const [i = 0, j = 0] = [senders[e], receivers[e]]
    const v = [0, 1, 2].map((x) => (r[3 * j + x] ?? NaN) - (r[3 * i + x] ?? NaN))
    const length = Math.hypot(...v)
    nodeEnergies[j] = (nodeEnergies[j] ?? 0) + 0.5 * (3 - length) ** 2
    v.forEach((x, k) => {
      forces[3 * j + k] = (forces[3 * j + k] ?? 0) + (2 * (3 - length) * x) / length
    })
  }
  return {
    energy: nodeEnergies.reduce((a, b) => a + b, 0),
    forces,
    ...(options.nodeEnergies ? { nodeEnergies } : {}),
    ...(options.stress ? { stress: new Float64Array(9) } : {}),
  }
}

export class Sink extends Writable {
  text = ''
  readonly isTTY: boolean

  constructor(isTTY = false) {
    super()
    this.isTTY = isTTY
  }

  override _write(chunk: Buffer | string, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

export interface TestContext extends CliContext {
  readonly stdout: Sink
  readonly stderr: Sink
  readonly loads: unknown[]
}

type Changes = Partial<CliContext> & { readonly model?: CliModel; readonly calculator?: CliCalculator; readonly isTTY?: boolean }

export function testContext(changes: Changes = {}): TestContext {
  const loads: unknown[] = []
  const refuseMissing = (path: string) => {
    if (path.includes('missing')) throw Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT', path })
    if (path.includes('broken')) throw new InputError(`${path}: a message\nof two lines`)
    if (path.includes('defect')) throw new TypeError('x is not a function')
  }
  const models: ModelFiles = {
    load: async (path, options) => {
      refuseMissing(path)
      loads.push(options)
      return { ...(changes.model ?? springModel()), dtype: options.dtype ?? 'float64' }
    },
    calculator: async (path, options) => {
      refuseMissing(path)
      loads.push(options)
      return changes.calculator ?? springCalculator()
    },
    inspect: async (path) => {
      refuseMissing(path)
      return definition
    },
    serialize: () => new TextEncoder().encode('a model'),
  }
  const stdin = (async function* () {
    yield ''
  })()
  return {
    stdin,
    signal: new AbortController().signal,
    version: '1.2.3',
    models,
    ...changes,
    stdout: new Sink(),
    stderr: new Sink(changes.isTTY),
    loads,
  }
}
