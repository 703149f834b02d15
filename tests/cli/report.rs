//! The report's pages, opened from the disk in a real browser.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use earmark::listen::FrontEnd;
use earmark::nets::tag_kind::{Kind, Shown};
use earmark::study::analysis::{Analysis, CLASSES, Genre, TagMeans, Timeline, Vocal};
use earmark::study::lab::Segment;
use earmark::study::overview::Overview;
use earmark::study::report::{Report, Source};
use earmark::study::spectrum::Spectrum;

use super::browser::Browser;
use super::support::{Run, chord, demo, earmark, scratch, write_float_wav};

/// Names that try to be markup, or links to somewhere else. The slash makes one of them a folder and a file in it.
const HOSTILE: [&[u8]; 5] = [
    b"<img src=x onerror=alert(1)>.wav",
    b"</script><script>alert(2)</script>.wav",
    b"\"'&amp;{{script}}#?%41 .wav",
    b"\xff\xfe not text.wav",
    b"http:example.invalid.wav",
];

fn report(files: &[&Path], page: &Path) -> Run {
    let mut arguments = vec![OsStr::new("analyze"), OsStr::new("--report"), page.as_os_str()];
    arguments.extend(files.iter().map(|file| file.as_os_str()));
    earmark(arguments)
}

#[test]
fn a_page_shows_what_the_json_says_and_plays_from_where_it_is_clicked() {
    let directory = scratch("report_track");
    let page = directory.join("made/out.html");
    let run = earmark([
        OsStr::new("analyze"),
        OsStr::new("--json"),
        OsStr::new("--report"),
        page.as_os_str(),
        demo().as_os_str(),
    ]);
    let answer = run.quiet().json();
    assert_eq!(fs::read_dir(page.parent().unwrap()).unwrap().count(), 1, "one file, and no half one");
    let Some(mut browser) = Browser::start(&directory.join("profile")) else { return };
    browser.open(&page);
    assert_eq!(browser.text("name"), "lithium.flac");
    for lane in ["waveform", "levels", "vocal", "truth", "ribbon", "axis"] {
        assert!(painted(&mut browser, lane) > 0.0, "{lane} is drawn");
    }
    let phrases = answer["vocal"]["segments"].as_array().unwrap();
    assert_eq!(browser.number("document.querySelectorAll('#phrases tbody tr').length"), phrases.len() as f64);
    let genre = answer["genre"]["top"].as_str().unwrap();
    assert!(browser.text("genres").contains(genre), "{genre}");
    assert!(browser.number("document.querySelectorAll('#tags tbody tr').length") > 5.0);
    // The curve of the page is that of the JSON, in steps of 1/255.
    let vocal = answer["vocal"]["probability"].as_array().unwrap();
    assert_eq!(browser.number("curve.length"), vocal.len() as f64);
    let middle = vocal[vocal.len() / 2].as_f64().unwrap();
    assert!((browser.number("curve[Math.floor(curve.length / 2)]") - middle).abs() < 0.003);

    browser.wait_for("document.getElementById('audio').readyState > 0");
    let length = answer["duration_s"].as_f64().unwrap();
    browser.click(".vocal", 0.5, 0.5);
    assert!((browser.number("document.getElementById('audio').currentTime") - length / 2.0).abs() < 0.1);
    let phrase =
        phrases.iter().find(|p| p["start_s"].as_f64().unwrap() > length / 2.0).expect("a phrase in the second half");
    browser.press("n");
    assert!(
        (browser.number("document.getElementById('audio').currentTime") - phrase["start_s"].as_f64().unwrap()).abs()
            < 0.01
    );
    browser.press("Home");
    browser.press("ArrowRight");
    assert!((browser.number("document.getElementById('audio').currentTime") - 1.0).abs() < 0.01);
    browser.click("#play", 0.5, 0.5);
    browser.wait_for("document.getElementById('audio').currentTime > 1.1");
    browser.click("#play", 0.5, 0.5);
    assert!(browser.value("document.getElementById('problem').hidden") == true);
    let ground = "getComputedStyle(document.body).backgroundColor";
    let grounds = ["light", "dark"].map(|scheme| {
        browser.prefer(scheme);
        browser.value(ground)
    });
    assert_ne!(grounds[0], grounds[1]);
    browser.assert_peaceful();
}

/// The share of a lane's pixels that something is painted on.
fn painted(browser: &mut Browser, lane: &str) -> f64 {
    browser.wait_for(&format!("document.querySelector('.{lane}').width > 300 && tinted"));
    browser.number(&format!(
        "(() => {{ const canvas = document.querySelector('.{lane}');
           const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
           return pixels.filter((value, i) => i % 4 === 3 && value > 0).length / (pixels.length / 4); }})()"
    ))
}

#[test]
fn hostile_names_are_shown_and_never_run() {
    let directory = scratch("report_hostile");
    let files: Vec<_> = HOSTILE.iter().map(|name| directory.join(OsStr::from_bytes(name))).collect();
    for file in &files {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        write_float_wav(file, 16_000, 1, &chord(16_000, 1.0));
    }
    let page = directory.join("out.html");
    let run = report(&files.iter().map(|file| file.as_path()).collect::<Vec<_>>(), &page);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let text = fs::read_to_string(&page).unwrap();
    assert!(text.contains("default-src 'none'") && !text.contains("unsafe-inline"));
    assert_eq!(text.matches("<script").count(), 2, "the data and our own");
    let Some(mut browser) = Browser::start(&directory.join("profile")) else { return };
    browser.open(&page);
    for (row, name) in HOSTILE.iter().enumerate() {
        let shown = browser.value(&format!("data.rows[{row}].name"));
        assert_eq!(shown, *String::from_utf8_lossy(name.rsplit(|&byte| byte == b'/').next().unwrap()));
        let cell = browser.value(&format!("document.querySelectorAll('#files .file')[{row}].textContent"));
        assert_eq!(cell, shown, "shown as it is");
        let play = format!("document.querySelectorAll('#files button.small')[{row}].click()");
        browser.value(&play);
        browser.wait_for("document.getElementById('audio').readyState > 0");
        assert!(browser.value("document.getElementById('problem').hidden") == true, "{shown} plays");
    }
    assert_eq!(
        browser.number("document.images.length + document.querySelectorAll('iframe, object, embed').length"),
        0.0
    );
    browser.assert_peaceful();
    for row in 0..HOSTILE.len() {
        let link = browser.value(&format!("new URL(data.rows[{row}].page, location.href).href"));
        browser.value(&format!("location.assign(data.rows[{row}].page)"));
        browser.wait_for("!document.getElementById('files') && document.getElementById('facts').children.length > 0");
        assert_eq!(browser.value("location.href"), link);
        browser.wait_for("document.getElementById('audio').readyState > 0");
        assert_eq!(browser.number("document.images.length"), 0.0);
        browser.value("document.getElementById('home').click()");
        browser.wait_for("document.getElementById('files') && document.getElementById('facts').children.length > 0");
    }
    browser.assert_peaceful();
}

#[test]
fn a_file_that_is_gone_is_said_and_the_pictures_stay() {
    let directory = scratch("report_gone");
    let (audio, page) = (directory.join("song.wav"), directory.join("out.html"));
    write_float_wav(&audio, 16_000, 1, &chord(16_000, 2.0));
    assert_eq!(report(&[&audio], &page).code, 0);
    fs::remove_file(&audio).unwrap();
    let Some(mut browser) = Browser::start(&directory.join("profile")) else { return };
    browser.open(&page);
    browser.wait_for("!document.getElementById('problem').hidden");
    assert!(browser.text("problem-text").contains("song.wav"));
    browser.click(".vocal", 0.25, 0.5);
    assert!((browser.number("player.state().position") - 0.5).abs() < 0.05, "the readings can still be looked at");
    assert!(painted(&mut browser, "vocal") > 0.0);
}

#[test]
fn a_thousand_files_sort_and_filter() {
    let directory = scratch("report_thousand");
    let page = directory.join("out.html");
    let report = Report::begin(&page, 1000).unwrap();
    let rows = (0..1000).map(|number| {
        let name = format!("track {number}");
        let audio = directory.join(format!("{name}.wav"));
        let source = Source { audio: &audio, name: &name, threshold: 0.5, truth: None };
        report.add(&made_up(number), &source).unwrap().expect("a row")
    });
    report.finish(rows.collect(), Vec::new()).unwrap();
    assert_eq!(fs::read_dir(directory.join("out-files")).unwrap().count(), 1000);
    assert!(fs::metadata(&page).unwrap().len() < 1_500_000, "the index stays small");
    let Some(mut browser) = Browser::start(&directory.join("profile")) else { return };
    browser.open(&page);
    assert_eq!(browser.text("count"), "1,000 files");
    let in_page = "document.querySelectorAll('#files tbody tr').length";
    assert!(browser.number(in_page) <= 200.0, "only so many rows are in the page at a time");
    browser.value("document.getElementById('filter').focus()");
    "track 77".chars().for_each(|key| browser.press(&key.to_string()));
    assert_eq!(browser.text("count"), "19 of 1,000 files");
    assert_eq!(browser.number(in_page), 19.0);
    // By length, longest first.
    browser.click("#files th:nth-child(3) button", 0.5, 0.5);
    assert_eq!(browser.value("document.querySelector('#files .file').textContent"), "track 977.wav");
    browser.click("#files th:nth-child(3) button", 0.5, 0.5);
    assert_eq!(browser.value("document.querySelector('#files .file').textContent"), "track 77.wav");
    browser.value("document.getElementById('filter').value = ''; document.getElementById('filter').dispatchEvent(new Event('input'))");
    browser.click("#legend button", 0.5, 0.5);
    let first = 1000.0 / CLASSES as f64;
    assert!((browser.number("document.querySelectorAll('#files tbody tr').length") - first).abs() <= 1.0, "one genre");
    // A click on the map chooses the file under it; the map leaves 16 pixels around the outermost points.
    let side = |browser: &mut Browser, axis: usize, size: &str| {
        let place = browser.number(&format!("data.rows[14].place[{axis}]"));
        0.5 + place
            * if axis == 0 { 1.0 } else { -1.0 }
            * (0.5 - 16.0 / browser.number(&format!("document.getElementById('map').{size}")))
    };
    let (across, down) = (side(&mut browser, 0, "clientWidth"), side(&mut browser, 1, "clientHeight"));
    browser.click("#map", across, down);
    assert_eq!(browser.text("playing"), "track 14.wav");
    browser.wait_for("!document.getElementById('problem').hidden");
    browser.assert_peaceful();
}

/// An analysis as the engine would give it, of music that nobody made.
fn made_up(number: usize) -> Analysis {
    let mut probability = [0.02; CLASSES];
    probability[number % CLASSES] = 0.7;
    let mut spectrum = Spectrum::new(&FrontEnd::ced_mel_64());
    (0..20).for_each(|frame| spectrum.add(&[-(frame as f32); 64]));
    let angle = number as f32;
    Analysis {
        file: format!("music/track {number}.wav"),
        duration_s: 60.0 + number as f64,
        sample_rate: 44_100,
        vocal: Vocal {
            model: "made-up".into(),
            period_s: 0.01,
            first_frame_s: 0.0,
            delay_s: 0.0,
            probability: (0..200).map(|frame| ((frame * number) as f32 * 0.1).sin().abs()).collect(),
            segments: vec![Segment { start_s: 1.0, end_s: 1.5 }],
        },
        genre: Genre {
            classes: earmark::say::genre::GENRES.map(str::to_owned).to_vec(),
            probability: probability.to_vec(),
            confidence: None,
            votes: None,
            fixed: probability,
            top: earmark::say::genre::GENRES[number % CLASSES].into(),
            timeline: Timeline { period_s: 10.0, probability: vec![probability.to_vec()] },
        },
        tags: TagMeans {
            labels: vec!["Guitar".into(), "Singing".into()],
            probability: vec![0.8, 0.6],
            shown: vec![
                Shown { kind: Kind::Voice, label: "Singing".into(), probability: 0.6, threshold: 0.1 },
                Shown { kind: Kind::Instrument, label: "Guitar".into(), probability: 0.8, threshold: 0.1 },
            ],
        },
        gate: Vec::new(),
        overview: Overview::default(),
        spectrum,
        embedding: vec![angle.cos() * 2.0, angle.sin(), (number % CLASSES) as f32 * 0.1],
        embedding_parts: vec![3],
        notices: Vec::new(),
    }
}

#[test]
fn what_cannot_be_written_is_said_before_any_work() {
    let directory = scratch("report_unwritable");
    let file = directory.join("file");
    fs::write(&file, "x").unwrap();
    let below = file.join("out.html");
    report(&[&demo()], &below).fails(&[(&below, "cannot be written")]);
    let folder = directory.join("folder.html");
    fs::create_dir(&folder).unwrap();
    report(&[&demo()], &folder).fails(&[(&folder, "is a directory")]);
    let text = directory.join("out.txt");
    report(&[&demo()], &text).fails(&[(&text, "is no name for a page")]);
}

#[test]
fn a_bad_file_is_named_in_the_index() {
    let directory = scratch("report_bad_file");
    let (bad, page) = (directory.join("bad.wav"), directory.join("out.html"));
    fs::write(&bad, "no").unwrap();
    report(&[&demo(), &bad], &page).fails(&[(&bad, "is not audio")]);
    let text = fs::read_to_string(&page).unwrap();
    assert!(text.contains("is not audio") && text.contains("lithium.flac"));
    assert!(directory.join("out-files/lithium.html").exists() && !directory.join("out-files/bad.html").exists());
}
