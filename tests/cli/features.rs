//! `earmark features`: the layers are those of the nets that the engine runs, in every form the same.

use std::collections::HashMap;
use std::fs;

use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use candle_core::{Device, Tensor};
use earmark::engine::{DeviceChoice, Engine, ModelSet};
use earmark::study::hear::{Attention, NoWatch, hear};
use earmark::study::mix::Mix;
use safetensors::SafeTensors;

use super::dataset::rows;
use super::support::{chord, demo, earmark, scratch, write_float_wav};

fn values(tensors: &HashMap<String, Tensor>, name: &str) -> Vec<Vec<f32>> {
    tensors[name].to_vec2().unwrap()
}

#[test]
fn layers_are_the_engines_own_in_tensors_and_table_alike() {
    let directory = scratch("features");
    let short = directory.join("short.wav");
    write_float_wav(&short, 22_050, 2, &chord(22_050, 4.0));
    let (out, table) = (directory.join("x.safetensors"), directory.join("x.parquet"));
    let run = earmark([
        "features".as_ref(),
        demo().as_os_str(),
        short.as_os_str(),
        "--out".as_ref(),
        out.as_os_str(),
        "--parquet".as_ref(),
        table.as_os_str(),
        "--layers".as_ref(),
        "all,voice,mfcc".as_ref(),
        "--pool".as_ref(),
        "both".as_ref(),
    ])
    .quiet();
    assert_eq!(run.stdout, format!("{}: 2 files, 35 layers\n", out.display()));
    let bytes = fs::read(&out).unwrap();
    let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).unwrap();
    assert_eq!(tensors.len(), 70);
    let widths = [
        ("ced-tiny/patch", 192),
        ("ced-tiny/block12", 192),
        ("ced-tiny/scores", 527),
        ("earmark-voice/memory", 128),
        ("earmark-voice/phrase1", 128),
        ("mfcc", 120),
    ];
    let musicnn = [("timbral", 408), ("temporal", 153), ("mid3", 64), ("penultimate", 200), ("tags", 50)];
    let musicnn = musicnn.map(|(layer, width)| (format!("musicnn-msd/{layer}"), width));
    for (name, width) in widths.map(|(name, width)| (name.to_owned(), width)).into_iter().chain(musicnn) {
        assert_eq!(tensors[&name].dims(), [2, width], "{name}");
        assert!(values(&tensors, &name).iter().flatten().all(|x| x.is_finite()), "{name}");
        let (mean, max) = (values(&tensors, &name), values(&tensors, &format!("{name}.max")));
        assert!(mean.iter().flatten().zip(max.iter().flatten()).all(|(mean, max)| mean - max < 1e-4), "{name}");
    }
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let names: Vec<String> = serde_json::from_str(&header.metadata().as_ref().unwrap()["files"]).unwrap();
    assert_eq!(names, [demo().display().to_string(), short.display().to_string()]);

    // The engine hears the same windows with the same net: its embeddings are this layer.
    let engine = Engine::start(ModelSet::embedded().unwrap(), DeviceChoice::Cpu).unwrap();
    for (file, row) in [demo(), short].iter().zip(values(&tensors, "ced-tiny/norm")) {
        let heard = hear(&engine, file, Mix::default(), Attention::Everything, &NoWatch).unwrap();
        for (i, value) in row.iter().enumerate() {
            let sum: f64 = heard.windows.iter().map(|window| f64::from(window.embedding[i])).sum();
            let expected = (sum / heard.windows.len() as f64) as f32;
            assert!((value - expected).abs() < 1e-5, "{} at {i}: {value}, {expected}", file.display());
        }
    }

    let rows = rows(&table);
    for (number, name) in names.iter().enumerate() {
        for layer in ["ced-tiny/block7", "musicnn-mtt/mid2.max", "earmark-voice/joint", "mfcc"] {
            let list = rows[name].column_by_name(layer).unwrap().as_list::<i32>().value(0);
            assert_eq!(
                list.as_primitive::<Float32Type>().values().to_vec(),
                values(&tensors, layer)[number],
                "{layer}"
            );
        }
    }
}

#[test]
fn files_without_features_are_named_and_the_others_go_on() {
    let directory = scratch("features_bad");
    let file = |name: &str, samples: &[f32]| {
        let path = directory.join(name);
        write_float_wav(&path, 16_000, 1, samples);
        path
    };
    let silent = file("silent.wav", &vec![0.0; 48_000]);
    let short = file("short.wav", &chord(16_000, 1.0));
    let good = file("good.wav", &chord(16_000, 3.0));
    let missing = directory.join("gone.wav");
    let out = directory.join("made/on the way/x.safetensors");
    let files = [&silent, &short, &good, &missing].map(|path| path.as_os_str());
    let run = |layers: &str| {
        let flags = ["--layers".as_ref(), layers.as_ref(), "--out".as_ref(), out.as_os_str()];
        earmark(["features".as_ref()].into_iter().chain(files).chain(flags))
    };
    let last = run("last");
    last.fails(&[(&silent, "is silent"), (&short, "is too short"), (&missing, "does not exist")]);
    assert!(last.stdout.ends_with("1 files, 3 layers\n"), "{}", last.stdout);
    // A net that hears less at a time can do with less.
    run("ced-tiny").fails(&[(&silent, "is silent"), (&missing, "does not exist")]);
    assert!(run("block13").stderr.contains("no layer is called \"block13\"; choose"));
    assert_eq!(earmark(["features".as_ref(), good.as_os_str()]).code, 2, "neither --out nor --parquet");
}

#[test]
fn a_data_set_of_features_goes_on_where_it_stopped() {
    let directory = scratch("features_resume");
    let (a, b) = (directory.join("a.wav"), directory.join("b.wav"));
    for path in [&a, &b] {
        write_float_wav(path, 16_000, 1, &chord(16_000, 3.0));
    }
    let out = directory.join("out");
    let run = |files: &[&std::path::Path], layers: &str| {
        let flags = ["--parquet".as_ref(), out.as_os_str(), "--layers".as_ref(), layers.as_ref()];
        earmark(["features".as_ref()].into_iter().chain(files.iter().map(|file| file.as_os_str())).chain(flags))
    };
    run(&[&a], "last").quiet();
    assert!(run(&[&a, &b], "last").stderr.contains("1 of 2 files are there already"));
    assert_eq!(rows(&out).len(), 2);
    // Other columns would be another table.
    run(&[&a], "mfcc").fails(&[(&out, "was written by")]);
}
