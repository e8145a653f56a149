// Lets the library load with the C library of older systems than the one that builds it. The linker sends calls of these functions
// here (`--wrap`), and they go on to the first version of each, which newer systems still have.
#if defined(__linux__) && defined(__GLIBC__)

#include <pthread.h>

#if defined(__x86_64__)
#define EQUIVAR_FIRST "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define EQUIVAR_FIRST "GLIBC_2.17"
#endif

#define EQUIVAR_WRAP(result, name, parameters, arguments)          \
  __asm__(".symver first_" #name "," #name "@" EQUIVAR_FIRST);     \
  extern "C" result first_##name parameters;                       \
  extern "C" result __wrap_##name parameters;                      \
  extern "C" result __wrap_##name parameters { return first_##name arguments; }

EQUIVAR_WRAP(void*, dlopen, (const char* path, int flags), (path, flags))
EQUIVAR_WRAP(void*, dlsym, (void* library, const char* name), (library, name))
EQUIVAR_WRAP(char*, dlerror, (), ())
EQUIVAR_WRAP(int, pthread_create, (pthread_t * thread, const pthread_attr_t* attributes, void* (*run)(void*), void* data), (thread, attributes, run, data))
EQUIVAR_WRAP(int, pthread_join, (pthread_t thread, void** result), (thread, result))

// Younger than the systems meant; "there may be other threads" is always right.
extern "C" {
__attribute__((visibility("hidden"))) char __libc_single_threaded = 0;
}

#endif
