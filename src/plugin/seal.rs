//! A saved state's seal: a checksum behind what nice-plug writes, so that damage is noticed instead of loaded.
//!
//! ```text
//! {"version":"0.1.0","params":{...},"fields":{...}}\n0123abcd
//! ```
//!
//! States without a seal, as the first versions wrote them, are taken as they are.

use serde::Deserialize;
use thiserror::Error;

/// A state is about a kilobyte; more than this is none.
pub(super) const LONGEST_BYTES: usize = 1 << 20;
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

/// Adds the seal.
pub(super) fn seal(state: &mut Vec<u8>) {
    let sum = crc32fast::hash(state);
    state.extend_from_slice(format!("\n{sum:08x}").as_bytes());
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
    let state = match split(sealed) {
        Some((state, sum)) if crc32fast::hash(state) == sum => state,
        Some(_) => return Err(Fault::Damaged),
        None => sealed,
    };
    let head: Head = serde_json::from_slice(state).map_err(|_| Fault::Damaged)?;
    if number(&head.version).ok_or(Fault::Damaged)? > number(env!("CARGO_PKG_VERSION")).unwrap_or_default() {
        return Err(Fault::Newer);
    }
    Ok(state)
}

/// State and checksum, if there is one.
fn split(sealed: &[u8]) -> Option<(&[u8], u32)> {
    let (state, seal) = sealed.split_at_checked(sealed.len().checked_sub(SEAL_BYTES)?)?;
    let digits = std::str::from_utf8(seal.strip_prefix(b"\n")?).ok()?;
    let lower = digits.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit));
    lower.then(|| u32::from_str_radix(digits, 16).ok()).flatten().map(|sum| (state, sum))
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
    fn no_cut_goes_unnoticed_but_the_one_before_the_seal() {
        let sealed = sealed();
        for length in (0..sealed.len()).filter(|&length| length != STATE.len() && length != STATE.len() + 1) {
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
