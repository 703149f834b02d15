//! A VST3 bundle: the library in it, and its factory.

use crate::PluginInfo;
use ::vst3::Steinberg::{
    IPluginFactory, IPluginFactory2, IPluginFactory2Trait, IPluginFactoryTrait, PClassInfo2, TUID, char8, kResultOk,
};
use ::vst3::{ComPtr, Interface};
use anyhow::{Context, Result, ensure};
use libloading::{Library, Symbol};
use std::ffi::{CStr, c_void};
use std::path::{Path, PathBuf};

/// What a class of this category is: a plugin that processes audio.
const AUDIO_MODULE: &str = "Audio Module Class";

/// A loaded bundle.
pub(crate) struct Module {
    // Dropped before the library, whose code it needs.
    factory: ComPtr<IPluginFactory>,
    // Never unloaded: threads of the plugin may outlive its last instance for a moment.
    _library: std::mem::ManuallyDrop<Library>,
}

impl Module {
    pub(crate) fn load(bundle: &Path) -> Result<Self> {
        let path = binary(bundle);
        let cannot = || format!("cannot load {}", path.display());
        // SAFETY: loading runs the library's code; the caller names a plugin that it trusts as any host must.
        let library = unsafe { Library::new(&path) }.with_context(cannot)?;
        enter(&library, bundle).with_context(cannot)?;
        // SAFETY: the symbol has this type in every VST3 module.
        let get: Symbol<'_, extern "system" fn() -> *mut IPluginFactory> =
            unsafe { library.get(b"GetPluginFactory") }.with_context(cannot)?;
        // SAFETY: the module gives a reference that is ours to release, or null.
        let factory = unsafe { ComPtr::from_raw(get()) }.with_context(cannot)?;
        Ok(Self { factory, _library: std::mem::ManuallyDrop::new(library) })
    }

    /// The audio plugins in it, each with its class id.
    pub(crate) fn classes(&self) -> Vec<(TUID, PluginInfo)> {
        let Some(factory) = self.factory.cast::<IPluginFactory2>() else { return Vec::new() };
        // SAFETY: a plain call.
        let count = unsafe { factory.countClasses() };
        let class = |index| {
            // SAFETY: all zeroes are a valid, empty class info.
            let mut info: PClassInfo2 = unsafe { std::mem::zeroed() };
            // SAFETY: the info is written into a valid place.
            let result = unsafe { factory.getClassInfo2(index, &raw mut info) };
            (result == kResultOk && text(&info.category) == AUDIO_MODULE).then_some(info)
        };
        let described = |info: PClassInfo2| {
            let id = info.cid.iter().map(|byte| format!("{:02x}", *byte as u8)).collect();
            let (name, vendor, version) = (text(&info.name), text(&info.vendor), text(&info.version));
            (info.cid, PluginInfo { id, name, vendor, version })
        };
        (0..count).filter_map(class).map(described).collect()
    }

    /// What makes the objects.
    pub(crate) fn factory(&self) -> &ComPtr<IPluginFactory> {
        &self.factory
    }

    /// A new object of a class.
    pub(crate) fn create<I: Interface>(&self, class: TUID) -> Result<ComPtr<I>> {
        let mut object: *mut c_void = std::ptr::null_mut();
        // SAFETY: both ids are 16 bytes, and the object is written into a valid place.
        let result =
            unsafe { self.factory.createInstance(class.as_ptr(), I::IID.as_ptr().cast::<char8>(), &raw mut object) };
        ensure!(result == kResultOk, "the plugin cannot be instantiated ({result})");
        // SAFETY: the factory gives a reference to the interface that was asked for, ours to release.
        unsafe { ComPtr::from_raw(object.cast::<I>()) }.context("the factory made nothing")
    }
}

/// The library within a bundle, for the system that we run on.
pub fn binary(bundle: &Path) -> PathBuf {
    let name = bundle.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let contents = bundle.join("Contents");
    if cfg!(target_os = "macos") {
        contents.join("MacOS").join(name)
    } else if cfg!(windows) {
        contents.join(format!("{}-win", std::env::consts::ARCH)).join(format!("{name}.vst3"))
    } else {
        contents.join(format!("{}-linux", std::env::consts::ARCH)).join(format!("{name}.so"))
    }
}

/// Calls the module's entry point, which differs from system to system.
fn enter(library: &Library, bundle: &Path) -> Result<()> {
    if cfg!(windows) {
        // SAFETY: the symbol has this type where a module has it at all.
        let entry = unsafe { library.get::<extern "system" fn() -> bool>(b"InitDll") };
        ensure!(entry.is_ok_and(|init| init()), "InitDll fails");
        return Ok(());
    }
    ensure!(!cfg!(target_os = "macos"), "{}: this host cannot make macOS's bundle reference", bundle.display());
    // SAFETY: the symbol has this type in every VST3 module for Linux.
    let entry = unsafe { library.get::<extern "C" fn(*mut c_void) -> bool>(b"ModuleEntry") }?;
    ensure!(entry(std::ptr::null_mut()), "ModuleEntry fails");
    Ok(())
}

fn text(text: &[char8]) -> String {
    let bytes: Vec<u8> = text.iter().map(|byte| *byte as u8).chain([0]).collect();
    CStr::from_bytes_until_nul(&bytes).map_or_else(|_| String::new(), |text| text.to_string_lossy().into_owned())
}
