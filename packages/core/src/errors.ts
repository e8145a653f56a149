/**
 * Every error this library throws on purpose derives from {@link EquivarError}, so that a caller can tell a refused
 * input from a defect. Messages name the object, both sides of the mismatch and the remedy.
 */
export class EquivarError extends Error {
  /** Stable machine-readable name of the kind of error, for example `'ShapeError'`. */
  readonly code: string

  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    // Subclasses keep their own name even after a bundler renamed the classes, because `code` is a literal there.
    this.code = 'EquivarError'
    this.name = 'EquivarError'
  }
}

function kind(name: string): typeof EquivarError {
  return class extends EquivarError {
    override readonly code: string = name

    constructor(message: string, options?: { readonly cause?: unknown }) {
      super(message, options)
      this.name = name
    }
  }
}

/** Malformed or impossible irreps: a string that does not parse, a negative multiplicity, a wrong parity. */
export class IrrepsError extends kind('IrrepsError') {}
/** Two objects belong to different groups. */
export class GroupMismatchError extends kind('GroupMismatchError') {}
/** Two shapes do not fit. */
export class ShapeError extends kind('ShapeError') {}
/** A dimension disagrees with the irreps or the operand it must match. */
export class DimensionError extends kind('DimensionError') {}
/** A layout is missing, unknown, or differs from the one that is needed. */
export class LayoutError extends kind('LayoutError') {}
/** Malformed subscripts. */
export class SubscriptsError extends kind('SubscriptsError') {}
/** A segmented polynomial or one of its parts is inconsistent, or a transformation does not apply to it. */
export class PolynomialError extends kind('PolynomialError') {}
/** A kernel breaks a rule of the kernel language. */
export class KernelError extends kind('KernelError') {}
/** A dtype is unknown or not the one that is needed. */
export class DtypeError extends kind('DtypeError') {}
/** A device is unknown, absent or lost. */
export class DeviceError extends kind('DeviceError') {}
/** A file or byte stream is malformed, truncated, or holds something that is not understood. */
export class FormatError extends kind('FormatError') {}
/** An argument of a public function is out of its domain. */
export class InputError extends kind('InputError') {}

/** A broken invariant of this library itself; please report it. */
export class InternalError extends kind('InternalError') {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(`internal: ${message}`, options)
  }
}
