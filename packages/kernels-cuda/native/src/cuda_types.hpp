// The few declarations of the CUDA driver API that are used. Names and numbers are those of the driver's interface.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(_WIN32)
#define EQUIVAR_CUDA_CALL __stdcall
#else
#define EQUIVAR_CUDA_CALL
#endif

namespace equivar::cuda {

using Status = int;
using DeviceId = int;
using DevicePointer = unsigned long long;
using Context = struct OpaqueContext*;
using Stream = struct OpaqueStream*;
using Event = struct OpaqueEvent*;
using Module = struct OpaqueModule*;
using Function = struct OpaqueFunction*;
using Graph = struct OpaqueGraph*;
using GraphNode = struct OpaqueGraphNode*;
using GraphExecutable = struct OpaqueGraphExecutable*;
using LinkState = struct OpaqueLinkState*;

struct Uuid {
  unsigned char bytes[16];
};

struct GraphUpdateResult {
  int result;
  GraphNode errorNode;
  GraphNode errorFromNode;
};

constexpr Status success = 0;
constexpr Status outOfMemory = 2;
constexpr Status deinitialized = 4;
constexpr Status notReady = 600;
constexpr Status peerAccessAlreadyEnabled = 704;
constexpr Status graphUpdateFailure = 910;

/** After these a context is unusable: whatever is called next gives the same status again. */
constexpr bool isSticky(Status status) {
  switch (status) {
    case 214:  // ECC_UNCORRECTABLE
    case 220:  // NVLINK_UNCORRECTABLE
    case 226:  // CONTAINED
    case 700:  // ILLEGAL_ADDRESS
    case 702:  // LAUNCH_TIMEOUT
    case 709:  // CONTEXT_IS_DESTROYED
    case 710:  // ASSERT
    case 714:  // HARDWARE_STACK_ERROR
    case 715:  // ILLEGAL_INSTRUCTION
    case 716:  // MISALIGNED_ADDRESS
    case 717:  // INVALID_ADDRESS_SPACE
    case 718:  // INVALID_PC
    case 719:  // LAUNCH_FAILED
    case 721:  // TENSOR_MEMORY_LEAK
    case 810:  // MPS_CLIENT_TERMINATED
    case 911:  // EXTERNAL_DEVICE
    case 999:  // UNKNOWN
      return true;
    default:
      return false;
  }
}

namespace attribute {
constexpr int maxThreadsPerBlock = 1, maxGridX = 5, maxGridY = 6, maxGridZ = 7, sharedPerBlock = 8, warpSize = 10, registersPerBlock = 12,
              clockRate = 13, multiprocessors = 16, memoryClockRate = 36, memoryBusWidth = 37, l2Bytes = 38,
              threadsPerMultiprocessor = 39, major = 75, minor = 76, sharedPerMultiprocessor = 81, registersPerMultiprocessor = 82,
              sharedPerBlockOptIn = 97, blocksPerMultiprocessor = 106;
}

namespace functionAttribute {
constexpr int maxThreadsPerBlock = 0, sharedBytes = 1, constantBytes = 2, localBytes = 3, registers = 4, ptxVersion = 5,
              binaryVersion = 6, maxDynamicSharedBytes = 8;
}

namespace jit {
constexpr int maxRegisters = 0, infoLog = 3, infoLogBytes = 4, errorLog = 5, errorLogBytes = 6, optimization = 7, verbose = 12,
              lineInfo = 13;
constexpr int inputPtx = 1;
}

constexpr unsigned streamNonBlocking = 1, eventDisableTiming = 2, captureRelaxed = 2, hostAllocPortable = 1;
/** Kinds of entries in the last argument of a launch. */
constexpr std::uintptr_t launchEnd = 0, launchBuffer = 1, launchBufferBytes = 2;

/** What is looked up in the driver: name here, symbol there, arguments. All are in drivers for CUDA 12.0 and newer. */
#define EQUIVAR_DRIVER_FUNCTIONS(F)                                                                                                    \
  F(cuInit, "cuInit", (unsigned))                                                                                                      \
  F(cuDriverGetVersion, "cuDriverGetVersion", (int*))                                                                                  \
  F(cuGetErrorName, "cuGetErrorName", (Status, const char**))                                                                          \
  F(cuGetErrorString, "cuGetErrorString", (Status, const char**))                                                                      \
  F(cuDeviceGetCount, "cuDeviceGetCount", (int*))                                                                                      \
  F(cuDeviceGet, "cuDeviceGet", (DeviceId*, int))                                                                                      \
  F(cuDeviceGetName, "cuDeviceGetName", (char*, int, DeviceId))                                                                        \
  F(cuDeviceGetUuid, "cuDeviceGetUuid_v2", (Uuid*, DeviceId))                                                                          \
  F(cuDeviceGetPCIBusId, "cuDeviceGetPCIBusId", (char*, int, DeviceId))                                                                \
  F(cuDeviceTotalMem, "cuDeviceTotalMem_v2", (std::size_t*, DeviceId))                                                                 \
  F(cuDeviceGetAttribute, "cuDeviceGetAttribute", (int*, int, DeviceId))                                                               \
  F(cuDevicePrimaryCtxRetain, "cuDevicePrimaryCtxRetain", (Context*, DeviceId))                                                        \
  F(cuDevicePrimaryCtxRelease, "cuDevicePrimaryCtxRelease_v2", (DeviceId))                                                             \
  F(cuCtxSetCurrent, "cuCtxSetCurrent", (Context))                                                                                     \
  F(cuCtxGetCurrent, "cuCtxGetCurrent", (Context*))                                                                                    \
  F(cuMemGetInfo, "cuMemGetInfo_v2", (std::size_t*, std::size_t*))                                                                     \
  F(cuMemAlloc, "cuMemAlloc_v2", (DevicePointer*, std::size_t))                                                                        \
  F(cuMemFree, "cuMemFree_v2", (DevicePointer))                                                                                        \
  F(cuMemHostAlloc, "cuMemHostAlloc", (void**, std::size_t, unsigned))                                                                 \
  F(cuMemFreeHost, "cuMemFreeHost", (void*))                                                                                           \
  F(cuMemcpyHtoDAsync, "cuMemcpyHtoDAsync_v2", (DevicePointer, const void*, std::size_t, Stream))                                      \
  F(cuMemcpyDtoHAsync, "cuMemcpyDtoHAsync_v2", (void*, DevicePointer, std::size_t, Stream))                                            \
  F(cuMemcpyDtoDAsync, "cuMemcpyDtoDAsync_v2", (DevicePointer, DevicePointer, std::size_t, Stream))                                    \
  F(cuMemcpyPeerAsync, "cuMemcpyPeerAsync", (DevicePointer, Context, DevicePointer, Context, std::size_t, Stream))                     \
  F(cuMemsetD8Async, "cuMemsetD8Async", (DevicePointer, unsigned char, std::size_t, Stream))                                           \
  F(cuMemsetD16Async, "cuMemsetD16Async", (DevicePointer, unsigned short, std::size_t, Stream))                                        \
  F(cuMemsetD32Async, "cuMemsetD32Async", (DevicePointer, unsigned, std::size_t, Stream))                                              \
  F(cuStreamCreate, "cuStreamCreate", (Stream*, unsigned))                                                                             \
  F(cuStreamDestroy, "cuStreamDestroy_v2", (Stream))                                                                                   \
  F(cuStreamQuery, "cuStreamQuery", (Stream))                                                                                          \
  F(cuStreamWaitEvent, "cuStreamWaitEvent", (Stream, Event, unsigned))                                                                 \
  F(cuStreamIsCapturing, "cuStreamIsCapturing", (Stream, int*))                                                                        \
  F(cuStreamBeginCapture, "cuStreamBeginCapture_v2", (Stream, int))                                                                    \
  F(cuStreamEndCapture, "cuStreamEndCapture", (Stream, Graph*))                                                                        \
  F(cuEventCreate, "cuEventCreate", (Event*, unsigned))                                                                                \
  F(cuEventDestroy, "cuEventDestroy_v2", (Event))                                                                                      \
  F(cuEventRecord, "cuEventRecord", (Event, Stream))                                                                                   \
  F(cuEventQuery, "cuEventQuery", (Event))                                                                                             \
  F(cuEventElapsedTime, "cuEventElapsedTime", (float*, Event, Event))                                                                  \
  F(cuLinkCreate, "cuLinkCreate_v2", (unsigned, int*, void**, LinkState*))                                                             \
  F(cuLinkAddData, "cuLinkAddData_v2", (LinkState, int, void*, std::size_t, const char*, unsigned, int*, void**))                      \
  F(cuLinkComplete, "cuLinkComplete", (LinkState, void**, std::size_t*))                                                               \
  F(cuLinkDestroy, "cuLinkDestroy", (LinkState))                                                                                       \
  F(cuModuleLoadDataEx, "cuModuleLoadDataEx", (Module*, const void*, unsigned, int*, void**))                                          \
  F(cuModuleUnload, "cuModuleUnload", (Module))                                                                                        \
  F(cuModuleGetFunction, "cuModuleGetFunction", (Function*, Module, const char*))                                                      \
  F(cuFuncGetAttribute, "cuFuncGetAttribute", (int*, int, Function))                                                                   \
  F(cuFuncSetAttribute, "cuFuncSetAttribute", (Function, int, int))                                                                    \
  F(cuOccupancyMaxActiveBlocksPerMultiprocessor, "cuOccupancyMaxActiveBlocksPerMultiprocessor", (int*, Function, int, std::size_t))    \
  F(cuLaunchKernel, "cuLaunchKernel",                                                                                                  \
    (Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, Stream, void**, void**))                          \
  F(cuGraphGetNodes, "cuGraphGetNodes", (Graph, GraphNode*, std::size_t*))                                                             \
  F(cuGraphInstantiate, "cuGraphInstantiateWithFlags", (GraphExecutable*, Graph, unsigned long long))                                  \
  F(cuGraphExecUpdate, "cuGraphExecUpdate_v2", (GraphExecutable, Graph, GraphUpdateResult*))                                           \
  F(cuGraphLaunch, "cuGraphLaunch", (GraphExecutable, Stream))                                                                         \
  F(cuGraphDestroy, "cuGraphDestroy", (Graph))                                                                                         \
  F(cuGraphExecDestroy, "cuGraphExecDestroy", (GraphExecutable))                                                                       \
  F(cuDeviceCanAccessPeer, "cuDeviceCanAccessPeer", (int*, DeviceId, DeviceId))                                                        \
  F(cuCtxEnablePeerAccess, "cuCtxEnablePeerAccess", (Context, unsigned))

struct Functions {
#define EQUIVAR_MEMBER(name, symbol, arguments) Status(EQUIVAR_CUDA_CALL* name) arguments = nullptr;
  EQUIVAR_DRIVER_FUNCTIONS(EQUIVAR_MEMBER)
#undef EQUIVAR_MEMBER
};

}  // namespace equivar::cuda
