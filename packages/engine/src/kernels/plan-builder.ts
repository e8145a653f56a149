import type * as kernels from '@equivar/core/kernels'
import type * as lowering from '@equivar/core/lowering'

/** Collects the launches of a plan and the memory between them. */
export class PlanBuilder {
  readonly #temporaries: { readonly scalar: kernels.StorageType; readonly length: number }[] = []
  readonly #launches: lowering.PlannedLaunch[] = []

  temporary(scalar: kernels.StorageType, length: number): lowering.Slot {
    return { kind: 'temporary', index: this.#temporaries.push({ scalar, length }) - 1 }
  }

  /** A launch without programs is left out. */
  launch(launch: lowering.PlannedLaunch): void {
    if (!launch.grid.includes(0)) this.#launches.push(launch)
  }

  build(): lowering.Plan {
    return { temporaries: this.#temporaries, launches: this.#launches }
  }
}
