import { InputError, registeredDevice } from '@equivar/core'
import { add, array, cast, mul, neighborGraph, neighborPoints, reshape, segmentSum, sub, take, track, zeros, type NeighborPoints, type NDArray } from '@equivar/engine'
import type { MaceArchitecture } from '../definition.ts'
import { disposeTree } from '../model/dispose-tree.ts'
import { within } from '../runtime.ts'
import { extendedCell, latticeBasis } from '../structures/cell.ts'
import { pauseIfDue } from '../structures/cooperation.ts'
import type { Structure } from '../structures/index.ts'
import { nodeArrays } from './batch-inputs.ts'
import { read, readAll, type BatchNumbers, type Evaluator } from './computation.ts'
import { symmetricVirial } from './derivatives.ts'
import { evaluationOf } from './evaluation-of.ts'
import type { Evaluation, EvaluationOptions } from './options.ts'
import type { Room, SearchArrays, SearchTree, SearchWanted } from './search-programs.ts'

/**
 * A structure whose neighbours are found in the program that evaluates it, where the host does not see the device's memory: positions go
 * there, energies and forces come back. `undefined` for what is not served so: several structures at once, results of single edges, models
 * that do not vanish at the cutoff, structures whose edges do not fit into memory, and what the search refuses, atoms at the same point for example.
 *
 * @throws {InputError} if an energy or a force is not finite. @throws the signal's reason once it is aborted.
 */
export async function evaluateBySearch(
  evaluator: Evaluator,
  structures: readonly Structure[],
  head: number,
  options: EvaluationOptions,
  index: number,
): Promise<Evaluation | undefined> {
  const [structure] = structures
  const { architecture } = evaluator.network.definition
  if (!structure || structures.length > 1 || structure.numAtoms === 0 || !isServed(evaluator, options)) return undefined
  const points = pointsOf(structure, architecture.cutoff)
  if (!points) return undefined
  await pauseIfDue(options.signal)
  const wanted = wantedOf(options)
  const results = await inEnoughRoom(evaluator, structure, points, (tree) => run(evaluator, tree, wanted), head)
  if (!results) return undefined
  const { forces, virials, numbers } = results
  const nodes = {
    atomicNumbers: structure.atomicNumbers,
    cell: extendedCell(structure, architecture.cutoff),
    first: 0,
    last: structure.numAtoms,
    index,
  }
  return evaluationOf(evaluator.network.definition, nodes, { ...numbers, forces, virial: virials && symmetricVirial(virials) }, head, options)
}

/** Whether the programs of a model find neighbours themselves, for what is asked for. */
export function isServed({ runtime, network }: Evaluator, { atomicVirials, edgeForces, hessian }: EvaluationOptions): boolean {
  const device = runtime.isCompiled ? registeredDevice(runtime.device) : null
  return device !== null && !device.view && !atomicVirials && !edgeForces && !hessian && vanishesAtCutoff(network.definition.architecture)
}

/** Whether an edge of the length of the cutoff changes nothing, so that its last digit does not decide. */
function vanishesAtCutoff({ layers, radial }: MaceArchitecture): boolean {
  return !radial.applyCutoff || layers.every(({ interaction }) => (interaction.radialNetwork.sizes[0] ?? 0) === radial.basis.count)
}

function wantedOf({ forces = true, stress, virials, descriptors, contributions }: EvaluationOptions): SearchWanted {
  return { forces, virials: stress === true || virials === true, features: descriptors !== undefined && descriptors !== false, terms: contributions === true }
}

/** `undefined` for what only the search on the host serves, or explains. */
function pointsOf({ positions, cell, pbc }: Structure, cutoff: number): NeighborPoints | undefined {
  try {
    return neighborPoints({ positions, basis: latticeBasis(cell, pbc).flat(), pbc, cutoff })
  } catch (error) {
    if (error instanceof InputError) return undefined
    throw error
  }
}

interface SearchNumbers {
  readonly status: Int32Array
  readonly forces: Float64Array | undefined
  readonly virials: Float64Array | undefined
  readonly numbers: BatchNumbers
}

/** Runs with as much room as structures of that size needed last, or more if that was not enough; never gives results that lack edges. */
async function inEnoughRoom(
  evaluator: Evaluator,
  structure: Structure,
  points: NeighborPoints,
  work: (tree: SearchTree) => Promise<SearchNumbers>,
  head: number,
): Promise<SearchNumbers | undefined> {
  const { rooms } = evaluator.searching
  const { numAtoms } = structure
  let room = rooms.get(numAtoms)
  const tree = within(evaluator.runtime, () => treeOf(evaluator, structure, points, head))
  try {
    if (!room) {
      const status = within(evaluator.runtime, () => evaluator.searching.count(tree.search))
      room = enough(numAtoms, await read(status))
    }
    while (room && evaluator.nodesPerChunk({ numNodes: numAtoms, numEdges: 2 * room.numPairs }) === undefined) {
      const { numPairs, slots } = room
      const sizes = within(evaluator.runtime, () => zeros([numPairs, slots, 0], { dtype: 'int32' }))
      try {
        const results = await work({ ...tree, room: sizes })
        const [numEdges = 0, excess = 0, coincident = 0] = results.status
        if (coincident > 0) return undefined
        if (excess === 0 && numEdges <= 2 * numPairs) {
          rooms.set(numAtoms, numEdges < numPairs ? (enough(numAtoms, results.status) ?? room) : room)
          return results
        }
        room = enough(numAtoms, results.status, room)
      } finally {
        sizes.dispose()
      }
    }
    return undefined
  } finally {
    disposeTree(tree)
  }
}

/** Atoms at the same point, or more edges than a list has by default, are for the host to refuse. */
function enough(numAtoms: number, [kept = 0, excess = 0, coincident = 0]: ArrayLike<number> & Iterable<number>, before?: Room): Room | undefined {
  const numEdges = kept + excess
  if (coincident > 0 || numEdges > Math.max(2 ** 24, 256 * numAtoms)) return undefined
  const perAtom = Math.ceil(numEdges / numAtoms)
  // Atoms in the dense parts of a structure have more neighbours than the average.
  const slots = before && excess > 0 ? 2 * before.slots : Math.max(before?.slots ?? 0, roundUp(2 * perAtom + 12))
  return { numPairs: Math.max(before?.numPairs ?? 0, roundUp((numEdges / 2) * 1.04 + 8)), slots }
}

/** To a number with five binary digits, so that few sizes occur. */
function roundUp(count: number): number {
  const step = 2 ** Math.max(2, Math.floor(Math.log2(Math.max(1, count))) - 4)
  return Math.ceil(count / step) * step
}

function treeOf({ network, dtype, runtime }: Evaluator, structure: Structure, points: NeighborPoints, head: number): Omit<SearchTree, 'room'> {
  const { numAtoms, atomicNumbers } = structure
  const isDouble = runtime.geometry === 'float64'
  const rows = (data: Int32Array | Float64Array, count = data.length / 3) => array(data, { shape: [count, 3] })
  const { features, ...nodes } = nodeArrays(atomicNumbers, [structure], network.definition.architecture, { head, dtype })
  return {
    search: {
      points: array(points.points, { shape: [3, points.points.length / 3] }),
      places: array(points.places, { shape: [2, points.places.length / 2] }),
      binStarts: array(points.binStarts),
      grid: array(points.grid),
      shifts: rows(points.shifts),
    },
    positions: isDouble ? rows(points.positions, numAtoms) : rows(points.whole, numAtoms),
    shifts: isDouble ? rows(points.shiftVectors) : rows(points.shifts),
    unit: isDouble ? [] : [array(Float32Array.of(points.unit))],
    ...nodes,
    features: Object.fromEntries(features),
  }
}

async function run(evaluator: Evaluator, tree: SearchTree, wanted: SearchWanted): Promise<SearchNumbers> {
  const program = evaluator.searching.for(wanted, (traced) => searchAndApply(evaluator, traced, wanted))
  evaluator.ran(program)
  const { status, forces, virials, ...results } = within(evaluator.runtime, () => program.run(tree))
  const [found, [ownForces], [ownVirials], numbers] = await Promise.all([
    read(status),
    Promise.all(forces.map(read)),
    Promise.all(virials.map(read)),
    readAll(results),
  ])
  return { status: Int32Array.from(found), forces: ownForces, virials: ownVirials, numbers }
}

/** From positions to energies, `F_i = Σ_{edges from i} g_e − Σ_{edges into i} g_e` with `g_e = ∂E/∂vector_e`, and `Σ_{edges into i} v gᵀ`. */
function searchAndApply(evaluator: Evaluator, tree: SearchTree, wanted: SearchWanted): SearchArrays {
  const [numPairs = 1, slots = 1] = tree.room.shape
  const { senders, receivers, images, pairOfEdge, edgeOfPair, status } = neighborGraph(tree.search, { numPairs, slots })
  const difference = add(sub(take(tree.positions, receivers), take(tree.positions, senders)), take(tree.shifts, images))
  const [unit] = tree.unit
  const vectors = track(unit ? mul(cast(difference, 'float32'), unit) : difference)
  const { species, atomicNumbers, headMask } = tree
  const numNodes = species.shape[0] ?? 0
  const features = new Map(Object.entries(tree.features))
  const graph = { numNodes, vectors, senders, receivers, pairs: { pairOfEdge, edgeOfPair }, species, atomicNumbers, headMask, features }
  const gradientToo = wanted.forces || wanted.virials
  const { gradient, ...results } = evaluator.apply(graph, { gradient: gradientToo, features: wanted.features, terms: wanted.terms })
  const sums = (make: (g: NDArray) => NDArray) => gradient.map(make)
  const outer = (g: NDArray) => reshape(mul(reshape(vectors, [2 * numPairs, 3, 1]), reshape(g, [2 * numPairs, 1, 3])), [2 * numPairs, 9])
  return {
    ...results,
    gradient: [],
    status,
    forces: wanted.forces ? sums((g) => sub(segmentSum(g, senders, numNodes), segmentSum(g, receivers, numNodes))) : [],
    virials: wanted.virials ? sums((g) => segmentSum(outer(g), receivers, numNodes)) : [],
  }
}
