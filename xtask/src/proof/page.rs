//! docs/promises.md: the records as one page.

use super::Section;
use super::record::Record;
use crate::workspace;
use anyhow::{Context, Result};
use clap::ValueEnum;
use std::fmt::Write as _;
use std::path::PathBuf;

const HEAD: &str = "# Promises\n\n\
    What Earmark promises, what was measured, and the command that measures it again. `cargo xtask proof` measures all of \
    it, `cargo xtask proof SECTION` one section; it writes what it finds to `docs/promises/` and this page from that. \
    Nothing here is written by hand. A bar that is missed says so. Times on a machine that does other things are longer \
    than they need be: each section states the load (processes that wanted to run) it was measured under; ratios are of \
    one run.\n\n\
    How it is done is in [proof.md](proof.md).\n";

/// Writes it; where it lies.
pub fn write() -> Result<PathBuf> {
    let mut page = HEAD.to_owned();
    for section in Section::value_variants() {
        let Some(record) = Record::read(*section)? else {
            writeln!(page, "\n## {}\n\nNot measured yet.", section.name())?;
            continue;
        };
        let Record { date, revision, machine, load_before, took_s, rows, .. } = record;
        let revision = if revision.is_empty() { revision } else { format!("revision {revision}, ") };
        writeln!(page, "\n## {}\n", section.name())?;
        writeln!(page, "{date}, {revision}{machine}, load {load_before:.1} at the beginning, took {took_s:.0} s.\n")?;
        writeln!(page, "| promise | figure | bar | kept | command |\n|---|---|---|---|---|")?;
        for row in rows {
            let kept = match row.kept {
                Some(true) => "yes",
                Some(false) => "**no**",
                None => "",
            };
            let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
            let [promise, mut figure, bar] = [&row.promise, &row.figure, &row.bar].map(|text| cell(text));
            if !row.measured.is_empty() {
                write!(figure, " ({})", row.measured)?;
            }
            writeln!(page, "| {promise} | {figure} | {bar} | {kept} | `{}` |", cell(&row.command))?;
        }
    }
    let path = workspace::root().join("docs/promises.md");
    std::fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}
