import { FormatError } from '@equivar/core'
import { describe, PickleDict, PickleObject, PickleSet, TensorRecord, textDict, type PickleValue, type TorchArchive } from '@equivar/files/readers'
import type { NamedTensor } from '../../definition.ts'
import { formatIrreps, sameIrreps, type FileIrreps } from '../irreps.ts'
import { irrepsOf, numpyScalar, sequence } from './values.ts'

/** What reading a model collects: the tensors that its definition keeps, under their state-dict keys. */
export interface ReadingContext {
  readonly archive: TorchArchive
  readonly tensors: Map<string, NamedTensor>
}

/** Attributes of every torch module, none of which changes a result when empty. */
const standardAttributes = ['training', '_non_persistent_buffers_set', '_is_full_backward_hook']
const moduleState = ['_parameters', '_buffers', '_modules']

/**
 * One module of a pickled model, read attribute by attribute.
 *
 * {@link close} refuses whatever was not asked for, so that nothing in a file is passed over: each reader names every
 * attribute, tensor and submodule of its class, if only to ignore it on purpose.
 */
export class ModuleReader {
  /** Dotted path from the model, as in state-dict keys; empty for the model itself. */
  readonly path: string
  /** Class name without its module. */
  readonly className: string
  readonly context: ReadingContext
  readonly #qualifiedName: string
  readonly #attributes: ReadonlyMap<string, PickleValue>
  readonly #tensors: ReadonlyMap<string, PickleValue>
  readonly #modules: ReadonlyMap<string, PickleValue>
  readonly #seen = new Set<string>()

  constructor(value: PickleValue | undefined, path: string, context: ReadingContext) {
    this.path = path
    this.context = context
    if (!(value instanceof PickleObject)) throw new FormatError(`${this.where()}: expected a module, found ${describe(value)}`)
    this.className = value.type.name
    this.#qualifiedName = value.type.qualifiedName
    const state = textDict(value.state, this.where())
    this.#attributes = state
    const parameters = textDict(state.get('_parameters'), this.where('_parameters'))
    const buffers = textDict(state.get('_buffers'), this.where('_buffers'))
    for (const name of parameters.keys())
      if (buffers.has(name) && parameters.get(name) !== null && buffers.get(name) !== null) throw new FormatError(`${this.where(name)}: both a parameter and a buffer`)
    this.#tensors = new Map([...parameters, ...buffers].filter(([, tensor]) => tensor !== null))
    this.#modules = new Map([...textDict(state.get('_modules'), this.where('_modules'))].filter(([, module]) => module !== null))
    // Python would find the attribute first.
    for (const name of state.keys()) if (this.#tensors.has(name) || this.#modules.has(name)) this.fail('a plain attribute hides the tensor or submodule of its name', name)
    this.#checkStandardState()
  }

  /** `'model'`, or the dotted path of this module or of something in it: how errors begin. */
  where(name?: string): string {
    const path = [this.path, name].filter((part) => part !== undefined && part !== '').join('.')
    return path === '' ? 'model' : `model: ${path}`
  }

  fail(message: string, name?: string): never {
    throw new FormatError(`${this.where(name)}: ${message}`)
  }

  /** @throws {FormatError} unless the module is of one of these classes, given with their modules. */
  expectClass(...qualifiedNames: string[]): void {
    if (!qualifiedNames.includes(this.#qualifiedName)) this.fail(`expected ${qualifiedNames.join(' or ')}, found a ${this.#qualifiedName}`)
  }

  has(name: string): boolean {
    return this.#attributes.has(name) || this.#tensors.has(name) || this.#modules.has(name)
  }

  /** The raw value of an attribute, `undefined` when older versions did not have it. */
  attribute(name: string): PickleValue | undefined {
    this.#seen.add(name)
    return this.#attributes.get(name)
  }

  /** Names what is known to be without effect. */
  ignore(...names: string[]): void {
    for (const name of names) this.#seen.add(name)
  }

  boolean(name: string, whenAbsent?: boolean): boolean {
    const value = this.attribute(name) ?? whenAbsent
    return typeof value === 'boolean' ? value : this.fail(`expected True or False, found ${describe(value)}`, name)
  }

  integer(name: string): number {
    const value = this.attribute(name)
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : this.fail(`expected an integer, found ${describe(value)}`, name)
  }

  /** A Python number, a numpy scalar, or a tensor of one element kept as a plain attribute; finite. */
  number(name: string): number {
    const value = this.attribute(name)
    let number: number | undefined
    if (typeof value === 'number') number = value
    else if (value instanceof TensorRecord && value.size === 1) number = this.context.archive.tensor(value, this.#key(name)).data[0]
    else if (value instanceof PickleObject) number = numpyScalar(value, this.where(name))
    return number !== undefined && Number.isFinite(number) ? number : this.fail(`expected a finite number, found ${number ?? describe(value)}`, name)
  }

  text(name: string): string {
    const value = this.attribute(name)
    return typeof value === 'string' ? value : this.fail(`expected a text, found ${describe(value)}`, name)
  }

  integers(name: string): readonly number[] {
    return sequence(this.attribute(name), this.where(name)).map((item) =>
      typeof item === 'number' && Number.isSafeInteger(item) ? item : this.fail(`expected integers, found ${describe(item)}`, name),
    )
  }

  irreps(name: string): FileIrreps {
    return irrepsOf(this.attribute(name), this.where(name))
  }

  /** @throws {FormatError} unless the attribute states exactly these irreps. */
  expectIrreps(name: string, expected: FileIrreps): void {
    const found = this.irreps(name)
    if (!sameIrreps(found, expected)) this.fail(`irreps are '${formatIrreps(found)}', '${formatIrreps(expected)}' fit the model`, name)
  }

  /** @throws {FormatError} unless the attribute has the value, where the file states it at all. */
  expect(name: string, expected: string | number | boolean | null): void {
    const value = this.attribute(name)
    if (value !== undefined && value !== expected) this.fail(`expected ${describe(expected)}, found ${describe(value)}`, name)
  }

  /** Refuses layers of other libraries, whose weights lie in another order. */
  expectNoAcceleration(): void {
    for (const name of ['cueq_config', 'oeq_config']) {
      const value = this.attribute(name)
      if (value === undefined || value === null) continue
      const enabled = value instanceof PickleObject && value.state instanceof PickleDict ? value.state.get('enabled') : undefined
      if (enabled !== false)
        this.fail('the model was converted for cuEquivariance or OpenEquivariance; convert it back with mace_cueq_to_e3nn or mace_oeq_to_e3nn', name)
    }
  }

  child(name: string): ModuleReader {
    return this.optionalChild(name) ?? this.fail('this submodule is missing', name)
  }

  optionalChild(name: string): ModuleReader | undefined {
    this.#seen.add(name)
    const value = this.#modules.get(name)
    return value === undefined ? undefined : new ModuleReader(value, this.#key(name), this.context)
  }

  /** Submodules `'0'`, `'1'`, … of a ModuleList or Sequential, which is closed. */
  list(name: string, ...qualifiedNames: string[]): readonly ModuleReader[] {
    const list = this.child(name)
    list.expectClass(...qualifiedNames)
    const children = Array.from({ length: list.#modules.size }, (_, k) => list.child(String(k)))
    list.expectOrder([...children.keys()].map(String))
    list.close()
    return children
  }

  /** @throws {FormatError} unless the submodules stand in this order, which is that of their application whatever their names. */
  expectOrder(names: readonly string[]): void {
    if (this.moduleNames.join() !== names.join()) this.fail(`submodules are ${this.moduleNames.slice(0, 8).join(', ')}, expected ${names.join(', ')}`)
  }

  /** Names of the tensors, in the order of the file. */
  get tensorNames(): readonly string[] {
    return [...this.#tensors.keys()]
  }

  get moduleNames(): readonly string[] {
    return [...this.#modules.keys()]
  }

  /** The numbers of a parameter or buffer; finite. */
  tensor(name: string): NamedTensor {
    return this.optionalTensor(name) ?? this.fail('this tensor is missing', name)
  }

  optionalTensor(name: string): NamedTensor | undefined {
    this.#seen.add(name)
    const record = this.#tensors.get(name)
    if (record === undefined) return undefined
    if (!(record instanceof TensorRecord)) this.fail(`expected a tensor, found ${describe(record)}`, name)
    const tensor = this.context.archive.tensor(record, this.#key(name))
    requireFinite(tensor, `${this.where(name)}: tensor`)
    return tensor
  }

  /** Puts a tensor into the definition, under its state-dict key. @throws {FormatError} unless it has the shape, where one is given. */
  keep(name: string, shape?: readonly number[]): NamedTensor {
    const tensor = this.tensor(name)
    if (shape && (shape.length !== tensor.shape.length || shape.some((n, axis) => n !== tensor.shape[axis]))) this.#failShape(name, tensor, shape)
    this.context.tensors.set(this.#key(name), tensor)
    return tensor
  }

  /** Like {@link keep}, for tensors that older versions stored with fewer axes. */
  keepReshaped(name: string, shape: readonly number[]): void {
    const tensor = this.tensor(name)
    const fits = [...tensor.shape].filter((n) => n !== 1).join() === [...shape].filter((n) => n !== 1).join()
    if (!fits) this.#failShape(name, tensor, shape)
    this.context.tensors.set(this.#key(name), { ...tensor, shape })
  }

  /** The value of a tensor of one element. */
  scalar(name: string): number {
    const { data, shape } = this.tensor(name)
    const [value] = data
    return value !== undefined && data.length === 1 ? value : this.fail(`tensor has shape [${shape.join(', ')}], one number is expected`, name)
  }

  /** @throws {FormatError} unless the tensor exists, where the file has it at all, and is empty. */
  expectEmptyTensor(name: string): void {
    const tensor = this.optionalTensor(name)
    if (tensor && tensor.data.length > 0) this.fail(`tensor has shape [${tensor.shape.join(', ')}], an empty one fits the model`, name)
  }

  /** @throws {FormatError} for the first attribute, tensor or submodule that nobody asked for. */
  close(): void {
    for (const [kind, names] of [['tensor', this.#tensors], ['submodule', this.#modules], ['attribute', this.#attributes]] as const)
      for (const [name, value] of names) if (!this.#seen.has(name) && !isStandard(name)) this.fail(`${kind} of a ${this.#qualifiedName} is not understood (${describe(value)})`, name)
  }

  #failShape(name: string, tensor: NamedTensor, shape: readonly number[]): never {
    this.fail(`tensor has shape [${tensor.shape.join(', ')}], [${shape.join(', ')}] fits the model`, name)
  }

  #key(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`
  }

  /** Hooks are functions that could change anything; a saved model has none. */
  #checkStandardState(): void {
    for (const [name, value] of this.#attributes) {
      if (!isHookTable(name)) continue
      const empty = (value instanceof PickleDict && value.entries.size === 0) || (value instanceof PickleSet && value.items.length === 0)
      if (!empty) this.fail(`hooks are not understood (${describe(value)})`, name)
    }
    const hidden = this.#attributes.get('_non_persistent_buffers_set')
    if (hidden !== undefined && !(hidden instanceof PickleSet && hidden.items.every((item) => typeof item === 'string')))
      this.fail(`expected a set of names, found ${describe(hidden)}`, '_non_persistent_buffers_set')
  }
}

function isHookTable(name: string): boolean {
  return name.startsWith('_') && (/_hooks$/.test(name) || /_hooks_(?:with_kwargs|always_called)$/.test(name))
}

function isStandard(name: string): boolean {
  return standardAttributes.includes(name) || moduleState.includes(name) || isHookTable(name)
}

/** @throws {FormatError} naming the tensor and the position of a NaN or infinity. */
export function requireFinite({ data, shape }: NamedTensor, what: string): void {
  if (!(data instanceof Float64Array || data instanceof Float32Array)) return
  const k = data.findIndex((x: number) => !Number.isFinite(x))
  if (k >= 0)
    throw new FormatError(`${what} of shape [${shape.join(', ')}] has ${data[k] ?? NaN} at position ${k}; the model is broken, perhaps its training diverged`)
}
