//! Panics on demand, in a plugin that was built with the feature `faults`.

use anyhow::{Context, Result, ensure};
use libloading::Library;
use std::ffi::{CString, c_char};
use std::mem::ManuallyDrop;
use std::path::Path;

/// Why nothing is checked in a build for use.
pub(super) const WITHOUT: &str = "the plugin was built without the feature `faults`";

/// What the plugin exports for it.
type Inject = unsafe extern "C" fn(*const c_char) -> u32;

/// Has functions of the plugin panic.
pub(super) struct Injector {
    inject: Inject,
    // Never unloaded, like every module here.
    _library: ManuallyDrop<Library>,
}

impl Injector {
    /// Of a library; nothing, if it was built for use.
    pub(super) fn of(library: &Path) -> Result<Option<Self>> {
        // SAFETY: loading runs the library's code; the caller names a plugin that it trusts as any host must.
        let library = unsafe { Library::new(library) }.with_context(|| library.display().to_string())?;
        // SAFETY: the symbol has this type where a library has it at all.
        let inject = unsafe { library.get::<Inject>(b"earmark_inject_panic") }.ok().map(|inject| *inject);
        Ok(inject.map(|inject| Self { inject, _library: ManuallyDrop::new(library) }))
    }

    /// What `work` gives while `entry` panics; fails unless it has.
    pub(super) fn during<T>(&self, entry: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let name = CString::new(entry)?;
        // SAFETY: a string that ends in zero; then none.
        let arm = |name: *const c_char| unsafe { (self.inject)(name) };
        arm(name.as_ptr());
        let done = work();
        let panics = arm(std::ptr::null());
        ensure!(panics > 0, "{entry} was not reached");
        done.with_context(|| format!("while {entry} panics"))
    }
}
