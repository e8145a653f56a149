// The functions of the driver: devices, memory, streams, events.
#include <algorithm>
#include <cstdlib>

#include "entry.hpp"

using namespace stub;

namespace {

std::size_t alignedLength(std::size_t bytes) { return (bytes + 511) / 512 * 512; }

/** Whether a range lies in one piece of device memory. */
bool isMemory(DevicePointer address, std::size_t bytes) {
  const auto& memory = state().memory;
  auto found = memory.upper_bound(address);
  if (found == memory.begin()) return false;
  --found;
  return address + bytes <= found->first + found->second.first;
}

std::uint8_t* hostAddress(DevicePointer address) { return reinterpret_cast<std::uint8_t*>(address); }

/** The pinned piece that a host address lies in. */
const void* pinnedPiece(const void* address) {
  for (const auto& [piece, bytes] : state().pinned) {
    const auto* begin = static_cast<const std::uint8_t*>(piece);
    if (address >= begin && address < begin + bytes) return piece;
  }
  return nullptr;
}

Status memset(const char* call, DevicePointer target, std::size_t count, std::size_t width, unsigned value, Stream* stream) {
  if (!isMemory(target, count * width)) return invalidValue;
  return push(call, stream, {"fill", [=] {
    for (std::size_t i = 0; i < count; i++) std::memcpy(hostAddress(target) + i * width, &value, width);
  }, nullptr, nullptr});
}

Status copyOnDevice(const char* call, const char* kind, DevicePointer target, DevicePointer source, std::size_t bytes, Stream* stream) {
  if (!isMemory(target, bytes) || !isMemory(source, bytes)) return invalidValue;
  return push(call, stream, {kind, [=] { std::memmove(hostAddress(target), hostAddress(source), bytes); }, nullptr, nullptr});
}

}  // namespace

STUB(cuInit, false, (unsigned)) { return 0; } STUB_END
STUB(cuDriverGetVersion, false, (int* version)) { return *version = 12080, 0; } STUB_END

STUB(cuGetErrorName, false, (Status status, const char** name)) {
  static const std::map<Status, const char*> names = {
      {1, "CUDA_ERROR_INVALID_VALUE"}, {2, "CUDA_ERROR_OUT_OF_MEMORY"},   {101, "CUDA_ERROR_INVALID_DEVICE"}, {100, "CUDA_ERROR_NO_DEVICE"}, {218, "CUDA_ERROR_INVALID_PTX"},
      {500, "CUDA_ERROR_NOT_FOUND"},   {700, "CUDA_ERROR_ILLEGAL_ADDRESS"}, {719, "CUDA_ERROR_LAUNCH_FAILED"}, {999, "CUDA_ERROR_UNKNOWN"}, {801, "CUDA_ERROR_NOT_SUPPORTED"},
  };
  const auto found = names.find(status);
  *name = found == names.end() ? nullptr : found->second;
  return *name == nullptr ? invalidValue : 0;
} STUB_END

STUB(cuGetErrorString, false, (Status status, const char** text)) {
  // As the driver's, texts stay where they are: another thread may still read one.
  static std::map<Status, std::string> texts;
  *text = texts.try_emplace(status, "text of status " + std::to_string(status)).first->second.c_str();
  return 0;
} STUB_END

STUB(cuDeviceGetCount, false, (int* count)) { return *count = numDevices, 0; } STUB_END
STUB(cuDeviceGet, false, (int* device, int ordinal)) {
  if (ordinal < 0 || ordinal >= numDevices) return invalidDevice;
  return *device = ordinal, 0;
} STUB_END
STUB(cuDeviceGetName, false, (char* name, int length, int device)) { return std::snprintf(name, static_cast<std::size_t>(length), "Stub %d", device), 0; } STUB_END
STUB(cuDeviceGetUuid_v2, false, (equivar::cuda::Uuid* uuid, int device)) {
  for (int i = 0; i < 16; i++) uuid->bytes[i] = static_cast<unsigned char>(16 * device + i);
  return 0;
} STUB_END
STUB(cuDeviceGetPCIBusId, false, (char* id, int length, int device)) {
  return std::snprintf(id, static_cast<std::size_t>(length), "0000:0%d:00.0", device + 1), 0;
} STUB_END
STUB(cuDeviceTotalMem_v2, false, (std::size_t* bytes, int)) { return *bytes = state().totalBytes, 0; } STUB_END
STUB(cuDeviceGetAttribute, false, (int* value, int attribute, int)) {
  static const std::map<int, int> values = {{1, 1024}, {5, 0x7fffffff}, {6, 65535}, {7, 65535}, {8, 48 << 10}, {10, 32}, {12, 65536}, {13, 1980000}, {16, 132}, {36, 2619000},
                                            {37, 5120}, {38, 50 << 20}, {39, 2048}, {75, 9}, {76, 0}, {81, 228 << 10}, {82, 65536}, {97, 227 << 10}, {106, 32}};
  const auto found = values.find(attribute);
  if (found == values.end()) return invalidValue;
  return *value = found->second, 0;
} STUB_END
STUB(cuDevicePrimaryCtxRetain, false, (Context** context, int device)) {
  if (device < 0 || device >= numDevices) return invalidDevice;
  *context = &state().contexts[device];
  (*context)->retained++;
  return 0;
} STUB_END
STUB(cuDevicePrimaryCtxRelease_v2, false, (int device)) {
  if (state().contexts[device].retained-- <= 0) state().violate("cuDevicePrimaryCtxRelease: more often than retained");
  return 0;
} STUB_END
STUB(cuCtxSetCurrent, false, (Context* context)) { return currentContext() = context, 0; } STUB_END
STUB(cuCtxGetCurrent, false, (Context** context)) { return *context = currentContext(), 0; } STUB_END
STUB(cuDeviceCanAccessPeer, false, (int* can, int device, int peer)) { return *can = device != peer, 0; } STUB_END
STUB(cuCtxEnablePeerAccess, true, (Context* peer, unsigned)) {
  if (peer == currentContext()) return peerUnsupported;
  return currentContext()->peers.insert(peer).second ? 0 : equivar::cuda::peerAccessAlreadyEnabled;
} STUB_END

STUB(cuMemGetInfo_v2, true, (std::size_t* free, std::size_t* total)) {
  *total = state().totalBytes;
  *free = *total - state().usedBytes();
  return 0;
} STUB_END
STUB(cuMemAlloc_v2, true, (DevicePointer* address, std::size_t bytes)) {
  if (bytes == 0) return invalidValue;
  if (state().usedBytes() + bytes > state().totalBytes) return equivar::cuda::outOfMemory;
  void* data = std::aligned_alloc(512, alignedLength(bytes));
  if (data == nullptr) return equivar::cuda::outOfMemory;
  *address = reinterpret_cast<DevicePointer>(data);
  state().memory[*address] = {bytes, currentContext()};
  return 0;
} STUB_END
STUB(cuMemFree_v2, true, (DevicePointer address)) {
  const bool isBusy = std::any_of(state().streams.begin(), state().streams.end(), [](const Stream* stream) { return !stream->queue.empty(); });
  if (isBusy) state().waits++;
  state().finish();
  if (state().memory.erase(address) == 0) return state().violate("cuMemFree: no such memory"), invalidValue;
  std::free(hostAddress(address));
  return 0;
} STUB_END
STUB(cuMemHostAlloc, true, (void** data, std::size_t bytes, unsigned)) {
  *data = std::malloc(bytes);
  if (*data == nullptr) return equivar::cuda::outOfMemory;
  state().pinned[*data] = bytes;
  return 0;
} STUB_END
STUB(cuMemFreeHost, true, (void* data)) {
  if (state().isUsed(data)) state().violate("cuMemFreeHost: the device still uses it");
  if (state().pinned.erase(data) == 0) return state().violate("cuMemFreeHost: no such memory"), invalidValue;
  std::free(data);
  return 0;
} STUB_END
STUB(cuMemcpyHtoDAsync_v2, true, (DevicePointer target, const void* source, std::size_t bytes, Stream* stream)) {
  const void* piece = pinnedPiece(source);
  if (!isMemory(target, bytes)) return invalidValue;
  if (piece == nullptr) state().violate("cuMemcpyHtoDAsync: not from pinned memory");
  if (stream->capture) state().violate("cuMemcpyHtoDAsync: in a capture");
  return push("cuMemcpyHtoDAsync", stream, {"write", [=] { std::memcpy(hostAddress(target), source, bytes); }, nullptr, piece});
} STUB_END
STUB(cuMemcpyDtoHAsync_v2, true, (void* target, DevicePointer source, std::size_t bytes, Stream* stream)) {
  const void* piece = pinnedPiece(target);
  if (!isMemory(source, bytes)) return invalidValue;
  if (piece == nullptr) state().violate("cuMemcpyDtoHAsync: not to pinned memory");
  return push("cuMemcpyDtoHAsync", stream, {"read", [=] { std::memcpy(target, hostAddress(source), bytes); }, nullptr, piece});
} STUB_END
STUB(cuMemcpyDtoDAsync_v2, true, (DevicePointer target, DevicePointer source, std::size_t bytes, Stream* stream)) {
  return copyOnDevice("cuMemcpyDtoDAsync", "copy", target, source, bytes, stream);
} STUB_END
STUB(cuMemcpyPeerAsync, true, (DevicePointer target, Context*, DevicePointer source, Context*, std::size_t bytes, Stream* stream)) {
  return copyOnDevice("cuMemcpyPeerAsync", "peer copy", target, source, bytes, stream);
} STUB_END
STUB(cuMemsetD8Async, true, (DevicePointer target, unsigned char value, std::size_t count, Stream* stream)) {
  return memset("cuMemsetD8Async", target, count, 1, value, stream);
} STUB_END
STUB(cuMemsetD16Async, true, (DevicePointer target, unsigned short value, std::size_t count, Stream* stream)) {
  return memset("cuMemsetD16Async", target, count, 2, value, stream);
} STUB_END
STUB(cuMemsetD32Async, true, (DevicePointer target, unsigned value, std::size_t count, Stream* stream)) {
  return memset("cuMemsetD32Async", target, count, 4, value, stream);
} STUB_END

STUB(cuStreamCreate, true, (Stream** stream, unsigned)) {
  *stream = new Stream{currentContext(), {}, nullptr};
  state().streams.insert(*stream);
  return 0;
} STUB_END
STUB(cuStreamDestroy_v2, true, (Stream* stream)) {
  if (!isAlive(state().streams, stream, "cuStreamDestroy")) return invalidHandle;
  if (!stream->queue.empty()) state().violate("cuStreamDestroy: there is work in it");
  if (stream->capture) state().violate("cuStreamDestroy: it is being captured");
  state().streams.erase(stream);
  delete stream;
  return 0;
} STUB_END
STUB(cuStreamQuery, true, (Stream* stream)) {
  if (!isAlive(state().streams, stream, "cuStreamQuery")) return invalidHandle;
  if (stream->capture) return state().violate("cuStreamQuery: in a capture"), captureUnsupported;
  state().progress();
  return stream->queue.empty() ? 0 : equivar::cuda::notReady;
} STUB_END
STUB(cuStreamWaitEvent, true, (Stream* stream, Event* event, unsigned)) {
  if (!isAlive(state().events, event, "cuStreamWaitEvent")) return invalidHandle;
  return push("cuStreamWaitEvent", stream, {"wait", [] {}, [marks = event->marks] { return marks->pending == 0; }, nullptr});
} STUB_END
STUB(cuStreamIsCapturing, true, (Stream* stream, int* status)) {
  if (!isAlive(state().streams, stream, "cuStreamIsCapturing")) return invalidHandle;
  return *status = stream->capture ? 1 : 0, 0;
} STUB_END

STUB(cuEventCreate, true, (Event** event, unsigned flags)) {
  *event = new Event{currentContext(), (flags & equivar::cuda::eventDisableTiming) == 0};
  state().events.insert(*event);
  return 0;
} STUB_END
STUB(cuEventDestroy_v2, true, (Event* event)) {
  if (!isAlive(state().events, event, "cuEventDestroy")) return invalidHandle;
  state().events.erase(event);
  delete event;
  return 0;
} STUB_END
STUB(cuEventRecord, true, (Event* event, Stream* stream)) {
  if (!isAlive(state().events, event, "cuEventRecord")) return invalidHandle;
  if (!isAlive(state().streams, stream, "cuEventRecord")) return invalidHandle;
  if (event->context != stream->context) return invalidHandle;
  if (!stream->capture) event->marks->pending++;
  return push("cuEventRecord", stream, {"event", [marks = event->marks] {
    marks->time = state().clock;
    marks->pending--;
  }, nullptr, nullptr});
} STUB_END
STUB(cuEventQuery, true, (Event* event)) {
  if (!isAlive(state().events, event, "cuEventQuery")) return invalidHandle;
  state().progress();
  return event->marks->pending == 0 ? 0 : equivar::cuda::notReady;
} STUB_END
STUB(cuEventElapsedTime, true, (float* milliseconds, Event* start, Event* end)) {
  if (!isAlive(state().events, start, "cuEventElapsedTime") || !isAlive(state().events, end, "cuEventElapsedTime")) return invalidHandle;
  if (!start->isTimed || !end->isTimed) return invalidHandle;
  if (start->marks->pending + end->marks->pending > 0) return equivar::cuda::notReady;
  return *milliseconds = static_cast<float>(end->marks->time - start->marks->time), 0;
} STUB_END
