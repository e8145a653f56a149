/**
 * The kernel language as data. One description of a kernel has several readers: an interpreter, and printers for
 * WebAssembly, WGSL and PTX. It is written so that each can make fast code of it without guessing.
 *
 * **Model.** A launch runs a grid of independent *programs*. A program owns some rows (a node, an edge, a run of edges of one
 * receiver) and a span of `lanes` channels. Every value is *uniform*, one number a program, or *varying*, one number a lane.
 * A lane is a thread of a GPU or a lane of a SIMD register; a program may be a workgroup, a part of one, or an iteration of
 * a loop over SIMD registers. Where a uniform value meets a varying one it is spread over the lanes.
 *
 * **Control flow** is structured and uniform: loops and branches depend on uniform values only. What differs between lanes
 * is said by `select` and by the masks of loads and stores, so a barrier is always met by all lanes.
 *
 * **Values** are in single-assignment form, numbered by {@link ValueId}; loops and branches hand values on explicitly.
 *
 * **Numbers.** Arithmetic is IEEE in the type of the operands, without reassociation; `fma` may round once or twice, whatever
 * the hardware does faster, and nothing may depend on which. Subnormals may be flushed.
 */
export interface Kernel {
  readonly name: string
  /** Lanes of a program. */
  readonly lanes: number
  /** Axes of the grid; their extents are given at launch. */
  readonly gridRank: 1 | 2 | 3
  /** Uniform numbers given at launch. */
  readonly parameters: readonly KernelParameter[]
  readonly buffers: readonly KernelBuffer[]
  /** Memory of one program, shared by its lanes; contents are undefined at the start. */
  readonly shared: readonly SharedArray[]
  /** Type of every value, by its id. */
  readonly types: readonly KernelType[]
  readonly body: Block
}

/** Element types of memory. Booleans are not stored. */
export type StorageType = 'f32' | 'f64' | 'i32' | 'u32'

/**
 * `index` counts elements and is as wide as the target needs to address its buffers; it is signed, and no value that a kernel
 * computes leaves ±(2^53 − 1). `i32` and `u32` wrap around.
 */
export type ScalarType = StorageType | 'bool' | 'index'

export interface KernelType {
  readonly scalar: ScalarType
  readonly uniformity: 'uniform' | 'varying'
}

export interface KernelParameter {
  readonly name: string
  readonly scalar: Exclude<ScalarType, 'bool'>
}

export interface KernelBuffer {
  readonly name: string
  readonly scalar: StorageType
  /** What the kernel does with it. Two buffers of one launch overlap only if both are only read. */
  readonly access: 'read' | 'write' | 'readWrite'
  /** Number of elements that a launch must provide at least; `null` where it is not said, and then nothing is proved. */
  readonly extent: Affine | null
  /** Promise about the elements of an integer buffer: all lie in `0 … below − 1`. */
  readonly below: Affine | null
}

/** `constant + Σ factor · symbol`, integers, over numbers known at launch: `index` parameters and extents of the grid, none negative. */
export interface Affine {
  readonly constant: number
  readonly terms: readonly AffineTerm[]
}

export interface AffineTerm {
  readonly symbol: 'parameter' | 'grid'
  /** Which parameter, or which axis of the grid. */
  readonly slot: number
  readonly factor: number
}

export interface SharedArray {
  readonly name: string
  readonly scalar: StorageType
  /** Number of elements. */
  readonly length: number
}

/** Position in {@link Kernel.types}. */
export type ValueId = number

/** Instructions, run in order. What a block defines is visible behind it in the block and in blocks inside. */
export type Block = readonly Instruction[]

/** Memory that an instruction touches: a buffer or an array of the program, by position. */
export interface MemoryRef {
  readonly space: 'buffer' | 'shared'
  readonly slot: number
}

/**
 * `neg`, `abs`: floating point, `i32`, `index`. `sqrt`, `floor`: floating point. `not`: `bool`, and bit by bit `i32`, `u32`.
 */
export type UnaryOperator = 'neg' | 'abs' | 'sqrt' | 'floor' | 'not'
/**
 * Of two values of one type. `add`, `sub`, `mul`, `div`, `min`, `max`: numbers; `rem`: integers; `and`, `or`, `xor`: `bool`, `i32`,
 * `u32`; shifts: `i32` (keeps the sign), `u32`. Integers are divided towards zero; the remainder has the sign of the dividend. What
 * is unspecified: division of integers by zero, shifts by other than 0 … 31, and `min` and `max` of NaN or of zeros of two signs.
 */
export type BinaryOperator = 'add' | 'sub' | 'mul' | 'div' | 'rem' | 'min' | 'max' | 'and' | 'or' | 'xor' | 'shiftLeft' | 'shiftRight'
/** `bool` can be `equal` and `notEqual` only. With NaN everything is false but `notEqual`. */
export type CompareOperator = 'equal' | 'notEqual' | 'less' | 'lessEqual'
/** `add`, `exchange`: every storage type; `min`, `max`: integers. */
export type AtomicOperator = 'add' | 'min' | 'max' | 'exchange'
export type ReduceOperator = 'sum' | 'min' | 'max'

/**
 * Where it is not said otherwise, a result is varying if an operand is, and uniform if none is.
 */
export type Instruction =
  /** A uniform number, exact in its type; a `bool` is 0 or 1. */
  | { readonly op: 'constant'; readonly result: ValueId; readonly value: number }
  /** A number given at launch. */
  | { readonly op: 'parameter'; readonly result: ValueId; readonly parameter: number }
  /** Position of the program along an axis of the grid, an `index`. */
  | { readonly op: 'programId'; readonly result: ValueId; readonly axis: number }
  /** 0 … lanes − 1, a varying `index`. */
  | { readonly op: 'lane'; readonly result: ValueId }
  | { readonly op: 'unary'; readonly operator: UnaryOperator; readonly result: ValueId; readonly x: ValueId }
  | { readonly op: 'binary'; readonly operator: BinaryOperator; readonly result: ValueId; readonly a: ValueId; readonly b: ValueId }
  /** A `bool` from two values of one type. */
  | { readonly op: 'compare'; readonly operator: CompareOperator; readonly result: ValueId; readonly a: ValueId; readonly b: ValueId }
  /** `condition ? a : b`, lane by lane. */
  | { readonly op: 'select'; readonly result: ValueId; readonly condition: ValueId; readonly a: ValueId; readonly b: ValueId }
  /** `a · b + c`. */
  | { readonly op: 'fma'; readonly result: ValueId; readonly a: ValueId; readonly b: ValueId; readonly c: ValueId }
  /**
   * The nearest number of another type; from floating point to integers towards zero, the nearest end of the range for what is
   * out of it, 0 for NaN. Between integers the low bits stay; an `index` that does not fit is unspecified.
   */
  | { readonly op: 'convert'; readonly result: ValueId; readonly x: ValueId }
  /** The same 32 bits as another 32-bit type. */
  | { readonly op: 'bitcast'; readonly result: ValueId; readonly x: ValueId }
  /** One element for a uniform index, one a lane for a varying one. Where the mask is false nothing is read and the value is 0. */
  | { readonly op: 'load'; readonly result: ValueId; readonly memory: MemoryRef; readonly index: ValueId; readonly mask: ValueId | null }
  /** Element `base + lane` for every lane; from lane `active` on nothing is read and the value is 0. Base and active are uniform. */
  | { readonly op: 'loadLanes'; readonly result: ValueId; readonly memory: MemoryRef; readonly base: ValueId; readonly active: ValueId | null }
  /**
   * With uniform index and mask one element is stored once a program, and the value must be uniform. Otherwise each lane stores.
   * Two lanes, or two programs, never store to one element, nor does one read what another stored, but for a barrier between.
   */
  | { readonly op: 'store'; readonly memory: MemoryRef; readonly index: ValueId; readonly value: ValueId; readonly mask: ValueId | null }
  | { readonly op: 'storeLanes'; readonly memory: MemoryRef; readonly base: ValueId; readonly value: ValueId; readonly active: ValueId | null }
  /**
   * Replaces an element by `operator(element, value)` at once, seen by all programs; the result is what was there before, 0 where
   * the mask is false. Once a program if index, value and mask are uniform, otherwise once a lane, in no particular order.
   */
  | {
      readonly op: 'atomic'
      readonly operator: AtomicOperator
      readonly result: ValueId
      readonly memory: MemoryRef
      readonly index: ValueId
      readonly value: ValueId
      readonly mask: ValueId | null
    }
  /**
   * A uniform value from the lanes of a varying one, those below `active`, by a fixed tree: with the neutral element (0, ±∞ or the
   * ends of the range) in other lanes and up to the next power of two P, x[l] = operator(x[l], x[l + d]) for d = P/2, P/4, …, 1.
   */
  | { readonly op: 'reduce'; readonly operator: ReduceOperator; readonly result: ValueId; readonly x: ValueId; readonly active: ValueId | null }
  /** What a lane did to memory before is seen by all lanes of the program after. */
  | { readonly op: 'barrier' }
  | LoopInstruction
  | BranchInstruction
  | TileInstruction

/**
 * `for (i = start; i < end; i += step) carried = body(i, carried)`; start, end and step are uniform `index` values and the step
 * is positive. Without an iteration the results are the initial values. A carried value that is varying inside may start as a
 * uniform one.
 */
export interface LoopInstruction {
  readonly op: 'loop'
  /** The counter, inside of the body. */
  readonly counter: ValueId
  readonly start: ValueId
  readonly end: ValueId
  readonly step: ValueId
  /** Values handed from one iteration to the next: `inside` in the body, `next` computed by it, `result` after the loop. */
  readonly carried: readonly { readonly initial: ValueId; readonly inside: ValueId; readonly next: ValueId; readonly result: ValueId }[]
  readonly body: Block
}

/** `condition ? then : otherwise` with a uniform condition; results are values of whichever side ran. */
export interface BranchInstruction {
  readonly op: 'branch'
  readonly condition: ValueId
  readonly then: Block
  readonly otherwise: Block
  readonly results: readonly { readonly then: ValueId; readonly otherwise: ValueId; readonly result: ValueId }[]
}

/**
 * `target[i, j] += Σ_k a[i, k] · b[k, j]` on tiles in the program's shared memory, rows × depth times depth × columns, all of one
 * floating-point type. Done by all lanes together, in no particular division: a
 * barrier belongs before and after it. A target may use matrix units as far as `precision` allows: `exact` is arithmetic in the
 * elements' type, in the order of k; for f32 there are `split`, products of several lower-precision parts with the accuracy of
 * float32, and `tf32`, products of numbers rounded to TensorFloat-32.
 */
export interface TileInstruction {
  readonly op: 'tileMultiplyAdd'
  readonly rows: number
  readonly columns: number
  readonly depth: number
  readonly target: TileRef
  readonly a: TileRef
  readonly b: TileRef
  readonly precision: 'exact' | 'split' | 'tf32'
}

/**
 * A tile of a shared array: where it starts (a uniform index), whether its rows or its columns lie in one piece, and the distance from one
 * to the next. Those of a target are rows.
 */
export interface TileRef {
  readonly slot: number
  readonly offset: ValueId
  readonly order: 'rows' | 'columns'
  readonly stride: number
}
