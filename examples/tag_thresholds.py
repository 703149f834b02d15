"""From which probability on a tag is worth showing: makes src/nets/tag_words.tsv.

    python examples/tag_thresholds.py render SOUNDFONT.sf2 solos        # needs mido and fluidsynth
    earmark analyze --files-from LIST --parquet tags                    # the solos and any real music
    python examples/tag_thresholds.py table tags src/nets/tag_words.tsv # needs polars

A label's threshold is what files that lack the thing rarely reach: the 99th percentile over the rendered solos of other
instruments, over what nobody sings in, or over what is sung in ("no vocals"). Where nothing at hand says who lacks it (mood,
style, sound, setting) it is what one piece of real music in ten reaches. Never below 0.02. Which files are sung in follows from
their paths: those of the sets mir1k, musdb18_7s, ultrastar_cc and everything_is_free are, instrumental_negatives is not.
"""

import random
import subprocess
import sys
from pathlib import Path

# Instruments of General MIDI: programs, and the labels that are right for a solo of it (in lower case).
SOLOS = {
    "Piano": ([0, 1, 3], "piano|keyboard (musical)"),
    "Electric piano": ([4, 5], "electric piano|keyboard (musical)|piano"),
    "Harpsichord": ([6], "harpsichord|keyboard (musical)|plucked string instrument"),
    "Glockenspiel": ([9], "glockenspiel|mallet percussion|percussion|tubular bells"),
    "Vibraphone": ([11], "vibraphone|mallet percussion|percussion|marimba, xylophone"),
    "Marimba": ([12, 13], "marimba, xylophone|mallet percussion|percussion|vibraphone"),
    "Organ": ([16, 17, 19], "organ|electronic organ|hammond organ|keyboard (musical)"),
    "Accordion": ([21], "accordion"),
    "Harmonica": ([22], "harmonica"),
    "Acoustic guitar": ([24, 25], "acoustic guitar|guitar|plucked string instrument|steel guitar, slide guitar|ukulele"),
    "Electric guitar": ([27, 29, 30], "electric guitar|guitar|plucked string instrument|steel guitar, slide guitar"),
    "Bass guitar": ([33, 34], "bass guitar|guitar|plucked string instrument|double bass"),
    "Double bass": ([32], "double bass|bass guitar|plucked string instrument|bowed string instrument|guitar"),
    "Violin": ([40], "violin, fiddle|bowed string instrument|violin|strings|string section"),
    "Cello": ([42], "cello|bowed string instrument|strings|string section|double bass|violin, fiddle|violin"),
    "Pizzicato": ([45], "pizzicato|plucked string instrument|strings|string section|harp"),
    "Harp": ([46], "harp|plucked string instrument"),
    "Timpani": ([47], "timpani|percussion|drum|drums|orchestra"),
    "Strings": ([48, 49], "string section|bowed string instrument|strings|orchestra|violin, fiddle|cello|violin"),
    "Choir": ([52, 53], "choir|singing|choral|vocal music"),
    "Trumpet": ([56], "trumpet|brass instrument"),
    "Trombone": ([57], "trombone|brass instrument"),
    "French horn": ([60], "french horn|brass instrument"),
    "Brass": ([61], "brass instrument|trumpet|trombone|french horn"),
    "Saxophone": ([65, 66], "saxophone|wind instrument, woodwind instrument"),
    "Clarinet": ([71], "clarinet|wind instrument, woodwind instrument"),
    "Flute": ([73, 74], "flute|wind instrument, woodwind instrument"),
    "Synthesizer": ([80, 81, 87, 90], "synthesizer|synth|electronic organ|theremin"),
    "Sitar": ([104], "sitar|plucked string instrument|tabla"),
    "Banjo": ([105], "banjo|plucked string instrument|guitar|mandolin"),
    "Bagpipes": ([109], "bagpipes"),
    "Steelpan": ([114], "steelpan|percussion|mallet percussion"),
    "Drum kit": (
        ["kit 1", "kit 2", "kit 3"],
        "drum kit|drum|percussion|drums|snare drum|bass drum|cymbal|hi-hat|drum machine|beat|beats|tambourine|sampler",
    ),
}
LOW = {32, 33, 34, 42, 47, 57}
HIGH = {9, 40, 73, 74}

KINDS = {
    "voice": "Singing|Choir|Yodeling|Chant|Mantra|Male singing|Female singing|Child singing|Synthetic singing|Rapping|Humming|"
    "A capella|Vocal music|Beatboxing|female vocalists|male vocalists|female vocalist|vocal|vocals|female|male|woman|man|"
    "male vocal|male voice|female vocal|female voice|voice|choral|opera|singing|choir|instrumental|no vocals|no vocal|no voice",
    "speech": "Speech|Male speech, man speaking|Female speech, woman speaking|Child speech, kid speaking|Conversation|"
    "Narration, monologue|Speech synthesizer|Whispering|Laughter",
    "instrument": "Plucked string instrument|Guitar|Electric guitar|Bass guitar|Acoustic guitar|Steel guitar, slide guitar|Banjo|"
    "Sitar|Mandolin|Zither|Ukulele|Keyboard (musical)|Piano|Electric piano|Organ|Electronic organ|Hammond organ|Synthesizer|"
    "Sampler|Harpsichord|Percussion|Drum kit|Drum machine|Drum|Snare drum|Bass drum|Timpani|Tabla|Cymbal|Hi-hat|Tambourine|Gong|"
    "Tubular bells|Mallet percussion|Marimba, xylophone|Glockenspiel|Vibraphone|Steelpan|Orchestra|Brass instrument|French horn|"
    "Trumpet|Trombone|Bowed string instrument|String section|Violin, fiddle|Pizzicato|Cello|Double bass|"
    "Wind instrument, woodwind instrument|Flute|Saxophone|Clarinet|Harp|Church bell|Harmonica|Accordion|Bagpipes|Didgeridoo|"
    "Theremin|Scratching (performance technique)|guitar|strings|drums|piano|violin|synth|sitar|harpsichord|flute|harp|cello|beat|"
    "beats",
    "mood": "Happy music|Funny music|Sad music|Tender music|Exciting music|Angry music|Scary music|Lullaby|slow|fast|loud|quiet|"
    "soft|weird|beautiful|chillout|Mellow|chill|party|easy listening|sexy|catchy|sad|happy|solo",
    "sound": "Electronic music|electronic|electronica|acoustic|electro",
    "setting": "Applause|Cheering|Clapping|Crowd|Reverberation|Inside, large room or hall",
    "style": "Pop music|Hip hop music|Rock music|Heavy metal|Punk rock|Grunge|Progressive rock|Rock and roll|Psychedelic rock|"
    "Rhythm and blues|Soul music|Reggae|Country|Swing music|Bluegrass|Funk|Folk music|Middle Eastern music|Jazz|Disco|"
    "Classical music|House music|Techno|Dubstep|Drum and bass|Electronic dance music|Ambient music|Trance music|"
    "Music of Latin America|Salsa music|Flamenco|Blues|New-age music|Music of Africa|Afrobeat|Gospel music|Music of Asia|"
    "Carnatic music|Music of Bollywood|Ska|Christmas music|Dance music|Soundtrack music|Video game music|rock|pop|alternative|"
    "indie|dance|00s|alternative rock|jazz|metal|classic rock|soul|indie rock|80s|folk|90s|punk|oldies|blues|hard rock|ambient|"
    "experimental|Hip-Hop|70s|country|funk|heavy metal|60s|rnb|indie pop|House|classical|techno|indian|classic|new age",
}
NOBODY_SINGS = {"instrumental", "no vocals", "no vocal", "no voice"}
SUNG = ("mir1k", "musdb18_7s", "ultrastar_cc", "everything_is_free")
FLOOR = 0.02


def render(soundfont, out):
    """A quarter of a minute of each instrument alone, three times with each program."""
    import mido

    draw, number = random.Random(5), 0
    out.mkdir(parents=True, exist_ok=True)
    for name, (programs, _) in SOLOS.items():
        for program in programs:
            for _ in range(3):
                track = phrase(draw, program, mido)
                file = mido.MidiFile()
                file.tracks.append(track)
                stem = out / f"{number:03d}_{name}"
                file.save(f"{stem}.mid")
                command = ["fluidsynth", "-ni", "-q", "-g", "0.6", "-F", f"{stem}.wav", "-r", "44100", soundfont, f"{stem}.mid"]
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                number += 1
    print(f"{number} solos in {out}")


def phrase(draw, program, mido):
    drums = isinstance(program, str)
    channel, tempo = (9 if drums else 0), draw.choice([80, 100, 120, 140])
    root = draw.choice([48, 50, 52, 55, 57, 60, 62, 64]) - 12 * (program in LOW) + 12 * (program in HIGH)
    scale, degree = draw.choice([[0, 2, 4, 5, 7, 9, 11], [0, 2, 3, 5, 7, 8, 10], [0, 3, 5, 7, 10]]), 0
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo))])
    if not drums:
        track.append(mido.Message("program_change", program=program, channel=0))
    pitch = lambda step: root + 12 * (step // len(scale)) + scale[step % len(scale)]
    for eighth in range(2 * int(14 * tempo / 60)):
        if drums:
            notes = [42] + [36] * (eighth % 4 == 0) + [38] * (eighth % 4 == 2) + [49] * (draw.random() < 0.1)
        else:
            degree = max(-5, min(9, degree + draw.choice([-2, -1, -1, 0, 1, 1, 2])))
            notes = [pitch(degree)] + [pitch(degree + 2), pitch(degree + 4)] * (eighth % 4 == 0 and program not in LOW)
        loud = draw.randint(60, 110)
        track += [mido.Message("note_on", note=note, velocity=loud, channel=channel) for note in notes]
        for position, note in enumerate(notes):
            track.append(mido.Message("note_off", note=note, channel=channel, time=0 if position else 240))
    return track


def table(tags, out):
    """Thresholds from what the taggers said of the files."""
    import polars as pl

    rows = pl.read_parquet(f"{tags}/*.parquet").select("file", "tags")
    names = subprocess.run(["earmark", "tags"], check=True, capture_output=True, text=True).stdout.split("\n")
    files, said = rows["file"].to_list(), [[tag["probability"] for tag in row] for row in rows["tags"]]
    solo = [Path(file).stem[4:] if Path(file).stem[:3].isdigit() and Path(file).stem[4:] in SOLOS else None for file in files]
    sung = [any(f"/{name}/" in file for name in SUNG) for file in files]
    silent = [one is not None and one != "Choir" or "/instrumental_negatives/" in file for one, file in zip(solo, files)]
    kinds = {(label, kind) for kind, labels in KINDS.items() for label in labels.split("|")}
    lines = []
    for column, name in enumerate(filter(None, names)):
        tagger, label = name.split("/", 1)
        kind = next((kind for known, kind in kinds if known == label), None)
        if kind is None:
            continue
        if label in NOBODY_SINGS:
            lacks = sung
        elif kind == "voice":
            lacks = silent
        elif kind == "instrument":
            lacks = [one is not None and label.lower() not in SOLOS[one][1].split("|") for one in solo]
        else:
            lacks = None
        share = 0.9 if lacks is None else 0.99
        chosen = [one is None for one in solo] if lacks is None else lacks
        values = sorted(row[column] for row, counts in zip(said, chosen) if counts)
        threshold = max(FLOOR, values[min(len(values) - 1, int(share * len(values)))])
        lines.append(f"{tagger}\t{label}\t{kind}\t{threshold:.3f}\n")
    Path(out).write_text("".join(lines))
    print(f"{len(lines)} labels in {out}, from {len(files)} files ({sum(one is not None for one in solo)} solos)")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["render", soundfont, out]:
            render(soundfont, Path(out))
        case ["table", tags, out]:
            table(tags, out)
        case _:
            sys.exit(__doc__)
