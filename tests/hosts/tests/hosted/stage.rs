//! What every test needs: the built bundles, the demo, and a few renders that many tests look at.

use earmark::study::lab::Labels;
use earmark_hosts::{Audio, Class, Event, Plan, Render, bundle, clap, source, vst3};
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Set by `cargo xtask check`: there a missing bundle is a failure.
const REQUIRED: &str = "EARMARK_REQUIRE_BUNDLE";

/// Indices of the parameter `automation`.
pub const OFF: f64 = 0.0;
pub const SHOW: f64 = 1.0;
pub const WRITE: f64 = 2.0;
pub const READ: f64 = 3.0;

pub struct Stage {
    clap: PathBuf,
    vst3: PathBuf,
    /// The demo's path.
    pub demo: PathBuf,
    /// The demo in stereo.
    pub audio: Audio,
    /// Its sample rate.
    pub rate_hz: f64,
    shown: OnceLock<Render>,
    written: OnceLock<Render>,
}

/// Bundles and demo, or nothing after saying why.
pub fn ready() -> Option<&'static Stage> {
    static STAGE: OnceLock<Result<Stage, String>> = OnceLock::new();
    match STAGE.get_or_init(Stage::set) {
        Ok(stage) => Some(stage),
        Err(reason) if std::env::var_os(REQUIRED).is_some() => panic!("{reason}"),
        Err(reason) => {
            eprintln!("skipped: {reason}");
            None
        }
    }
}

impl Stage {
    fn set() -> Result<Self, String> {
        let missing = |name| format!("no {name} is built; run `cargo xtask bundle`");
        let clap = bundle::clap().ok_or_else(|| missing("Earmark.clap"))?;
        let vst3 = bundle::vst3().ok_or_else(|| missing("Earmark.vst3"))?;
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/lithium.flac");
        let source = source::read(&demo).map_err(|error| format!("the demo cannot be read: {error:#}"))?;
        Ok(Self {
            clap,
            vst3,
            demo,
            audio: source::stereo(source.audio),
            rate_hz: source.rate_hz,
            shown: OnceLock::new(),
            written: OnceLock::new(),
        })
    }

    /// A plan at the demo's rate.
    pub fn plan(&self, class: Class) -> Plan {
        Plan::new(class, self.rate_hz)
    }

    /// Renders the demo as CLAP.
    pub fn clap(&self, plan: &Plan) -> Render {
        self.clap_of(plan, &self.audio)
    }

    /// Renders other audio as CLAP.
    pub fn clap_of(&self, plan: &Plan, audio: &Audio) -> Render {
        clap::render(&self.clap, plan, audio).expect("the CLAP plugin renders")
    }

    /// Renders the demo as VST3.
    pub fn vst3(&self, plan: &Plan) -> Render {
        self.vst3_of(plan, &self.audio)
    }

    /// Renders other audio as VST3.
    pub fn vst3_of(&self, plan: &Plan, audio: &Audio) -> Render {
        vst3::render(&self.vst3, plan, audio).expect("the VST3 plugin renders")
    }

    /// The demo in Show, as CLAP.
    pub fn shown(&self) -> &Render {
        self.shown.get_or_init(|| self.clap(&self.plan(Class::Earmark).with("automation", SHOW)))
    }

    /// The demo in Write, as CLAP.
    pub fn written(&self) -> &Render {
        self.written.get_or_init(|| self.clap(&self.plan(Class::Earmark).with("automation", WRITE)))
    }

    /// The first `seconds` of the demo.
    pub fn start(&self, seconds: f64) -> Audio {
        let frames = ((seconds * self.rate_hz) as usize).min(self.audio[0].len());
        self.audio.iter().map(|channel| channel[..frames].to_vec()).collect()
    }

    /// Who really sings in the demo, and when.
    pub fn truth(&self) -> Labels {
        Labels::read(&self.demo.with_extension("lab")).expect("the demo has labels")
    }

    pub fn clap_bundle(&self) -> &Path {
        &self.clap
    }

    pub fn vst3_bundle(&self) -> &Path {
        &self.vst3
    }
}

/// All events up to the moment at which the transport stops.
pub fn played(render: &Render) -> Vec<&Event> {
    render.events.iter().filter(|event| event.time_samples < render.frames).collect()
}

/// Fails on the first difference, and shows no more than that.
pub fn assert_same<T: PartialEq + Debug>(these: &[T], those: &[T], what: &str) {
    let index = these.iter().zip(those).take_while(|(this, that)| this == that).count();
    let (this, that) = (these.get(index), those.get(index));
    let counts = (these.len(), those.len());
    assert!(this.is_none() && that.is_none(), "{what}: of {counts:?}, number {index} is {this:?} and {that:?}");
}

/// Fails where two stepped curves (seconds, values) differ between 0 and `to_s` by more than what is too little to be said.
/// Looked at every 10 ms. What was said before leaves its mark on what is too little, so single values may differ.
pub fn assert_alike(these: &[(f64, f64)], those: &[(f64, f64)], to_s: f64, what: &str) {
    const LOOK_S: f64 = 0.01;
    let held = |curve: &[(f64, f64)], time_s: f64| {
        let next = curve.partition_point(|(at_s, _)| *at_s <= time_s);
        next.checked_sub(1).map_or(0.0, |index| curve[index].1)
    };
    for look in 1..(to_s / LOOK_S) as usize {
        let time_s = look as f64 * LOOK_S;
        let (this, that) = (held(these, time_s), held(those, time_s));
        assert!((this - that).abs() < 2.0 / 512.0, "{what}: {this} at {time_s} s, where {that} is wanted");
    }
}

/// Whether two signals are the same in every bit, NaN and the sign of zero included.
pub fn same_bits(a: &[Vec<f32>], b: &[Vec<f32>]) -> bool {
    let bits = |audio: &[Vec<f32>]| -> Vec<Vec<u32>> {
        audio.iter().map(|channel| channel.iter().map(|sample| sample.to_bits()).collect()).collect()
    };
    bits(a) == bits(b)
}
