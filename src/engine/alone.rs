//! Threads that share no work with others.

use std::sync::mpsc;
use std::thread::{self, JoinHandle};

/// Starts `work` on a thread called `name`, the only one of a private rayon pool: whatever a net's operations want to
/// split stays on it.
///
/// # Errors
/// If the operating system gives no thread, in words.
pub(super) fn spawn_alone(name: &'static str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, String> {
    let (sender, receiver) = mpsc::channel();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .spawn_handler(|thread| {
            let join = thread::Builder::new().name(name.to_owned()).spawn(|| thread.run())?;
            // The receiver outlives the builder.
            let _ = sender.send(join);
            Ok(())
        })
        .build()
        .map_err(|e| e.to_string())?;
    let join = receiver.recv().map_err(|e| e.to_string())?;
    pool.spawn(work);
    // The pool's thread ends by itself once it has done its only job.
    drop(pool);
    Ok(join)
}
