//! Links between files that a browser can follow from the disk.

use std::path::{Component, Path, PathBuf, Prefix};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// Everything but what RFC 3986 (section 2.3) calls unreserved; so nothing in a name can be taken for a scheme, a
/// query or a fragment.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The link to `file` from a page in `directory`; both absolute. Relative, so that the files can be moved together; an
/// absolute `file:` link where no relative one leads there, from drive to drive.
pub fn between(directory: &Path, file: &Path) -> String {
    let from: Vec<Component<'_>> = directory.components().collect();
    let to: Vec<Component<'_>> = file.components().collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        return format!("file://{}", to.iter().filter_map(absolute_step).collect::<String>());
    }
    let up = from[shared..].iter().map(|_| "..".to_owned());
    let down = to[shared..].iter().map(|step| encode(step.as_os_str().as_encoded_bytes()));
    up.chain(down).collect::<Vec<_>>().join("/")
}

/// Where a file lies, without the symbolic links on the way to it: a browser takes `..` out of a link without looking
/// at the disk. The file keeps its own name, which tells what format it is.
pub fn real_path(file: &Path) -> PathBuf {
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let real = std::fs::canonicalize(directory).or_else(|_| std::path::absolute(directory));
    let real = real.unwrap_or_else(|_| directory.to_owned());
    file.file_name().map_or_else(|| real.clone(), |name| real.join(name))
}

fn absolute_step(step: &Component<'_>) -> Option<String> {
    match step {
        Component::Prefix(prefix) => match prefix.kind() {
            Prefix::Disk(letter) | Prefix::VerbatimDisk(letter) => Some(format!("/{}:", char::from(letter))),
            Prefix::UNC(server, share) | Prefix::VerbatimUNC(server, share) => {
                Some(format!("{}/{}", encode(server.as_encoded_bytes()), encode(share.as_encoded_bytes())))
            }
            _ => None,
        },
        Component::RootDir => None,
        step => Some(format!("/{}", encode(step.as_os_str().as_encoded_bytes()))),
    }
}

fn encode(name: &[u8]) -> String {
    percent_encode(name, RESERVED).to_string()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn links_are_relative_and_take_any_name() {
        let link = |directory: &str, file: &str| between(Path::new(directory), Path::new(file));
        assert_eq!(link("/music/out", "/music/out/a.wav"), "a.wav");
        assert_eq!(link("/music/out/pages", "/music/b/ä#1.wav"), "../../b/%C3%A4%231.wav");
        assert_eq!(link("/music", "/music/http:x?.wav"), "http%3Ax%3F.wav");
        let odd = Path::new("/music").join(OsStr::from_bytes(b"\xff'\".wav"));
        assert_eq!(between(Path::new("/music"), &odd), "%FF%27%22.wav");
    }

    #[test]
    fn a_file_keeps_its_name_where_its_folder_is_found() {
        assert_eq!(real_path(Path::new("/./usr/../gone.wav")), Path::new("/gone.wav"));
        assert!(real_path(Path::new("gone.wav")).is_absolute());
    }
}
