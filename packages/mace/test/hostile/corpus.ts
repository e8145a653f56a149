import { gzipSync } from 'node:zlib'
import { readModelFile } from '../../src/checkpoint/index.ts'
import { writeDefinition } from '../../src/tensorfile/index.ts'
import { fixture } from '../checkpoint/files.ts'
import { ModelFile } from './model-file.ts'
import { opcode, pickle, tensor } from '../../../files/test/support/pickle-writer.ts'
import { concat, text, u32, u64, zipFile } from '../../../files/test/support/zip-writer.ts'

/** A file that must be refused, made on demand, and what the refusal must say. */
export interface HostileFile {
  readonly name: string
  readonly bytes: () => Uint8Array
  readonly message: RegExp
}

const model = ModelFile.open(fixture('layers_1.model'))
const numbers = new Uint8Array(new Float64Array([1, 2, 3, 4]).buffer)

function hostile(name: string, message: RegExp, bytes: () => Uint8Array): HostileFile {
  return { name, message, bytes }
}

/** A torch archive whose pickle is the given one. */
function withPickle(...parts: readonly Uint8Array[]): Uint8Array {
  return ModelFile.of({ 'data.pkl': pickle(...parts), 'data/0': numbers }).bytes()
}

/** A state dict of one tensor, which is unpickled before it is refused for being no model. */
function withTensor(options: Parameters<typeof tensor>[0]): Uint8Array {
  return withPickle(opcode.dict(opcode.text('weight'), tensor(options)))
}

function calling(module: string, name: string, ...args: readonly Uint8Array[]): Uint8Array {
  return withPickle(opcode.call(opcode.global(module, name), ...args))
}

function repeat(bytes: Uint8Array, count: number): Uint8Array {
  return concat(new Array<Uint8Array>(count).fill(bytes))
}

const notModels: readonly HostileFile[] = [
  hostile('an empty file', /the file is empty/, () => new Uint8Array(0)),
  hostile('one byte', /begins with bytes 50/, () => text('P')),
  hostile('text', /begins with bytes 48 65/, () => text('Hello, I am not a model.\n')),
  hostile('a web page', /web page/, () => text('<!DOCTYPE html><html><body>404</body></html>')),
  hostile('a pointer of Git LFS', /git lfs pull/, () => text('version https://git-lfs.github.com/spec/v1\noid sha256:0\n')),
  hostile("torch's old format", /before version 1\.6/, () => Uint8Array.of(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e)),
  hostile('a million lines of garbage', /begins with bytes/, () => text('garbage, garbage\n'.repeat(1_000_000))),
]

const [firstRecord = { name: '', data: numbers }, ...otherRecords] = model.zipRecords

const archives: readonly HostileFile[] = [
  ...[0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99].map((part) =>
    hostile(`a zip file cut at ${100 * part} %`, /truncated/, () => fixture('layers_1.model').slice(0, Math.floor(part * fixture('layers_1.model').length))),
  ),
  hostile('a zip file without its last byte', /truncated/, () => model.bytes().slice(0, -1)),
  hostile('a zip file with something behind it', /truncated/, () => concat([model.bytes(), text('more')])),
  hostile('a zip file with something before it', /before or after/, () => concat([text('PK, or so it seems'), model.bytes()])),
  hostile('an empty zip file', /no data\.pkl/, () => zipFile([])),
  hostile('a zip file of something else', /no data\.pkl/, () => zipFile([{ name: 'word/document.xml', data: text('<xml/>') }])),
  hostile('two pickles', /2 records data\.pkl/, () => zipFile([...model.zipRecords, { name: 'other/data.pkl', data: numbers }])),
  hostile('65,535 records declared', /do not fit/, () => zipFile(model.zipRecords, { count: 65_535 })),
  hostile('2^62 records declared', /absurd/, () => zipFile(model.zipRecords, { count: 0xffff, zip64: { count: 2n ** 62n, size: 100n, offset: 0n } })),
  hostile('10^7 records declared', /at most/, () => {
    const end = model.bytes().length - 22
    return zipFile(model.zipRecords, { count: 0xffff, zip64: { count: 10_000_000n, size: BigInt(end), offset: 0n } })
  }),
  hostile('a directory of 4 GiB', /does not end/, () => zipFile(model.zipRecords, { directorySize: 0xfffffff0 })),
  hostile('a directory outside the file', /does not end/, () => zipFile(model.zipRecords, { directoryOffset: 0x7fffffff })),
  hostile('a record of 4 GiB', /reaches past/, () => zipFile([{ ...firstRecord, size: 0xfffffff0 }, ...otherRecords])),
  hostile('a stored record that grows', /forged/, () => zipFile([{ ...firstRecord, size: 0x7fffffff, compressedSize: firstRecord.data.length }, ...otherRecords])),
  hostile('a deflated bomb', /compressed/, () => zipFile([{ ...firstRecord, method: 8, size: 0x7fffffff, compressedSize: firstRecord.data.length }, ...otherRecords])),
  hostile('records that overlap', /overlap/, () => {
    // As in Fifield's bombs, the second record starts inside the first.
    const inner = zipFile([{ name: 'archive/data/0', data: numbers }]).slice(0, 30 + 'archive/data/0'.length + 32)
    return zipFile([{ name: 'archive/data.pkl', data: inner }, { name: 'archive/data/0', data: numbers, offset: 30 + 'archive/data.pkl'.length }])
  }),
  hostile('a name that occurs twice', /occurs twice/, () => zipFile([...model.zipRecords, firstRecord])),
  hostile('a name that leaves the folder', /plain relative path/, () => zipFile([...model.zipRecords, { name: '../../etc/passwd', data: numbers }])),
  hostile('a name of two lines', /plain relative path/, () => zipFile([...model.zipRecords, { name: 'a\nb', data: numbers }])),
  hostile('an absolute name', /plain relative path/, () => zipFile([...model.zipRecords, { name: '/etc/passwd', data: numbers }])),
  hostile('a name that is not UTF-8', /UTF-8/, () => {
    const bytes = zipFile([{ name: 'archive/data.pkl', data: numbers }])
    return bytes.map((byte, k) => (byte === 0x76 && k > 60 ? 0xff : byte))
  }),
  hostile('an encrypted record', /encrypted/, () => zipFile([{ ...firstRecord, flags: 0x0801 }, ...otherRecords])),
  hostile('a wrong CRC', /CRC/, () => zipFile(model.zipRecords.map((record) => (record.name.endsWith('data.pkl') ? { ...record, crc: 1 } : record)))),
  hostile('two names for one record', /the directory says/, () => zipFile([{ ...firstRecord, localName: 'elsewhere' }, ...otherRecords])),
  hostile('a record outside the file', /outside/, () => zipFile([{ ...firstRecord, offset: 0x7fffffff }, ...otherRecords])),
  hostile('a record that is none', /no record/, () => zipFile([{ ...firstRecord, offset: 1 }, ...otherRecords])),
  hostile('a big-endian archive', /little-endian/, () => model.with('byteorder', text('big')).bytes()),
  hostile('compiled TorchScript', /TorchScript.*mace_run_train/, () => ModelFile.of({ 'data.pkl': pickle(opcode.none), 'constants.pkl': numbers, 'code/__torch__.py': numbers }).bytes()),
  hostile('a gzip bomb', /declare/, () => gzipSync(new Uint8Array(2 ** 25))),
  hostile('a gzip bomb that declares little', /longer than/, () => {
    const bomb = gzipSync(new Uint8Array(2 ** 25))
    bomb.writeUInt32LE(1000, bomb.length - 4)
    return bomb
  }),
  hostile('gzip content of 4 GiB', /declare/, () => concat([gzipSync(numbers).subarray(0, -4), u32(0xffffffff)])),
  hostile('a truncated gzip file', /gzip/, () => gzipSync(model.bytes()).subarray(0, 5000)),
  hostile('a damaged gzip file', /gzip/, () => gzipSync(model.bytes()).map((byte, k) => (k === 5000 ? byte ^ 0xff : byte))),
  hostile('a gzip file of a gzip file', /twice/, () => gzipSync(gzipSync(model.bytes()))),
  hostile('gzip of nothing much', /too few/, () => Uint8Array.of(0x1f, 0x8b, 8, 0)),
]

const pickles: readonly HostileFile[] = [
  hostile('os.system', /"os\.system"/, () => calling('os', 'system', opcode.text('true'))),
  hostile('posix.system', /"posix\.system"/, () => calling('posix', 'system', opcode.text('true'))),
  hostile('subprocess.Popen', /"subprocess\.Popen"/, () => calling('subprocess', 'Popen', opcode.text('true'))),
  hostile('builtins.eval', /"builtins\.eval"/, () => calling('builtins', 'eval', opcode.text('1'))),
  hostile('__builtin__.exec', /"__builtin__\.exec"/, () => calling('__builtin__', 'exec', opcode.text('1'))),
  hostile('operator.attrgetter', /"operator\.attrgetter"/, () => calling('operator', 'attrgetter', opcode.text('x'))),
  hostile('torch.load', /"torch\.load"/, () => calling('torch', 'load', opcode.text('x'))),
  hostile('a global named in the stack', /"os\.system"/, () => withPickle(opcode.text('os'), opcode.text('system'), Uint8Array.of(0x93))),
  hostile('constructor of Object', /"__proto__\.constructor"/, () => calling('__proto__', 'constructor')),
  hostile('a rebuild function of the prototype', /"torch\._utils\.__proto__"/, () => calling('torch._utils', '__proto__')),
  hostile('a rebuild function called toString', /"torch\._utils\.toString"/, () => calling('torch._utils', 'toString')),
  hostile('getattr on a class', /getattr/, () => calling('builtins', 'getattr', opcode.global('collections', 'OrderedDict'), opcode.text('__init__'))),
  hostile('a call of an activation', /calls torch\.nn\.functional\.silu/, () => calling('torch.nn.functional', 'silu', opcode.int(1))),
  hostile('a list that contains itself', /a list of 1/, () => withPickle(Uint8Array.of(0x5d, 0x71, 0, 0x68, 0, 0x61))),
  hostile('400,000 tuples in each other', /a tuple of 1/, () => withPickle(opcode.none, new Uint8Array(400_000).fill(0x85))),
  hostile('100,000 open marks', /nesting/, () => withPickle(new Uint8Array(100_000).fill(0x28))),
  hostile('tuples that double 100,000 times', /a tuple of 2/, () => withPickle(opcode.none, repeat(Uint8Array.of(0x32, 0x86), 100_000))),
  hostile('1,000,000 lists', /operations/, () => withPickle(new Uint8Array(1_000_000).fill(0x5d))),
  hostile('a list copied again and again', /operations/, () => {
    const copy = concat([opcode.global('builtins', 'set'), Uint8Array.of(0x68, 0, 0x85, 0x52, 0x30)])
    return withPickle(Uint8Array.of(0x5d, 0x71, 0, 0x28), new Uint8Array(100_000).fill(0x4e), Uint8Array.of(0x65), repeat(copy, 10_000))
  }),
  hostile('a value that was never stored', /before it is stored/, () => withPickle(Uint8Array.of(0x68, 7))),
  hostile('a text of 4 GiB', /at most/, () => withPickle(Uint8Array.of(0x58), u32(0xffffffff))),
  hostile('a text of 2^62 bytes', /absurd/, () => withPickle(Uint8Array.of(0x8d), u64(2n ** 62n))),
  hostile('a text longer than the file', /truncated/, () => withPickle(Uint8Array.of(0x58), u32(1000), text('short'))),
  hostile('an integer of 2 GiB', /an integer of 2147483647 bytes/, () => withPickle(Uint8Array.of(0x8b), u32(0x7fffffff))),
  hostile('an integer of −1 bytes', /an integer of -1 bytes/, () => withPickle(Uint8Array.of(0x8b), u32(0xffffffff))),
  hostile('an integer of 255 bytes', /an integer of 255 bytes/, () => withPickle(Uint8Array.of(0x8a, 255), new Uint8Array(255))),
  hostile('a name without an end', /does not end/, () => withPickle(text('c'), text('x'.repeat(10_000)))),
  hostile('an unknown opcode', /opcode 0xff/, () => withPickle(Uint8Array.of(0xff))),
  hostile('an opcode that looks up a registry', /opcode 0x82/, () => withPickle(Uint8Array.of(0x82, 1))),
  hostile('protocol 6', /protocol 6/, () => ModelFile.of({ 'data.pkl': Uint8Array.of(0x80, 6, 0x4e, 0x2e) }).bytes()),
  hostile('protocol 0', /no protocol header/, () => ModelFile.of({ 'data.pkl': text('I1\n.') }).bytes()),
  hostile('a pickle without an end', /truncated/, () => ModelFile.of({ 'data.pkl': Uint8Array.of(0x80, 2, 0x4e) }).bytes()),
  hostile('an empty stack', /stack is empty/, () => withPickle(Uint8Array.of(0x86))),
  hostile('a key that is set twice', /set twice/, () => withPickle(opcode.dict(opcode.text('a'), opcode.none, opcode.text('a'), opcode.none))),
  hostile('a key without a value', /without a value/, () => withPickle(opcode.dict(opcode.text('a')))),
  hostile('bytes in another encoding', /latin1/, () => calling('_codecs', 'encode', opcode.text('x'), opcode.text('utf-7'))),
  hostile('a number instead of a model', /holds 1, not a model/, () => withPickle(opcode.int(1))),
  hostile('a training checkpoint', /training checkpoint/, () => fixture('checkpoint.pt')),
]

const tensors: readonly HostileFile[] = [
  hostile('a storage of 2^50 elements', /needs .* bytes/, () => withModelTensor({ numel: concat([Uint8Array.of(0x8a, 7), new Uint8Array(6), Uint8Array.of(4)]) })),
  hostile('a storage longer than its record', /needs 40 bytes/, () => withModelTensor({ numel: opcode.int(5) })),
  hostile('a storage shorter than its record', /needs 24 bytes/, () => withModelTensor({ numel: opcode.int(3), shape: [3] })),
  hostile('a storage of −1 elements', /-1 elements/, () => withTensor({ numel: opcode.int(-1) })),
  hostile('a storage of half an element', /0\.5 elements/, () => withTensor({ numel: opcode.float(0.5) })),
  hostile('negative strides', /strides has -1/, () => withTensor({ strides: [-1] })),
  hostile('a negative size', /size has -4/, () => withTensor({ shape: [-4] })),
  hostile('a negative offset', /offset has -1/, () => withTensor({ offset: -1 })),
  hostile('an offset past the storage', /reach element/, () => withTensor({ offset: 4, shape: [1] })),
  hostile('strides past the storage', /reach element/, () => withTensor({ shape: [2], strides: [4] })),
  hostile('a tensor expanded to 2^30 elements', /more elements than/, () => withModelTensor({ shape: [2 ** 15, 2 ** 15], strides: [0, 0] })),
  hostile('a shape whose size overflows', /more elements than/, () => withTensor({ shape: new Array<number>(16).fill(2 ** 30), strides: new Array<number>(16).fill(0) })),
  hostile('a tensor of 1,000 axes', /a tuple of 1000/, () => withTensor({ shape: new Array<number>(1000).fill(1), strides: new Array<number>(1000).fill(1) })),
  hostile('axes without strides', /2 axes and 1 strides/, () => withTensor({ shape: [2, 2], strides: [1] })),
  hostile('a conjugated tensor', /metadata/, () => withTensor({ metadata: opcode.dict(opcode.text('conj'), Uint8Array.of(0x88)) })),
  hostile('a storage key that is a path', /plain name/, () => withTensor({ key: '../../../etc/passwd' })),
  hostile('a storage that is missing', /record 'archive\/data\/9', which is missing/, () => withModelTensor({ key: '9' })),
  hostile('complex numbers', /"torch\.ComplexDoubleStorage"/, () => withTensor({ storage: 'ComplexDoubleStorage' })),
]

/** The model with its cutoff replaced by some tensor. */
function withModelTensor(options: Parameters<typeof tensor>[0]): Uint8Array {
  const modelOf = (...buffers: readonly Uint8Array[]) =>
    concat([
      opcode.global('mace.modules.models', 'MACE'),
      Uint8Array.of(0x29, 0x81),
      opcode.dict(opcode.text('_parameters'), opcode.dict(), opcode.text('_buffers'), opcode.dict(...buffers), opcode.text('_modules'), opcode.dict()),
      Uint8Array.of(0x62),
    ])
  return withPickle(modelOf(opcode.text('r_max'), tensor(options)))
}

/** Bytes of the record that holds the only storage of a length, to be found by its content. */
function recordOf(match: (data: Float64Array) => boolean): string {
  for (const [name, data] of model.records)
    if (name.startsWith('data/') && data.length % 8 === 0 && match(new Float64Array(data.slice().buffer))) return name
  throw new Error('no such record')
}

function withNumbers(match: (data: Float64Array) => boolean, change: (data: Float64Array) => void): Uint8Array {
  const name = recordOf(match)
  const data = new Float64Array((model.records.get(name) ?? numbers).slice().buffer)
  change(data)
  return model.with(name, new Uint8Array(data.buffer)).bytes()
}

const definition = readModelFile(model.bytes())
const embedding = definition.tensors.get('node_embedding.linear.weight')?.data ?? new Float64Array(0)
const isEmbedding = (data: Float64Array) => data.length === embedding.length && data.every((value, k) => value === embedding[k])
const isCutoff = (data: Float64Array) => data.length === 1 && data[0] === definition.architecture.cutoff

/** Submodules `0` and `1` of every list have each other's name; so have two storages, because names and keys are the same texts. */
function withSwappedNames(): ModelFile {
  const twoLayers = ModelFile.open(fixture('residual.model')).withoutCode()
  const record = (name: string) => twoLayers.records.get(name) ?? new Uint8Array(0)
  return twoLayers.replaceText('0', '#').replaceText('1', '0').replaceText('#', '1').with('data/0', record('data/1')).with('data/1', record('data/0'))
}

const models: readonly HostileFile[] = [
  hostile('a weight that is NaN', /node_embedding\.linear\.weight.*has NaN at position 2/, () => withNumbers(isEmbedding, (data) => (data[2] = NaN))),
  hostile('a weight that is infinite', /has -Infinity/, () => withNumbers(isEmbedding, (data) => (data[0] = -Infinity))),
  hostile('a negative cutoff', /cutoff|r_max/, () => withNumbers(isCutoff, (data) => (data[0] = -1))),
  hostile('a tensor under another name', /bessel_fn\.bessel_weights: this tensor is missing/, () => model.replaceText('bessel_weights', 'weights').bytes()),
  hostile('a scale of another name', /scale_shift\.scale: this tensor is missing/, () => model.replaceText('scale', 'scales').bytes()),
  hostile('another model class', /AtomicDipolesMACE is not a part of the energy models/, () => model.replaceGlobal(['mace.modules.models', 'ScaleShiftMACE'], ['mace.modules.models', 'AtomicDipolesMACE']).bytes()),
  hostile('another interaction class', /SomeInteractionBlock is not a part/, () =>
    model.replaceGlobal(['mace.modules.blocks', 'RealAgnosticInteractionBlock'], ['mace.modules.blocks', 'SomeInteractionBlock']).bytes()),
  hostile('an attribute that hides a submodule', /radial_embedding\.bessel_fn: a plain attribute hides/, () => model.replaceText('out_dim', 'bessel_fn').bytes()),
  hostile('layers in another order than their names', /submodules are 1, 0, expected 0, 1/, () => withSwappedNames().bytes()),
  hostile('a wrapper for LAMMPS', /LAMMPS_MLIAP_MACE.*use the \.model file/, () =>
    model.replaceGlobal(['mace.modules.models', 'ScaleShiftMACE'], ['mace.calculators.lammps_mliap_mace', 'LAMMPS_MLIAP_MACE']).bytes()),
  hostile('a class in the wrong place', /interactions\.0: expected/, () =>
    model.replaceGlobal(['mace.modules.blocks', 'RealAgnosticInteractionBlock'], ['mace.modules.blocks', 'ScaleShiftBlock']).bytes()),
  hostile('a class of the user', /"my_models\.Secret"/, () => model.replaceGlobal(['mace.modules.blocks', 'ScaleShiftBlock'], ['my_models', 'Secret']).bytes()),
  hostile('cuEquivariance layers', /mace_cueq_to_e3nn/, () => model.replaceGlobal(['e3nn.o3._linear', 'Linear'], ['cuequivariance_torch.operations.linear', 'Linear']).bytes()),
  hostile('OpenEquivariance layers', /mace_oeq_to_e3nn/, () => model.replaceGlobal(['e3nn.o3._tensor_product._tensor_product', 'TensorProduct'], ['openequivariance', 'TensorProduct']).bytes()),
  hostile('an unknown attribute', /model: use_magic: attribute of a .*ScaleShiftMACE is not understood/, () => model.replaceText('use_so3', 'use_magic').bytes()),
  hostile('an attribute named __proto__', /__proto__: attribute/, () => model.replaceText('use_so3', '__proto__').bytes()),
  hostile('an attribute named by many lines', /is not a plain name/, () => model.replaceText('use_so3', 'a\nb\r\nc').bytes()),
  hostile('an attribute with a long name', /is not a plain name/, () => model.replaceText('use_so3', 'x'.repeat(100_000)).bytes()),
  hostile('a head named by two lines', /heads: expected names/, () => model.replaceText('Default', 'a\nb').bytes()),
  hostile('a class named by two lines', /"torch\.fx\.graph_module\.a\\nb"/, () => withPickle(opcode.text('torch.fx.graph_module'), opcode.text('a\nb'), Uint8Array.of(0x93))),
  hostile('an attribute named constructor', /constructor: attribute/, () => model.replaceText('use_so3', 'constructor').bytes()),
  hostile('a submodule that is missing', /spherical_harmonics/, () => model.replaceText('spherical_harmonics', 'harmonics').bytes()),
  hostile('another normalisation of the harmonics', /normalization: expected "component", found "norm"/, () => model.replaceText('component', 'norm').bytes()),
  hostile('another path weight', /instructions\[0\]: path weight is 1\.5/, () => model.replace(opcode.float(Math.sqrt(1 / 3)), opcode.float(1.5)).bytes()),
  hostile('another activation scale', /act\.cst: the scale -1 is not positive/, () => model.replace(opcode.float(1.6791767923989418), opcode.float(-1)).bytes()),
  hostile('another activation', /"torch\.nn\.functional\.gelu"/, () => ModelFile.open(fixture('base_l2.model')).replaceGlobal(['torch.nn.functional', 'silu'], ['torch.nn.functional', 'gelu']).bytes()),
  hostile('irreps that are none', /no irrep/, () => model.replaceText('3x0e', '3y0e').bytes()),
  hostile('irreps of 10^7 channels', /impossible irrep|no irrep/, () => model.replaceText('3x0e', '9999999x0e').bytes()),
  hostile('a negative number of neighbours', /avg_num_neighbors/, () => model.replace(opcode.float(2.25), opcode.float(-2.25)).bytes()),
  hostile('no number of neighbours', /avg_num_neighbors: expected a finite number, found NaN/, () => model.replace(opcode.float(2.25), opcode.float(NaN)).bytes()),
  hostile('a model that contains itself', /atomic_numbers: this tensor is missing/, () =>
    withPickle(
      opcode.global('mace.modules.models', 'MACE'),
      Uint8Array.of(0x29, 0x81, 0x71, 0),
      opcode.dict(
        opcode.text('_parameters'), opcode.dict(), opcode.text('_buffers'), opcode.dict(opcode.text('r_max'), tensor({ shape: [], strides: [] })),
        opcode.text('_modules'), opcode.dict(opcode.text('interactions'), Uint8Array.of(0x68, 0)),
      ),
      Uint8Array.of(0x62),
    )),
]

const own = writeDefinition(definition)
const ownData = 8 + Number(new DataView(own.buffer).getBigUint64(0, true))

/** The own file with another header, its length corrected. */
function withHeader(change: (header: string) => string): Uint8Array {
  const header = text(change(new TextDecoder().decode(own.subarray(8, ownData))))
  return concat([u64(BigInt(header.length)), header, own.subarray(ownData)])
}

function safetensors(header: unknown, data = numbers): Uint8Array {
  const encoded = text(typeof header === 'string' ? header : JSON.stringify(header))
  return concat([u64(BigInt(encoded.length)), encoded, data])
}

function withArchitecture(change: (architecture: Record<string, unknown>) => void): Uint8Array {
  return withHeader((header) => {
    const parsed = JSON.parse(header) as { __metadata__: { architecture: string } }
    const architecture = JSON.parse(parsed.__metadata__.architecture) as Record<string, unknown>
    change(architecture)
    parsed.__metadata__.architecture = JSON.stringify(architecture)
    return JSON.stringify(parsed)
  })
}

const f64 = (begin: number, end: number) => ({ dtype: 'F64', shape: [(end - begin) / 8], data_offsets: [begin, end] })

const ownFiles: readonly HostileFile[] = [
  hostile('a header of 2^47 bytes', /header of/, () => concat([u64(2n ** 47n), text('{}')])),
  hostile('a header longer than the file', /truncated/, () => concat([u64(1000n), text('{}')])),
  hostile('a header that is not JSON', /not JSON/, () => safetensors('{"a": ')),
  hostile('a header nested 100,000 deep', /not JSON|expected an object|is not an object/, () => safetensors(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)),
  hostile('tensors that overlap', /overlap/, () => safetensors({ a: f64(0, 24), b: f64(16, 32) })),
  hostile('two tensors on the same bytes', /overlap/, () => safetensors({ a: f64(0, 32), b: f64(0, 32) })),
  hostile('a gap between tensors', /gaps/, () => safetensors({ a: f64(0, 8), b: f64(16, 32) })),
  hostile('bytes without a tensor', /after the last tensor/, () => safetensors({ a: f64(0, 8) })),
  hostile('offsets past the file', /data_offsets/, () => safetensors({ a: f64(0, 1024) })),
  hostile('offsets in descending order', /data_offsets/, () => safetensors({ a: { dtype: 'F64', shape: [4], data_offsets: [32, 0] } })),
  hostile('negative offsets', /data_offsets/, () => safetensors({ a: { dtype: 'F64', shape: [4], data_offsets: [-8, 24] } })),
  hostile('a shape whose size overflows (safetensors)', /needs/, () => safetensors({ a: { dtype: 'F64', shape: [2 ** 50, 2 ** 50], data_offsets: [0, 32] } })),
  hostile('an unknown dtype', /dtype/, () => safetensors({ a: { dtype: 'C128', shape: [2], data_offsets: [0, 32] } })),
  hostile('a dtype of the prototype', /dtype/, () => safetensors('{"a":{"dtype":"__proto__","shape":[4],"data_offsets":[0,32]}}')),
  hostile('a tensor named __proto__', /no MACE architecture/, () => safetensors('{"__proto__":{"dtype":"F64","shape":[4],"data_offsets":[0,32]}}')),
  hostile('a tensor named by two lines', /plain name/, () => safetensors({ 'a\nb': f64(0, 32) })),
  hostile('a field named by two lines', /field "a\\nb" is not understood/, () => safetensors({ a: { ...f64(0, 32), 'a\nb': 1 } })),
  hostile('a field that is not understood', /not understood/, () => safetensors({ a: { ...f64(0, 32), code: 'x' } })),
  hostile('metadata that is not text', /not a text/, () => safetensors({ __metadata__: { format: 1 }, a: f64(0, 32) })),
  hostile('tensors without an architecture', /no MACE architecture/, () => safetensors({ a: f64(0, 32) })),
  hostile('a later version', /version "2"/, () => withHeader((header) => header.replace('"version":"1"', '"version":"2"'))),
  hostile('an own file cut short', /truncated|data_offsets/, () => own.slice(0, own.length - 100)),
  hostile('a tensor that is missing', /is missing/, () => withHeader((header) => header.replace('"scale_shift.scale"', '"scale_shift.scala"'))),
  hostile('a tensor too many', /not understood|is missing/, () => withHeader((header) => header.replace('"scale_shift.scale"', '"__proto__"'))),
  hostile('a NaN in the own format', /NaN/, () => own.map((byte, k) => (k >= ownData && k < ownData + 800 ? 0xff : byte))),
  hostile('an unknown model', /architecture\.model: expected/, () => withArchitecture((a) => (a['model'] = 'Other'))),
  hostile('an unknown field of the architecture', /architecture\.code/, () => withArchitecture((a) => (a['code'] = 'x'))),
  hostile('a polluting field of the architecture', /architecture\.__proto__/, () => withHeader((header) => header.replace('{\\"model\\"', '{\\"__proto__\\":{},\\"model\\"'))),
  hostile('harmonics that do not fit', /architecture\.harmonics/, () => withArchitecture((a) => (a['maxEll'] = 3))),
  hostile('no layers', /architecture\.layers/, () => withArchitecture((a) => (a['layers'] = []))),
  hostile('10,000 layers', /architecture\.layers/, () => withArchitecture((a) => (a['layers'] = new Array<unknown>(10_000).fill((a['layers'] as unknown[])[0])))),
  hostile('a cutoff of a text', /architecture\.cutoff: expected a finite number/, () => withArchitecture((a) => (a['cutoff'] = '5'))),
  hostile('an element that stands twice', /architecture\.atomicNumbers/, () => withArchitecture((a) => (a['atomicNumbers'] = [1, 8, 8]))),
]

/** Every malformed model file; more than sixty, together with the structures that are tested elsewhere. */
export const hostileFiles: readonly HostileFile[] = [...notModels, ...archives, ...pickles, ...tensors, ...models, ...ownFiles]

/** A small model that loads, for mutations. */
export function smallModel(): ModelFile {
  return model.withoutCode()
}
