//! The factory: two classes in one module, and what a host looks for in the library.
#![allow(unsafe_code, non_snake_case)]

use std::ffi::c_void;

use nice_plug::wrapper::setup_logger;
use nice_plug::wrapper::vst3::PluginInfo;
use nice_plug::wrapper::vst3::vst3::Steinberg::*;
use nice_plug::wrapper::vst3::vst3::{Class, ComWrapper};

use super::component::Component;
use crate::plugin::class::{Class as PluginClass, ControlClass, EarmarkClass};
use crate::plugin::earmark::EarmarkPlugin;
use crate::plugin::guard::guarded;

/// The factory: two classes.
struct Factory {
    infos: [PluginInfo; 2],
}

impl Class for Factory {
    type Interfaces = (IPluginFactory, IPluginFactory2, IPluginFactory3);
}

impl Factory {
    fn info(&self, index: int32) -> Option<&PluginInfo> {
        usize::try_from(index).ok().and_then(|index| self.infos.get(index))
    }
}

/// # Safety
/// `iid` and `object` as VST3 demands of `createInstance`.
unsafe fn create<C: PluginClass>(iid: FIDString, object: *mut *mut c_void) -> tresult {
    let Some(component) = Component::<C>::new() else { return kInternalError };
    let wrapper = ComWrapper::new(component);
    let Some(unknown) = wrapper.as_com_ref::<FUnknown>() else { return kInternalError };
    let unknown = unknown.as_ptr();
    // SAFETY: `unknown` is alive in `wrapper`; a successful query takes its own reference.
    unsafe { ((*(*unknown).vtbl).queryInterface)(unknown, iid.cast::<TUID>(), object) }
}

impl IPluginFactoryTrait for Factory {
    unsafe fn getFactoryInfo(&self, info: *mut PFactoryInfo) -> tresult {
        guarded("IPluginFactoryTrait::getFactoryInfo", kInternalError, || {
            if info.is_null() {
                return kInvalidArgument;
            }
            // SAFETY: the host's own structure, not null.
            unsafe { *info = self.infos[0].create_factory_info() };
            kResultOk
        })
    }

    unsafe fn countClasses(&self) -> int32 {
        guarded("IPluginFactoryTrait::countClasses", 0, || self.infos.len() as int32)
    }

    unsafe fn getClassInfo(&self, index: int32, info: *mut PClassInfo) -> tresult {
        guarded("IPluginFactoryTrait::getClassInfo", kInternalError, || {
            let Some(class) = self.info(index).filter(|_| !info.is_null()) else { return kInvalidArgument };
            // SAFETY: the host's own structure, not null.
            unsafe { *info = class.create_class_info() };
            kResultOk
        })
    }

    unsafe fn createInstance(&self, cid: FIDString, iid: FIDString, object: *mut *mut c_void) -> tresult {
        guarded("IPluginFactoryTrait::createInstance", kInternalError, || {
            if cid.is_null() || iid.is_null() || object.is_null() {
                return kInvalidArgument;
            }
            // SAFETY: a class id is sixteen bytes; null was ruled out.
            let cid = unsafe { &*cid.cast::<[u8; 16]>() };
            let [earmark, control] = &self.infos;
            if cid == earmark.cid {
                // SAFETY: the host's pointers, not null.
                unsafe { create::<EarmarkClass>(iid, object) }
            } else if cid == control.cid {
                // SAFETY: as above.
                unsafe { create::<ControlClass>(iid, object) }
            } else {
                kInvalidArgument
            }
        })
    }
}

impl IPluginFactory2Trait for Factory {
    unsafe fn getClassInfo2(&self, index: int32, info: *mut PClassInfo2) -> tresult {
        guarded("IPluginFactory2Trait::getClassInfo2", kInternalError, || {
            let Some(class) = self.info(index).filter(|_| !info.is_null()) else { return kInvalidArgument };
            // SAFETY: the host's own structure, not null.
            unsafe { *info = class.create_class_info_2() };
            kResultOk
        })
    }
}

impl IPluginFactory3Trait for Factory {
    unsafe fn getClassInfoUnicode(&self, index: int32, info: *mut PClassInfoW) -> tresult {
        guarded("IPluginFactory3Trait::getClassInfoUnicode", kInternalError, || {
            let Some(class) = self.info(index).filter(|_| !info.is_null()) else { return kInvalidArgument };
            // SAFETY: the host's own structure, not null.
            unsafe { *info = class.create_class_info_unicode() };
            kResultOk
        })
    }

    unsafe fn setHostContext(&self, _context: *mut FUnknown) -> tresult {
        guarded("IPluginFactory3Trait::setHostContext", kInternalError, || kResultOk)
    }
}

/// What a VST3 host looks for in the library.
// SAFETY: the name and type are those that VST3 prescribes; likewise below.
#[unsafe(no_mangle)]
pub extern "system" fn GetPluginFactory() -> *mut c_void {
    guarded("GetPluginFactory", std::ptr::null_mut(), || {
        let infos = [
            PluginInfo::for_plugin::<EarmarkPlugin<EarmarkClass>>(),
            PluginInfo::for_plugin::<EarmarkPlugin<ControlClass>>(),
        ];
        let factory = ComWrapper::new(Factory { infos }).to_com_ptr::<IPluginFactory>();
        factory.map_or(std::ptr::null_mut(), |factory| factory.into_raw().cast())
    })
}

macro_rules! module_entries {
    ($enter:ident($($argument:ty)?), $exit:ident) => {
        /// Called by the host after loading the library.
        #[unsafe(no_mangle)]
        pub extern "system" fn $enter($(_: $argument)?) -> bool {
            let set_up = || {
                setup_logger::<EarmarkPlugin<EarmarkClass>>();
                true
            };
            guarded(stringify!($enter), false, set_up)
        }

        /// Called by the host before unloading the library.
        #[unsafe(no_mangle)]
        pub extern "system" fn $exit() -> bool {
            true
        }
    };
}

#[cfg(all(target_family = "unix", not(target_os = "macos")))]
module_entries!(ModuleEntry(*mut c_void), ModuleExit);
#[cfg(target_os = "macos")]
module_entries!(bundleEntry(*mut c_void), bundleExit);
#[cfg(target_os = "windows")]
module_entries!(InitDll(), ExitDll);
