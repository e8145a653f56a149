import { ancestors, type Ancestors, type NDArray } from '@equivar/engine'

type Value = NDArray['value']

/** What the graph has to do with a tensor. */
export interface GraphTensor {
  readonly array: NDArray
  /** Adds a gradient, which it takes over, to what it has. */
  accumulate(gradient: NDArray): void
  /** Keeps the elements and lets go of what they were computed from. */
  sever(): void
  /** Gives the memory back. */
  discard(): void
}

/** What is done to a cotangent on its way; what is returned takes its place. */
export type CotangentHook = (cotangent: NDArray) => NDArray | undefined

const leaves = new WeakMap<Value, GraphTensor>()
const results = new WeakMap<Value, WeakRef<GraphTensor>[]>()
const hooks = new WeakMap<Value, Set<CotangentHook>>()

/** Interior tensors of the graph that a backward pass went through last. */
let spent: GraphTensor[] = []

/** From here on derivatives that end at the tensor's array belong to it. */
export function registerLeaf(tensor: GraphTensor): void {
  leaves.set(tensor.array.value, tensor)
}

/** The tensor is one of those that a backward pass over its graph lets go. */
export function registerResult(tensor: GraphTensor): void {
  const { value } = tensor.array
  const found = results.get(value)
  const entry = new WeakRef(tensor)
  if (found) found.push(entry)
  else results.set(value, [entry])
}

export function leafOf(array: NDArray): GraphTensor | undefined {
  return leaves.get(array.value)
}

/** Tensors of values between leaves and outputs. */
export function tensorsOf(values: Ancestors['results']): readonly GraphTensor[] {
  return values.flatMap((value) => (results.get(value) ?? []).flatMap((entry) => entry.deref() ?? []))
}

/** A hook on everything that arrives at the tensor's array; the returned function takes it away. */
export function addHook(array: NDArray, hook: CotangentHook): () => void {
  const { value } = array
  const own = hooks.get(value) ?? new Set<CotangentHook>()
  hooks.set(value, own.add(hook))
  return () => void own.delete(hook)
}

/** The hooks of a tensor stay with it when its elements are replaced. */
export function moveHooks(from: NDArray, to: NDArray): void {
  const own = hooks.get(from.value)
  if (own) hooks.set(to.value, own)
}

/** Runs the hooks of a value. */
export function intercept(value: Value, cotangent: NDArray): NDArray | undefined {
  const own = hooks.get(value)
  if (!own || own.size === 0) return undefined
  let result = cotangent
  for (const hook of own) result = hook(result) ?? result
  return result
}

/** Lets go of the graph behind arrays after derivatives were taken: tensors on the way keep their elements, but not where they came from. */
export function letGo(outputs: readonly NDArray[]): void {
  for (const tensor of onTheWay(outputs, true)) tensor.sever()
}

/**
 * {@link letGo} after a pass of training. Tensors on the way that are no output and have more than one element give their elements back
 * when the next pass lets its graph go, so that training needs neither scopes nor a garbage collector.
 */
export function spend(outputs: readonly NDArray[]): void {
  const before = spent
  spent = onTheWay(outputs, false).filter(({ array }) => array.size > 1)
  letGo(outputs)
  const kept = new Set(spent)
  for (const tensor of before) if (!kept.has(tensor)) tensor.discard()
}

function onTheWay(outputs: readonly NDArray[], isWithOutputs: boolean): readonly GraphTensor[] {
  const { leaves: ends, results: values } = ancestors(outputs)
  for (const end of ends) end.dispose()
  const roots = new Set(outputs.map(({ value }) => value))
  return tensorsOf(isWithOutputs ? values : values.filter((value) => !roots.has(value)))
}
