/** What to compute besides the energy. */
export interface EvaluationOptions {
  /** −∂E/∂r. Default true. */
  readonly forces?: boolean | undefined
  /** ∂E/∂ε / V. Without three periodic axes V is the volume of the extended cell, as in the reference, and means nothing. */
  readonly stress?: boolean | undefined
  /** −∂E/∂ε. */
  readonly virials?: boolean | undefined
  readonly nodeEnergies?: boolean | undefined
  /** The terms that the energy is the sum of. */
  readonly contributions?: boolean | undefined
  /** Node features of all layers, or of the first `numLayers`, or their scalars only. */
  readonly descriptors?: boolean | { readonly invariantsOnly?: boolean; readonly numLayers?: number } | undefined
  /** The virial shared out to atoms. */
  readonly atomicVirials?: boolean | undefined
  /** ∂E/∂vector of every edge, with the edges. */
  readonly edgeForces?: boolean | undefined
  /** ∂²E/∂r∂r, 3N gradients of the gradient of a structure. Structures are then evaluated one by one. */
  readonly hessian?: boolean | undefined
  /** Head of a multi-head model; may be left out if there is one, or one named default. */
  readonly head?: string | undefined
  /** Structures that are evaluated together. Default: as many as have 500 atoms. */
  readonly batchSize?: number | undefined
  /** Looked at every few hundredths of a second, or after the longest single operation on the whole batch. */
  readonly signal?: AbortSignal | undefined
}

/** Arrays are row-major. */
export interface Evaluation {
  /** Total energy, eV. */
  readonly energy: number
  /** Without the atoms' reference energies, eV. */
  readonly interactionEnergy: number
  /** eV/Å, shape (N, 3). */
  readonly forces?: Float64Array
  /** eV/Å³, shape (3, 3). */
  readonly stress?: Float64Array
  /** eV, shape (3, 3). */
  readonly virials?: Float64Array
  /** eV, shape (N), reference energies included. */
  readonly nodeEnergies?: Float64Array
  /** eV: reference energies (with embedding readout and shift), pair repulsion, each readout; their sum is the energy. */
  readonly contributions?: Float64Array
  readonly descriptors?: Descriptors
  /** eV, shape (N, 3, 3). */
  readonly atomicVirials?: Float64Array
  readonly edgeForces?: EdgeForces
  /** eV/Å², shape (3N, 3N). */
  readonly hessian?: Float64Array
}

/** Node features, one row an atom, in e3nn's (mul, irrep) layout. */
export interface Descriptors {
  readonly shape: readonly [numAtoms: number, size: number]
  readonly data: Float64Array
}

export interface EdgeForces {
  readonly senders: Int32Array
  readonly receivers: Int32Array
  /** Shape (E, 3). */
  readonly unitShifts: Int32Array
  /** ∂E/∂vector, eV/Å, shape (E, 3). */
  readonly forces: Float64Array
}
