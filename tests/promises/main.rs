//! The library's promises, one file each; a test's name is the promise it keeps.

mod audio_thread;
mod engine_is_shared;
mod engine_survives_faults;
mod fixtures;
mod listen_ignores_slicing;
mod listen_matches_librosa;
mod listen_matches_references;
#[cfg(feature = "plugin")]
mod models_change_while_running;
mod nets_match_references;
mod nets_match_tensors;
mod nets_refuse_bad_files;
mod resampler_is_clean;
mod taggers_take_turns;
mod voice_nets_together;
