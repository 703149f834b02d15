//! The VST3 entry point: nice-plug's component with `process` wrapped, so that what Earmark emits reaches the host's
//! output queues, and with the echo that makes hosts record it.
//!
//! The component also stands between the host and what nice-plug 0.4.2 does not bear or does not know: missing and
//! unequal buses, calls out of order, a controller that shows what it was told, states that are damaged.

mod arrangement;
mod block;
mod component;
mod delegation;
mod factory;
mod handler;
mod output;
mod shown;
mod stream;
