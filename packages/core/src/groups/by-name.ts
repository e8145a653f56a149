import { InputError } from '../errors.ts'
import { type IrrepClass, isIrrepClass } from './irrep.ts'
import { O3 } from './o3.ts'
import { O3E3nn } from './o3-e3nn.ts'
import { SO3 } from './so3.ts'
import { SU2 } from './su2.ts'

const groups = { SU2, SO3, O3, O3E3nn, O3_e3nn: O3E3nn } as const

/** Names of the groups that come with this library; `'O3_e3nn'` is another spelling of `'O3E3nn'`. */
export type GroupName = keyof typeof groups

/** A group: its class, or the name of one that comes with this library. */
export type GroupLike = IrrepClass | GroupName

/** @throws {InputError} if there is no group of this name. */
export function groupByName(name: GroupName): IrrepClass {
  if (!Object.hasOwn(groups, name))
    throw new InputError(`there is no group named '${name}'; the names are ${Object.keys(groups).join(', ')}, and any class derived from Irrep can be passed itself`)
  return groups[name]
}

/** The class of a group given as class or name. @throws {InputError} if it is neither. */
export function asGroup(group: GroupLike): IrrepClass {
  return isIrrepClass(group) ? group : groupByName(group)
}
