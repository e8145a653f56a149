import { FormatError } from '@equivar/core'
import { readSafetensors, writeSafetensors } from '@equivar/files'
import { readObject, type JsonReader } from '@equivar/files/readers'
import { checkDefinition } from '../checkpoint/check-definition.ts'
import type { Coupling, MaceArchitecture, MaceDefinition, NamedTensor } from '../definition.ts'
import { readArchitecture } from './architecture-json.ts'

const format = 'equivar.mace'
const version = '1'

/**
 * A definition as one safetensors file: the architecture as JSON in its metadata, parameters under their state-dict
 * keys, couplings as `couplings.<layer>.<irrep>.<degree>.indices` and `.values`. {@link readDefinition} gives back exactly
 * what was written.
 *
 * @throws {FormatError} when the definition is inconsistent.
 */
export function writeDefinition(definition: MaceDefinition): Uint8Array<ArrayBuffer> {
  checkDefinition(definition)
  const tensors = new Map(definition.tensors)
  const couplings = definition.couplings.map((layer, t) =>
    layer.map((block, k) =>
      block.map(({ degree, numComponents, numPaths, indices, values }) => {
        const name = couplingName(t, k, degree)
        tensors.set(`${name}.indices`, { dtype: 'int32', shape: [values.length, degree + 2], data: indices })
        tensors.set(`${name}.values`, { dtype: 'float64', shape: [values.length], data: values })
        return { degree, numComponents, numPaths }
      }),
    ),
  )
  const metadata = new Map([
    ['format', format],
    ['version', version],
    ['architecture', JSON.stringify(definition.architecture)],
    ['couplings', JSON.stringify(couplings)],
  ])
  return writeSafetensors(tensors, metadata)
}

/**
 * Reads what {@link writeDefinition} wrote.
 *
 * @throws {FormatError} naming the field or tensor that is missing, unknown or does not fit.
 */
export function readDefinition(bytes: Uint8Array): MaceDefinition {
  const { tensors, metadata } = readSafetensors(bytes)
  if (metadata.get('format') !== format)
    throw new FormatError('model: this safetensors file holds tensors but no MACE architecture; load the .model file, or a file written by writeDefinition')
  if (metadata.get('version') !== version)
    throw new FormatError(`model: file format version ${JSON.stringify(metadata.get('version')?.slice(0, 20))}, this version of the library reads ${version}; update it`)
  const architecture: MaceArchitecture = readObject(parse(metadata, 'architecture'), 'architecture', readArchitecture)
  const rest = new Map(tensors)
  const couplings = readCouplings(parse(metadata, 'couplings'), rest)
  const definition = { architecture, tensors: rest, couplings }
  checkDefinition(definition)
  return definition
}

function parse(metadata: ReadonlyMap<string, string>, name: string): unknown {
  const text = metadata.get(name)
  if (text === undefined) throw new FormatError(`model: metadata '${name}' is missing`)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new FormatError(`model: metadata '${name}' is not JSON; the file is damaged`, { cause })
  }
}

/** Takes the tensors of the couplings out of `tensors`. */
function readCouplings(value: unknown, tensors: Map<string, NamedTensor>): MaceDefinition['couplings'] {
  return array(value, 'couplings').map((layer, t) =>
    array(layer, `couplings[${t}]`).map((block, k) =>
      array(block, `couplings[${t}][${k}]`).map((coupling, n) =>
        readObject(coupling, `couplings[${t}][${k}][${n}]`, (json) => readCoupling(json, `couplings.${t}.${k}`, tensors)),
      ),
    ),
  )
}

function readCoupling(json: JsonReader, prefix: string, tensors: Map<string, NamedTensor>): Coupling {
  const degree = json.integer('degree', 1, 8)
  const name = `${prefix}.${degree}`
  const indices = takeTensor(tensors, `${name}.indices`)
  const values = takeTensor(tensors, `${name}.values`)
  if (!(indices.data instanceof Int32Array)) throw new FormatError(`tensor '${name}.indices': dtype ${indices.dtype}, int32 is needed`)
  if (!(values.data instanceof Float64Array)) throw new FormatError(`tensor '${name}.values': dtype ${values.dtype}, float64 is needed`)
  if (indices.shape.join() !== [values.data.length, degree + 2].join() || values.shape.length !== 1)
    throw new FormatError(`tensor '${name}.indices': shape [${indices.shape.join(', ')}], [${values.data.length}, ${degree + 2}] fits its values`)
  return { degree, numComponents: json.integer('numComponents', 1), numPaths: json.integer('numPaths', 1), indices: indices.data, values: values.data }
}

function takeTensor(tensors: Map<string, NamedTensor>, name: string): NamedTensor {
  const tensor = tensors.get(name)
  if (!tensor) throw new FormatError(`tensor '${name}' is missing`)
  tensors.delete(name)
  return tensor
}

function couplingName(layer: number, irrep: number, degree: number): string {
  return `couplings.${layer}.${irrep}.${degree}`
}

function array(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new FormatError(`${path}: expected a list`)
  return value
}
