//! What is asked of the CLAP bundle, by a host that talks C to it.

mod descriptors;
mod events;
mod library;
mod life;
mod panics;
mod parameters;
mod plugin;
mod ports;
mod processing;
mod run;
mod side;
mod states;
mod transport;

use super::Check;

pub(super) fn checks() -> Vec<Check> {
    [
        descriptors::CHECKS,
        processing::CHECKS,
        ports::CHECKS,
        parameters::CHECKS,
        states::CHECKS,
        transport::CHECKS,
        life::CHECKS,
        panics::CHECKS,
    ]
    .concat()
}
