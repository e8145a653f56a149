/**
 * Time to build the descriptors of a MACE model of MACE-OFF-large size, cold (first call in this process) and warm (second
 * call with the same arguments). Run: npm run -s program -- packages/core/bench/descriptors.ts
 */
import * as cue from '../src/index.ts'

const group = 'O3E3nn'
const irreps = (text: string): cue.Irreps => new cue.Irreps(group, text)

const scalars = irreps('192x0e')
const hidden = irreps('192x0e + 192x1o + 192x2e')
const harmonics = irreps('0e + 1o + 2e + 3o')
const interaction = irreps('192x0e + 192x1o + 192x2e + 192x3o')
const elements = irreps('10x0e')
const { descriptors, experimental } = cue

function layer(input: cue.Irreps, output: cue.Irreps): [string, () => unknown][] {
  const [a, b] = [input.toString(), output.toString()]
  const conv = (): cue.EquivariantPolynomial => descriptors.channelwiseTensorProduct(input, harmonics, harmonics)
  const convOut = (): cue.Irreps => new cue.Irreps(group, conv().outputs[0].toString())
  return [
    [`linear up (${a})`, () => descriptors.linear(input, input)],
    [`channel-wise product (${a})`, conv],
    [`channel-wise product, simplified (${a})`, () => descriptors.channelwiseTensorProduct(input, harmonics, harmonics, { simplifyIrreps3: true })],
    [`linear down (${a})`, () => descriptors.linear(convOut(), interaction)],
    [`fully connected skip (${a})`, () => descriptors.fullyConnectedTensorProduct(input, elements, output)],
    [`symmetric contraction to ${b}`, () => experimental.mace.symmetricContraction(interaction, output, [1, 2, 3])],
    [`linear after the contraction (${b})`, () => descriptors.linear(output, output)],
    [`readout (${b})`, () => descriptors.linear(output, irreps('0e'))],
  ]
}

const jobs: [string, () => unknown][] = [
  ['embedding', () => descriptors.linear(elements, scalars)],
  ['spherical harmonics', () => descriptors.sphericalHarmonics(new cue.O3E3nn(1, -1), [0, 1, 2, 3])],
  ...layer(scalars, hidden),
  ...layer(hidden, scalars),
]

function milliseconds(job: () => unknown): number {
  const start = performance.now()
  job()
  return performance.now() - start
}

const cold = jobs.map(([, job]) => milliseconds(job))
const warm = jobs.map(([, job]) => milliseconds(job))
for (const [i, [name]] of jobs.entries())
  console.log(`${name.padEnd(60)} cold ${(cold[i] ?? 0).toFixed(2).padStart(8)} ms   warm ${(warm[i] ?? 0).toFixed(3).padStart(7)} ms`)
const total = (times: readonly number[]): number => times.reduce((sum, time) => sum + time, 0)
console.log(`${'all'.padEnd(60)} cold ${total(cold).toFixed(2).padStart(8)} ms   warm ${total(warm).toFixed(3).padStart(7)} ms   slowest warm ${Math.max(...warm).toFixed(3)} ms`)
