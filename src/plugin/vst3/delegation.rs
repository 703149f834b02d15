//! What the component only passes on to nice-plug's. A panic ends here instead of in the host.
#![allow(unsafe_code, non_snake_case)]

use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::ChannelContext::IInfoListenerTrait;
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{CString, *};
use nice_plug::wrapper::vst3::vst3::Steinberg::*;

use super::component::Component;
use crate::plugin::class::Class;

/// Methods of a trait that are the inner component's own.
macro_rules! passed {
    ($trait:ident: $(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty = $fallback:expr;)*) => {
        $(unsafe fn $name(&self, $($argument: $type),*) -> $result {
            self.emission.guarded(concat!(stringify!($trait), "::", stringify!($name)), $fallback, || {
                // SAFETY: the host's call, passed on.
                unsafe { $trait::$name(&*self.inner, $($argument),*) }
            })
        })*
    };
}
pub(super) use passed;

impl<C: Class> IMidiMappingTrait for Component<C> {
    passed! { IMidiMappingTrait:
        fn getMidiControllerAssignment(
            busIndex: int32, channel: int16, midiControllerNumber: CtrlNumber, id: *mut ParamID
        ) -> tresult = kInternalError;
    }
}

impl<C: Class> INoteExpressionControllerTrait for Component<C> {
    passed! { INoteExpressionControllerTrait:
        fn getNoteExpressionCount(busIndex: int32, channel: int16) -> int32 = 0;
        fn getNoteExpressionInfo(
            busIndex: int32, channel: int16, noteExpressionIndex: int32, info: *mut NoteExpressionTypeInfo
        ) -> tresult = kInternalError;
        fn getNoteExpressionStringByValue(
            busIndex: int32, channel: int16, id: NoteExpressionTypeID, valueNormalized: NoteExpressionValue,
            string: *mut String128
        ) -> tresult = kInternalError;
        fn getNoteExpressionValueByString(
            busIndex: int32, channel: int16, id: NoteExpressionTypeID, string: *const TChar,
            valueNormalized: *mut NoteExpressionValue
        ) -> tresult = kInternalError;
    }
}

impl<C: Class> IProcessContextRequirementsTrait for Component<C> {
    passed! { IProcessContextRequirementsTrait:
        fn getProcessContextRequirements() -> uint32 = 0;
    }
}

impl<C: Class> IUnitInfoTrait for Component<C> {
    passed! { IUnitInfoTrait:
        fn getUnitCount() -> int32 = 0;
        fn getUnitInfo(unitIndex: int32, info: *mut UnitInfo) -> tresult = kInternalError;
        fn getProgramListCount() -> int32 = 0;
        fn getProgramListInfo(listIndex: int32, info: *mut ProgramListInfo) -> tresult = kInternalError;
        fn getProgramName(listId: ProgramListID, programIndex: int32, name: *mut String128) -> tresult
            = kInternalError;
        fn getProgramInfo(
            listId: ProgramListID, programIndex: int32, attributeId: CString, attributeValue: *mut String128
        ) -> tresult = kInternalError;
        fn hasProgramPitchNames(listId: ProgramListID, programIndex: int32) -> tresult = kInternalError;
        fn getProgramPitchName(
            listId: ProgramListID, programIndex: int32, midiPitch: int16, name: *mut String128
        ) -> tresult = kInternalError;
        fn getSelectedUnit() -> UnitID = 0;
        fn selectUnit(unitId: UnitID) -> tresult = kInternalError;
        fn getUnitByBus(
            r#type: MediaType, dir: BusDirection, busIndex: int32, channel: int32, unitId: *mut UnitID
        ) -> tresult = kInternalError;
        fn setUnitProgramData(listOrUnitId: int32, programIndex: int32, data: *mut IBStream) -> tresult
            = kInternalError;
    }
}

impl<C: Class> IInfoListenerTrait for Component<C> {
    passed! { IInfoListenerTrait:
        fn setChannelContextInfos(list: *mut IAttributeList) -> tresult = kInternalError;
    }
}
