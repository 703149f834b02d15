//! Where the nets run. Everything above this seam is the same for every device.
//!
//! The processor always can; it reads voices on the worker's own thread and tags on one beside it. Another device is
//! opened, weighed against the processor and asked by a helper thread of its own, so that a driver that hangs keeps nobody
//! waiting; [`Devices`] hands it the nets for which it pays, and takes them back when it fails.

mod accelerator;
mod beside;
mod cpu;
mod devices;
mod helper;
mod stream;
mod weighing;

use std::path::{Path, PathBuf};
use std::str::FromStr;

use candle_core::Device;

pub(super) use beside::{Errand, Tagged};
pub(super) use cpu::{AfterWork, Cpu};
pub(super) use devices::Devices;
pub(super) use stream::VoiceStream;

/// Names the library in place of the one beside the program.
const LIBRARY_VARIABLE: &str = "EARMARK_CUDA_LIBRARY";

/// The user's wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// Whatever is there and pays.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// An NVIDIA GPU, through a second shared library.
    Cuda,
    /// Apple's GPU.
    Metal,
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda),
            "metal" => Ok(Self::Metal),
            other => Err(format!("\"{other}\" is no device; choose auto, cpu, cuda or metal")),
        }
    }
}

impl DeviceChoice {
    /// The device to train on. With `auto` it is the processor.
    ///
    /// # Errors
    /// A device that this build or this machine does not have, in words.
    pub fn for_training(self) -> Result<Device, String> {
        let open: Option<fn() -> candle_core::Result<Device>> = match self {
            Self::Auto | Self::Cpu => Some(|| Ok(Device::Cpu)),
            Self::Cuda if cfg!(feature = "cuda") => Some(|| Device::new_cuda(0)),
            Self::Metal if cfg!(feature = "metal") => Some(|| Device::new_metal(0)),
            Self::Cuda | Self::Metal => None,
        };
        let open = open.ok_or("this build trains on the CPU alone; docs/gpu.md says how to build one for a GPU")?;
        open().map_err(|error| error.to_string())
    }
}

/// The processor failed to run a net.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BackendError(String);

impl From<candle_core::Error> for BackendError {
    fn from(error: candle_core::Error) -> Self {
        Self(error.to_string())
    }
}

/// How to open what `choice` asks for: nothing where the processor is to do it all, or a sentence that says why what was
/// asked for cannot be had. `library` stands in place of the library beside the program.
fn opener(choice: DeviceChoice, library: Option<&Path>) -> Result<Option<accelerator::Opener>, String> {
    match choice {
        DeviceChoice::Cpu => Ok(None),
        DeviceChoice::Auto | DeviceChoice::Cuda => match find_library(library) {
            Some(path) => Ok(Some(accelerator::library(path))),
            None if choice == DeviceChoice::Auto => accelerator::metal_by_itself(),
            None => Err(format!("there is no CUDA library ({}) beside this program", library_name())),
        },
        DeviceChoice::Metal => accelerator::metal().map(Some),
    }
}

/// Whether another device is asked for and may be had.
pub(super) fn is_wanted(choice: DeviceChoice, library: Option<&Path>) -> bool {
    opener(choice, library).is_ok_and(|opener| opener.is_some())
}

/// The library that the user names, or one that lies beside the program or plugin.
fn find_library(library: Option<&Path>) -> Option<PathBuf> {
    let named = || std::env::var_os(LIBRARY_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    let beside = || earmark_gpu::beside_this_module(&library_name()).into_iter().find(|path| path.is_file());
    library.map(Path::to_path_buf).or_else(named).or_else(beside)
}

fn library_name() -> String {
    format!("{}earmark_cuda{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX)
}
