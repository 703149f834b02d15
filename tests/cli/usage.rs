//! Wrong usage, help, and what happens when nobody reads the answer.

use std::io::Read;
use std::process::Stdio;

use super::support::{binary, demo, earmark};

#[test]
fn wrong_usage_exits_with_2() {
    let none: [&str; 0] = [];
    assert_eq!(earmark(none).code, 2);
    for arguments in [
        vec!["analyze"],
        vec!["analyse", "x.wav"],
        vec!["analyze", "--jason", "x.wav"],
        vec!["analyze", "--device", "abacus", "x.wav"],
        vec!["evaluate"],
        vec!["evaluate", "vocal"],
    ] {
        let run = earmark(&arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.stderr);
        assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn help_and_version_succeed() {
    for arguments in [vec!["--help"], vec!["--version"], vec!["analyze", "--help"], vec!["evaluate", "genre", "--help"]]
    {
        let run = earmark(&arguments).quiet();
        assert!(!run.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn zoo_and_tags_list_what_is_built_in() {
    let zoo = earmark(["zoo", "--json"]).quiet().json();
    let models = zoo.as_array().expect("an array of models");
    assert!(!models.is_empty());
    let text = earmark(["zoo"]).quiet().stdout;
    for model in models {
        for field in ["name", "task", "source", "licence"] {
            assert!(model[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {model}");
        }
        assert!(model["parameters"].as_u64().is_some_and(|n| n > 1000), "{model}");
        assert!(model["front_end"].is_object() && model["scores"].is_array(), "{model}");
        assert!(text.contains(model["name"].as_str().unwrap()));
    }
    let tags = earmark(["tags"]).quiet().stdout;
    assert!(tags.lines().count() > 100, "{tags}");
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let mut child = binary()
        .args(["analyze".as_ref(), "--json".as_ref(), demo().as_os_str(), demo().as_os_str()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().expect("stderr is piped").read_to_string(&mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{stderr}");
    assert_eq!(stderr, "");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_cleanly() {
    let files = vec![demo(); 400];
    let mut child = binary()
        .arg("analyze")
        .args(&files)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(kill.success());
    let mut stderr = String::new();
    child.stderr.take().expect("stderr is piped").read_to_string(&mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{stderr}");
    assert_eq!(stderr, "");
}
