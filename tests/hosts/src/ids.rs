//! The string ids of Earmark's parameters, which never change, and the numbers that hosts see for them.

/// Parameters that Earmark moves itself, apart from the genres.
pub const OUTPUTS: [&str; 4] = ["vocal", "vocal_gate", "genre", "genre_confidence"];

/// One output parameter for each genre.
pub const GENRES: [&str; 14] = [
    "genre_blues",
    "genre_classical",
    "genre_country",
    "genre_disco",
    "genre_electronic",
    "genre_folk",
    "genre_hiphop",
    "genre_jazz",
    "genre_metal",
    "genre_pop",
    "genre_reggae",
    "genre_rnb",
    "genre_rock",
    "genre_world",
];

/// Parameters that a person sets.
pub const INPUTS: [&str; 16] = [
    "source",
    "threshold",
    "hysteresis",
    "attack",
    "hold",
    "release",
    "genre_window",
    "eco",
    "automation",
    "midi",
    "midi_channel",
    "midi_note",
    "midi_cc",
    "align",
    "ride",
    "bypass",
];

/// All string ids.
pub fn all() -> impl Iterator<Item = &'static str> {
    OUTPUTS.into_iter().chain(GENRES).chain(INPUTS)
}

/// The number that CLAP and VST3 use for a string id: a polynomial hash, without its top bit, which VST3 keeps.
pub fn number(id: &str) -> u32 {
    let hash = id.bytes().fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    hash & !(1 << 31)
}

/// The string id of a number, if it is one of Earmark's.
pub fn name(number: u32) -> Option<&'static str> {
    all().find(|id| self::number(id) == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_ids_share_a_number() {
        let numbers: std::collections::BTreeSet<_> = all().map(number).collect();
        assert_eq!(numbers.len(), all().count());
        assert!(all().all(|id| name(number(id)) == Some(id)));
    }
}
