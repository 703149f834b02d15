//! Stands before the C library's allocator and locks (by `LD_PRELOAD`) and counts how often one thread calls them. Linux
//! with glibc, whose own functions have second names.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod counting {
    use std::ffi::{c_int, c_void};
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    /// The watched thread as pthreads know it; 0: nobody.
    static WATCHED: AtomicUsize = AtomicUsize::new(0);
    static CALLS: AtomicU64 = AtomicU64::new(0);

    unsafe extern "C" {
        fn __libc_malloc(size: usize) -> *mut c_void;
        fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
        fn __libc_realloc(memory: *mut c_void, size: usize) -> *mut c_void;
        fn __libc_memalign(alignment: usize, size: usize) -> *mut c_void;
        fn __libc_free(memory: *mut c_void);
    }

    fn count() {
        let watched = WATCHED.load(Ordering::Relaxed);
        // SAFETY: it has no precondition.
        if watched != 0 && watched == unsafe { libc::pthread_self() } as usize {
            CALLS.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Begins to count the calling thread's calls.
    #[unsafe(no_mangle)]
    extern "C" fn earmark_watch_begin() {
        CALLS.store(0, Ordering::Relaxed);
        // SAFETY: it has no precondition.
        WATCHED.store(unsafe { libc::pthread_self() } as usize, Ordering::Relaxed);
    }

    /// Ends it; how many there were.
    #[unsafe(no_mangle)]
    extern "C" fn earmark_watch_end() -> u64 {
        WATCHED.store(0, Ordering::Relaxed);
        CALLS.load(Ordering::Relaxed)
    }

    /// A function of the C library's under its own name, counted.
    macro_rules! counted {
        ($name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?, $real:expr) => {
            /// # Safety
            /// As the C library's own.
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $name($($argument: $type),*) $(-> $result)? {
                count();
                // SAFETY: the caller's promise, passed on.
                unsafe { $real }
            }
        };
    }

    counted!(malloc(size: usize) -> *mut c_void, __libc_malloc(size));
    counted!(calloc(number: usize, size: usize) -> *mut c_void, __libc_calloc(number, size));
    counted!(realloc(memory: *mut c_void, size: usize) -> *mut c_void, __libc_realloc(memory, size));
    counted!(memalign(alignment: usize, size: usize) -> *mut c_void, __libc_memalign(alignment, size));
    counted!(aligned_alloc(alignment: usize, size: usize) -> *mut c_void, __libc_memalign(alignment, size));
    counted!(free(memory: *mut c_void), __libc_free(memory));

    /// # Safety
    /// As the C library's own.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn posix_memalign(place: *mut *mut c_void, alignment: usize, size: usize) -> c_int {
        count();
        // SAFETY: the caller's promise: `place` can be written.
        unsafe {
            let memory = __libc_memalign(alignment, size);
            if memory.is_null() {
                return libc::ENOMEM;
            }
            *place = memory;
        }
        0
    }
}
