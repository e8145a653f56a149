#include "compiler.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <new>

namespace equivar {
namespace {

/** A link that goes away. */
struct Link {
  const DriverLibrary& driver;
  cuda::LinkState state = nullptr;
  ~Link() {
    if (state != nullptr) driver.cuLinkDestroy(state);
  }
};

/** Lets so many threads in at the same time. */
class Gate {
 public:
  explicit Gate(unsigned places) : free_(places) {}

  class Place {
   public:
    explicit Place(Gate& gate) : gate_(gate) {
      std::unique_lock<std::mutex> lock(gate_.mutex_);
      gate_.wake_.wait(lock, [this] { return gate_.free_ > 0; });
      gate_.free_--;
    }
    ~Place() {
      {
        const std::lock_guard<std::mutex> lock(gate_.mutex_);
        gate_.free_++;
      }
      gate_.wake_.notify_one();
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    Gate& gate_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  unsigned free_;
};

/** Bytes of a thread that values take in memory, for want of registers. @throws DriverFailure */
int spilledBytes(Context& context, const std::string& image, const std::string& name) {
  cuda::Module module = nullptr;
  context.enter();
  context.check("cuModuleLoadDataEx", context.driver.cuModuleLoadDataEx(&module, image.c_str(), 0, nullptr, nullptr));
  cuda::Function function = nullptr;
  int bytes = 0;
  cuda::Status status = context.driver.cuModuleGetFunction(&function, module, name.c_str());
  const char* call = status == cuda::success ? "cuFuncGetAttribute" : "cuModuleGetFunction";
  if (status == cuda::success) status = context.driver.cuFuncGetAttribute(&bytes, cuda::functionAttribute::localBytes, function);
  context.driver.cuModuleUnload(module);
  if (status != cuda::success) throw context.failure(call, status, "the function is '" + name + "'");
  return bytes;
}

}  // namespace

CompileResult compileText(Context& context, const CompileRequest& request) {
  std::string information(std::size_t{1} << 18, '\0');
  std::string errors(std::size_t{1} << 14, '\0');
  std::vector<int> options;
  std::vector<void*> values;
  const auto add = [&](int option, std::uintptr_t value) {
    options.push_back(option);
    values.push_back(reinterpret_cast<void*>(value));
  };
  // Numbers stand in the place of pointers, and the sizes of the logs come back in theirs.
  add(cuda::jit::infoLog, reinterpret_cast<std::uintptr_t>(information.data()));
  add(cuda::jit::infoLogBytes, information.size() - 1);
  add(cuda::jit::errorLog, reinterpret_cast<std::uintptr_t>(errors.data()));
  add(cuda::jit::errorLogBytes, errors.size() - 1);
  add(cuda::jit::verbose, 1);
  add(cuda::jit::optimization, request.optimization);
  if (request.maxRegisters > 0) add(cuda::jit::maxRegisters, request.maxRegisters);
  if (request.hasLineInfo) add(cuda::jit::lineInfo, 1);
  Link link{context.driver};
  const auto check = [&](const char* call, cuda::Status status) {
    if (status != cuda::success) throw context.failure(call, status, errors.c_str());
  };
  context.enter();
  check("cuLinkCreate", context.driver.cuLinkCreate(static_cast<unsigned>(options.size()), options.data(), values.data(), &link.state));
  std::string text = request.text;
  // The zero at the end belongs to the text.
  check("cuLinkAddData", context.driver.cuLinkAddData(link.state, cuda::jit::inputPtx, text.data(), text.size() + 1, "kernels.ptx", 0, nullptr, nullptr));
  void* image = nullptr;
  std::size_t bytes = 0;
  check("cuLinkComplete", context.driver.cuLinkComplete(link.state, &image, &bytes));
  return {std::string(static_cast<const char*>(image), bytes), information.c_str(), 0};
}

FittingCompilation::FittingCompilation(std::shared_ptr<Context> context, std::vector<std::string> texts, std::string name) {
  thread_ = std::thread([this, context = std::move(context), texts = std::move(texts), name = std::move(name)] {
    // It stays: threads may wait for it when the process ends.
    static Gate& gate = *new Gate(std::max(1u, std::thread::hardware_concurrency()));
    const Gate::Place place(gate);
    try {
      for (std::size_t index = 0; index < texts.size(); index++) {
        result_ = compileText(*context, {texts[index]});
        result_.index = index;
        if (index + 1 == texts.size() || spilledBytes(*context, result_.image, name) == 0) return;
      }
    } catch (const DriverFailure& failure) {
      failure_ = failure;
    } catch (const std::bad_alloc&) {
      failure_ = DriverFailure{"new", 0, "OUT_OF_HOST_MEMORY", "the host has no memory left"};
    }
  });
}

FittingCompilation::~FittingCompilation() {
  if (thread_.joinable()) thread_.join();
}

const CompileResult& FittingCompilation::result() {
  if (thread_.joinable()) thread_.join();
  if (failure_) throw *failure_;
  return result_;
}

}  // namespace equivar
