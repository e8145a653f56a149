import type { MaceArchitecture, MaceDefinition, ReadoutDefinition } from '../definition.ts'
import { isParameter } from '../model/parameter-names.ts'
import { chemicalSymbol } from '../structures/index.ts'
import type { CliContext } from './context.ts'
import { writeText } from './output.ts'

/** `equivar inspect`: what a model file holds. */
export async function inspectFile(path: string, options: { readonly json: boolean }, context: CliContext): Promise<void> {
  const definition = await context.models.inspect(path, { signal: context.signal })
  await writeText(context.stdout, options.json ? `${JSON.stringify(describeModel(definition), null, 2)}\n` : describeInWords(definition))
}

/** The same as JSON. */
interface ModelDescription {
  readonly model: MaceArchitecture['model']
  readonly dtype: MaceArchitecture['dtype']
  readonly elements: readonly string[]
  readonly cutoff: number
  readonly heads: readonly string[]
  readonly harmonics: string
  readonly radial: MaceArchitecture['radial']
  readonly pairRepulsion: boolean
  readonly numParameters: number
  readonly layers: readonly {
    readonly interaction: string
    readonly input: string
    readonly target: string
    readonly hidden: string
    readonly correlation: number
    readonly avgNumNeighbors: number
  }[]
  readonly readouts: readonly ReadoutDefinition[]
}

function describeModel(definition: MaceDefinition): ModelDescription {
  const { architecture } = definition
  return {
    model: architecture.model,
    dtype: architecture.dtype,
    elements: architecture.atomicNumbers.map(chemicalSymbol),
    cutoff: architecture.cutoff,
    heads: architecture.heads,
    harmonics: architecture.harmonics,
    radial: architecture.radial,
    pairRepulsion: architecture.pairRepulsion !== null,
    numParameters: countParameters(definition),
    layers: architecture.layers.map(({ interaction, product }) => ({
      interaction: interaction.kind,
      input: interaction.nodeFeatures,
      target: interaction.target,
      hidden: product.hidden,
      correlation: product.correlation,
      avgNumNeighbors: interaction.avgNumNeighbors,
    })),
    readouts: architecture.readouts,
  }
}

function countParameters({ tensors }: MaceDefinition): number {
  let count = 0
  for (const [name, { data }] of tensors) if (isParameter(name)) count += data.length
  return count
}

function describeInWords(definition: MaceDefinition): string {
  const d = describeModel(definition)
  const { basis, cutoffOrder, applyCutoff, transform } = d.radial
  const rows: (readonly [string, string])[] = [
    ['model', d.model],
    ['dtype', d.dtype],
    ['parameters', d.numParameters.toLocaleString('en-US')],
    ['elements', `${d.elements.join(' ')} (${d.elements.length})`],
    ['heads', d.heads.join(', ')],
    ['cutoff', `${d.cutoff} Å`],
    ['harmonics', d.harmonics],
    [
      'radial basis',
      `${basis.count} ${basis.kind}, cutoff order ${cutoffOrder}${applyCutoff ? '' : ' (applied to the weights)'}${transform === null ? '' : `, ${transform} transform`}`,
    ],
    ['pair repulsion', d.pairRepulsion ? 'ZBL' : 'none'],
    ...d.layers.map((layer, index): readonly [string, string] => [
      `layer ${index}`,
      `${layer.interaction}: ${layer.input} → ${layer.target} → ${layer.hidden}, correlation ${layer.correlation}, ${layer.avgNumNeighbors.toPrecision(6)} neighbours on average`,
    ]),
    ...d.readouts.map((readout, index): readonly [string, string] => [
      `readout ${index}`,
      readout.kind === 'linear' ? `linear: ${readout.input}` : `non-linear: ${readout.input} → ${readout.hidden}, ${readout.activation.name}`,
    ]),
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('')
}
