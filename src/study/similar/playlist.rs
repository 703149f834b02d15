//! A list of tracks as extended M3U in UTF-8, which players open.

use std::fmt::Write as _;
use std::path::Path;

/// One entry.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    /// The file, absolute.
    pub path: &'a Path,
    /// Its length, in seconds.
    pub duration_s: f64,
    /// What a player shows.
    pub name: &'a str,
}

/// The playlist as text, for a file in `directory` (absolute). Files below it are named relative to it, so that both
/// can be moved together.
pub fn extended_m3u(items: &[Item<'_>], directory: &Path) -> String {
    let mut text = "#EXTM3U\n".to_owned();
    for item in items {
        let name = item.name.split_whitespace().collect::<Vec<_>>().join(" ");
        let place = place(item.path, directory);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "#EXTINF:{:.0},{name}\n{place}", item.duration_s.ceil());
    }
    text
}

fn place(path: &Path, directory: &Path) -> String {
    let relative = path.strip_prefix(directory).unwrap_or(path);
    match relative.to_str() {
        Some(plain) if is_plain(plain) => plain.to_owned(),
        _ => uri(path),
    }
}

/// Whether a line holds the path as it is and no player takes it for anything else.
fn is_plain(path: &str) -> bool {
    let looks_like_uri = path.split_once("://").is_some_and(|(scheme, _)| !scheme.contains('/'));
    !path.starts_with('#') && path.trim() == path && !path.contains(char::is_control) && !looks_like_uri
}

fn uri(path: &Path) -> String {
    let mut uri = "file://".to_owned();
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stays_one_line_that_opens() {
        let item = |path: &'static str| Item { path: Path::new(path), duration_s: 1.2, name: "a\nb" };
        let items = ["/m/x/ü 1.wav", "/other/x.wav", "/m/#1.wav", "/m/two\nlines.wav", "/m/ space"].map(item);
        let text = extended_m3u(&items, Path::new("/m"));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..3], ["#EXTM3U", "#EXTINF:2,a b", "x/ü 1.wav"]);
        let places: Vec<&str> = lines[2..].iter().step_by(2).copied().collect();
        let expected =
            ["x/ü 1.wav", "/other/x.wav", "file:///m/%231.wav", "file:///m/two%0Alines.wav", "file:///m/%20space"];
        assert_eq!(places, expected);
    }
}
