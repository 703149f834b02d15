//! A loaded bundle: entry, factory, descriptors.

use super::plugin::Plugin;
use anyhow::{Context, Result, ensure};
use clap_sys::entry::clap_plugin_entry;
use clap_sys::factory::plugin_factory::{CLAP_PLUGIN_FACTORY_ID, clap_plugin_factory};
use clap_sys::plugin::clap_plugin_descriptor;
use std::ffi::{CStr, CString, c_char, c_void};
use std::path::Path;

/// Calls a function of one of the plugin's C structures.
macro_rules! call {
    ($object:expr, $function:ident($($argument:expr),* $(,)?)) => {{
        let object = $object;
        // SAFETY: the plugin's own structure, alive as long as the plugin is; the call comes in the order and on the
        // thread that CLAP wants, unless the check is about just that.
        unsafe {
            match (*object).$function {
                Some(function) => function($($argument),*),
                None => anyhow::bail!(concat!("the plugin's function ", stringify!($function), " is a null pointer")),
            }
        }
    }};
}
pub(super) use call;

/// A bundle whose entry is initialised; taken down and unloaded when it is dropped.
pub(super) struct Library {
    library: libloading::Library,
}

/// A descriptor's texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Descriptor {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) texts: Vec<Option<String>>,
    pub(super) features: Vec<String>,
}

impl Library {
    pub(super) fn load(bundle: &Path) -> Result<Self> {
        // SAFETY: loading runs the library's code; the caller names a plugin that it trusts as any host must.
        let library = unsafe { libloading::Library::new(bundle) }.context("the library does not load")?;
        Self::enter(library, bundle)
    }

    /// With an already open library.
    pub(super) fn enter(library: libloading::Library, bundle: &Path) -> Result<Self> {
        let library = Self { library };
        let path = CString::new(bundle.to_string_lossy().as_bytes())?;
        ensure!(call!(library.entry()?, init(path.as_ptr())), "clap_entry.init() gives false");
        Ok(library)
    }

    pub(super) fn entry(&self) -> Result<*const clap_plugin_entry> {
        // SAFETY: the symbol has this type in every CLAP library.
        let entry = unsafe { self.library.get::<*const clap_plugin_entry>(b"clap_entry") };
        Ok(*entry.context("the library has no clap_entry")?)
    }

    /// What the entry has for a factory id; null if nothing.
    pub(super) fn factory_of(&self, id: &CStr) -> Result<*const c_void> {
        Ok(call!(self.entry()?, get_factory(id.as_ptr())))
    }

    pub(super) fn factory(&self) -> Result<*const clap_plugin_factory> {
        let factory = self.factory_of(CLAP_PLUGIN_FACTORY_ID)?.cast::<clap_plugin_factory>();
        ensure!(!factory.is_null(), "the library has no plugin factory");
        Ok(factory)
    }

    pub(super) fn descriptors(&self) -> Result<Vec<Descriptor>> {
        let factory = self.factory()?;
        let count = call!(factory, get_plugin_count(factory));
        (0..count)
            .map(|index| {
                let descriptor = call!(factory, get_plugin_descriptor(factory, index));
                ensure!(!descriptor.is_null(), "plugin {index} of {count} has no descriptor");
                describe(descriptor)
            })
            .collect()
    }

    /// A new plugin, not yet initialised.
    pub(super) fn create(&self, id: &str) -> Result<Plugin<'_>> {
        Plugin::create(self.factory()?, &CString::new(id)?)
    }

    /// A new plugin, initialised.
    pub(super) fn plugin(&self, id: &str) -> Result<Plugin<'_>> {
        let plugin = self.create(id)?;
        plugin.init()?;
        Ok(plugin)
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        if let Ok(entry) = self.entry() {
            // SAFETY: `init` succeeded, and no plugin is left.
            unsafe { (*entry).deinit.map(|deinit| deinit()) };
        }
    }
}

/// What a descriptor says.
pub(super) fn describe(descriptor: *const clap_plugin_descriptor) -> Result<Descriptor> {
    // SAFETY: the plugin's own structure; its texts end in zero, its list of features in null.
    unsafe {
        let d = &*descriptor;
        let id = text(d.id).context("the descriptor has no id")?;
        let name = text(d.name).context("the descriptor has no name")?;
        let texts = [d.vendor, d.url, d.manual_url, d.support_url, d.version, d.description].map(|t| text(t));
        ensure!(!d.features.is_null(), "the descriptor has no list of features");
        let mut features = Vec::new();
        while let Some(feature) = text(*d.features.add(features.len())) {
            features.push(feature);
        }
        Ok(Descriptor { id, name, texts: texts.to_vec(), features })
    }
}

/// # Safety
/// `text` must be null or end in zero.
unsafe fn text(text: *const c_char) -> Option<String> {
    // SAFETY: the caller's promise.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
