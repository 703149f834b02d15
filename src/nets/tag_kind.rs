//! What kind of thing a tagger's label speaks of, and from which probability on it is worth showing.
//!
//! The labels stay as their nets know them; "Guitar" of AudioSet and "guitar" of MagnaTagATune are the same word here.

use std::fmt;

use serde::Serialize;

/// What a label speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Who sings, and how.
    Voice,
    /// Speech.
    Speech,
    /// What is played.
    Instrument,
    /// How it feels, and how fast or loud it is.
    Mood,
    /// Electronic or acoustic.
    Sound,
    /// Where: an audience, a hall.
    Setting,
    /// A style or a time.
    Style,
}

impl Kind {
    /// All kinds, in the order in which they are shown.
    pub const ALL: [Self; 7] =
        [Self::Voice, Self::Speech, Self::Instrument, Self::Mood, Self::Sound, Self::Setting, Self::Style];

    /// The kind of a label; `None` for what says little of music (dogs, engines, "Music").
    #[must_use]
    pub fn of(label: &str) -> Option<Self> {
        let listed = |list: &[&str]| list.iter().any(|known| known.eq_ignore_ascii_case(label));
        Self::ALL.into_iter().zip(LABELS).find(|(_, list)| listed(list)).map(|(kind, _)| kind)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Voice => "voice",
            Self::Speech => "speech",
            Self::Instrument => "instruments",
            Self::Mood => "mood",
            Self::Sound => "sound",
            Self::Setting => "setting",
            Self::Style => "style",
        })
    }
}

/// The labels of each kind, in the order of [`Kind::ALL`].
const LABELS: [&[&str]; 7] = [
    &[
        "Singing", "Choir", "Yodeling", "Chant", "Mantra", "Male singing", "Female singing", "Child singing",
        "Synthetic singing", "Rapping", "Humming", "A capella", "Vocal music", "Beatboxing", "female vocalists",
        "male vocalists", "female vocalist", "vocal", "vocals", "female", "male", "woman", "man", "male vocal",
        "male voice", "female vocal", "female voice", "voice", "choral", "opera", "instrumental", "no vocals",
        "no vocal", "no voice",
    ],
    &[
        "Speech", "Male speech, man speaking", "Female speech, woman speaking", "Child speech, kid speaking",
        "Conversation", "Narration, monologue", "Speech synthesizer", "Whispering", "Laughter",
    ],
    &[
        "Plucked string instrument", "Guitar", "Electric guitar", "Bass guitar", "Acoustic guitar",
        "Steel guitar, slide guitar", "Banjo", "Sitar", "Mandolin", "Zither", "Ukulele", "Keyboard (musical)", "Piano",
        "Electric piano", "Organ", "Electronic organ", "Hammond organ", "Synthesizer", "Sampler", "Harpsichord",
        "Percussion", "Drum kit", "Drum machine", "Drum", "Snare drum", "Bass drum", "Timpani", "Tabla", "Cymbal",
        "Hi-hat", "Tambourine", "Gong", "Tubular bells", "Mallet percussion", "Marimba, xylophone", "Glockenspiel",
        "Vibraphone", "Steelpan", "Orchestra", "Brass instrument", "French horn", "Trumpet", "Trombone",
        "Bowed string instrument", "String section", "Violin, fiddle", "Pizzicato", "Cello", "Double bass",
        "Wind instrument, woodwind instrument", "Flute", "Saxophone", "Clarinet", "Harp", "Church bell", "Harmonica",
        "Accordion", "Bagpipes", "Didgeridoo", "Theremin", "Scratching (performance technique)", "strings", "drums",
        "violin", "synth", "beat", "beats",
    ],
    &[
        "Happy music", "Funny music", "Sad music", "Tender music", "Exciting music", "Angry music", "Scary music",
        "Lullaby", "slow", "fast", "loud", "quiet", "soft", "weird", "beautiful", "chillout", "Mellow", "chill", "party",
        "easy listening", "sexy", "catchy", "sad", "happy", "solo",
    ],
    &["Electronic music", "electronic", "electronica", "acoustic", "electro"],
    &["Applause", "Cheering", "Clapping", "Crowd", "Reverberation", "Inside, large room or hall"],
    &[
        "Pop music", "Hip hop music", "Rock music", "Heavy metal", "Punk rock", "Grunge", "Progressive rock",
        "Rock and roll", "Psychedelic rock", "Rhythm and blues", "Soul music", "Reggae", "Country", "Swing music",
        "Bluegrass", "Funk", "Folk music", "Middle Eastern music", "Jazz", "Disco", "Classical music", "House music",
        "Techno", "Dubstep", "Drum and bass", "Electronic dance music", "Ambient music", "Trance music",
        "Music of Latin America", "Salsa music", "Flamenco", "Blues", "New-age music", "Music of Africa", "Afrobeat",
        "Gospel music", "Music of Asia", "Carnatic music", "Music of Bollywood", "Ska", "Christmas music",
        "Dance music", "Soundtrack music", "Video game music", "rock", "pop", "alternative", "indie", "dance", "00s",
        "alternative rock", "metal", "classic rock", "soul", "indie rock", "80s", "folk", "90s", "punk", "oldies",
        "hard rock", "ambient", "experimental", "Hip-Hop", "70s", "60s", "rnb", "indie pop", "House", "classical",
        "classic", "indian", "new age",
    ],
];
