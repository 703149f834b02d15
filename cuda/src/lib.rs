//! Earmark's nets on the first NVIDIA GPU, behind the C interface of `earmark-gpu`. Everything but the device is in
//! `earmark::nets::tensor`, which is tested on the processor.

use std::sync::OnceLock;

use candle_core::Device;
use earmark::nets::tensor::served;
use earmark_gpu::{Memory, OpenNet, Provider};

/// The first GPU.
struct Gpu;

/// The device, opened once: all nets share its context and stream.
fn device() -> Result<Device, String> {
    static DEVICE: OnceLock<Result<Device, String>> = OnceLock::new();
    DEVICE.get_or_init(open).clone()
}

#[cfg(feature = "cuda")]
fn open() -> Result<Device, String> {
    Device::new_cuda(0).map_err(|error| error.to_string())
}

#[cfg(not(feature = "cuda"))]
fn open() -> Result<Device, String> {
    Ok(Device::Cpu)
}

impl Provider for Gpu {
    fn open(model: &[u8]) -> Result<Box<dyn OpenNet>, String> {
        served::open(model, &device()?)
    }

    #[cfg(feature = "cuda")]
    fn describe() -> (String, Memory) {
        let Ok(Device::Cuda(device)) = device() else { return ("CUDA".to_owned(), Memory::default()) };
        let stream = device.cuda_stream();
        let name = stream.context().name().unwrap_or_else(|_| "CUDA".to_owned());
        let (free, total) = stream.context().mem_get_info().unwrap_or_default();
        (name, Memory { free: free as u64, total: total as u64 })
    }

    #[cfg(not(feature = "cuda"))]
    fn describe() -> (String, Memory) {
        ("the processor in place of a GPU".to_owned(), Memory::default())
    }
}

earmark_gpu::export!(Gpu);
