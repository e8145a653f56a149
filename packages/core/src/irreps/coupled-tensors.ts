import { clebschGordan, type Irrep, selectionRuleProduct } from '../groups/index.ts'
import { einsum } from '../math/einsum.ts'
import { HostArray } from '../math/host-array.ts'

/** `T[n, k]`: an irrep `ir` (component k) inside a product of irreps (n runs over all their components, row-major). */
export interface CoupledTensor {
  readonly ir: Irrep
  readonly array: HostArray
}

/** A product of irreps, bracketed into runs: `(a b) (c)`. */
export type Runs = readonly (readonly Irrep[])[]

/**
 * All ways to couple a product of irreps, from left to right inside each run and then from run to run, remembered for
 * products that share a beginning. Where the group's Clebsch–Gordan coefficients are orthonormal, so are the tensors of
 * one product.
 */
export class CouplingTrees {
  private readonly irrepsCache = new Map<string, readonly Irrep[]>()
  private readonly tensorCache = new Map<string, readonly CoupledTensor[]>()
  private readonly trivial: Irrep

  constructor(trivial: Irrep) {
    this.trivial = trivial
  }

  /** The irreps inside a product, each once. */
  irrepsOf(runs: Runs): readonly Irrep[] {
    const key = keyOf(runs)
    let irreps = this.irrepsCache.get(key)
    if (!irreps) {
      const split = splitLast(runs)
      irreps = split ? selectionRuleProduct(this.irrepsOf(split[0]), this.irrepsOf(split[1])) : [runs[0]?.[0] ?? this.trivial]
      this.irrepsCache.set(key, irreps)
    }
    return irreps
  }

  /** The couplings of a product to one irrep. */
  tensors(runs: Runs, target: Irrep): readonly CoupledTensor[] {
    const key = `${keyOf(runs)}>${target.toString()}`
    let tensors = this.tensorCache.get(key)
    if (!tensors) {
      tensors = this.couple(runs, target)
      this.tensorCache.set(key, tensors)
    }
    return tensors
  }

  private couple(runs: Runs, target: Irrep): readonly CoupledTensor[] {
    const split = splitLast(runs)
    if (!split) {
      const ir = runs[0]?.[0] ?? this.trivial
      return ir.toString() === target.toString() ? [{ ir: target, array: HostArray.identity(target.dim) }] : []
    }
    const [before, last] = split
    return this.irrepsOf(before).flatMap((left) =>
      this.irrepsOf(last).flatMap((right) => {
        const coefficients = clebschGordan(left, right, target)
        if (coefficients.shape[0] === 0) return []
        return this.tensors(before, left).flatMap((x) => this.tensors(last, right).flatMap((y) => coupleTwo(x, y, coefficients, target)))
      }),
    )
  }
}

/** `T[n1 n2, k] = Σ_ij x[n1, i] y[n2, j] C[s, i, j, k]`, for every solution s. */
function coupleTwo(x: CoupledTensor, y: CoupledTensor, coefficients: HostArray, ir: Irrep): readonly CoupledTensor[] {
  const [solutions = 0] = coefficients.shape
  const rows = (x.array.shape[0] ?? 0) * (y.array.shape[0] ?? 0)
  const size = rows * ir.dim
  const coupled = einsum('ni,sijk,mj->snmk', x.array, coefficients, y.array)
  return Array.from({ length: solutions }, (_, s) => ({ ir, array: new HostArray([rows, ir.dim], coupled.data.slice(s * size, (s + 1) * size)) }))
}

/** Everything before the last run, and that run; inside a single run, everything before its last irrep, and that irrep. */
function splitLast(runs: Runs): readonly [Runs, Runs] | undefined {
  if (runs.length > 1) return [runs.slice(0, -1), runs.slice(-1)]
  const [run = []] = runs
  return run.length > 1 ? [[run.slice(0, -1)], [run.slice(-1)]] : undefined
}

function keyOf(runs: Runs): string {
  return runs.map(String).join('|')
}
