//! A library for GPUs that runs the nets on the processor, and fails as a GPU can, on demand: a test copies it to
//! `NAME-FAULT.so`, and that fault is in force while a file `NAME-FAULT.on` lies beside it. One "fault" is to be `fast`:
//! windows that it has just heard are tagged in no time.

use std::collections::HashMap;
use std::time::Duration;

use earmark::nets::{Model, Net, VocalStream};
use earmark_gpu::abi::{self, Table};
use earmark_gpu::{Fault, Memory, OpenNet, Provider, Shape, Tags, VoiceFrames, serve};

struct Fake;

/// A net that fails on demand.
struct Faulty {
    model: Model,
    streams: HashMap<u64, VocalStream>,
    /// The last windows that were tagged and what was said of them.
    known: Option<(Vec<f32>, Vec<Tags>)>,
}

/// The library's only symbol; by hand, because a library may also be of another version.
#[unsafe(no_mangle)]
extern "C" fn earmark_gpu() -> *const Table {
    static TABLE: Table = serve::table::<Fake>(abi::VERSION);
    static LATER: Table = serve::table::<Fake>(abi::VERSION + 1);
    if fault().as_deref() == Some("version") { &raw const LATER } else { &raw const TABLE }
}

impl Provider for Fake {
    fn open(model: &[u8]) -> Result<Box<dyn OpenNet>, String> {
        match fault().as_deref() {
            Some("open") => return Err("CUDA_ERROR_NO_DEVICE".to_owned()),
            Some("stuck") => hang(),
            Some("panic") => assertion(),
            _ => {}
        }
        let model = Model::from_bytes(model).map_err(|error| error.to_string())?;
        Ok(Box::new(Faulty { model, streams: HashMap::new(), known: None }))
    }

    fn describe() -> (String, Memory) {
        ("fake GPU".to_owned(), Memory { free: 1 << 30, total: 2 << 30 })
    }
}

impl Faulty {
    /// What happens before a net runs.
    fn before() -> Result<(), Fault> {
        match fault().as_deref() {
            Some("lost") => return Err(Fault::Lost("CUDA_ERROR_LAUNCH_FAILED".to_owned())),
            Some("memory") => return Err(Fault::OutOfMemory("CUDA_ERROR_OUT_OF_MEMORY".to_owned())),
            Some("panic") => assertion(),
            Some("hang") => hang(),
            Some("slow") => std::thread::sleep(Duration::from_millis(300)),
            _ => {}
        }
        Ok(())
    }
}

impl OpenNet for Faulty {
    fn shape(&self) -> Shape {
        let card = &self.model.card;
        Shape {
            kind: if matches!(self.model.net, Net::Vocal(_)) { abi::VOICE } else { abi::TAGGER },
            inputs: card.front_end.n_mels as u32,
            outputs: card.labels.len() as u32,
            embedding: (card.embedding() + card.inner()) as u32,
            look_ahead: card.look_ahead_frames as u32,
        }
    }

    fn tag(&mut self, values: &[f32], windows: usize, _frames: usize) -> Result<Vec<Tags>, Fault> {
        Self::before()?;
        if let (Some("fast"), Some((known, tags))) = (fault().as_deref(), &self.known)
            && known == values
        {
            return Ok(tags.clone());
        }
        let tag = |window: &[f32]| {
            let tagging = match &self.model.net {
                Net::Ced(net) => net.forward(window),
                Net::Musicnn(net) => net.forward(window),
                _ => return Err(Fault::Failed("this net tags nothing".to_owned())),
            };
            let mut tagging = tagging.map_err(|error| Fault::Failed(error.to_string()))?;
            spoil(&mut tagging.probability);
            let (probability, embedding) = tagging.together();
            Ok(Tags { probability, embedding })
        };
        let tags: Vec<Tags> = values.chunks_exact(values.len() / windows).map(tag).collect::<Result<_, _>>()?;
        self.known = Some((values.to_vec(), tags.clone()));
        Ok(tags)
    }

    fn voice(&mut self, frames: &VoiceFrames<'_>) -> Result<Vec<Vec<f32>>, Fault> {
        Self::before()?;
        let Net::Vocal(net) = &self.model.net else {
            return Err(Fault::Failed("this net reads no frames".to_owned()));
        };
        frames.gone.iter().for_each(|stream| drop(self.streams.remove(stream)));
        let mut said = Vec::new();
        for &(number, begins, values) in &frames.streams {
            let stream = self.streams.entry(number).or_insert_with(|| net.stream());
            if begins {
                *stream = net.stream();
            }
            let mut rows = net.step(&mut [stream], &[values], frames.end);
            rows.iter_mut().flatten().for_each(|rows| spoil(rows));
            said.extend(rows.map_err(|error| Fault::Failed(error.to_string()))?);
        }
        Ok(said)
    }
}

/// Makes the answers wrong, where that is asked for.
fn spoil(probability: &mut [f32]) {
    match fault().as_deref() {
        Some("nan") => probability.fill(f32::NAN),
        Some("wrong") => probability.iter_mut().for_each(|p| *p = 0.5 * *p + 0.2),
        _ => {}
    }
}

/// Panics without printing a backtrace, which takes long.
fn assertion() -> ! {
    std::panic::set_hook(Box::new(|_| ()));
    panic!("a driver's assertion")
}

fn hang() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(3_600));
    }
}

/// The fault in force.
fn fault() -> Option<String> {
    let file = earmark_gpu::this_module()?;
    let name = file.file_stem()?.to_str()?.rsplit_once('-')?.1.to_owned();
    file.with_extension("on").exists().then_some(name)
}
