//! The two formats.

/// Which bundle is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// `Earmark.clap`.
    Clap,
    /// `Earmark.vst3`.
    Vst3,
}
