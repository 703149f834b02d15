//! Paths as keys of the index.

use std::path::{Path, PathBuf};

/// The bytes of a path below the library's directory; `None` for a name that no index can hold (outside Unix, one that
/// is no Unicode).
pub(super) fn of(path: &Path) -> Option<Vec<u8>> {
    #[cfg(unix)]
    return Some(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).to_vec());
    #[cfg(not(unix))]
    return path.to_str().map(|path| path.replace('\\', "/").into_bytes());
}

/// The path that [`of`] made the key from.
pub(super) fn path(key: &[u8]) -> PathBuf {
    #[cfg(unix)]
    return <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(key).into();
    #[cfg(not(unix))]
    return String::from_utf8_lossy(key).into_owned().into();
}
