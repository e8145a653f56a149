export { compressText, decodeBase64, decompressText, encodeBase64, parseJson } from './compressed.ts'
export {
  type ExtendedTensorProductJson,
  tensorProductFromJson,
  type TensorProductJson,
  tensorProductToExtendedJson,
  tensorProductToJson,
} from './tensor-product-json.ts'
