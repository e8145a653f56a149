#include "instance.hpp"

namespace equivar {

/** Work in a thread of the pool, and what follows on the environment's thread. */
struct Instance::AsyncWork {
  Instance& instance;
  std::function<void()> work;
  /** Makes the value of the promise. */
  std::function<napi_value(napi_env)> finish;
  napi_deferred promise = nullptr;
  napi_async_work handle = nullptr;
  std::optional<DriverFailure> failure = std::nullopt;

  static void execute(napi_env, void* data) {
    auto& self = *static_cast<AsyncWork*>(data);
    try {
      self.work();
    } catch (const DriverFailure& failure) {
      self.failure = failure;
    } catch (const std::bad_alloc&) {
      self.failure = DriverFailure{"new", 0, "OUT_OF_HOST_MEMORY", "the host has no memory left"};
    }
  }

  static void complete(napi_env env, napi_status, void* data) {
    const std::unique_ptr<AsyncWork> self(static_cast<AsyncWork*>(data));
    napi_delete_async_work(env, self->handle);
    if (self->promise == nullptr) return;
    try {
      napi_value value = nullptr;
      try {
        if (!self->failure) value = self->finish(env);
      } catch (const DriverFailure& failure) {
        self->failure = failure;
      } catch (const Refusal& refusal) {
        napi_reject_deferred(env, self->promise, self->instance.toError(refusal));
        return;
      }
      if (self->failure) napi_reject_deferred(env, self->promise, self->instance.toError(*self->failure));
      else napi_resolve_deferred(env, self->promise, value);
    } catch (const NodeFailure&) {
      // The environment is ending, and nobody waits.
    }
  }
};

napi_value Instance::startAsync(const char* name, std::function<void()> work, std::function<napi_value(napi_env)> finish, bool hasPromise) {
  auto self = std::make_unique<AsyncWork>(AsyncWork{*this, std::move(work), std::move(finish)});
  napi_value promise = nullptr;
  checkNode(napi_create_async_work(env, nullptr, toText(env, name), AsyncWork::execute, AsyncWork::complete, self.get(), &self->handle),
            "napi_create_async_work");
  if (hasPromise) checkNode(napi_create_promise(env, &self->promise, &promise), "napi_create_promise");
  checkNode(napi_queue_async_work(env, self->handle), "napi_queue_async_work");
  self.release();
  return promise;
}

napi_value Instance::runAsync(const char* name, std::function<void()> work, std::function<napi_value(napi_env)> finish) {
  return startAsync(name, std::move(work), std::move(finish), true);
}

void Instance::runLater(const char* name, std::function<void()> work) { startAsync(name, std::move(work), nullptr, false); }

}  // namespace equivar
