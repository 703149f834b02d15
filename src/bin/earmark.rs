//! The command line. All of it lives in [`earmark::study::cli`].

/// Keeps what was freed for what comes next: training and files ask for the same large blocks again and again, which the
/// system's allocator gives back and gets, cleared, each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    earmark::study::cli::run()
}
