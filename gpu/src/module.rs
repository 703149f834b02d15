//! Where the code that runs here was loaded from.

use std::path::PathBuf;

/// Where a file called `name` may lie that belongs to the program or plugin that holds this code: beside its file, and
/// beside the bundle folder (`Name.vst3`) that its file lies in.
#[must_use]
pub fn beside_this_module(name: &str) -> Vec<PathBuf> {
    let Some(file) = this_module() else { return Vec::new() };
    let bundle = file.ancestors().find(|folder| folder.extension().is_some_and(|ending| ending == "vst3"));
    [Some(file.as_path()), bundle].into_iter().flatten().filter_map(|at| Some(at.parent()?.join(name))).collect()
}

/// The file that holds this code: a program, or a plugin or library that it has loaded.
#[must_use]
#[cfg(unix)]
pub fn this_module() -> Option<PathBuf> {
    use std::ffi::{CStr, OsStr};
    use std::os::unix::ffi::OsStrExt;

    let mut about = libc::Dl_info {
        dli_fname: std::ptr::null(),
        dli_fbase: std::ptr::null_mut(),
        dli_sname: std::ptr::null(),
        dli_saddr: std::ptr::null_mut(),
    };
    let here: fn() -> Option<PathBuf> = this_module;
    // SAFETY: `about` is valid for writes, and any address may be asked about.
    let known = unsafe { libc::dladdr(here as *const libc::c_void, &raw mut about) } != 0;
    if !known || about.dli_fname.is_null() {
        return None;
    }
    // SAFETY: dladdr has set it to a string that lives as long as the module, whose code runs here.
    let name = unsafe { CStr::from_ptr(about.dli_fname) };
    let path = PathBuf::from(OsStr::from_bytes(name.to_bytes()));
    // A program that was found in the search path is known by its bare name.
    if path.components().count() > 1 { Some(path) } else { std::env::current_exe().ok() }
}

/// The program's file: elsewhere a module's own is not asked for.
#[must_use]
#[cfg(not(unix))]
pub fn this_module() -> Option<PathBuf> {
    std::env::current_exe().ok()
}

/// Keeps the file that holds this code loaded until the process ends. A thread that hangs in a driver cannot be ended,
/// and must not return into a plugin that is gone.
pub(crate) fn keep_loaded() {
    #[cfg(unix)]
    if let Some(file) = this_module() {
        // SAFETY: the file is loaded already, so nothing of it runs now.
        let pinned = unsafe { libloading::os::unix::Library::open(Some(file), libc::RTLD_NOW | libc::RTLD_NODELETE) };
        // The program itself cannot be opened so, and needs it not.
        if let Ok(library) = pinned {
            std::mem::forget(library);
        }
    }
}
