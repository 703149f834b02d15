//! Set `solo_instruments`: leads that are mistaken for voices, played from generated melodies with fluidsynth.

use super::accompaniment::{self, Accompaniment};
use super::audio;
use super::files;
use super::index::{Harvest, Row, Split};
use super::labels::{Kind, Labels};
use super::melody::Piece;
use super::packages::Package;
use super::performance::{self, LEAD, Manner};
use super::random::Random;
use super::score::Score;
use super::tools;
use super::wah;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

const SET: &str = "solo_instruments";
const SOUND_FONT: Package = Package { name: "fluid-soundfont-gm", licence: "MIT" };
const SOUND_FONT_FILE: &str = "usr/share/sounds/sf2/FluidR3_GM.sf2";
/// Far above what is kept, so that what the synthesizer folds back is not heard.
const SYNTH_RATE_HZ: &str = "48000";
const SHORTEST_S: f64 = 60.0;
const LONGEST_S: f64 = 90.0;

/// Full scale is 1.
const QUIETEST_PEAK: f64 = 0.2;
const LOUDEST_PEAK: f64 = 0.9;

/// A lead: its name, its General MIDI program (0..127), the range of its melodies and how it plays them.
struct Lead {
    name: &'static str,
    program: u8,
    lowest: u8,
    highest: u8,
    manner: Manner,
    heard: Heard,
}

/// Which split knows it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Heard {
    Train,
    Both,
    Valid,
}

impl Heard {
    fn by(self, split: Split) -> bool {
        self == Self::Both || (self == Self::Valid) == (split == Split::Valid)
    }
}

const fn lead(name: &'static str, program: u8, range: [u8; 2], manner: Manner, heard: Heard) -> Lead {
    Lead { name, program, lowest: range[0], highest: range[1], manner, heard }
}

use Heard::{Both, Train, Valid};
use Manner::{Bending, Expressive, Gliding, Legato};

/// No program with voices in it: 52..=54 (choirs), 85 (voice lead), 91 (choir pad) are left out.
const LEADS: [Lead; 46] = [
    lead("violin", 40, [57, 84], Expressive, Both),
    lead("violin-legato", 40, [60, 88], Legato, Train),
    lead("viola", 41, [50, 74], Expressive, Valid),
    lead("cello", 42, [43, 67], Expressive, Both),
    lead("fiddle", 110, [57, 81], Expressive, Train),
    lead("contrabass", 43, [36, 57], Legato, Train),
    lead("strings", 48, [50, 79], Legato, Train),
    lead("slow-strings", 49, [50, 79], Legato, Both),
    lead("synth-strings", 50, [50, 79], Expressive, Train),
    lead("trumpet", 56, [57, 81], Expressive, Both),
    lead("trumpet-legato", 56, [55, 79], Legato, Train),
    lead("muted-trumpet", 59, [57, 81], Expressive, Train),
    lead("trombone", 57, [43, 67], Expressive, Train),
    lead("trombone-slide", 57, [45, 65], Gliding, Train),
    lead("french-horn", 60, [48, 69], Legato, Train),
    lead("brass-section", 61, [48, 72], Legato, Train),
    lead("synth-brass", 62, [48, 74], Expressive, Train),
    lead("soprano-sax", 64, [58, 82], Expressive, Valid),
    lead("alto-sax", 65, [51, 77], Expressive, Train),
    lead("tenor-sax", 66, [46, 70], Expressive, Both),
    lead("baritone-sax", 67, [41, 63], Legato, Train),
    lead("oboe", 68, [59, 83], Expressive, Both),
    lead("english-horn", 69, [54, 76], Legato, Train),
    lead("bassoon", 70, [41, 65], Legato, Train),
    lead("clarinet", 71, [52, 79], Legato, Train),
    lead("flute", 73, [60, 86], Expressive, Both),
    lead("recorder", 74, [65, 86], Legato, Train),
    lead("pan-flute", 75, [62, 84], Expressive, Train),
    lead("shakuhachi", 77, [58, 79], Expressive, Train),
    lead("whistle", 78, [67, 91], Expressive, Valid),
    lead("ocarina", 79, [62, 84], Expressive, Train),
    lead("harmonica", 22, [60, 82], Expressive, Train),
    lead("accordion", 21, [55, 79], Legato, Both),
    lead("organ", 16, [50, 79], Legato, Train),
    lead("rock-organ", 18, [50, 79], Legato, Valid),
    lead("square-lead", 80, [52, 79], Expressive, Train),
    lead("saw-lead", 81, [52, 79], Expressive, Both),
    lead("saw-glide", 81, [55, 77], Gliding, Train),
    lead("calliope-lead", 82, [57, 81], Gliding, Train),
    lead("charang-lead", 84, [50, 74], Bending, Train),
    lead("fifths-lead", 86, [50, 74], Expressive, Train),
    lead("theremin-ocarina", 79, [60, 82], Gliding, Train),
    lead("theremin-square", 80, [57, 79], Gliding, Valid),
    lead("overdriven-guitar", 29, [52, 76], Bending, Train),
    lead("distortion-guitar", 30, [50, 76], Bending, Both),
    lead("shanai", 111, [57, 79], Expressive, Train),
];
/// Pieces that each lead plays.
const TRAIN_PIECES: usize = 2;
const VALID_PIECES: usize = 1;
/// Every other piece of these, guitars and saws, goes through a wah pedal.
const WAH_PROGRAMS: [u8; 4] = [29, 30, 81, 84];

/// Renders everything of one split.
///
/// # Errors
/// One line: the package, fluidsynth, a file.
pub fn gather(root: &Path, split: Split) -> Result<Harvest> {
    let sound_font = SOUND_FONT.unpacked(root)?.join(SOUND_FONT_FILE);
    let pieces = if split == Split::Train { TRAIN_PIECES } else { VALID_PIECES };
    let leads: Vec<_> = LEADS.iter().filter(|lead| lead.heard.by(split)).collect();
    let studio = Studio { sound_font, folder: files::folder(root.join(SET))?, split };
    let mut harvest = Harvest::default();
    for (number, lead) in leads.iter().enumerate() {
        for piece in 0..pieces {
            harvest.rows.push(studio.record(lead, number + piece)?);
        }
        println!("  {}/{} {}", number + 1, leads.len(), lead.name);
    }
    Ok(harvest)
}

struct Studio {
    sound_font: PathBuf,
    folder: PathBuf,
    split: Split,
}

impl Studio {
    /// A piece of its own for every split, lead and turn.
    fn record(&self, lead: &Lead, turn: usize) -> Result<Row> {
        let name = format!("{}-{}-{turn:02}", self.split.word(), lead.name);
        let audio = self.folder.join(format!("{name}.flac"));
        let mut random = Random::named(&name);
        let samples = self.render(lead, turn, &name, &mut random)?;
        audio::encode(&samples, &audio)?;
        let labels = Labels::marking(audio::duration_s(&samples), Kind::Nosing, &[], Kind::Unsure);
        labels.write(&audio.with_extension("lab"))?;
        Ok(Row {
            file: format!("{SET}/{name}.flac"),
            labels: format!("{SET}/{name}.lab"),
            split: self.split,
            licence: SOUND_FONT.licence.to_owned(),
            seconds: labels.seconds(),
        })
    }

    fn render(&self, lead: &Lead, turn: usize, name: &str, random: &mut Random) -> Result<Vec<i16>> {
        let length_s = random.between(SHORTEST_S, LONGEST_S);
        let piece = Piece::compose(random, length_s, lead.lowest, lead.highest);
        let mut score = Score::default();
        score.program(LEAD, lead.program, 110);
        performance::play(&mut score, random, lead.manner, &piece.phrases);
        let accompaniments = [Accompaniment::None, Accompaniment::Chords, Accompaniment::Band];
        accompaniment::play(&mut score, random, accompaniments[turn % accompaniments.len()], &piece);

        let midi = self.folder.join(format!("{name}.mid"));
        let wave = self.folder.join(format!(".{name}.wav"));
        score.write(&midi)?;
        let reverb = if random.chance(0.6) { "yes" } else { "no" };
        let mut command = Command::new("fluidsynth");
        command.args(["-n", "-i", "-q", "-g", "0.6", "-R", reverb, "-C", "no", "-r", SYNTH_RATE_HZ, "-T", "wav", "-F"]);
        command.arg(&wave).arg(&self.sound_font).arg(&midi);
        tools::output(&mut command, &format!("playing {} with fluidsynth", midi.display()))?;
        let mut samples = audio::decode(&wave, None)?;
        if WAH_PROGRAMS.contains(&lead.program) && turn % 2 == 1 {
            wah::pedal(&mut samples, random.between(0.3, 1.5));
        }
        scale_to_peak(&mut samples, random.between(QUIETEST_PEAK, LOUDEST_PEAK));
        for scrap in [&midi, &wave] {
            std::fs::remove_file(scrap).with_context(|| format!("cannot remove {}", scrap.display()))?;
        }
        Ok(samples)
    }
}

/// Makes the loudest sample this share of full scale.
fn scale_to_peak(samples: &mut [i16], peak: f64) {
    let loudest = samples.iter().map(|sample| f64::from(*sample).abs()).fold(1.0, f64::max);
    let gain = peak * f64::from(i16::MAX) / loudest;
    samples.iter_mut().for_each(|sample| *sample = (f64::from(*sample) * gain) as i16);
}
