//! An offline render is the same however the host cuts it.

use crate::stage::{self, SHOW, WRITE, assert_same, played};
use earmark_hosts::{Blocks, Class};

const SLICINGS: [Blocks; 5] = [
    Blocks::Of(64),
    Blocks::Of(4096),
    Blocks::Of(16_384),
    Blocks::Random { longest: 1500, seed: 7 },
    Blocks::Random { longest: 40, seed: 8 },
];

#[test]
fn events_do_not_depend_on_the_length_of_blocks() {
    let Some(stage) = stage::ready() else { return };
    for blocks in SLICINGS {
        let render = stage.clap(&stage.plan(Class::Earmark).with("automation", SHOW).in_blocks(blocks));
        assert_same(&played(&render), &played(stage.shown()), &format!("in {blocks:?} and in blocks of 512"));
    }
}

#[test]
fn what_is_recorded_does_not_depend_on_the_length_of_blocks() {
    let Some(stage) = stage::ready() else { return };
    for blocks in SLICINGS {
        let render = stage.clap(&stage.plan(Class::Earmark).with("automation", WRITE).in_blocks(blocks));
        assert_same(&played(&render), &played(stage.written()), &format!("in {blocks:?} and in blocks of 512"));
    }
}

#[test]
fn a_render_repeats_itself() {
    let Some(stage) = stage::ready() else { return };
    let render = stage.clap(&stage.plan(Class::Earmark).with("automation", SHOW));
    assert_same(&render.events, &stage.shown().events, "twice");
    assert_eq!(render.state, stage.shown().state);
}
