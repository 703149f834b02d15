//! What a controller declares, and the way between texts and values.

use crate::{Parameter, ids};
use ::vst3::ComPtr;
use ::vst3::Steinberg::Vst::ParameterInfo_::ParameterFlags_;
use ::vst3::Steinberg::Vst::{
    IEditController, IEditControllerTrait, IUnitInfo, IUnitInfoTrait, ParameterInfo, UnitInfo,
};
use ::vst3::Steinberg::kResultOk;
use anyhow::{Result, bail};
use std::collections::BTreeMap;

/// All parameters.
pub(super) fn list(controller: &ComPtr<IEditController>) -> Vec<Parameter> {
    let units = units(controller);
    // SAFETY: a plain call.
    let count = unsafe { controller.getParameterCount() };
    let parameter = |index| {
        // SAFETY: all zeroes are a valid, empty parameter info.
        let mut info: ParameterInfo = unsafe { std::mem::zeroed() };
        // SAFETY: the info is written into a valid place.
        let result = unsafe { controller.getParameterInfo(index, &raw mut info) };
        (result == kResultOk).then(|| declared(controller, &info, &units))
    };
    (0..count).filter_map(parameter).collect()
}

/// The names of the groups that parameters are in.
fn units(controller: &ComPtr<IEditController>) -> BTreeMap<i32, String> {
    let Some(interface) = controller.cast::<IUnitInfo>() else { return BTreeMap::new() };
    // SAFETY: a plain call.
    let count = unsafe { interface.getUnitCount() };
    let unit = |index| {
        // SAFETY: all zeroes are a valid, empty unit info.
        let mut info: UnitInfo = unsafe { std::mem::zeroed() };
        // SAFETY: the info is written into a valid place.
        let result = unsafe { interface.getUnitInfo(index, &raw mut info) };
        // Unit 0 is the root, which groups nothing.
        (result == kResultOk && info.id != 0).then(|| (info.id, text(&info.name)))
    };
    (0..count).filter_map(unit).collect()
}

fn declared(controller: &ComPtr<IEditController>, info: &ParameterInfo, units: &BTreeMap<i32, String>) -> Parameter {
    let has = |flag| info.flags & flag != 0;
    let parameter = Parameter {
        id: ids::name(info.id).map_or_else(|| info.id.to_string(), str::to_owned),
        number: info.id,
        name: text(&info.title),
        module: units.get(&info.unitId).cloned().unwrap_or_default(),
        automatable: has(ParameterFlags_::kCanAutomate),
        read_only: has(ParameterFlags_::kIsReadOnly),
        hidden: has(ParameterFlags_::kIsHidden),
        bypass: has(ParameterFlags_::kIsBypass),
        steps: info.stepCount.max(0) as u32,
        default: 0.0,
        texts: Vec::new(),
    };
    let last = parameter.steps.max(1);
    let units = text(&info.units);
    let texts = (0..=last).map(|step| shown(controller, info.id, f64::from(step) / f64::from(last)) + &units).collect();
    Parameter { default: parameter.plain(info.defaultNormalizedValue), texts, ..parameter }
}

/// What the plugin shows for a normalized value.
fn shown(controller: &ComPtr<IEditController>, number: u32, normalized: f64) -> String {
    let mut buffer = [0; 128];
    // SAFETY: the text is written into a valid place.
    let result = unsafe { controller.getParamStringByValue(number, normalized, &raw mut buffer) };
    if result == kResultOk { text(&buffer) } else { String::new() }
}

/// A text as the plugin reads it; the value as CLAP has it.
pub(super) fn read(controller: &ComPtr<IEditController>, parameter: &Parameter, text: &str) -> Result<f64> {
    let mut wide: Vec<u16> = text.encode_utf16().chain([0]).collect();
    let mut normalized = 0.0;
    // SAFETY: the text ends in zero, and the value is written into a valid place.
    let result =
        unsafe { controller.getParamValueByString(parameter.number, wide.as_mut_ptr().cast(), &raw mut normalized) };
    if result != kResultOk {
        bail!("the plugin's parameter \"{}\" cannot be \"{text}\"", parameter.id);
    }
    Ok(parameter.plain(normalized))
}

/// Every parameter's present value as CLAP has it, by string id.
pub(super) fn values(controller: &ComPtr<IEditController>, parameters: &[Parameter]) -> BTreeMap<String, f64> {
    // SAFETY: a plain call.
    let value = |parameter: &Parameter| parameter.plain(unsafe { controller.getParamNormalized(parameter.number) });
    parameters.iter().map(|parameter| (parameter.id.clone(), value(parameter))).collect()
}

fn text(text: &[u16]) -> String {
    let end = text.iter().position(|unit| *unit == 0).unwrap_or(text.len());
    String::from_utf16_lossy(&text[..end])
}
