export type { NamedTensor, TensorDtype } from './tensors.ts'
export { isSafetensors, readSafetensors, writeSafetensors, type SafetensorsContent } from './safetensors/safetensors.ts'
export { readStateDict } from './state-dict.ts'
export type { TorchArchiveOptions } from './torch/archive.ts'
