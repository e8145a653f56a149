import { FormatError } from '@equivar/core'
import { isPlainName } from '@equivar/files/readers'
import type { Coupling, LayerDefinition, MaceArchitecture, MaceDefinition, RadialNetworkDefinition, ReadoutDefinition } from '../definition.ts'
import { countScalars, dimension, formatIrreps, numIrreps, parseIrreps, sameIrreps, scalars, type FileIrreps } from './irreps.ts'
import { gateIrreps } from './modules/gate.ts'
import { numWeights } from './modules/linear.ts'
import { requireFinite } from './modules/module-reader.ts'
import { convolutionPaths } from './modules/tensor-product.ts'

/** Both parities of every degree that is understood, and some to spare. */
const maxBlocks = 64
const maxLayers = 64

/**
 * Verifies that the parts of a definition fit each other: irreps from layer to layer, widths of networks, indices of
 * couplings, and exactly the tensors that the architecture needs, each finite and of its shape.
 *
 * @throws {FormatError} naming the field or tensor and both sides.
 */
export function checkDefinition(definition: MaceDefinition): void {
  const expected = expectedShapes(definition.architecture, definition.couplings)
  for (const [name, shape] of expected) {
    const tensor = definition.tensors.get(name)
    if (!tensor) throw new FormatError(`model: tensor '${name}' is missing`)
    if (tensor.dtype !== 'float64' && tensor.dtype !== 'float32') throw new FormatError(`model: tensor '${name}' has dtype ${tensor.dtype}, a floating-point one is needed`)
    if (!fits(tensor.shape, shape)) throw new FormatError(`model: tensor '${name}' has shape [${tensor.shape.join(', ')}], [${shape.map(axisText).join(', ')}] fits the architecture`)
    requireFinite(tensor, `model: tensor '${name}'`)
  }
  for (const name of definition.tensors.keys())
    if (!expected.has(name)) throw new FormatError(`model: tensor '${name}' is not understood, the architecture has no use for it`)
  checkRadii(definition)
}

function axisText(length: number): string {
  return length < 0 ? `at least ${-length}` : String(length)
}

/** An axis that may be longer is written negative: at least that long. */
function fits(shape: readonly number[], expected: readonly number[]): boolean {
  return shape.length === expected.length && expected.every((n, axis) => (n < 0 ? (shape[axis] ?? 0) >= -n : shape[axis] === n))
}

function checkRadii({ architecture, tensors }: MaceDefinition): void {
  for (const owner of ['radial_embedding.distance_transform', 'pair_repulsion_fn']) {
    const radii = tensors.get(`${owner}.covalent_radii`)
    for (const z of architecture.atomicNumbers)
      if (radii && !((radii.data[z] ?? 0) > 0)) throw new FormatError(`model: tensor '${owner}.covalent_radii' has no radius of the element with atomic number ${z}`)
  }
}

/**
 * State-dict keys and shapes of every tensor of the architecture.
 *
 * @throws {FormatError} when the architecture itself is inconsistent.
 */
export function expectedShapes(architecture: MaceArchitecture, couplings: MaceDefinition['couplings']): ReadonlyMap<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>()
  const { heads, atomicNumbers, layers, readouts } = architecture
  checkHead(architecture)
  const [first] = layers
  if (layers.length > maxLayers) fail('layers', `${layers.length} layers, at most ${maxLayers} are understood`)
  if (!first || couplings.length !== layers.length) fail('layers', `${layers.length} layers, couplings of ${couplings.length}`)
  const embedding = irreps(first.interaction.nodeFeatures, 'layers[0].interaction.nodeFeatures')
  if (!sameIrreps(embedding, scalars(numIrreps(embedding)))) fail('layers[0].interaction.nodeFeatures', `'${formatIrreps(embedding)}' is not one block of 0e`)
  shapes.set('node_embedding.linear.weight', [atomicNumbers.length * dimension(embedding)])
  shapes.set('atomic_energies_fn.atomic_energies', [heads.length, atomicNumbers.length])
  if (architecture.model === 'ScaleShiftMACE') for (const name of ['scale', 'shift']) shapes.set(`scale_shift.${name}`, [heads.length])
  addRadial(shapes, architecture)
  addJointEmbedding(shapes, architecture, embedding)
  let nodeFeatures = embedding
  for (const [t, layer] of layers.entries()) {
    addInteraction(shapes, architecture, layer.interaction, t, nodeFeatures)
    addProduct(shapes, architecture, layer, couplings[t] ?? [], t)
    nodeFeatures = irreps(layer.product.hidden, `layers[${t}].product.hidden`)
  }
  if (readouts.length !== 1 && readouts.length !== layers.length) fail('readouts', `${readouts.length} readouts for ${layers.length} layers`)
  for (const [k, readout] of readouts.entries())
    addReadout(shapes, readout, `readouts.${k}`, layers.at(readouts.length === 1 ? -1 : k)?.product.hidden ?? '', heads.length)
  return shapes
}

type Shapes = Map<string, readonly number[]>

function fail(field: string, message: string): never {
  throw new FormatError(`architecture.${field}: ${message}`)
}

function irreps(text: string, field: string): FileIrreps {
  const parsed = parseIrreps(text, `architecture.${field}`)
  return parsed.length <= maxBlocks ? parsed : fail(field, `${parsed.length} irreps, at most ${maxBlocks} are understood`)
}

function checkHead({ heads, atomicNumbers, cutoff, harmonics, maxEll }: MaceArchitecture): void {
  if (heads.length === 0 || !heads.every(isPlainName) || new Set(heads).size !== heads.length) fail('heads', 'expected different names')
  if (atomicNumbers.length === 0 || atomicNumbers.some((z) => !Number.isInteger(z) || z < 1 || z > 118) || new Set(atomicNumbers).size !== atomicNumbers.length)
    fail('atomicNumbers', `[${atomicNumbers.slice(0, 8).join(', ')}] are not different atomic numbers`)
  if (!(cutoff > 0 && Number.isFinite(cutoff))) fail('cutoff', `${cutoff} is not a positive length`)
  const found = irreps(harmonics, 'harmonics')
  const parity = found[1]?.p ?? -1
  const expected = Array.from({ length: maxEll + 1 }, (_, l) => ({ mul: 1, l, p: l % 2 === 0 ? (1 as const) : parity }))
  if (!sameIrreps(found, expected)) fail('harmonics', `'${harmonics}' are not the harmonics up to degree ${maxEll}, '${formatIrreps(expected)}'`)
}

function addRadial(shapes: Shapes, { radial: { basis, transform }, pairRepulsion, atomicNumbers }: MaceArchitecture): void {
  const radii = [-(Math.max(...atomicNumbers) + 1)]
  if (basis.kind === 'bessel') {
    shapes.set('radial_embedding.bessel_fn.bessel_weights', [basis.count])
    shapes.set('radial_embedding.bessel_fn.prefactor', [])
  }
  if (basis.kind === 'gaussian') shapes.set('radial_embedding.bessel_fn.gaussian_weights', [basis.count])
  if (transform !== null) {
    for (const name of transform === 'agnesi' ? ['q', 'p', 'a'] : ['alpha']) shapes.set(`radial_embedding.distance_transform.${name}`, [])
    shapes.set('radial_embedding.distance_transform.covalent_radii', radii)
  }
  if (pairRepulsion === null) return
  shapes.set('pair_repulsion_fn.c', [4])
  for (const name of ['a_exp', 'a_prefactor']) shapes.set(`pair_repulsion_fn.${name}`, [])
  shapes.set('pair_repulsion_fn.covalent_radii', radii)
}

function addJointEmbedding(shapes: Shapes, { jointEmbedding, embeddingReadout, heads }: MaceArchitecture, embedding: FileIrreps): void {
  const channels = dimension(embedding)
  if (embeddingReadout) {
    if (jointEmbedding === null) fail('embeddingReadout', 'there is no joint embedding to read out')
    shapes.set('embedding_readout.linear.weight', [channels * heads.length])
  }
  if (jointEmbedding === null) return
  const { features } = jointEmbedding
  if (features.length === 0 || !features.every(({ name }) => isPlainName(name)) || new Set(features.map(({ name }) => name)).size !== features.length) fail('jointEmbedding.features', 'expected different names')
  for (const { name, kind, inputSize, outputSize, bias } of features) {
    const prefix = `joint_embedding.embedders.${name}`
    if (kind === 'categorical') shapes.set(`${prefix}.weight`, [inputSize, outputSize])
    else
      for (const [k, fanIn] of [[0, inputSize], [2, outputSize]] as const) {
        shapes.set(`${prefix}.${k}.weight`, [outputSize, fanIn])
        if (bias) shapes.set(`${prefix}.${k}.bias`, [outputSize])
      }
  }
  shapes.set('joint_embedding.project.0.weight', [channels, features.reduce((sum, { outputSize }) => sum + outputSize, 0)])
}

function addInteraction(shapes: Shapes, architecture: MaceArchitecture, definition: LayerDefinition['interaction'], t: number, input: FileIrreps): void {
  const field = `layers[${t}].interaction`
  const prefix = `interactions.${t}`
  const { kind } = definition
  const nodeFeatures = irreps(definition.nodeFeatures, `${field}.nodeFeatures`)
  if (!sameIrreps(nodeFeatures, input)) fail(`${field}.nodeFeatures`, `'${definition.nodeFeatures}', the layer before gives '${formatIrreps(input)}'`)
  if (!(definition.avgNumNeighbors > 0)) fail(`${field}.avgNumNeighbors`, `${definition.avgNumNeighbors} is not positive`)
  const edgeFeatures = irreps(definition.edgeFeatures, `${field}.edgeFeatures`)
  const target = irreps(definition.target, `${field}.target`)
  const hidden = irreps(definition.hidden, `${field}.hidden`)
  const species = architecture.atomicNumbers.length
  const paths = convolutionPaths(edgeFeatures, irreps(architecture.harmonics, 'harmonics'), target)
  const numPathWeights = paths.paths.reduce((sum, { mul }) => sum + mul, 0)
  const nonLinear = kind === 'RealAgnosticResidualNonLinearInteractionBlock'
  const gate = nonLinear ? gateIrreps(target) : undefined
  checkGate(definition.gate, gate, field)
  const afterConvolution = gate?.input ?? target
  const numRadial = architecture.radial.basis.count
  let numInputs = numRadial
  const linear = (name: string, from: FileIrreps, to: FileIrreps, factor = 1) => shapes.set(`${prefix}.${name}.weight`, [numWeights(from, to) * factor])
  linear('linear_up', nodeFeatures, edgeFeatures)
  linear(nonLinear ? 'linear_1' : 'linear', paths.output, afterConvolution)
  if (kind === 'RealAgnosticInteractionBlock' || kind === 'RealAgnosticDensityInteractionBlock') linear('skip_tp', target, target, species)
  else if (kind === 'RealAgnosticAttResidualInteractionBlock') {
    const down = ((definition.radialNetwork.sizes[0] ?? 0) - numRadial) / 2
    if (!Number.isInteger(down) || down < 1) fail(`${field}.radialNetwork.sizes`, `${definition.radialNetwork.sizes[0] ?? 'no'} inputs are not ${numRadial} and two equal parts`)
    numInputs += 2 * down
    linear('linear_down', nodeFeatures, scalars(down))
    linear('skip_linear', nodeFeatures, hidden)
  } else if (nonLinear) {
    const embedding = countScalars(nodeFeatures)
    numInputs += 2 * embedding
    for (const name of ['source_embedding', 'target_embedding']) linear(name, scalars(species), scalars(embedding))
    linear('linear_res', edgeFeatures, afterConvolution)
    linear('linear_2', target, target)
    linear('skip_tp', nodeFeatures, hidden)
    for (const name of ['alpha', 'beta']) shapes.set(`${prefix}.${name}`, [])
  } else linear('skip_tp', nodeFeatures, hidden, species)
  addNetwork(shapes, definition.radialNetwork, `${prefix}.conv_tp_weights`, `${field}.radialNetwork`, numInputs, numPathWeights)
  const dense = nonLinear || kind === 'RealAgnosticDensityInteractionBlock' || kind === 'RealAgnosticDensityResidualInteractionBlock'
  if (dense !== (definition.densityNetwork !== null)) fail(`${field}.densityNetwork`, `${kind} has ${dense ? 'one' : 'none'}`)
  if (definition.densityNetwork) addNetwork(shapes, definition.densityNetwork, `${prefix}.density_fn`, `${field}.densityNetwork`, numInputs, 1)
}

function checkGate(gate: LayerDefinition['interaction']['gate'], expected: ReturnType<typeof gateIrreps> | undefined, field: string): void {
  if ((gate === null) !== (expected === undefined)) fail(`${field}.gate`, 'only the non-linear class has a gate')
  if (!gate || !expected) return
  for (const name of ['scalars', 'gates', 'gated'] as const)
    if (gate[name] !== formatIrreps(expected[name])) fail(`${field}.gate.${name}`, `'${gate[name]}', '${formatIrreps(expected[name])}' fits the target`)
}

function addNetwork(shapes: Shapes, { kind, sizes }: RadialNetworkDefinition, prefix: string, field: string, inputSize: number, outputSize: number): void {
  if (sizes.length < 2 || sizes[0] !== inputSize || sizes.at(-1) !== outputSize)
    fail(`${field}.sizes`, `[${sizes.join(', ')}], the model needs ${inputSize} at the start and ${outputSize} at the end`)
  for (const [k, fanIn] of sizes.slice(0, -1).entries()) {
    const fanOut = sizes[k + 1] ?? 0
    if (kind === 'fully_connected') {
      shapes.set(`${prefix}.layer${k}.weight`, [fanIn, fanOut])
      continue
    }
    shapes.set(`${prefix}.net.${3 * k}.weight`, [fanOut, fanIn])
    shapes.set(`${prefix}.net.${3 * k}.bias`, [fanOut])
    if (k + 2 < sizes.length) for (const name of ['weight', 'bias']) shapes.set(`${prefix}.net.${3 * k + 1}.${name}`, [fanOut])
  }
}

type LayerCouplings = MaceDefinition['couplings'][number]

function addProduct(shapes: Shapes, architecture: MaceArchitecture, { interaction, product }: LayerDefinition, couplings: LayerCouplings, t: number): void {
  const field = `layers[${t}].product`
  const target = irreps(interaction.target, `layers[${t}].interaction.target`)
  const hidden = irreps(product.hidden, `${field}.hidden`)
  const channels = target[0]?.mul ?? 0
  if (product.hidden !== interaction.hidden) fail(`${field}.hidden`, `'${product.hidden}', the interaction's is '${interaction.hidden}'`)
  if (channels < 1 || hidden.length === 0 || [...target, ...hidden].some(({ mul }) => mul !== channels))
    fail(`${field}.hidden`, `'${product.hidden}' and target '${interaction.target}' are not blocks of equal multiplicity`)
  if (couplings.length !== hidden.length) fail(`${field}.hidden`, `couplings of ${couplings.length} irreps for '${product.hidden}'`)
  const size = dimension(target) / channels
  const species = product.agnostic ? 1 : architecture.atomicNumbers.length
  for (const [k, { l }] of hidden.entries()) {
    const block = couplings[k] ?? []
    if (block.length !== product.correlation) fail(`${field}.correlation`, `${product.correlation}, couplings of ${block.length} degrees`)
    for (const [n, coupling] of block.entries()) {
      checkCoupling(coupling, n + 1, 2 * l + 1, size, `couplings[${t}][${k}][${n}]`)
      const weight = n + 1 === product.correlation ? 'weights_max' : `weights.${product.correlation - 2 - n}`
      shapes.set(`products.${t}.symmetric_contractions.contractions.${k}.${weight}`, [species, coupling.numPaths, channels])
    }
  }
  shapes.set(`products.${t}.linear.weight`, [numWeights(hidden, hidden)])
}

/** Indices in range and in ascending order, values finite. */
function checkCoupling(coupling: Coupling, expectedDegree: number, components: number, size: number, what: string): void {
  const { degree, numComponents, numPaths, indices, values } = coupling
  if (degree !== expectedDegree || numComponents !== components) throw new FormatError(`${what}: degree ${degree} of ${numComponents} components, expected ${expectedDegree} of ${components}`)
  const width = degree + 2
  if (indices.length !== values.length * width || numPaths < 1) throw new FormatError(`${what}: ${indices.length} indices for ${values.length} values`)
  for (let entry = 0; entry < values.length; entry++) {
    const at = (column: number) => indices[entry * width + column] ?? -1
    let valid = Number.isFinite(values[entry]) && inRange(at(0), components) && inRange(at(width - 1), numPaths)
    for (let column = 1; column <= degree; column++) valid &&= inRange(at(column), size) && (column === 1 || at(column) >= at(column - 1))
    if (!valid) throw new FormatError(`${what}: entry ${entry} has an index out of range or order, or a value that is not finite`)
    if (entry > 0 && !ascends(indices, entry, width)) throw new FormatError(`${what}: entry ${entry} is not in order`)
  }
}

function inRange(index: number, end: number): boolean {
  return index >= 0 && index < end
}

function ascends(indices: Int32Array, entry: number, width: number): boolean {
  for (let column = 0; column < width; column++) {
    const difference = (indices[entry * width + column] ?? 0) - (indices[(entry - 1) * width + column] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return false
}

function addReadout(shapes: Shapes, readout: ReadoutDefinition, prefix: string, hiddenFeatures: string, numHeads: number): void {
  const input = irreps(readout.input, prefix)
  if (readout.input !== hiddenFeatures) fail(`${prefix}.input`, `'${readout.input}', the layer gives '${hiddenFeatures}'`)
  if (readout.kind === 'linear') {
    shapes.set(`${prefix}.linear.weight`, [numWeights(input, scalars(numHeads))])
    return
  }
  const hidden = irreps(readout.hidden, `${prefix}.hidden`)
  const width = dimension(hidden)
  if (!sameIrreps(hidden, scalars(width)) || width < 1 || width % numHeads !== 0 || (readout.numHeads !== 1 && readout.numHeads !== numHeads))
    fail(`${prefix}.hidden`, `'${readout.hidden}' and ${readout.numHeads} heads do not fit the ${numHeads} heads of the model`)
  shapes.set(`${prefix}.linear_1.weight`, [numWeights(input, hidden)])
  shapes.set(`${prefix}.linear_2.weight`, [width * numHeads])
  if (readout.kind === 'non_linear') return
  shapes.set(`${prefix}.linear_mid.weight`, [width * width])
  shapes.set(`${prefix}.linear_mid.bias`, [width])
  shapes.set(`${prefix}.linear_2.bias`, [numHeads])
}
