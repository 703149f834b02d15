//! What a training step's convolutions cost, forwards and backwards: our operation against candle's, in one run.
//! `cargo bench --bench train`.
#![allow(missing_docs)] // criterion's macros

use std::hint::black_box;
use std::time::Duration;

use candle_core::{Device, Result, Var};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use earmark::nets::Zeros;
use earmark::study::train::Convolution;

/// Patches of three seconds at the pace of 16 ms, 96 bands: a batch as taggers learn from.
const BATCH: usize = 16;
const FRAMES: usize = 188;
const BANDS: usize = 96;

/// Channels in and out of the five layers of Choi's compact convnet, and by how much its pools have shrunk the picture there.
const LAYERS: [(usize, usize, usize); 5] = [(1, 32, 1), (32, 32, 2), (32, 32, 4), (32, 32, 8), (32, 32, 16)];

struct Layer {
    /// Channels last for ours, first for candle's.
    x: Var,
    first: Var,
    weight: Var,
    weight_first: Var,
}

fn layer((inputs, outputs, shrinks): (usize, usize, usize)) -> Result<Layer> {
    let x = Var::randn(0.0_f32, 1.0, (BATCH, FRAMES / shrinks, BANDS / shrinks, inputs), &Device::Cpu)?;
    let weight = Var::randn(0.0_f32, 0.1, (outputs, 3, 3, inputs), &Device::Cpu)?;
    let first = |x: &Var| Var::from_tensor(&x.permute((0, 3, 1, 2))?.contiguous()?);
    Ok(Layer { first: first(&x)?, weight_first: first(&weight)?, x, weight })
}

fn ours(layer: &Layer) -> Result<()> {
    let y = layer.x.apply_op2(&layer.weight, Convolution { zeros: Zeros::same([3, 3]) })?;
    black_box(y.sqr()?.sum_all()?.backward()?);
    Ok(())
}

fn candles(layer: &Layer) -> Result<()> {
    let y = layer.first.conv2d(&layer.weight_first, 1, 1, 1, 1)?;
    black_box(y.sqr()?.sum_all()?.backward()?);
    Ok(())
}

fn convolutions(criterion: &mut Criterion) {
    let layers: Vec<Layer> = LAYERS.map(|shape| layer(shape).expect("fits")).into();
    let mut group = criterion.benchmark_group("3x3 convolutions, forwards and backwards");
    let each = [("ours", ours as fn(&Layer) -> Result<()>), ("candle", candles)];
    for (name, step) in each {
        group.bench_function(BenchmarkId::new(name, "all five layers"), |bencher| {
            bencher.iter(|| layers.iter().try_for_each(step).expect("runs"));
        });
        group.bench_function(BenchmarkId::new(name, "second layer"), |bencher| {
            bencher.iter(|| step(&layers[1]).expect("runs"));
        });
    }
    group.finish();
}

criterion_group! {
    name = training;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(4));
    targets = convolutions
}
criterion_main!(training);
