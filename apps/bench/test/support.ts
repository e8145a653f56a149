import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { timing } from '../src/measure/statistics.ts'
import type { Row, ResultRecord } from '../src/results/record.ts'

const schema = JSON.parse(readFileSync(fileURLToPath(new URL('../schema/results.schema.json', import.meta.url)), 'utf8')) as object
const validate = new Ajv2020({ allErrors: true, strictTypes: false }).compile(schema)

/** What of a value the schema does not allow. */
export function schemaErrors(value: unknown): readonly string[] {
  return validate(value) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`)
}

export function row(changes: Partial<Row> = {}): Row {
  return {
    section: 'operations', case: 'A1', pass: 'fwd', backend: 'cpu', dtype: 'f32', threads: 2, unit: 'ms', own: timing([2, 1, 3]), firstCall: 9, peers: { e3nn: timing([4, 2]) },
    bestPeer: 'e3nn', ratio: 2, error: 1e-7, flops: 1e6, bytes: 1e6, share: { limit: 'memory', floor: 0.5, fraction: 0.5 }, atoms: null, ...changes,
  }
}

export function record(rows: readonly Row[] = [row()]): ResultRecord {
  return {
    version: 2, date: '2026-01-02', machine: { cpu: 'some processor', cores: 2, threads: 2, device: 'WebAssembly SIMD', system: 'linux x64', memory: 2 ** 34 }, versions: { node: 'v20' },
    ceilings: [{ backend: 'cpu', flops: { f32: 1e11, f64: 5e10 }, copy: [{ bytes: 16384, rate: 2e11 }, { bytes: 2 ** 28, rate: 4e10 }] }], rows, refused: [], geometricMean: 2,
  }
}
