//! The 14 genres, read from the names of the taggers' labels: nothing is trained here. AudioSet's and Last.fm's labels
//! name genres; each tagger's evidence for a genre is its strongest label and a little of the others, and the taggers'
//! evidence is multiplied like independent opinions.
//!
//! The shares follow two rules: a label that names the genre itself counts fully, one that only goes with it in part;
//! and a child in the vocabulary's tree (heavy metal) counts more than its parent (rock), which is true of it as well.
//! Shares and weights were chosen by hand on the 38 training clips of GTZAN's fault-filtered split.

/// The genres, in the order of every array and parameter.
pub const GENRES: [&str; 14] = [
    "blues",
    "classical",
    "country",
    "disco",
    "electronic",
    "folk",
    "hiphop",
    "jazz",
    "metal",
    "pop",
    "reggae",
    "rnb",
    "rock",
    "world",
];

/// Probability of each genre, in the order of [`GENRES`].
pub type GenreProbability = [f32; GENRES.len()];

/// Label, genre, share of the label's probability that counts for the genre.
type Name = (&'static str, &'static str, f32);

const AUDIOSET: &[Name] = &[
    ("Blues", "blues", 1.0),
    ("Classical music", "classical", 1.0),
    ("Opera", "classical", 1.0),
    ("Orchestra", "classical", 0.3),
    ("Harpsichord", "classical", 0.5),
    ("Choir", "classical", 0.3),
    ("Country", "country", 1.0),
    ("Bluegrass", "country", 1.0),
    ("Steel guitar, slide guitar", "country", 0.3),
    ("Banjo", "country", 0.3),
    ("Disco", "disco", 1.0),
    ("Electronic music", "electronic", 0.5),
    ("House music", "electronic", 1.0),
    ("Techno", "electronic", 1.0),
    ("Dubstep", "electronic", 1.0),
    ("Drum and bass", "electronic", 1.0),
    ("Electronica", "electronic", 0.7),
    ("Electronic dance music", "electronic", 0.7),
    ("Ambient music", "electronic", 0.5),
    ("Trance music", "electronic", 1.0),
    ("Folk music", "folk", 1.0),
    ("Traditional music", "folk", 0.5),
    ("Hip hop music", "hiphop", 1.0),
    ("Rapping", "hiphop", 0.7),
    ("Beatboxing", "hiphop", 0.3),
    ("Jazz", "jazz", 1.0),
    ("Swing music", "jazz", 1.0),
    ("Saxophone", "jazz", 0.2),
    ("Heavy metal", "metal", 1.5),
    ("Pop music", "pop", 1.0),
    ("Reggae", "reggae", 1.0),
    ("Ska", "reggae", 0.7),
    ("Rhythm and blues", "rnb", 1.0),
    ("Soul music", "rnb", 1.0),
    ("Gospel music", "rnb", 0.5),
    ("Funk", "rnb", 0.5),
    ("Rock music", "rock", 0.6),
    ("Punk rock", "rock", 0.6),
    ("Grunge", "rock", 0.6),
    ("Progressive rock", "rock", 1.0),
    ("Psychedelic rock", "rock", 1.0),
    ("Rock and roll", "rock", 1.0),
    ("Middle Eastern music", "world", 1.0),
    ("Music of Latin America", "world", 1.0),
    ("Salsa music", "world", 1.0),
    ("Flamenco", "world", 1.0),
    ("Music of Africa", "world", 1.0),
    ("Afrobeat", "world", 1.0),
    ("Music of Asia", "world", 1.0),
    ("Carnatic music", "world", 1.0),
    ("Music of Bollywood", "world", 1.0),
];

const LASTFM: &[Name] = &[
    ("blues", "blues", 1.0),
    ("country", "country", 1.0),
    ("electronic", "electronic", 0.7),
    ("electronica", "electronic", 0.5),
    ("House", "electronic", 1.0),
    ("electro", "electronic", 0.7),
    ("ambient", "electronic", 0.5),
    ("dance", "disco", 0.3),
    ("party", "disco", 0.3),
    ("funk", "disco", 0.5),
    ("70s", "disco", 0.2),
    ("folk", "folk", 1.0),
    ("acoustic", "folk", 0.3),
    ("Hip-Hop", "hiphop", 1.0),
    ("jazz", "jazz", 1.0),
    ("metal", "metal", 1.5),
    ("heavy metal", "metal", 1.5),
    ("hard rock", "metal", 0.6),
    ("pop", "pop", 0.7),
    ("indie pop", "pop", 0.5),
    ("catchy", "pop", 0.5),
    ("soul", "rnb", 0.7),
    ("rnb", "rnb", 1.0),
    ("funk", "rnb", 0.5),
    ("rock", "rock", 0.5),
    ("alternative", "rock", 0.5),
    ("alternative rock", "rock", 0.7),
    ("classic rock", "rock", 1.0),
    ("indie rock", "rock", 0.7),
    ("Progressive rock", "rock", 1.0),
    ("hard rock", "rock", 0.4),
    ("punk", "rock", 0.7),
];

const MAGNATAGATUNE: &[Name] = &[
    ("classical", "classical", 0.5),
    ("classic", "classical", 0.5),
    ("opera", "classical", 1.0),
    ("harpsichord", "classical", 1.0),
    ("violin", "classical", 0.5),
    ("cello", "classical", 0.5),
    ("choral", "classical", 0.5),
    ("country", "country", 1.0),
    ("techno", "electronic", 1.0),
    ("electronic", "electronic", 0.7),
    ("ambient", "electronic", 0.5),
    ("metal", "metal", 1.5),
    ("pop", "pop", 1.0),
    ("rock", "rock", 0.5),
    ("indian", "world", 1.0),
    ("sitar", "world", 1.0),
];

/// Least evidence: what a genre keeps when a tagger has no name for it or hears nothing of it.
const FLOOR: f32 = 0.02;

/// How much a genre's further labels count beside its strongest.
const OTHERS: f32 = 0.25;

/// Reads genres from label names.
pub struct ByName {
    taggers: Vec<Tagger>,
}

struct Tagger {
    /// Label index, genre index, share.
    names: Vec<(usize, usize, f32)>,
    /// Genres that this tagger can name at all.
    knows: [bool; GENRES.len()],
    weight: f32,
}

impl ByName {
    /// `labels[t]` are the labels of tagger t. Labels without a genre count for nothing.
    #[must_use]
    pub fn new(labels: &[&[String]]) -> Self {
        let tagger = |labels: &&[String]| {
            // The names overlap between vocabularies ("Jazz", "jazz"), so the list is chosen by vocabulary.
            let (list, weight) = [(AUDIOSET, 1.0), (LASTFM, 1.3), (MAGNATAGATUNE, 0.3)]
                .into_iter()
                .max_by_key(|(list, _)| list.iter().filter(|name| labels.iter().any(|label| label == name.0)).count())
                .unwrap_or((AUDIOSET, 1.0));
            let names: Vec<(usize, usize, f32)> = list
                .iter()
                .filter_map(|&(label, genre, share)| {
                    let label = labels.iter().position(|l| l == label)?;
                    Some((label, GENRES.iter().position(|g| *g == genre)?, share))
                })
                .collect();
            let mut knows = [false; GENRES.len()];
            names.iter().for_each(|&(_, genre, _)| knows[genre] = true);
            Tagger { names, knows, weight }
        };
        Self { taggers: labels.iter().map(tagger).collect() }
    }

    /// The genres' probabilities, summing to 1, from each tagger's label probabilities (`None`: not heard yet).
    #[must_use]
    pub fn read(&self, taggings: &[Option<&[f32]>]) -> GenreProbability {
        let mut evidence = [0.0_f32; GENRES.len()];
        for (tagger, probability) in self.taggers.iter().zip(taggings) {
            let Some(probability) = probability else { continue };
            let (mut strongest, mut sums) = ([0.0_f32; GENRES.len()], [0.0_f32; GENRES.len()]);
            for &(label, genre, share) in &tagger.names {
                let counts = share * probability.get(label).copied().unwrap_or(0.0);
                strongest[genre] = strongest[genre].max(counts);
                sums[genre] += counts;
            }
            // A genre with many names must not win by their number.
            for (sum, strongest) in sums.iter_mut().zip(strongest) {
                *sum = strongest + OTHERS * (*sum - strongest);
            }
            // A genre that a tagger cannot name gets its average opinion, not its worst.
            let known = tagger.knows.iter().filter(|&&knows| knows).count().max(1) as f32;
            let average = sums.iter().map(|sum| (sum + FLOOR).ln()).zip(tagger.knows).filter(|(_, knows)| *knows);
            let average = average.map(|(log, _)| log).sum::<f32>() / known;
            for genre in 0..GENRES.len() {
                let log = if tagger.knows[genre] { (sums[genre] + FLOOR).ln() } else { average };
                evidence[genre] += tagger.weight * log;
            }
        }
        let highest = evidence.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut probability = evidence.map(|log| (log - highest).exp());
        let sum: f32 = probability.iter().sum();
        probability.iter_mut().for_each(|p| *p /= sum);
        probability
    }
}
