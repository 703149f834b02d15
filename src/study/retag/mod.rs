//! Writing genres into files: one whole file or the other at any moment, nothing but the genre changed, and a list by
//! which it is undone.

mod undo;
mod write;

pub use undo::{Entry, UNDO_NAME, UndoList};
pub use write::{genres, write};
