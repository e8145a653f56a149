import { GroupMismatchError, asLayout, getIrrepScope, getLayoutScope, InputError, Irreps, mulIr, type IrrepsLike, type Layout, type LayoutLike } from '@equivar/core'
import type { Device, FloatDType, MethodChoice } from '@equivar/engine'

/** Options of every operation. */
export interface OperationOptions {
  /** Of parameters and inputs. Default: `mathDtype` if it is given, else the default dtype. */
  readonly dtype?: FloatDType
  /** In which is computed. Default: that of the inputs. */
  readonly mathDtype?: FloatDType
  /** Default: the default device. */
  readonly device?: Device
  /** How it is computed. Default `'auto'`: what serves best on the device. */
  readonly method?: MethodChoice
  /** The older form of `method`: true is `'naive'`, false the compiled method of the operation. */
  readonly useFallback?: boolean
}

/** How one call is computed. */
export interface CallOptions {
  /** True: method `'naive'`. False: the compiled method of the operation, or an error where there are no kernels. */
  readonly useFallback?: boolean
}

/** Layouts of an operation with one input. */
export interface LayoutOptions {
  /** Of all that have none of their own. Default: that of `assume`, else `mulIr`. */
  readonly layout?: LayoutLike
  readonly layoutIn?: LayoutLike
  readonly layoutOut?: LayoutLike
}

/** Layouts of an operation with two inputs. */
export interface PairLayoutOptions {
  /** Of all that have none of their own. Default: that of `assume`, else `mulIr`. */
  readonly layout?: LayoutLike
  readonly layoutIn1?: LayoutLike
  readonly layoutIn2?: LayoutLike
  readonly layoutOut?: LayoutLike
}

/** Where weights live. */
export interface WeightOptions {
  /** One set of weights for all rows, instead of one a row. Default true. */
  readonly sharedWeights?: boolean
  /** The module holds them as a parameter. Default: `sharedWeights`. */
  readonly internalWeights?: boolean
}

/** The layout that is named, that of `assume`, or the multiplicity outside. @throws {LayoutError} for an unknown name. */
export function layoutOf(own: LayoutLike | undefined, common: LayoutLike | undefined): Layout {
  const named = own ?? common
  return named === undefined ? (getLayoutScope(false) ?? mulIr) : asLayout(named)
}

/** Irreps as they are, or a text of the group of `assume`, O3 where there is none. @throws {IrrepsError} if a text does not parse. */
export function irrepsOf(irreps: IrrepsLike): Irreps {
  if (irreps instanceof Irreps) return irreps
  return typeof irreps === 'string' ? new Irreps(getIrrepScope(false) ?? 'O3', irreps) : new Irreps(irreps)
}

/** @throws {GroupMismatchError} unless all irreps are of one group. */
export function requireOneGroup(what: string, irreps: { readonly [name: string]: Irreps | undefined }): void {
  const entries = Object.entries(irreps).flatMap(([name, own]) => (own ? [{ name, own }] : []))
  const [first] = entries
  const other = entries.find(({ own }) => own.group !== first?.own.group)
  if (first && other)
    throw new GroupMismatchError(`${what}: ${first.name} '${first.own.toString()}' belong to ${first.own.group.label}, ${other.name} '${other.own.toString()}' to ${other.own.group.label}; write both in one group`)
}

/** The method that the older option stands for, beside the compiled one of an operation. */
export function fallbackMethod(useFallback: boolean, compiled: MethodChoice): MethodChoice {
  return useFallback ? 'naive' : compiled
}

/** Whether weights are shared and internal. @throws {InputError} if they are internal and not shared. */
export function weightPlace(what: string, { sharedWeights = true, internalWeights = sharedWeights }: WeightOptions): Required<WeightOptions> {
  if (internalWeights && !sharedWeights) throw new InputError(`${what}: internal weights are shared by all rows; pass sharedWeights: true, or internalWeights: false`)
  return { sharedWeights, internalWeights }
}
