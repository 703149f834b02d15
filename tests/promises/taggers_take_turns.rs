//! More instances than the taggers can serve each second: each has its turn, and voices are read all the while.

use std::time::{Duration, Instant};

use earmark::engine::{Ear, Engine, ModelSet, Pace};

use crate::fixtures::noise;

const RATE_HZ: f64 = 16_000.0;
const EARS: usize = 8;
/// Refreshes of all ears together after which nobody may be behind, and blocks of 10 ms in which the slowest machine must have made
/// them.
const REFRESHES: usize = EARS + EARS / 2;
const MOST_BLOCKS: usize = 6_000;
/// What each piece of the processor's work takes longer than it need, so that eight refreshes a second are too many on any
/// machine.
const SLOWER: Duration = Duration::from_millis(80);

#[test]
fn nobody_is_passed_over_while_others_are_refreshed() {
    let models = ModelSet::embedded().expect("models");
    let engine = Engine::start_with_faults(models, |_| std::thread::sleep(SLOWER)).expect("engine");
    let ears = (0..EARS).map(|_| Ear::new(&engine, RATE_HZ, Pace::LIVE)).collect::<Result<Vec<_>, _>>();
    let mut ears = ears.expect("ears");
    let audio = noise(160, 4);
    let (mut voice, mut genre) = ([0; EARS], [0; EARS]);
    let begun = Instant::now();
    let mut blocks = 0;
    while genre.iter().sum::<usize>() < REFRESHES && blocks < MOST_BLOCKS {
        std::thread::sleep((Duration::from_millis(10) * blocks as u32).saturating_sub(begun.elapsed()));
        blocks += 1;
        for (index, ear) in ears.iter_mut().enumerate() {
            ear.hear(&[&audio]);
            voice[index] += std::iter::from_fn(|| ear.next_vocal()).count();
            genre[index] += std::iter::from_fn(|| ear.next_genre()).count();
        }
    }
    let (fewest, most) = (genre.iter().min().copied(), genre.iter().max().copied());
    assert!(fewest.zip(most).is_some_and(|(fewest, most)| fewest >= 1 && most - fewest <= 2), "{genre:?}");
    let asked = EARS * blocks / 100;
    assert!(
        genre.iter().sum::<usize>() < asked,
        "not too many instances for this machine: {genre:?} in {blocks} blocks"
    );
    assert!(voice.iter().all(|&voice| voice > blocks / 4), "{voice:?} in {blocks} blocks");
}
