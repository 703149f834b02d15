//! A real browser without a window, driven over its DevTools protocol: commands and answers are JSON through a pipe.
//!
//! The pipe is file descriptors 3 and 4 of the browser, which a shell makes of its own standard input and output.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Names that the browser goes by.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// No step takes longer, on a busy machine either.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running browser with one page.
pub struct Browser {
    child: Child,
    commands: ChildStdin,
    messages: Receiver<Value>,
    sent: u64,
    session: Option<String>,
    events: Vec<Value>,
}

impl Browser {
    /// Starts the browser; `None`, with a word, where none is installed.
    pub fn start(profile: &Path) -> Option<Self> {
        let runs = |name: &&str| {
            let version = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
            version.is_ok_and(|status| status.success())
        };
        let Some(name) = NAMES.into_iter().find(runs) else {
            println!("skipped: no Chromium is installed; `cargo xtask setup` installs it on Debian");
            return None;
        };
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null", name, "--headless"])
            // Tests run as root in containers, where the sandbox cannot; the pages are our own.
            .args(["--no-sandbox", "--remote-debugging-pipe", "--disable-gpu", "--mute-audio", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-dev-shm-usage"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the shell runs");
        let commands = child.stdin.take().expect("stdin is piped");
        let answers = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            for message in answers.split(0).map_while(Result::ok) {
                let message = serde_json::from_slice(&message).expect("the browser speaks JSON");
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser = Self { child, commands, messages, sent: 0, session: None, events: Vec::new() };
        let target = browser.command("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let attached = browser.command("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Network", "Runtime", "Log"] {
            browser.command(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Sends a command and waits for its answer.
    pub fn command(&mut self, method: &str, parameters: Value) -> Value {
        self.ask(method, parameters).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// The same, where a refusal is an answer too.
    fn ask(&mut self, method: &str, parameters: Value) -> Result<Value, Value> {
        self.sent += 1;
        let mut command = json!({"id": self.sent, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        self.commands.write_all(format!("{command}\0").as_bytes()).expect("the browser listens");
        loop {
            let message = self.messages.recv_timeout(PATIENCE).expect("the browser answers");
            if message["id"] == json!(self.sent) {
                let error = &message["error"];
                return if error.is_null() { Ok(message["result"].clone()) } else { Err(error.clone()) };
            }
            self.events.push(message);
        }
    }

    /// Opens a page from the disk and waits until it has run.
    pub fn open(&mut self, page: &Path) {
        self.events.clear();
        let url = format!("file://{}", page.display());
        let opened = self.command("Page.navigate", json!({"url": url}));
        assert!(opened["errorText"].is_null(), "{url}: {opened}");
        self.wait_for("document.readyState === 'complete' && document.getElementById('facts').children.length > 0");
    }

    /// The value of an expression, or of what it promises.
    pub fn value(&mut self, expression: &str) -> Value {
        let options =
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true});
        let answer = self.command("Runtime.evaluate", options);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// The value of an expression that gives a number.
    pub fn number(&mut self, expression: &str) -> f64 {
        let value = self.value(expression);
        value.as_f64().unwrap_or_else(|| panic!("{expression} is {value}"))
    }

    /// The text that an element shows.
    pub fn text(&mut self, id: &str) -> String {
        self.value(&format!("document.getElementById('{id}').innerText")).as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an expression is true. While a page is on its way there is nothing to ask, or nothing to find.
    pub fn wait_for(&mut self, expression: &str) {
        let started = Instant::now();
        let options = json!({"expression": format!("Boolean({expression})"), "returnByValue": true});
        while !self.ask("Runtime.evaluate", options.clone()).is_ok_and(|answer| answer["result"]["value"] == true) {
            assert!(started.elapsed() < PATIENCE, "never true: {expression}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Presses and releases the mouse at shares (0 to 1) of an element's width and height.
    pub fn click(&mut self, selector: &str, across: f64, down: f64) {
        let find = format!("document.querySelector({})", json!(selector));
        self.value(&format!("{find}.scrollIntoView({{block: 'nearest'}})"));
        let side = |browser: &mut Self, side: &str| browser.number(&format!("{find}.getBoundingClientRect().{side}"));
        let x = side(self, "left") + across * side(self, "width");
        let y = side(self, "top") + down * side(self, "height");
        for (kind, button, buttons) in
            [("mouseMoved", "none", 0), ("mousePressed", "left", 1), ("mouseReleased", "left", 0)]
        {
            let event = json!({"type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": 1});
            self.command("Input.dispatchMouseEvent", event);
        }
    }

    /// Presses and releases a key that has a name, or types a character.
    pub fn press(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({"type": kind, "key": key});
            if kind == "keyDown" && key.chars().count() == 1 {
                event["text"] = json!(key);
            }
            self.command("Input.dispatchKeyEvent", event);
        }
    }

    /// Makes the browser prefer a light or a dark page.
    pub fn prefer(&mut self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.command("Emulation.setEmulatedMedia", features);
    }

    /// Asserts that the page asked for nothing but files on the disk and what it holds itself, that no fault was
    /// logged, and that no script opened a dialog.
    pub fn assert_peaceful(&mut self) {
        // A round trip, so that events on the way have come.
        self.value("new Promise(done => setTimeout(done, 100))");
        for event in &self.events {
            let parameters = &event["params"];
            match event["method"].as_str().unwrap_or_default() {
                "Network.requestWillBeSent" => {
                    let url = parameters["request"]["url"].as_str().unwrap_or_default();
                    assert!(["file:", "data:", "blob:"].iter().any(|own| url.starts_with(own)), "asked for {url}");
                }
                "Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Page.javascriptDialogOpening" => {
                    panic!("{event}")
                }
                "Log.entryAdded" => {
                    // A file that is not there may be said; everything else is a fault.
                    let text = parameters["entry"]["text"].as_str().unwrap_or_default();
                    assert!(text.contains("ERR_FILE_NOT_FOUND"), "{text}");
                }
                _ => {}
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It is in no one's way any more; what cannot be ended has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
