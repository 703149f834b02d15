//! What the targets share.

use std::path::{Path, PathBuf};
use std::sync::Once;

/// Lets code that answers for a library's panics do so: the fuzzer ends at every panic otherwise. One that nobody catches
/// still ends it.
pub fn allow_caught_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|_| {})));
}

/// A file that is gone when this is dropped, in memory where the system offers that.
pub struct Scratch(PathBuf);

impl Scratch {
    /// With these bytes in it.
    #[must_use]
    pub fn with(bytes: &[u8]) -> Self {
        Self::named("input", bytes)
    }

    /// The same, in a folder of its own under a name that matters.
    #[must_use]
    pub fn named(name: &str, bytes: &[u8]) -> Self {
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
        let folder = base.join(format!("earmark-fuzz-{}", std::process::id()));
        let path = folder.join(name);
        std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, bytes)).expect("a place for the input");
        Self(path)
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(folder) = self.0.parent() {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
