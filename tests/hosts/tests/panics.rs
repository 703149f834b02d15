//! A panic in any function that a host calls ends neither the host nor the audio: the checks `panics-*`, on a plugin that
//! was built to panic on demand.
//!
//! `cargo test --release -p earmark-hosts --features faults --test panics`

use earmark_hosts::Class;
use earmark_hosts::check::{Format, Subject, Verdict, all};
use std::path::{Path, PathBuf};

/// The library that was built with this test.
fn library() -> PathBuf {
    let name = format!("{}earmark{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let program = std::env::current_exe().expect("this program has a path");
    let built = program.ancestors().skip(1).map(|folder| folder.join(&name)).find(|path| path.is_file());
    built.expect("the library is built beside the test")
}

/// The VST3 bundle around it.
fn bundle(library: &Path) -> PathBuf {
    let bundle = Path::new(env!("CARGO_TARGET_TMPDIR")).join("Panicking.vst3");
    let binary = earmark_hosts::vst3::binary(&bundle);
    std::fs::create_dir_all(binary.parent().expect("it lies in the bundle")).expect("a folder for the bundle");
    std::fs::copy(library, &binary).expect("a copy of the library");
    bundle
}

fn run(format: Format, bundle: &Path) {
    let checks: Vec<_> = all(format).into_iter().filter(|check| check.name.starts_with("panics-")).collect();
    assert_eq!(checks.len(), 2);
    for check in checks {
        for class in [Class::Earmark, Class::Control] {
            let verdict = (check.run)(&Subject { bundle: bundle.to_path_buf(), class });
            assert!(matches!(verdict, Ok(Verdict::Passed)), "{} of {}: {verdict:?}", check.name, class.name());
        }
    }
}

#[test]
fn a_panic_in_any_function_of_the_plugin_ends_neither_the_host_nor_the_audio() {
    // One after the other: what is to panic is the whole library's matter.
    let library = library();
    run(Format::Clap, &library);
    run(Format::Vst3, &bundle(&library));
}
