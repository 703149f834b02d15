//! The thread that asks another device. A driver may hang: whoever asks the helper waits for so long and no longer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use earmark_gpu::Voice;

use super::accelerator::{Opener, RemoteNet};
use super::cpu::Cpu;
use super::weighing::{self, Cost};
use crate::engine::alone::spawn_alone;
use crate::engine::models::{ModelSet, Models};
use crate::nets::Tagging;

/// How long an answer is waited for. What follows, the same frames on the processor, must be done within the second.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long the engine waits at its end for the device to be closed.
const LAST_PATIENCE: Duration = Duration::from_secs(1);

/// The handle to the thread.
pub(super) struct Helper {
    asks: Sender<Ask>,
    opened: Receiver<Result<Opened, String>>,
    thread: JoinHandle<()>,
}

/// A device that is ready.
pub(super) struct Opened {
    /// For people.
    pub(super) name: String,
    /// What the voice net costs, for the number of streams that was asked for; `None` if it cannot be run there.
    pub(super) voice: Option<Cost>,
    /// The same of each tagger.
    pub(super) taggers: Vec<Option<Cost>>,
    /// Why nets cannot be run there.
    pub(super) refused: Vec<String>,
}

/// New frames of one stream, on their way to the helper.
pub(super) struct Told {
    pub(super) stream: u64,
    pub(super) begins: bool,
    pub(super) frames: Vec<f32>,
}

type Answer<T> = SyncSender<Result<T, String>>;

enum Ask {
    Voice { told: Vec<Told>, gone: Vec<u64>, end: bool, answer: Answer<Vec<Vec<f32>>> },
    Tag { tagger: usize, windows: Vec<Vec<f32>>, answer: Answer<Vec<Tagging>> },
    Weigh { streams: usize, answer: Answer<Cost> },
}

/// The nets on the helper's side.
struct Nets {
    cpu: Cpu,
    voice: Option<Box<dyn RemoteNet>>,
    taggers: Vec<Option<Box<dyn RemoteNet>>>,
}

impl Helper {
    /// Starts to open a device for these models, and to weigh it with `streams` streams.
    ///
    /// # Errors
    /// If the operating system gives no thread, in words.
    pub(super) fn start(opener: Opener, set: &ModelSet, models: &Arc<Models>, streams: usize) -> Result<Self, String> {
        let (asks, questions) = mpsc::channel();
        let (ready, opened) = mpsc::channel();
        let (set, cpu) = (set.clone(), Cpu { models: models.clone(), after: None });
        let thread = spawn_alone("earmark gpu", move || {
            // A panic closes the channels, and whoever waits hears of it.
            let _ = catch_unwind(AssertUnwindSafe(|| match begin(opener, &set, cpu, streams) {
                Ok((nets, about)) => {
                    // Nobody listens any more: then nobody will ask, either.
                    let _ = ready.send(Ok(about));
                    serve(nets, &questions);
                }
                Err(why) => drop(ready.send(Err(why))),
            }));
        })?;
        Ok(Self { asks, opened, thread })
    }

    /// The device, once it is ready or known not to become so; to be asked for until then.
    pub(super) fn opened(&self) -> Option<Result<Opened, String>> {
        match self.opened.try_recv() {
            Ok(opened) => Some(opened),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err("its thread failed".to_owned())),
        }
    }

    /// See [`RemoteNet::voice`].
    ///
    /// # Errors
    /// What failed, in words; also if no answer came in time.
    pub(super) fn voice(&self, told: Vec<Told>, gone: Vec<u64>, end: bool) -> Result<Vec<Vec<f32>>, String> {
        self.ask(|answer| Ask::Voice { told, gone, end, answer })
    }

    /// See [`RemoteNet::tag`].
    ///
    /// # Errors
    /// What failed, in words; also if no answer came in time.
    pub(super) fn tag(&self, tagger: usize, windows: Vec<Vec<f32>>) -> Result<Vec<Tagging>, String> {
        self.ask(|answer| Ask::Tag { tagger, windows, answer })
    }

    /// Weighs the voice net for `streams` streams; the answer comes by and by.
    pub(super) fn weigh(&self, streams: usize) -> Receiver<Result<Cost, String>> {
        let (answer, answers) = mpsc::sync_channel(1);
        // A thread that is gone says so through the receiver.
        let _ = self.asks.send(Ask::Weigh { streams, answer });
        answers
    }

    /// Closes the device and waits a little for that. A thread that hangs is left behind.
    pub(super) fn end(self) {
        let Self { asks, opened, thread } = self;
        drop((asks, opened));
        let since = Instant::now();
        while !thread.is_finished() && since.elapsed() < LAST_PATIENCE {
            std::thread::sleep(Duration::from_millis(2));
        }
        if thread.is_finished() {
            let _ = thread.join();
        }
    }

    fn ask<T>(&self, ask: impl FnOnce(Answer<T>) -> Ask) -> Result<T, String> {
        let (answer, answers) = mpsc::sync_channel(1);
        let gone = || "its thread failed".to_owned();
        self.asks.send(ask(answer)).map_err(|_| gone())?;
        match answers.recv_timeout(PATIENCE) {
            Ok(said) => said,
            Err(RecvTimeoutError::Timeout) => Err(format!("gave no answer for {} ms", PATIENCE.as_millis())),
            Err(RecvTimeoutError::Disconnected) => Err(gone()),
        }
    }
}

/// Opens the device and what it runs of the models' nets.
fn begin(opener: Opener, set: &ModelSet, cpu: Cpu, streams: usize) -> Result<(Nets, Opened), String> {
    let device = opener()?;
    let mut about = Opened { name: device.name(), voice: None, taggers: Vec::new(), refused: Vec::new() };
    let models = cpu.models.clone();
    let mut nets = Nets { cpu, voice: None, taggers: Vec::new() };
    let (voice, taggers) = set.files();
    let opened = device.open(voice).and_then(|mut net| {
        weighing::try_voice(&nets.cpu, net.as_mut())?;
        let cost = weighing::weigh_voice(&nets.cpu, net.as_mut(), streams)?;
        Ok((net, cost))
    });
    match opened {
        Ok((net, cost)) => (nets.voice, about.voice) = (Some(net), Some(cost)),
        Err(why) => about.refused.push(weighing::of(&models.vocal.card, &why)),
    }
    for ((number, model), file) in models.taggers.iter().enumerate().zip(taggers) {
        let opened = device.open(file).and_then(|mut net| {
            let cost = weighing::weigh_tagger(&nets.cpu, number, net.as_mut())?;
            Ok((net, cost))
        });
        let (net, cost) = match opened {
            Ok((net, cost)) => (Some(net), Some(cost)),
            Err(why) => {
                about.refused.push(weighing::of(&model.card, &why));
                (None, None)
            }
        };
        nets.taggers.push(net);
        about.taggers.push(cost);
    }
    if about.voice.is_none() && about.taggers.iter().all(Option::is_none) {
        return Err(format!("{}: {}", about.name, about.refused.join("; ")));
    }
    Ok((nets, about))
}

/// Answers until nobody asks any more.
fn serve(mut nets: Nets, questions: &Receiver<Ask>) {
    const NO_NET: &str = "the net is not on this device";
    for ask in questions {
        // Who has given up waiting does not hear the answer.
        match ask {
            Ask::Voice { told, gone, end, answer } => {
                let voices = told.iter().map(|told| {
                    let Told { stream, begins, frames } = told;
                    Voice { stream: *stream, begins: *begins, frames }
                });
                let net = nets.voice.as_mut().ok_or_else(|| NO_NET.to_owned());
                drop(answer.send(net.and_then(|net| net.voice(&voices.collect::<Vec<_>>(), &gone, end))));
            }
            Ask::Tag { tagger, windows, answer } => {
                let net = nets.taggers.get_mut(tagger).and_then(Option::as_mut).ok_or_else(|| NO_NET.to_owned());
                let windows: Vec<&[f32]> = windows.iter().map(Vec::as_slice).collect();
                drop(answer.send(net.and_then(|net| net.tag(&windows))));
            }
            Ask::Weigh { streams, answer } => {
                let net = nets.voice.as_mut().ok_or_else(|| NO_NET.to_owned());
                drop(answer.send(net.and_then(|net| weighing::weigh_voice(&nets.cpu, net.as_mut(), streams))));
            }
        }
    }
}
