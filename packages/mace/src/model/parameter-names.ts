/** Tensors that mace-torch registers as parameters; everything else of a state dict is a buffer. */
const parameterName = /^(?:node_embedding|joint_embedding|embedding_readout|interactions|products|readouts)\..*(?:weight|bias|weights_max|weights\.\d+|alpha|beta)$/

/** Whether a tensor of a model is trained. */
export function isParameter(name: string): boolean {
  return parameterName.test(name)
}
