export { ByteReader, decodeUtf8, isPlainName } from './container/byte-reader.ts'
export { crc32 } from './container/crc32.ts'
export { gunzip, isGzip } from './container/gzip.ts'
export { ZipArchive } from './container/zip.ts'
export { pythonGlobals, type GlobalTable } from './pickle/globals.ts'
export { textDict } from './pickle/text-dict.ts'
export { unpickle, type UnpickleOptions } from './pickle/unpickler.ts'
export {
  describe,
  PickleBytes,
  PickleDict,
  PickleGlobal,
  PickleList,
  PickleObject,
  PickleSet,
  PickleTuple,
  StorageRecord,
  TensorRecord,
  type GlobalRule,
  type PickleValue,
  type StorageType,
} from './pickle/values.ts'
export { JsonReader, readObject } from './safetensors/json-reader.ts'
export { findStateDict } from './state-dict.ts'
export { TorchArchive } from './torch/archive.ts'
