import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { use } from '@equivar/core'
import { createCpu } from '@equivar/kernels-cpu'
import { beforeAll, describe, expect, it } from 'vitest'
import { MemoryArrays, relativeError, type ShapedArray } from '../src/cases/arrays.ts'
import { caseNamed } from '../src/cases/catalog.ts'
import type { CaseInput } from '../src/cases/case.ts'
import { seededInput } from '../src/cases/seeded.ts'
import { exampleModels, exampleStructures } from '../src/node/example.ts'
import { folderAssets } from '../src/node/assets.ts'
import { buildJsCase, loadJsPeers } from '../src/node/js-peers.ts'
import { expressionOf, type Expression } from '../src/peers/expressions.ts'
import { onnxModel } from '../src/peers/onnx.ts'
import { plainLibrary, type PlainTensor } from './plain-library.ts'

beforeAll(() => use(createCpu({ threads: 1, cacheFolder: null })))

const assets = folderAssets(exampleModels, exampleStructures)

/** The first rows of the inputs of a case. */
function shortened(input: CaseInput, names: readonly string[], rows: number): CaseInput {
  const arrays = new Map<string, ShapedArray>()
  for (const name of ['weights', 'features', 'harmonics', 'senders', 'receivers', 'species', 'vectors'].filter((each) => input.arrays.has(each))) {
    const [data, shape] = [input.arrays.read(name), input.arrays.shape(name)]
    const width = shape.slice(1).reduce((product, extent) => product * extent, 1)
    arrays.set(name, names.includes(name) ? { data: data.slice(0, rows * width), shape: [rows, ...shape.slice(1)] } : { data, shape })
  }
  return { ...input, arrays: new MemoryArrays(arrays) }
}

function applyPlainly(expression: Expression): PlainTensor {
  return expression.apply(plainLibrary, expression.inputs.map(({ data, shape }) => ({ data: Float64Array.from(data), shape })))
}

describe('expressions of cases in dense operations', () => {
  it.each([
    ['A5', ['weights', 'harmonics', 'senders', 'receivers']],
    ['Cm33', ['features', 'species']],
    ['E', ['vectors']],
  ] as const)('%s computes what this project computes', async (name, names) => {
    const input = shortened(await seededInput(name, 'f32', assets), names, 20)
    const expression = expressionOf(input)
    const own = await caseNamed(name).make(input, { device: 'cpu', method: 'auto' })
    const pass = own.passes['fwd']
    const result = await pass?.run()
    const [expected] = (await pass?.outputs(result)) ?? []
    pass?.finish(result)
    own.dispose()
    expect(expression && expected && relativeError(applyPlainly(expression).data, expected)).toBeLessThan(1e-6)
  })

  it('leaves out what would be no fair one', async () => {
    expect(expressionOf(await seededInput('B21', 'f32', assets))).toBeNull()
    expect(expressionOf(await seededInput('A5', 'f64', assets))).toBeNull()
  })
})

describe('models in the format of ONNX', () => {
  it('are the bytes that ONNX Runtime 1.30 was seen to accept', () => {
    const expression: Expression = {
      inputs: [{ name: 'x', data: Float32Array.of(1, 2), shape: [1, 2] }],
      apply: (library, [x]) => library.columns(library.add(x as never, library.constant(Float32Array.of(0.5, -1), [1, 2])), 1, 2),
    }
    const { bytes, output } = onnxModel(expression)
    expect(output).toBe('t5')
    expect(Buffer.from(bytes).toString('hex')).toMatchInlineSnapshot(`"08093aa8010a100a01780a0263301202743122034164640a1b0a0274310a0263320a0263330a026334120274352205536c6963651204636173652a14080108021001420263304a080000003f000080bf2a1208011007420263324a0801000000000000002a1208011007420263334a0802000000000000002a1208011007420263344a0801000000000000005a130a0178120e0a0c080112080a0208010a020802620a0a02743512040a02080142040a001012"`)
  })
})

describe('libraries of JavaScript', () => {
  it('are told when they are not there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'equivar-js-'))
    const told: string[] = []
    expect(await loadJsPeers(folder, (text) => told.push(text))).toEqual([])
    expect(told).toHaveLength(3)
    expect(told[0]).toMatch(/^@jax-js\/jax: not a peer, /)
    rmSync(folder, { recursive: true })
  })

  it('give their outputs and samples, and what fails is told', async () => {
    const output = Float32Array.of(1, 2, 3)
    class Tensor {
      readonly data: Float32Array
      constructor(_type: string, data: Float32Array) {
        this.data = data
      }
    }
    const session = { run: async () => new Proxy({}, { get: () => ({ data: output }) }), release: async () => undefined }
    const module = { env: { wasm: {} }, Tensor, InferenceSession: { create: async () => session } }
    const told: string[] = []
    const peers = [{ name: 'onnxruntime-node', version: '1', module }, { name: '@jax-js/jax', version: '1', module: {} }]
    const built = await buildJsCase(peers, await seededInput('E', 'f32', assets), 1, (text) => told.push(text))
    expect(built.opponent.passes).toEqual([['onnxruntime-node', 'fwd']])
    expect(built.opponent.outputs.read('onnxruntime-node.fwd.0')).toEqual(output)
    expect(await built.opponent.sample('onnxruntime-node', 'fwd', 3)).toHaveLength(3)
    expect(told).toEqual([expect.stringMatching(/^E: @jax-js\/jax failed, /)])
    await built.dispose()
  })
})
