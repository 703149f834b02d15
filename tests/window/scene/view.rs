//! A minute of made-up music in which somebody sings now and then, as a window sees it.

use earmark::editor::pass::Report;
use earmark::editor::view::ModelCard;
use earmark::editor::{View, bridge};
use earmark::engine::{ModelSet, Status};
use earmark::listen::MAX_MELS;
use earmark::nets::tag_kind::{Kind, Shown as Tag};
use earmark::plugin::params::EarmarkParams;
use earmark::plugin::scope::{Column, GenrePoint, Mark, Place, Point, Standing};
use earmark::say::genre::{GENRES, GenreState};

/// A window that has just opened, with a host that is about to play.
pub fn idle() -> View {
    let params = EarmarkParams::default();
    let models = ModelSet::embedded().expect("the build's models");
    let vocal = models.vocal_card();
    let cards = [vocal].into_iter().chain(models.tagger_cards());
    View {
        controls: bridge::controls(&params),
        voice_labels: vocal.labels.clone(),
        band_centres_hz: vocal.front_end.band_centres_hz(),
        status: Status { device: "CPU".to_owned(), load: 0.02, instances: 1, ..Status::default() },
        standing: Standing { gain: 1.0, silent: true, sample_rate_hz: 48_000.0, delay_s: 0.094, ..Standing::default() },
        models: cards
            .map(|card| ModelCard { name: card.name.clone(), role: "voice".into(), ..ModelCard::default() })
            .collect(),
        folder: "/home/anna/Earmark".to_owned(),
        own_presets: vec!["My singer".to_owned()],
        ..View::default()
    }
}

/// A minute of a song at 120 bpm, sung in part.
pub fn singing() -> View {
    let mut view = idle();
    for frame in 0..6_000_u64 {
        let at_s = frame as f64 * 0.01;
        let sung =
            [2.0..7.5, 9.0..14.2, 24.0..31.0, 33.5..41.0, 47.0..51.2, 53.0..60.0].iter().any(|p| p.contains(&at_s));
        let slope = |edge: f64| ((at_s - edge) * 4.0).clamp(0.0, 1.0) as f32;
        let wobble = 0.06 * ((at_s * 2.3).sin() as f32) + 0.03 * ((at_s * 7.1).cos() as f32);
        let probability = (if sung { 0.88 } else { 0.12 } + wobble).clamp(0.0, 1.0) * slope(0.2);
        view.history.column(&column(frame, sung), |mel| mel);
        let outputs = [probability, 0.04 + wobble.abs() * 0.3, 0.93 - wobble.abs()];
        let point = Point { pass: 0, frame, probability, outputs, gate: sung, level: f32::from(u8::from(sung)) };
        // The voice is known a little later than the sound.
        if frame < 5_991 {
            view.history.point(&point);
        }
        let place = Place {
            playing: true,
            song_s: Some(at_s + 32.0),
            beats: Some((at_s + 32.0) * 2.0),
            tempo: Some(120.0),
            bar_beats: Some(4.0),
            ..Place::default()
        };
        view.history.mark(&Mark { pass: 0, time_s: at_s, place });
        if frame % 100 == 99 {
            let top = match at_s {
                s if s < 8.0 => None,
                s if s < 23.0 => Some(9),
                s if s < 46.0 => Some(12),
                _ => Some(4),
            };
            view.history.genre(&GenrePoint { pass: 0, time_s: at_s, state: belief(top), saying: true });
        }
        if frame == 5_980 {
            view.standing = Standing {
                point: Point { level: 1.0, ..point },
                genre: belief(Some(4)),
                saying: true,
                silent: false,
                playing: true,
                gain: 0.708,
                ..view.standing
            };
        }
    }
    // Shortly after two in the afternoon.
    view.history.heard(0.0, 50_460.0);
    view.status.load = 0.14;
    view.tags = [
        (Kind::Voice, "female vocalists", 0.71, 0.15),
        (Kind::Instrument, "synthesizer", 0.52, 0.08),
        (Kind::Instrument, "drum machine", 0.13, 0.07),
        (Kind::Mood, "party", 0.12, 0.1),
        (Kind::Style, "dance", 0.38, 0.2),
    ]
    .map(|(kind, label, probability, threshold)| Tag { kind, label: label.to_owned(), probability, threshold })
    .to_vec();
    view.pass = Report::new(&view.history, 20.0..60.0);
    view.pass_before = Some(Report::new(&view.history, 0.0..20.0));
    view
}

/// What is believed where `top` stands out.
pub fn belief(top: Option<usize>) -> GenreState {
    let mut probability = [0.03; GENRES.len()];
    for (genre, share) in [(4, 0.09), (9, 0.11), (12, 0.08)] {
        probability[genre] = share;
    }
    if let Some(top) = top {
        probability[top] = 0.52;
    }
    let sum: f32 = probability.iter().sum();
    let probability = probability.map(|share| share / sum);
    GenreState { probability, top, confidence: top.map_or(0.0, |top| probability[top]) }
}

/// Drums, bass and, where somebody sings, the partials of a voice; in dB re full scale.
pub fn column(frame: u64, sung: bool) -> Column {
    let mut mels = [-127.0; MAX_MELS];
    let at_s = frame as f32 * 0.01;
    let beat = frame % 50;
    let noise = |seed: u64| {
        let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed >> 40) as f32 / (1_u64 << 24) as f32
    };
    let pitch = 14.0 + 2.5 * (at_s * 1.1).sin() + 0.35 * (at_s * 34.0).sin();
    for (band, mel) in mels[..80].iter_mut().enumerate() {
        let b = band as f32;
        let mut level = -92.0 - b * 0.12 + 6.0 * noise(frame / 40 * 131 + band as u64 / 4);
        let kick = -44.0 - beat as f32 * 1.4 - b * 2.6;
        let hat = if frame % 25 < 8 { -66.0 - (frame % 25) as f32 * 2.2 - (74.0 - b).abs() * 0.9 } else { -127.0 };
        let bass = -56.0 - (b - 4.0 - ((frame / 200) % 4) as f32).abs() * 4.0;
        level = level.max(kick).max(hat).max(bass);
        if sung {
            for partial in 1..=9 {
                let centre = pitch + 14.0 * (partial as f32).ln() * 1.5;
                let formant = -3.0 * ((centre - 34.0) / 12.0).powi(2).min(6.0);
                level = level.max(-50.0 - 2.0 * partial as f32 + formant - 9.0 * (b - centre).abs());
            }
        }
        *mel = level;
    }
    Column { pass: 0, frame, peak: 0.4, mels }
}
