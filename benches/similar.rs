//! What it costs to ask a large library what sounds alike. `cargo bench --bench similar`.
#![allow(missing_docs)] // criterion's macros

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use earmark::study::similar::search::Search;
use earmark::study::similar::space::Space;

const TRACKS: usize = 100_000;
/// The embeddings of the built-in taggers, by family.
const BLOCKS: [usize; 2] = [192, 400];

/// Simulated embeddings: a few hundred kinds of music, and what is each track's own.
fn embeddings(width: usize) -> Vec<f32> {
    let mut seed = 1_u64;
    let mut noise = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    let kinds: Vec<f32> = (0..300 * width).map(|_| noise()).collect();
    let kind = |track: usize| &kinds[track * 7919 % 300 * width..][..width];
    (0..TRACKS).flat_map(|track| kind(track).iter().map(|value| value + noise()).collect::<Vec<_>>()).collect()
}

/// One question to a hundred thousand tracks, on one thread.
fn ask(criterion: &mut Criterion) {
    let width = BLOCKS.iter().sum();
    let values = embeddings(width);
    let space = Space::fit(&values, &BLOCKS);
    let rows: Vec<f32> = values.chunks_exact(width).flat_map(|row| space.place(row)).collect();
    let search = Search::new(rows, width);
    drop(values);
    let mut query = 0;
    criterion.bench_function("similar: 10 of 100,000 tracks", |bencher| {
        bencher.iter(|| {
            query = (query + 7919) % TRACKS;
            black_box(search.nearest(search.row(query), 10, Some(query)))
        });
    });
}

criterion_group! {
    name = similar;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3));
    targets = ask
}
criterion_main!(similar);
