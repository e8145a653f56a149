import { DeviceError, InternalError, type BackendDevice } from '@equivar/core'
import type * as lowering from '@equivar/core/lowering'
import { backendOf, type Device } from '../array/device.ts'
import { storageOf, valueData } from '../array/ndarray.ts'
import { elementCount } from '../array/shape.ts'
import type { AbstractValue, Value } from '../graph/value.ts'
import { allocateOn } from '../memory/allocate.ts'
import { Storage } from '../memory/storage.ts'
import { evaluators } from '../naive/table.ts'
import type { HostTensor } from '../naive/tensor.ts'
import type { PrimitiveName } from '../primitives/names.ts'
import type { AnyParams } from '../primitives/rules.ts'
import { targetOf } from './backend.ts'
import { checkElements } from './checks.ts'
import { ControlFlow, isControlFlowParams, runSteps } from './control-flow.ts'
import { currentMethod, isCheckingIndices } from './modes.ts'
import { orderOf } from './orders.ts'
import { runPlan } from './run-plan.ts'
import { orderSource, planPrimitive } from './table.ts'

interface ErasedEvaluator {
  evaluate(inputs: readonly HostTensor[], params: AnyParams, outputs: readonly AbstractValue[]): readonly HostTensor['data'][]
}
const naive: { readonly [P in PrimitiveName]: ErasedEvaluator } = evaluators

/** A primitive whose inputs have passed its shape rule, ready to be run. */
export interface Application {
  readonly primitive: PrimitiveName
  readonly inputs: readonly Value[]
  readonly params: AnyParams
  readonly outputs: readonly AbstractValue[]
  readonly device: Device
}

/**
 * Elements of the outputs: by kernels where a backend runs the device, in plain TypeScript where none does or method `naive` is asked
 * for.
 *
 * @throws {InputError} if elements are refused (an index out of range), before anything runs.
 * @throws {DeviceError} if there is no memory, or a compiled method is asked for and there is no backend.
 */
export function execute(application: Application): Storage[] {
  const { primitive, inputs, params, outputs, device } = application
  if (isControlFlowParams(params)) {
    const flow = new ControlFlow(device, execute, (body, own) => runSteps(body, own, device, execute))
    return flow.evaluate(params, inputs.map(storageOf), outputs)
  }
  // Derivatives are taken from what is remembered; what is computed is there.
  if (primitive === 'custom') return inputs.slice(0, outputs.length).map(aliased)
  const backend = kernelBackend(device, 'polynomial' in params ? params.method : undefined)
  if (!backend) return evaluate(application)
  if (isCheckingIndices()) checkElements(primitive, inputs, params)
  const plan = planPrimitive(primitive, inputs, params, outputs, targetOf(backend))
  if ('alias' in plan) return [aliased(inputs[plan.alias])]
  const storages: Storage[] = []
  try {
    for (const { dtype, shape } of outputs) storages.push(newStorage(backend, dtype, elementCount(shape), device))
    runPlan(backend, plan, {
      input: (index) => bindingOf(backend, inputs[index]),
      outputs: storages.map((storage) => storage.on(backend)),
      order: (index, part) => {
        const { input, rows } = orderSource(inputs, params, index)
        return orderOf(storageOf(required(inputs[input])), rows)[part].on(backend)
      },
    })
  } catch (error) {
    for (const storage of storages) storage.release()
    throw error
  }
  return storages
}

/**
 * What runs the kernels of a device; `undefined` where plain TypeScript does, for there is no backend, or method `naive` is asked for
 * and the host sees the device's memory.
 *
 * @throws {DeviceError} if a compiled method is asked for and there is no backend.
 */
export function kernelBackend(device: Device, method: lowering.Method | undefined): BackendDevice | undefined {
  const backend = backendOf(device)
  if (!backend && method !== undefined && method !== 'naive')
    throw new DeviceError(`method '${method}' needs kernels, but nothing runs them on device '${device}'; install @equivar/kernels-cpu and call use(cpu), or leave the method to 'auto'`)
  return backend?.view && (method === 'naive' || currentMethod() === 'naive') ? undefined : backend
}

/** Memory of a backend for a result, with undefined contents. @throws {DeviceError} if there is no room. */
export function newStorage(backend: BackendDevice, dtype: AbstractValue['dtype'], length: number, device: Device): Storage {
  return Storage.ofPlace({ backend, binding: allocateOn(backend, dtype, length) }, dtype, length, device)
}

function evaluate({ primitive, inputs, params, outputs, device }: Application): Storage[] {
  const tensors = inputs.map((value) => ({ data: valueData(value), shape: value.shape, dtype: value.dtype }))
  return naive[primitive].evaluate(tensors, params, outputs).map((data) => {
    // A result that is an input's own memory (a reshape) shares it instead of counting it twice.
    const source = tensors.findIndex((tensor) => tensor.data === data)
    return source < 0 ? Storage.ofHost(data, device) : aliased(inputs[source])
  })
}

function aliased(input: Value | undefined): Storage {
  return storageOf(required(input)).retain()
}

function bindingOf(backend: BackendDevice, input: Value | undefined) {
  return storageOf(required(input)).on(backend)
}

function required(input: Value | undefined): Value {
  if (!input) throw new InternalError('a plan names an input that its primitive does not have')
  return input
}
