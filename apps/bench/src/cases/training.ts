import { add, array, cast, compile, div, grad, maximum, mul, neg, sqrt, square, sub, sum, track, zeros, type NDArray } from '@equivar/engine'
import { collate, loadDefinition, MaceFunction, type ArrayTree, type MaceInputs } from '@equivar/mace'
import type { CaseInput, OurCase, Runtime } from './case.ts'

interface State {
  readonly parameters: ArrayTree
  /** Mean of gradients, of their squares, and the largest of those so far, by parameter. */
  readonly first: ArrayTree
  readonly second: ArrayTree
  readonly largest: ArrayTree
}

interface Labels {
  /** [G] */
  readonly counts: NDArray
  readonly energies: NDArray
  /** [N, 3] */
  readonly forces: NDArray
}

/** Of Adam with AMSGrad: rate / (1 − β₁^t) and 1 / √(1 − β₂^t), one element each. */
interface Corrections {
  readonly rate: NDArray
  readonly scale: NDArray
}

const [rate, decay1, decay2, epsilon] = [1e-6, 0.9, 0.999, 1e-8]

/** One step on `mean ((E − Ê)/n)² + 100 mean (F − F̂)²`: energies, forces, their gradient by all parameters, and Adam. */
export async function training(input: CaseInput, { method }: Runtime): Promise<OurCase> {
  const dtype = input.dtype === 'f32' ? 'float32' : 'float64'
  const definition = await loadDefinition(await input.model())
  const model = new MaceFunction(definition)
  const { structures } = input
  const inputs = model.inputs(structures, await collate(structures, model.cutoff), dtype)
  const all = model.initialParameters(dtype)
  const names = model.trainable
  const constants = Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)))
  const zeroTree = () => Object.fromEntries(names.map((name) => [name, zeros(all[name]?.shape ?? [], { dtype })]))
  const parameters = Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)))
  let state: State = { parameters, first: zeroTree(), second: zeroTree(), largest: zeroTree() }
  const labels: Labels = {
    counts: array(structures.map(({ numAtoms }) => numAtoms), { dtype: 'float64' }),
    energies: array(input.arrays.read('energies'), { dtype: 'float64' }),
    forces: array(input.arrays.read('forces'), { shape: inputs.positions.shape, dtype: 'float64' }),
  }

  const step = compile((before: State, batch: MaceInputs, target: Labels, corrections: Corrections) => {
    const parameters = Object.fromEntries(Object.entries(before.parameters).map(([name, x]) => [name, track(x)]))
    const positions = track(batch.positions)
    const energies = model.energies({ ...constants, ...parameters }, { ...batch, positions })
    const [gradient = energies] = grad(sum(energies), [positions], { createGraph: true })
    const loss = lossOf(energies, neg(gradient), target)
    const gradients = grad(loss, Object.values(parameters), { allowUnused: true })
    return { loss, ...adam(before, gradients, corrections, dtype) }
  }, { method })

  let count = 0
  const run = () => {
    count++
    const corrections = { rate: array([rate / (1 - decay1 ** count)], { dtype }), scale: array([1 / Math.sqrt(1 - decay2 ** count)], { dtype }) }
    const { loss, ...next } = step(state, inputs, labels, corrections)
    disposeAll(state)
    disposeAll(corrections)
    state = next
    return loss
  }
  return {
    passes: {
      step: {
        run,
        outputs: async (loss) => [await (loss as NDArray).data()],
        finish: (loss) => (loss as NDArray).dispose(),
        work: () => step.explain(),
      },
    },
    dispose() {
      for (const tree of [state, labels, constants, inputs]) disposeAll(tree)
      step.dispose()
    },
  }
}

function lossOf(energies: NDArray, forces: NDArray, { counts, energies: wanted, forces: reference }: Labels): NDArray {
  const ofEnergies = mul(sum(square(div(sub(energies, wanted), counts))), 1 / counts.size)
  return add(ofEnergies, mul(sum(square(sub(forces, reference))), 100 / forces.size))
}

function adam({ parameters, first, second, largest }: State, gradients: readonly NDArray[], { rate: alpha, scale }: Corrections, dtype: 'float32' | 'float64'): State {
  const next: Record<keyof State, Record<string, NDArray>> = { parameters: {}, first: {}, second: {}, largest: {} }
  for (const [k, [name, p]] of Object.entries(parameters).entries()) {
    const [g, m, v, most] = [gradients[k], first[name], second[name], largest[name]]
    if (!g || !m || !v || !most) throw new Error(`${name} has no gradient or state`)
    const own = cast(g, dtype)
    const mean = add(mul(m, decay1), mul(own, 1 - decay1))
    const squares = add(mul(v, decay2), mul(square(own), 1 - decay2))
    const bound = maximum(most, squares)
    next.first[name] = mean
    next.second[name] = squares
    next.largest[name] = bound
    next.parameters[name] = sub(p, div(mul(mean, alpha), add(mul(sqrt(bound), scale), epsilon)))
  }
  return next
}

function disposeAll(tree: object): void {
  for (const item of Object.values(tree) as readonly unknown[]) {
    if (typeof item !== 'object' || item === null) continue
    if ('dispose' in item && typeof item.dispose === 'function') (item as NDArray).dispose()
    else disposeAll(item)
  }
}
