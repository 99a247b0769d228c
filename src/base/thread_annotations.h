// Clang's thread-safety annotations under our names; nothing under other compilers.
// https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
#pragma once

#if defined(__clang__)
#define CAIRN_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define CAIRN_THREAD_ATTRIBUTE(x)
#endif

// On a class: it is a lock; `x` is what the diagnostics call it ("mutex").
#define CAIRN_CAPABILITY(x) CAIRN_THREAD_ATTRIBUTE(capability(x))
// On a class: it takes a lock in its constructor and releases it in its destructor.
#define CAIRN_SCOPED_CAPABILITY CAIRN_THREAD_ATTRIBUTE(scoped_lockable)

// On a field: read and written only under the lock (PT: that holds for what it points to).
#define CAIRN_GUARDED_BY(x) CAIRN_THREAD_ATTRIBUTE(guarded_by(x))
#define CAIRN_PT_GUARDED_BY(x) CAIRN_THREAD_ATTRIBUTE(pt_guarded_by(x))

// On a function: what the caller must hold, or must not hold.
#define CAIRN_REQUIRES(...) CAIRN_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define CAIRN_EXCLUDES(...) CAIRN_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))

// On a function: what it takes, releases, or takes if it returns the first argument.
#define CAIRN_ACQUIRE(...) CAIRN_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define CAIRN_RELEASE(...) CAIRN_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define CAIRN_TRY_ACQUIRE(...) CAIRN_THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))

// On a lock: the order in which locks are taken.
#define CAIRN_ACQUIRED_BEFORE(...) CAIRN_THREAD_ATTRIBUTE(acquired_before(__VA_ARGS__))
#define CAIRN_ACQUIRED_AFTER(...) CAIRN_THREAD_ATTRIBUTE(acquired_after(__VA_ARGS__))

// On a function that returns a lock, or that the analysis cannot follow (say why).
#define CAIRN_RETURN_CAPABILITY(x) CAIRN_THREAD_ATTRIBUTE(lock_returned(x))
#define CAIRN_NO_THREAD_SAFETY_ANALYSIS CAIRN_THREAD_ATTRIBUTE(no_thread_safety_analysis)
