//! A bad model file is refused with a sentence that says what is wrong; it never panics.

use std::collections::HashMap;

use candle_core::{Device, Tensor};
use earmark::nets::Model;
use earmark::nets::registry::{CARD_KEY, read_card};

use crate::fixtures::model;

fn refusal(bytes: &[u8]) -> String {
    match Model::from_bytes(bytes) {
        Ok(_) => panic!("accepted"),
        Err(error) => error.to_string(),
    }
}

/// The stream-vad file with its card and tensors changed.
fn changed(card: impl FnOnce(&mut serde_json::Value), tensors: impl FnOnce(&mut HashMap<String, Tensor>)) -> Vec<u8> {
    let bytes = model("stream-vad");
    let mut json = serde_json::to_value(read_card(&bytes).expect("card")).expect("json");
    card(&mut json);
    let mut all = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).expect("tensors");
    tensors(&mut all);
    safetensors::serialize(all, Some(HashMap::from([(CARD_KEY.to_owned(), json.to_string())]))).expect("serialises")
}

#[test]
fn every_kind_of_bad_file_says_which_kind() {
    let good = model("stream-vad");
    assert!(refusal(b"RIFF....WAVEfmt not a model").contains("safetensors"));
    assert!(refusal(&[]).contains("safetensors"));
    assert!(refusal(&good[..good.len() / 2]).contains("safetensors"));
    let bare = safetensors::serialize(
        HashMap::from([("x", Tensor::zeros(3, candle_core::DType::F32, &Device::Cpu).expect("tensor"))]),
        None,
    )
    .expect("serialises");
    assert!(refusal(&bare).contains("no Earmark card"));
    let keep = |_: &mut HashMap<String, Tensor>| {};
    assert!(refusal(&changed(|card| card["architecture"] = "lstm9000".into(), keep)).contains("\"lstm9000\""));
    assert!(refusal(&changed(|card| card["format"] = 99.into(), keep)).contains("format 99"));
    assert!(refusal(&changed(|card| card["labels"] = serde_json::json!([]), keep)).contains("labels"));
    assert!(refusal(&changed(|card| card["front_end"]["n_mels"] = 64.into(), keep)).contains("front end"));
    assert!(refusal(&changed(|card| card["front_end"]["sample_rate_hz"] = 44_100.into(), keep)).contains("44100"));
    assert!(refusal(&changed(|card| card["front_end"]["hop"] = 0.into(), keep)).contains("hop"));
    assert!(refusal(&changed(|card| card["front_end"] = "loud".into(), keep)).contains("card"));
    let same = |_: &mut serde_json::Value| {};
    let poison = |tensors: &mut HashMap<String, Tensor>| {
        tensors.insert("out.fc1.bias".into(), Tensor::full(f32::NAN, 256, &Device::Cpu).expect("tensor"));
    };
    assert!(refusal(&changed(same, poison)).contains("out.fc1.bias"));
    let missing = |tensors: &mut HashMap<String, Tensor>| {
        tensors.remove("fsmn3.fc1.weight");
    };
    assert!(refusal(&changed(same, missing)).contains("fsmn3.fc1.weight"));
    let shape = |tensors: &mut HashMap<String, Tensor>| {
        tensors.insert("in.fc1.bias".into(), Tensor::full(0.0_f32, 7, &Device::Cpu).expect("tensor"));
    };
    assert!(refusal(&changed(same, shape)).contains("in.fc1.bias"));
}

#[test]
fn any_truncation_is_refused() {
    let good = model("stream-vad");
    for length in (0..good.len()).step_by(good.len() / 97).chain(0..64) {
        assert!(Model::from_bytes(&good[..length]).is_err(), "{length} bytes were accepted");
    }
}
