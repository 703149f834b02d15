//! A saved state's seal: a checksum behind what nice-plug writes, so that damage is noticed instead of loaded.
//!
//! ```text
//! \n{"version":"0.1.0","params":{...},"fields":{...}}\n0123abcd
//! ```
//!
//! The line feed in front says that there must be a seal. States that begin with the brace, as the first versions wrote
//! them, have none and are taken as they are.

use serde::Deserialize;
use thiserror::Error;

/// A state is about a kilobyte; more than this is none.
pub(super) const LONGEST_BYTES: usize = 1 << 20;
/// Stands in front of a sealed state.
const MARK: u8 = b'\n';
/// A line feed and the CRC-32 of all before it, in eight hexadecimal digits.
const SEAL_BYTES: usize = 9;

/// Why a state is not loaded. The words are for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum Fault {
    #[error("the saved settings are empty; these are the defaults")]
    Empty,
    #[error("the saved settings are cut short; these are the defaults")]
    Short,
    #[error("the saved settings are too long to be Earmark's; these are the defaults")]
    Long,
    #[error("the saved settings are damaged; these are the defaults")]
    Damaged,
    #[error("the saved settings are of a newer Earmark; these are the defaults")]
    Newer,
}

/// What of a state is looked at before nice-plug is.
#[derive(Deserialize)]
struct Head {
    version: String,
}

/// Adds mark and seal.
pub(super) fn seal(state: &mut Vec<u8>) {
    state.insert(0, MARK);
    let seal = digits(state);
    state.extend_from_slice(seal.as_bytes());
}

/// The state without its seal.
///
/// # Errors
/// If it is not whole, or was written by a version to come.
pub(super) fn open(sealed: &[u8]) -> Result<&[u8], Fault> {
    if sealed.is_empty() {
        return Err(Fault::Empty);
    }
    if sealed.len() > LONGEST_BYTES {
        return Err(Fault::Long);
    }
    let state = if sealed[0] == MARK { split(sealed).ok_or(Fault::Damaged)? } else { sealed };
    let head: Head = serde_json::from_slice(state).map_err(|_| Fault::Damaged)?;
    if number(&head.version).ok_or(Fault::Damaged)? > number(env!("CARGO_PKG_VERSION")).unwrap_or_default() {
        return Err(Fault::Newer);
    }
    Ok(state)
}

/// What the seal is right about.
fn split(sealed: &[u8]) -> Option<&[u8]> {
    let (marked, seal) = sealed.split_at_checked(sealed.len().checked_sub(SEAL_BYTES)?)?;
    (seal == digits(marked).as_bytes()).then(|| &marked[1..])
}

fn digits(marked: &[u8]) -> String {
    format!("\n{:08x}", crc32fast::hash(marked))
}

/// Major and minor version: a patch never changes what is saved.
fn number(version: &str) -> Option<(u64, u64)> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: &[u8] = br#"{"version":"0.1.0","params":{"ride":{"f32":-6.0}},"fields":{}}"#;

    fn sealed() -> Vec<u8> {
        let mut state = STATE.to_vec();
        seal(&mut state);
        state
    }

    #[test]
    fn what_is_sealed_opens() {
        assert_eq!(open(&sealed()), Ok(STATE));
    }

    #[test]
    fn a_state_without_a_seal_opens() {
        assert_eq!(open(STATE), Ok(STATE));
    }

    #[test]
    fn no_flipped_bit_goes_unnoticed() {
        let sealed = sealed();
        for bit in 0..8 * sealed.len() {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn no_cut_goes_unnoticed() {
        let sealed = sealed();
        for length in 0..sealed.len() {
            assert!(open(&sealed[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_version_to_come_is_left_alone() {
        for (version, newer) in [("0.1.9", false), ("0.2.0", true), ("1.0.0", true), ("99.0", true)] {
            let state = String::from_utf8_lossy(STATE).replace("0.1.0", version);
            assert_eq!(open(state.as_bytes()) == Err(Fault::Newer), newer, "{version}");
        }
    }

    #[test]
    fn what_is_no_state_says_why() {
        assert_eq!(open(b""), Err(Fault::Empty));
        assert_eq!(open(&vec![b'{'; LONGEST_BYTES + 1]), Err(Fault::Long));
        assert_eq!(open(b"{}"), Err(Fault::Damaged));
    }
}
