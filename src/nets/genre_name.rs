//! What people write for a genre, and which of the 14 it is.

use super::genre::GENRES;

/// Spellings that are none of [`GENRES`] as they stand, normalised, with the genre they mean.
const ALIASES: &[(&str, &str)] = &[
    ("classic", "classical"),
    ("classicalmusic", "classical"),
    ("countrymusic", "country"),
    ("dance", "electronic"),
    ("edm", "electronic"),
    ("electro", "electronic"),
    ("electronica", "electronic"),
    ("electronicmusic", "electronic"),
    ("heavymetal", "metal"),
    ("hiphopmusic", "hiphop"),
    ("hiphoprap", "hiphop"),
    ("house", "electronic"),
    ("international", "world"),
    ("latin", "world"),
    ("popmusic", "pop"),
    ("rap", "hiphop"),
    ("raphiphop", "hiphop"),
    ("rb", "rnb"),
    ("rbsoul", "rnb"),
    ("rhythmandblues", "rnb"),
    ("rhythmnblues", "rnb"),
    ("rnbsoul", "rnb"),
    ("rocknroll", "rock"),
    ("rockandroll", "rock"),
    ("rockmusic", "rock"),
    ("soul", "rnb"),
    ("techno", "electronic"),
    ("worldmusic", "world"),
];

/// [`GENRES`] as files name them.
const WRITTEN: [&str; GENRES.len()] = [
    "Blues",
    "Classical",
    "Country",
    "Disco",
    "Electronic",
    "Folk",
    "Hip-Hop",
    "Jazz",
    "Metal",
    "Pop",
    "Reggae",
    "R&B",
    "Rock",
    "World",
];

/// Letters and digits in lower case: what two spellings of one genre share.
#[must_use]
pub fn normalised(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Position in [`GENRES`] of the genre that a name means; `None` for names outside them.
#[must_use]
pub fn known(name: &str) -> Option<usize> {
    let name = normalised(name);
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name.as_str(), |(_, genre)| genre);
    GENRES.iter().position(|genre| *genre == name)
}

/// A genre of [`GENRES`], by position, as files name it (`Hip-Hop`).
#[must_use]
pub fn written(genre: usize) -> &'static str {
    WRITTEN.get(genre).copied().unwrap_or("Other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_genre_are_known() {
        let genre = |name: &str| known(name).map(|at| GENRES[at]);
        for (name, is) in [
            ("Hip-Hop", Some("hiphop")),
            ("hip hop", Some("hiphop")),
            ("R&B", Some("rnb")),
            ("Rhythm and Blues", Some("rnb")),
            ("Electronica", Some("electronic")),
            ("Latin", Some("world")),
            (" ROCK ", Some("rock")),
            ("Zydeco", None),
            ("", None),
        ] {
            assert_eq!(genre(name), is, "{name}");
        }
        for at in 0..GENRES.len() {
            assert_eq!(known(written(at)), Some(at), "what is written is read back");
        }
        assert!(ALIASES.iter().all(|(alias, genre)| normalised(alias) == *alias && GENRES.contains(genre)));
    }
}
