import { add, array, finish, gradSteps, scopeInSteps, sub, take, track, zeros, type NDArray, type Steps } from '@equivar/engine'
import { pauseIfDue } from '../structures/cooperation.ts'
import type { GraphBatch, Structure } from '../structures/index.ts'
import { edgeVectors, graphArrays } from './batch-inputs.ts'
import { stepsWithin, totalEnergy, wantedOf, type Evaluator } from './computation.ts'
import { atomicVirialsFromEdges, forcesFromEdges, virialsFromEdges } from './derivatives.ts'
import { evaluationOf, requireFinite } from './evaluation-of.ts'
import type { Evaluation, EvaluationOptions } from './options.ts'
import { within } from '../runtime.ts'

/**
 * Results of all structures of a batch, in order. `head` is the position of the head that evaluates them, `firstIndex` that
 * of the first structure in the caller's list.
 *
 * @throws {InputError} if an energy or a force is not finite. @throws the signal's reason once it is aborted.
 */
export async function evaluateBatch(
  evaluator: Evaluator,
  structures: readonly Structure[],
  batch: GraphBatch,
  head: number,
  options: EvaluationOptions,
  firstIndex = 0,
): Promise<Evaluation[]> {
  const { network, dtype } = evaluator
  const { architecture } = network.definition
  const { forces = true, stress, virials, atomicVirials, edgeForces, hessian } = options
  const vectors = edgeVectors(batch)

  const pause = () => pauseIfDue(options.signal)
  const graph = within(evaluator.runtime, () => {
    const leaf = array(vectors, { shape: [batch.numEdges, 3], dtype: evaluator.runtime.geometry })
    // The share of one edge of a pair has a meaning only where edges are not summed up.
    const options = { head, dtype, paired: !(atomicVirials || edgeForces), nodesPerChunk: evaluator.nodesPerChunk(batch) }
    return graphArrays(batch, leaf, structures, architecture, options)
  })
  const results = await evaluator.compute(graph, wantedOf(options), pause)
  const { gradient: gradients } = results
  const allForces = forces ? forcesFromEdges(batch, gradients) : undefined
  const allVirials = stress || virials ? virialsFromEdges(batch, vectors, gradients) : undefined
  const allAtomicVirials = atomicVirials ? atomicVirialsFromEdges(batch, vectors, gradients) : undefined
  const evaluations: Evaluation[] = []
  for (let g = 0; g < structures.length; g++) {
    const [first, last] = [batch.nodeOffsets[g] ?? 0, batch.nodeOffsets[g + 1] ?? 0]
    const [firstEdge, lastEdge] = [batch.edgeOffsets[g] ?? 0, batch.edgeOffsets[g + 1] ?? 0]
    const index = firstIndex + g
    const nodes = { atomicNumbers: batch.atomicNumbers.subarray(first, last), cell: batch.cells.subarray(9 * g, 9 * g + 9), first, last, index }
    const numbers = {
      ...results,
      forces: allForces?.slice(3 * first, 3 * last),
      virial: allVirials?.slice(9 * g, 9 * g + 9),
    }
    const evaluation = evaluationOf(network.definition, nodes, numbers, head, options)
    requireFinite(gradients.subarray(3 * firstEdge, 3 * lastEdge), index)
    evaluations.push({
      ...evaluation,
      ...(allAtomicVirials ? { atomicVirials: allAtomicVirials.slice(9 * first, 9 * last) } : {}),
      ...(edgeForces
        ? {
            edgeForces: {
              senders: batch.senders.slice(firstEdge, lastEdge).map((node) => node - first),
              receivers: batch.receivers.slice(firstEdge, lastEdge).map((node) => node - first),
              unitShifts: batch.unitShifts.slice(3 * firstEdge, 3 * lastEdge),
              forces: gradients.slice(3 * firstEdge, 3 * lastEdge),
            },
          }
        : {}),
      ...(hessian ? { hessian: await energyHessian(evaluator, structures, batch, head, g, pause) } : {}),
    })
  }
  return evaluations
}

/**
 * `Σ_i e_i` as a function of how far atoms have moved from the batch's positions, [N, 3] in the dtype of geometry, for derivatives of
 * any order. The result is in the model's dtype, without the constant reference energies.
 */
export function energyOfDisplacements(evaluator: Evaluator, structures: readonly Structure[], batch: GraphBatch, head: number, moved: NDArray): NDArray {
  return finish(energySteps(evaluator, structures, batch, head, moved))
}

function* energySteps(
  { network, weights, dtype, runtime }: Evaluator,
  structures: readonly Structure[],
  batch: GraphBatch,
  head: number,
  moved: NDArray,
): Steps<NDArray> {
  const { architecture } = network.definition
  const [senders, receivers] = [array(batch.senders), array(batch.receivers)]
  // Differences of positions are taken in float64, where nothing is lost, and on the host.
  const unmoved = array(edgeVectors(batch), { shape: [batch.numEdges, 3], dtype: runtime.geometry })
  const vectors = add(unmoved, sub(take(moved, receivers), take(moved, senders)))
  const output = yield* network.steps(weights, graphArrays(batch, vectors, structures, architecture, { head, dtype, paired: true }))
  return totalEnergy(output)
}

/** Rows ∂/∂r of every component of the gradient of one structure of the batch. */
async function energyHessian(
  evaluator: Evaluator,
  structures: readonly Structure[],
  batch: GraphBatch,
  head: number,
  g: number,
  pause: () => Promise<void>,
): Promise<Float64Array> {
  const [first, last] = [3 * (batch.nodeOffsets[g] ?? 0), 3 * (batch.nodeOffsets[g + 1] ?? 0)]
  const size = last - first
  const work = function* () {
    const dtype = evaluator.runtime.geometry
    const moved = track(zeros([batch.numNodes, 3], { dtype }))
    const energy = yield* energySteps(evaluator, structures, batch, head, moved)
    const gradient = yield* gradSteps(energy, [moved], { createGraph: true, allowUnused: true })
    const rows: NDArray[] = []
    for (let row = 0; row < size; row++) {
      const seed = new Float64Array(batch.positions.length)
      seed[first + row] = 1
      const cotangents = array(seed, { shape: [batch.numNodes, 3], dtype })
      rows.push(...(yield* gradSteps(gradient, [moved], { cotangents, allowUnused: true })))
    }
    return rows
  }
  const rows = await scopeInSteps(() => stepsWithin(evaluator.runtime, work()), pause)
  const hessian = new Float64Array(size * size)
  for (const [row, values] of rows.entries()) {
    hessian.set((await values.data()).subarray(first, last), row * size)
    values.dispose()
  }
  return hessian
}
