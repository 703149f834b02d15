//! The transport stops, starts, jumps and loops.

use crate::stage::{self, READ, SHOW, Stage, WRITE, assert_alike, assert_same};
use earmark_hosts::{Audio, Class, Event, Kind, LanePoint, Plan, Render, Setting, Stand};

fn stand(time_samples: usize, playing: bool, song_samples: u64) -> Stand {
    Stand { time_samples: time_samples as u64, playing, song_samples }
}

/// Both formats, as plain functions.
const FORMATS: [fn(&Stage, &Plan, &Audio) -> Render; 2] = [Stage::clap_of, Stage::vst3_of];

/// A curve from `from` samples on, with times from there.
fn since(render: &Render, id: &str, from: usize) -> Vec<(f64, f64)> {
    let from_s = render.seconds(from as u64);
    render.curve(id).into_iter().map(|(time_s, value)| (time_s - from_s, value)).collect()
}

#[test]
fn a_pass_from_the_same_place_says_the_same_every_time() {
    let Some(stage) = stage::ready() else { return };
    let song = stage.start(6.0);
    let length = song[0].len();
    // Nowhere on the grid on which frames are counted, and long enough for every voice to be gone.
    let (first, rest) = (5_927, 24_061);
    let second = first + length + rest;
    let input: Audio = song.iter().map(|song| [&vec![0.0; first][..], song, &vec![0.0; rest], song].concat()).collect();
    let transport =
        vec![stand(0, false, 0), stand(first, true, 0), stand(first + length, false, 0), stand(second, true, 0)];
    let plan = stage.plan(Class::Earmark).with("automation", SHOW);
    let straight = stage.clap_of(&plan, &song);
    let plan = Plan { transport, ..plan };
    for format in FORMATS {
        let render = format(stage, &plan, &input);
        assert_eq!(render.faults, <[&str; 0]>::default());
        for id in ["vocal", "vocal_gate"] {
            let wanted = straight.curve(id);
            for from in [first, second] {
                let what = format!("{id} of {} in the pass from sample {from}", render.plugin.id);
                assert_alike(&since(&render, id, from), &wanted, straight.duration_s(), &what);
            }
        }
    }
}

#[test]
fn jumps_and_loops_change_nothing_of_what_is_heard() {
    let Some(stage) = stage::ready() else { return };
    let song = stage.start(8.0);
    let second = stage.rate_hz as usize;
    let plan = stage.plan(Class::Control).with("midi", 3.0).with("automation", WRITE);
    // On, back, and twice round a loop of a second and a half.
    let transport = [(0, 0), (second, 90), (3 * second, 10), (9 * second / 2, 10), (6 * second, 10)]
        .map(|(at, song_s)| stand(at, true, song_s * second as u64));
    let jumping = Plan { transport: transport.to_vec(), ..plan.clone() };
    for format in FORMATS {
        let (straight, jumped) = (format(stage, &plan, &song), format(stage, &jumping, &song));
        // VST3 begins its gestures at the end of a block, and a jump ends one.
        let said = |render: &Render| -> Vec<Event> {
            let gestures = [Kind::GestureBegin, Kind::GestureEnd];
            render.events.iter().filter(|event| !gestures.contains(&event.kind)).cloned().collect()
        };
        assert_same(&said(&jumped), &said(&straight), "with jumps and without");
        assert!(stage::same_bits(&jumped.outputs[1], &straight.outputs[1]), "the key differs after a jump");
    }
}

#[test]
fn a_stop_ends_note_and_gestures_and_a_start_begins_them_again() {
    let Some(stage) = stage::ready() else { return };
    let song = stage.start(8.0);
    let samples = |seconds: f64| (seconds * stage.rate_hz) as usize;
    // Both within a phrase.
    let (stop, start) = (samples(1.5), samples(5.5));
    let transport = vec![stand(0, true, 0), stand(stop, false, stop as u64), stand(start, true, stop as u64)];
    let plan = stage.plan(Class::Control).with("midi", 1.0).with("automation", WRITE);
    let plan = Plan { transport, ..plan };
    for format in FORMATS {
        let render = format(stage, &plan, &song);
        assert_eq!(render.faults, <[&str; 0]>::default());
        let at = |kind, time: usize| render.of(kind).filter(|event| event.time_samples == time as u64).count();
        assert_eq!(at(Kind::NoteOff, stop), 1, "{}: the note goes on after the stop", render.plugin.id);
        assert_eq!(render.of(Kind::NoteOn).count(), render.of(Kind::NoteOff).count());
        let gestures = |kind| -> Vec<_> {
            render.of(kind).filter(|event| event.id == "vocal").map(|event| event.time_samples).collect()
        };
        // VST3 gestures follow the values that the host shows on its window's thread, a block later.
        let near = |found: &[u64], wanted: &[usize]| {
            let longest = plan.blocks.longest() as u64;
            found.len() == wanted.len()
                && found.iter().zip(wanted).all(|(found, wanted)| found.abs_diff(*wanted as u64) <= 4 * longest)
        };
        let (begins, ends) = (gestures(Kind::GestureBegin), gestures(Kind::GestureEnd));
        assert!(near(&begins, &[0, start]) && near(&ends, &[stop, song[0].len()]), "{begins:?}, {ends:?}");
    }
}

#[test]
fn an_edge_of_a_lane_has_the_same_effect_wherever_it_falls() {
    let Some(stage) = stage::ready() else { return };
    let constant = vec![vec![0.5; 48_000]; 2];
    let plan = stage.plan(Class::Earmark).with("automation", READ).with("ride", 12.0 / 36.0);
    let ridden = |format: fn(&Stage, &Plan, &Audio) -> Render, at: u64| {
        let point = |time_samples, value| LanePoint {
            time_samples,
            id: "vocal_gate".to_owned(),
            setting: Setting::Value(value),
        };
        let lane = vec![point(at, 1.0), point(at + 8_000, 0.0)];
        let render = format(stage, &Plan { lane, ..plan.clone() }, &constant);
        let at = at as usize;
        assert!(render.outputs[0][0][..at].iter().all(|sample| *sample == 0.5));
        render.outputs[0][0][at..at + 24_000].to_vec()
    };
    for format in FORMATS {
        let wanted = ridden(format, 20_000);
        assert!(wanted[4_000] < 0.13 && wanted[23_999] == 0.5, "the ride neither comes nor goes");
        for later in [1, 77, 101, 159, 333] {
            assert_same(&ridden(format, 20_000 + later), &wanted, &format!("with the edge {later} samples later"));
        }
    }
}
