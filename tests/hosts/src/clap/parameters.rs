//! The params extension: what a plugin declares, and the way between texts and values.

use super::Instance;
use crate::{Parameter, ids};
use anyhow::{Context, Result};
use clack_extensions::params::{ParamInfo, ParamInfoBuffer, ParamInfoFlags, PluginParams};
use clack_host::prelude::*;
use std::collections::BTreeMap;
use std::ffi::CString;

/// The longest text that is asked for.
const TEXT_BYTES: usize = 256;

pub(super) fn extension(instance: &mut Instance) -> Result<PluginParams> {
    instance.plugin_handle().get_extension::<PluginParams>().context("the plugin has no parameters")
}

/// All parameters.
pub(super) fn list(extension: &PluginParams, instance: &mut Instance) -> Vec<Parameter> {
    let handle = instance.plugin_handle();
    let mut buffer = ParamInfoBuffer::new();
    (0..extension.count(&handle))
        .filter_map(|index| {
            let parameter = extension.get_info(&handle, index, &mut buffer).map(|info| declared(&info))?;
            Some(Parameter { texts: texts(extension, &handle, &parameter), ..parameter })
        })
        .collect()
}

fn declared(info: &ParamInfo) -> Parameter {
    let number = info.id.get();
    let stepped = info.flags.contains(ParamInfoFlags::IS_STEPPED);
    Parameter {
        id: ids::name(number).map_or_else(|| number.to_string(), str::to_owned),
        number,
        name: String::from_utf8_lossy(info.name).into_owned(),
        module: String::from_utf8_lossy(info.module).into_owned(),
        automatable: info.flags.contains(ParamInfoFlags::IS_AUTOMATABLE),
        read_only: info.flags.contains(ParamInfoFlags::IS_READONLY),
        hidden: info.flags.contains(ParamInfoFlags::IS_HIDDEN),
        bypass: info.flags.contains(ParamInfoFlags::IS_BYPASS),
        steps: if stepped { (info.max_value - info.min_value) as u32 } else { 0 },
        default: info.default_value,
        texts: Vec::new(),
    }
}

fn texts(extension: &PluginParams, handle: &PluginMainThreadHandle, parameter: &Parameter) -> Vec<String> {
    let values: Vec<u32> = if parameter.steps == 0 { vec![0, 1] } else { (0..=parameter.steps).collect() };
    let id = ClapId::new(parameter.number);
    values
        .into_iter()
        .map(|value| {
            let mut buffer = [0; TEXT_BYTES];
            let text = extension.value_to_text(handle, id, f64::from(value), &mut buffer);
            text.map_or_else(|_| String::new(), |text| String::from_utf8_lossy(text).into_owned())
        })
        .collect()
}

/// A text as the plugin reads it.
pub(super) fn read(
    extension: &PluginParams,
    handle: &PluginMainThreadHandle,
    parameter: &Parameter,
    text: &str,
) -> Result<f64> {
    extension
        .text_to_value(handle, ClapId::new(parameter.number), &CString::new(text)?)
        .with_context(|| format!("the plugin's parameter \"{}\" cannot be \"{text}\"", parameter.id))
}

/// Every parameter's present value, by string id.
pub(super) fn values(
    extension: &PluginParams,
    instance: &mut Instance,
    parameters: &[Parameter],
) -> BTreeMap<String, f64> {
    let handle = instance.plugin_handle();
    let value = |parameter: &Parameter| extension.get_value(&handle, ClapId::new(parameter.number));
    parameters.iter().filter_map(|parameter| Some((parameter.id.clone(), value(parameter)?))).collect()
}
