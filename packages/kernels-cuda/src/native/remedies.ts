const installDriver = 'install a driver for an NVIDIA GPU (CUDA 12.0 or newer), and in a container pass the GPU in'
const reopen = 'the device is lost: start a new process'
const hardware = 'the hardware reports a fault: look at nvidia-smi and the system log, and start a new process'
const smaller = 'use smaller batches, release what is not needed, or look with nvidia-smi which other process holds memory'
const ours = 'this is a defect of the library: please report it'

/** What helps, by the driver's name for what went wrong. */
const remedies: Readonly<Record<string, string>> = {
  LIBRARY_NOT_FOUND: installDriver,
  SYMBOL_NOT_FOUND: 'the driver is too old: install one for CUDA 12.0 or newer',
  CUDA_ERROR_OUT_OF_MEMORY: smaller,
  CUDA_ERROR_NO_DEVICE: 'the driver sees no GPU: look at nvidia-smi and at CUDA_VISIBLE_DEVICES, and in a container pass the GPU in',
  CUDA_ERROR_INVALID_DEVICE: 'there is no device of this number: count those of nvidia-smi and CUDA_VISIBLE_DEVICES from 0',
  CUDA_ERROR_NOT_INITIALIZED: reopen,
  CUDA_ERROR_DEINITIALIZED: 'the process is ending',
  CUDA_ERROR_SYSTEM_DRIVER_MISMATCH: 'the library of the driver and its kernel module differ: restart the machine after the update of the driver',
  CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE: 'a compatibility library of CUDA is on the path and this GPU does not take it: remove it from LD_LIBRARY_PATH',
  CUDA_ERROR_SYSTEM_NOT_READY: 'the machine is not ready: the fabric manager of its GPUs must run',
  CUDA_ERROR_MPS_CONNECTION_FAILED: 'the MPS server does not answer: start it, or unset CUDA_MPS_PIPE_DIRECTORY',
  CUDA_ERROR_DEVICE_UNAVAILABLE: 'another process has the device for itself: set its compute mode to default with nvidia-smi, or end that process',
  CUDA_ERROR_UNSUPPORTED_PTX_VERSION: 'the driver is too old for this text: install a newer driver',
  CUDA_ERROR_NO_BINARY_FOR_GPU: 'the code is for another architecture: remove it from the cache and compile it anew',
  CUDA_ERROR_INVALID_IMAGE: 'the code is damaged or for another driver: remove it from the cache and compile it anew',
  CUDA_ERROR_JIT_COMPILER_NOT_FOUND: 'the driver lacks its compiler: install libnvidia-ptxjitcompiler of the same version',
  CUDA_ERROR_JIT_COMPILATION_DISABLED: 'compilation is switched off: unset CUDA_DISABLE_PTX_JIT',
  CUDA_ERROR_INVALID_PTX: `the text does not compile; ${ours}`,
  CUDA_ERROR_UNSUPPORTED_LIMIT: 'the device does not offer it',
  CUDA_ERROR_PEER_ACCESS_UNSUPPORTED: 'the two devices do not reach each other: copy through the host',
  CUDA_ERROR_TOO_MANY_PEERS: 'the device reaches as many others as it can: use fewer',
  CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES: 'the kernel needs more registers or shared memory than the device has: use fewer threads',
  CUDA_ERROR_LAUNCH_TIMEOUT: 'the device also drives a display, which ends long kernels: use smaller batches, or another device',
  CUDA_ERROR_ILLEGAL_ADDRESS: `a kernel left its memory; ${ours}, and ${reopen}`,
  CUDA_ERROR_LAUNCH_FAILED: `a kernel failed; ${ours}, and ${reopen}`,
  CUDA_ERROR_ILLEGAL_INSTRUCTION: `a kernel failed; ${ours}, and ${reopen}`,
  CUDA_ERROR_MISALIGNED_ADDRESS: `a kernel failed; ${ours}, and ${reopen}`,
  CUDA_ERROR_INVALID_ADDRESS_SPACE: `a kernel failed; ${ours}, and ${reopen}`,
  CUDA_ERROR_INVALID_PC: `a kernel failed; ${ours}, and ${reopen}`,
  CUDA_ERROR_HARDWARE_STACK_ERROR: `a kernel failed; ${ours}, and ${reopen}`,
  CUDA_ERROR_ASSERT: `a kernel failed; ${ours}, and ${reopen}`,
  CUDA_ERROR_ECC_UNCORRECTABLE: hardware,
  CUDA_ERROR_NVLINK_UNCORRECTABLE: hardware,
  CUDA_ERROR_CONTAINED: hardware,
  CUDA_ERROR_TENSOR_MEMORY_LEAK: `a kernel failed; ${ours}, and ${reopen}`,
  CUDA_ERROR_EXTERNAL_DEVICE: hardware,
  CUDA_ERROR_SYSTEM_NOT_SUPPORTED: 'this operating system or driver mode does not offer it',
  CUDA_ERROR_NOT_SUPPORTED: 'the device or the driver does not offer it: a newer driver may',
  CUDA_ERROR_NOT_PERMITTED: 'the system forbids it to this process',
  CUDA_ERROR_OPERATING_SYSTEM: 'the operating system refused a call of the driver: look at the system log and the limits of the process',
  CUDA_ERROR_UNKNOWN: 'look at nvidia-smi and the system log, and start a new process',
}

/** What a person can do about a status of the driver. */
export function remedyFor(statusName: string): string {
  return remedies[statusName] ?? ours
}
