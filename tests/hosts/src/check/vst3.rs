//! What is asked of the VST3 bundle.

mod buses;
mod instance;
mod life;
mod panics;
mod parameters;
mod processing;
mod states;

use super::Check;

pub(super) fn checks() -> Vec<Check> {
    [buses::CHECKS, parameters::CHECKS, processing::CHECKS, states::CHECKS, life::CHECKS, panics::CHECKS].concat()
}
