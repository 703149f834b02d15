//! Earmark without a host: nice-plug's standalone on JACK's ports or the system's devices.

use nice_plug::prelude::nice_export_standalone_with_args;

use super::class::StandaloneClass;
use super::earmark::EarmarkPlugin;

/// Opens the ports and the window, and comes back when the window is closed. `arguments` are the command line's, the
/// program's name first; `--help` lists them. Whether all went well.
pub fn run(arguments: impl IntoIterator<Item = String>) -> bool {
    nice_export_standalone_with_args::<EarmarkPlugin<StandaloneClass>, _>(arguments)
}
