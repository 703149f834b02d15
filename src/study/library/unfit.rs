//! Why an index cannot be used.

use std::io::ErrorKind;

use redb::{DatabaseError, StorageError};

/// Why an index cannot be used, and what to do. Said of the index file.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// No such file.
    #[error("does not exist; make it with `earmark index DIR`")]
    Missing,
    /// Something else, perhaps of value.
    #[error("is no index of Earmark; name another file, or run `earmark index DIR` to make one")]
    Foreign,
    /// Cut short or changed by something else.
    #[error("is damaged ({0}); `earmark index DIR` makes it anew")]
    Damaged(String),
    /// Written in a form that this build does not read.
    #[error("has format {0}, which this version of Earmark does not read; `earmark index DIR` makes it anew")]
    Version(u32),
    /// Made with other networks, whose words cannot be compared with those of these.
    #[error("was made with other networks ({0}); `earmark index DIR` makes it anew")]
    Models(String),
    /// A directory made for other audio.
    #[error("belongs to another directory ({0}); name another file with --index")]
    OtherRoot(String),
    /// Another process writes to it.
    #[error("is being written by another run of Earmark; wait for its end")]
    Busy,
    /// The file system refuses.
    #[error("cannot be used ({0}); check its permissions and the free space, or name another place with --index")]
    Refused(std::io::Error),
}

impl Unfit {
    /// Whether a new index may take its place.
    pub fn is_replaceable(&self) -> bool {
        matches!(self, Self::Foreign | Self::Damaged(_) | Self::Version(_) | Self::Models(_))
    }

    /// What went wrong beneath.
    pub(super) fn damaged(error: impl std::fmt::Display) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<std::io::Error> for Unfit {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::Missing,
            // The store speaks of what a file holds in these words.
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof => Self::damaged(error),
            _ => Self::Refused(error),
        }
    }
}

impl From<StorageError> for Unfit {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Io(error) => error.into(),
            other => Self::damaged(other),
        }
    }
}

impl From<DatabaseError> for Unfit {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => Self::Busy,
            DatabaseError::Storage(error) => error.into(),
            other => Self::damaged(other),
        }
    }
}

impl From<redb::Error> for Unfit {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(error) => error.into(),
            redb::Error::DatabaseAlreadyOpen => Self::Busy,
            other => Self::damaged(other),
        }
    }
}
