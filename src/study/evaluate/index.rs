//! The index of a labelled collection: a CSV file that names audio and labels.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::study::mix::Layout;

/// One labelled file.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name in the index, unique and short.
    pub name: String,
    /// Audio file.
    pub audio: PathBuf,
    /// Phrase-level labels.
    pub labels: PathBuf,
    /// Labels at the source's own resolution, where the index names them.
    pub labels_raw: Option<PathBuf>,
    /// What its channels mean.
    pub layout: Layout,
    /// The collection it belongs to: the directory it lies in.
    pub set: String,
    /// Who or what must not be on both sides of a split (a singer, a song); the name where the index does not say.
    pub group: String,
}

/// The columns that are read; others may be there.
#[derive(Deserialize)]
struct Row {
    file: String,
    labels: String,
    #[serde(default)]
    labels_raw: Option<String>,
    #[serde(default)]
    split: String,
    #[serde(default)]
    layout: Option<String>,
    #[serde(default)]
    group: Option<String>,
}

/// Reads the entries of one split (`all` for every one), in the index's order. Paths in the index are
/// relative to its own directory.
///
/// # Errors
/// One line: the index cannot be read, lacks a column, or has nothing in that split (the splits it has
/// are named).
pub fn read(index: &Path, split: &str) -> Result<Vec<Entry>> {
    let mut splits = BTreeSet::new();
    some(rows(index, split, &mut splits)?, split, splits)
}

/// The same of several indices, one after the other. Only some of them need to have anything in that split.
///
/// # Errors
/// As for one, with the index's name; nothing in that split in any of them.
pub fn read_several(indices: &[PathBuf], split: &str) -> Result<Vec<Entry>> {
    let mut splits = BTreeSet::new();
    let each = indices.iter().map(|index| rows(index, split, &mut splits).with_context(|| index.display().to_string()));
    let entries = each.collect::<Result<Vec<_>>>()?.concat();
    let names: Vec<_> = indices.iter().map(|index| index.display().to_string()).collect();
    some(entries, split, splits).with_context(|| names.join(", "))
}

fn some(entries: Vec<Entry>, split: &str, splits: BTreeSet<String>) -> Result<Vec<Entry>> {
    let known = splits.into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(", ");
    ensure!(!entries.is_empty(), "has no file in the split {split:?}; choose one of: {known}, all");
    Ok(entries)
}

/// The entries of one split; `splits` gets the names of all that there are.
fn rows(index: &Path, split: &str, splits: &mut BTreeSet<String>) -> Result<Vec<Entry>> {
    let mut reader =
        csv::Reader::from_path(index).context("cannot be read; give the index.csv of a labelled collection")?;
    let base = index.parent().unwrap_or(Path::new(""));
    let mut entries = Vec::new();
    for (number, row) in reader.deserialize::<Row>().enumerate() {
        let row = row.with_context(|| {
            format!("row {} does not read; an index has the columns file, labels, split, layout", number + 1)
        })?;
        if split == "all" || row.split == split {
            entries.push(entry(base, &row).with_context(|| format!("row {}", number + 1))?);
        }
        splits.insert(row.split);
    }
    Ok(entries)
}

fn entry(base: &Path, row: &Row) -> Result<Entry> {
    let directory = Path::new(&row.file).parent().and_then(Path::file_name);
    let set = directory.map_or_else(|| "all".to_owned(), |name| name.to_string_lossy().into_owned());
    Ok(Entry {
        name: row.file.clone(),
        audio: base.join(&row.file),
        labels: base.join(&row.labels),
        labels_raw: row.labels_raw.as_deref().filter(|path| !path.is_empty()).map(|path| base.join(path)),
        layout: row.layout.as_deref().unwrap_or("mix").parse()?,
        set,
        group: row.group.clone().filter(|group| !group.is_empty()).unwrap_or_else(|| row.file.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_indices_only_one_must_have_the_split() {
        let folder = std::env::temp_dir().join(format!("earmark-indices-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let index = |name: &str, split: &str| {
            let path = folder.join(name);
            std::fs::write(&path, format!("file,labels,split\nsongs/{name}.flac,songs/{name}.lab,{split}\n")).unwrap();
            path
        };
        let both = [index("one", "train"), index("two", "valid")];
        let names =
            |split: &str| read_several(&both, split).unwrap().into_iter().map(|entry| entry.name).collect::<Vec<_>>();
        assert_eq!(names("valid"), ["songs/two.flac"]);
        assert_eq!(names("all"), ["songs/one.flac", "songs/two.flac"]);
        let refused = format!("{:#}", read_several(&both, "test").unwrap_err());
        assert!(refused.contains("one") && refused.contains("two"), "{refused}");
        assert!(refused.ends_with("has no file in the split \"test\"; choose one of: train, valid, all"), "{refused}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
