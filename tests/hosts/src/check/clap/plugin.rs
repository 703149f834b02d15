//! One plugin instance, as C sees it.

use super::events::{self, Event, Said};
use super::library::call;
use super::side::Side;
use anyhow::{Context, Result, bail, ensure};
use clap_sys::ext::audio_ports::{CLAP_EXT_AUDIO_PORTS, clap_audio_port_info, clap_plugin_audio_ports};
use clap_sys::ext::latency::{CLAP_EXT_LATENCY, clap_plugin_latency};
use clap_sys::ext::params::{
    CLAP_EXT_PARAMS, CLAP_PARAM_IS_BYPASS, CLAP_PARAM_IS_STEPPED, clap_param_info, clap_plugin_params,
};
use clap_sys::ext::state::{CLAP_EXT_STATE, clap_plugin_state};
use clap_sys::factory::plugin_factory::clap_plugin_factory;
use clap_sys::id::{CLAP_INVALID_ID, clap_id};
use clap_sys::plugin::clap_plugin;
use clap_sys::stream::{clap_istream, clap_ostream};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, CString, c_char, c_void};
use std::marker::PhantomData;
use std::sync::atomic::Ordering;

/// See the module's text. Destroyed when dropped.
pub(super) struct Plugin<'l> {
    pub(super) raw: *const clap_plugin,
    pub(super) side: Box<Side>,
    library: PhantomData<&'l ()>,
}

// SAFETY: the checks call from one thread at a time, or from those threads that CLAP names for a function.
unsafe impl Sync for Plugin<'_> {}

/// A parameter as it is declared.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Info {
    pub(super) id: clap_id,
    pub(super) name: String,
    pub(super) module: String,
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) default: f64,
    pub(super) flags: u32,
    pub(super) cookie: *mut c_void,
}

/// An audio port as it is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Port {
    pub(super) id: clap_id,
    pub(super) channels: u32,
    pub(super) flags: u32,
    /// Index of the port in the other direction that it may share memory with.
    pub(super) pair: Option<usize>,
    pair_id: clap_id,
}

/// Values by parameter id.
pub(super) type Values = BTreeMap<clap_id, f64>;

impl<'l> Plugin<'l> {
    pub(super) fn create(factory: *const clap_plugin_factory, id: &CStr) -> Result<Self> {
        let side = Side::new();
        let raw = call!(factory, create_plugin(factory, &raw const side.host, id.as_ptr()));
        ensure!(!raw.is_null(), "create_plugin({id:?}) gives a null pointer");
        Ok(Self { raw, side, library: PhantomData })
    }

    pub(super) fn init(&self) -> Result<()> {
        ensure!(call!(self.raw, init(self.raw)), "init() gives false");
        self.faultless()
    }

    /// Answers what the plugin wants of the main thread, and fails if it broke a rule since the last time.
    pub(super) fn faultless(&self) -> Result<()> {
        if self.side.callback_wanted.swap(false, Ordering::AcqRel) {
            call!(self.raw, on_main_thread(self.raw));
        }
        let faults = self.side.take_faults();
        ensure!(faults.is_empty(), "{}", faults.join("; "));
        Ok(())
    }

    pub(super) fn extension<T>(&self, id: &CStr) -> Result<Option<*const T>> {
        let extension = call!(self.raw, get_extension(self.raw, id.as_ptr())).cast::<T>();
        Ok((!extension.is_null()).then_some(extension))
    }

    fn params(&self) -> Result<*const clap_plugin_params> {
        self.extension(CLAP_EXT_PARAMS)?.context("the plugin has no parameters")
    }

    /// All parameters, after a look at whether they make sense.
    pub(super) fn infos(&self) -> Result<Vec<Info>> {
        let params = self.params()?;
        let count = call!(params, count(self.raw));
        let infos = (0..count).map(|index| self.info(params, index)).collect::<Result<Vec<_>>>()?;
        let ids: BTreeSet<_> = infos.iter().map(|info| info.id).collect();
        ensure!(ids.len() == infos.len(), "two parameters have the same id");
        let bypasses = infos.iter().filter(|info| info.flags & CLAP_PARAM_IS_BYPASS != 0).count();
        ensure!(bypasses <= 1, "{bypasses} parameters are the bypass");
        Ok(infos)
    }

    fn info(&self, params: *const clap_plugin_params, index: u32) -> Result<Info> {
        // SAFETY: all zeros are a valid info.
        let mut info: clap_param_info = unsafe { std::mem::zeroed() };
        ensure!(call!(params, get_info(self.raw, index, &raw mut info)), "parameter {index} has no info");
        let info = Info {
            id: info.id,
            name: text(&info.name),
            module: text(&info.module),
            min: info.min_value,
            max: info.max_value,
            default: info.default_value,
            flags: info.flags,
            cookie: info.cookie,
        };
        let Info { name, module, min, max, default, .. } = &info;
        ensure!(!name.is_empty(), "parameter {index} has no name");
        ensure!(min <= max && (min..=max).contains(&default), "{name}: default {default} in {min}..{max}");
        ensure!(
            !module.starts_with('/') && !module.ends_with('/') && !module.contains("//"),
            "{name}: module {module:?}"
        );
        let stepped = info.flags & CLAP_PARAM_IS_STEPPED != 0;
        ensure!(!stepped || (min.fract() == 0.0 && max.fract() == 0.0), "{name}: stepped in {min}..{max}");
        ensure!(stepped || info.flags & CLAP_PARAM_IS_BYPASS == 0, "{name}: a bypass must be stepped");
        Ok(info)
    }

    /// Whether there is an info for an index.
    pub(super) fn has_info(&self, index: u32) -> Result<bool> {
        // SAFETY: all zeros are a valid info.
        let mut info: clap_param_info = unsafe { std::mem::zeroed() };
        Ok(call!(self.params()?, get_info(self.raw, index, &raw mut info)))
    }

    pub(super) fn value(&self, id: clap_id) -> Result<f64> {
        let mut value = f64::NAN;
        ensure!(call!(self.params()?, get_value(self.raw, id, &raw mut value)), "parameter {id} has no value");
        Ok(value)
    }

    pub(super) fn values(&self, infos: &[Info]) -> Result<Values> {
        infos.iter().map(|info| Ok((info.id, self.value(info.id)?))).collect()
    }

    pub(super) fn text(&self, id: clap_id, value: f64) -> Result<Option<String>> {
        let mut buffer = [0; 256];
        let room = buffer.len() as u32;
        let known = call!(self.params()?, value_to_text(self.raw, id, value, buffer.as_mut_ptr(), room));
        Ok(known.then(|| text(&buffer)))
    }

    pub(super) fn parse(&self, id: clap_id, text: &str) -> Result<Option<f64>> {
        let text = CString::new(text)?;
        let mut value = f64::NAN;
        let known = call!(self.params()?, text_to_value(self.raw, id, text.as_ptr(), &raw mut value));
        Ok(known.then_some(value))
    }

    /// The latency in samples.
    pub(super) fn latency(&self) -> Result<u32> {
        let extension =
            self.extension::<clap_plugin_latency>(CLAP_EXT_LATENCY)?.context("the plugin has no latency")?;
        Ok(call!(extension, get(self.raw)))
    }

    /// Hands events over while no audio runs.
    pub(super) fn flush(&self, events: &[Event]) -> Result<Vec<Said>> {
        let (_held, input) = events::input(events);
        let said = RefCell::default();
        let output = events::output(&said);
        call!(self.params()?, flush(self.raw, &raw const input, &raw const output));
        Ok(said.take())
    }

    /// The state, written in pieces of at most `piece` bytes.
    pub(super) fn save(&self, piece: usize) -> Result<Vec<u8>> {
        let state = self.extension::<clap_plugin_state>(CLAP_EXT_STATE)?.context("the plugin has no state")?;
        let mut saved = (Vec::new(), piece);
        let stream = clap_ostream { ctx: (&raw mut saved).cast::<c_void>(), write: Some(write) };
        ensure!(call!(state, save(self.raw, &raw const stream)), "state.save() gives false");
        Ok(saved.0)
    }

    /// Loads a state, read in pieces of at most `piece` bytes; whether the plugin took it.
    pub(super) fn load(&self, bytes: &[u8], piece: usize) -> Result<bool> {
        let state = self.extension::<clap_plugin_state>(CLAP_EXT_STATE)?.context("the plugin has no state")?;
        let mut left = (bytes, piece);
        let stream = clap_istream { ctx: (&raw mut left).cast::<c_void>(), read: Some(read) };
        Ok(call!(state, load(self.raw, &raw const stream)))
    }

    /// Inputs and outputs, after a look at whether they make sense.
    pub(super) fn ports(&self) -> Result<[Vec<Port>; 2]> {
        let ports = self.extension::<clap_plugin_audio_ports>(CLAP_EXT_AUDIO_PORTS)?;
        let ports = ports.context("the plugin has no audio ports")?;
        let [inputs, outputs] = [self.ports_of(ports, true)?, self.ports_of(ports, false)?];
        let paired = |here: &[Port], there: &[Port]| {
            let pair = |port: &Port| {
                let found = there.iter().position(|other| other.id == port.pair_id && other.pair_id == port.id);
                ensure!(found.is_some() || port.pair_id == CLAP_INVALID_ID, "port {} is paired one-sidedly", port.id);
                Ok(Port { pair: found, ..*port })
            };
            here.iter().map(pair).collect::<Result<Vec<_>>>()
        };
        Ok([paired(&inputs, &outputs)?, paired(&outputs, &inputs)?])
    }

    fn ports_of(&self, ports: *const clap_plugin_audio_ports, is_input: bool) -> Result<Vec<Port>> {
        let count = call!(ports, count(self.raw, is_input));
        let mut ids = BTreeSet::new();
        (0..count)
            .map(|index| {
                // SAFETY: all zeros are a valid info.
                let mut info: clap_audio_port_info = unsafe { std::mem::zeroed() };
                ensure!(call!(ports, get(self.raw, index, is_input, &raw mut info)), "port {index} has no info");
                ensure!(ids.insert(info.id), "two ports have the id {}", info.id);
                ensure!(!text(&info.name).is_empty(), "port {index} has no name");
                if !info.port_type.is_null() {
                    // SAFETY: a text that ends in zero; null was ruled out.
                    let kind = unsafe { CStr::from_ptr(info.port_type) };
                    let channels = if kind == c"mono" { 1 } else { 2 };
                    ensure!(info.channel_count == channels, "a {kind:?} port has {} channels", info.channel_count);
                }
                let (flags, pair_id) = (info.flags, info.in_place_pair);
                Ok(Port { id: info.id, channels: info.channel_count, flags, pair: None, pair_id })
            })
            .collect()
    }
}

impl Drop for Plugin<'_> {
    fn drop(&mut self) {
        // SAFETY: the plugin is not active, and nobody uses the pointer after this.
        unsafe { (*self.raw).destroy.map(|destroy| destroy(self.raw)) };
    }
}

/// Where two sets of values differ by more than rounding.
pub(super) fn differences(plugin: &Plugin<'_>, infos: &[Info], these: &Values, those: &Values) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for info in infos {
        let (Some(this), Some(that)) = (these.get(&info.id), those.get(&info.id)) else {
            bail!("{} is missing", info.name);
        };
        let near = (this - that).abs() <= 1e-4 * (info.max - info.min);
        if !near && plugin.text(info.id, *this)? != plugin.text(info.id, *that)? {
            found.push(format!("{} is {this} and {that}", info.name));
        }
    }
    Ok(found)
}

pub(super) fn text(text: &[c_char]) -> String {
    let bytes: Vec<u8> = text.iter().map(|byte| *byte as u8).take_while(|byte| *byte != 0).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

unsafe extern "C" fn write(stream: *const clap_ostream, buffer: *const c_void, size: u64) -> i64 {
    // SAFETY: `ctx` is what `save` has put there; the plugin gives `size` bytes.
    unsafe {
        let (bytes, piece) = &mut *(*stream).ctx.cast::<(Vec<u8>, usize)>();
        let size = (size as usize).min(*piece);
        bytes.extend_from_slice(std::slice::from_raw_parts(buffer.cast::<u8>(), size));
        size as i64
    }
}

unsafe extern "C" fn read(stream: *const clap_istream, buffer: *mut c_void, size: u64) -> i64 {
    // SAFETY: `ctx` is what `load` has put there; the plugin gives a place for `size` bytes.
    unsafe {
        let (bytes, piece) = &mut *(*stream).ctx.cast::<(&[u8], usize)>();
        let (given, left) = bytes.split_at((size as usize).min(*piece).min(bytes.len()));
        std::ptr::copy_nonoverlapping(given.as_ptr(), buffer.cast::<u8>(), given.len());
        *bytes = left;
        given.len() as i64
    }
}
