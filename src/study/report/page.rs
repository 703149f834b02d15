//! A page's frame: a template with style, scripts and data, and the policy that binds it.

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{index, track};

const STYLE: &str = include_str!("page.css");
/// What both kinds of page share, in order.
const SHARED: [&str; 3] = [include_str!("dom.js"), include_str!("genres.js"), include_str!("player.js")];

/// The page of one file.
///
/// # Errors
/// None in practice; a number that JSON cannot hold would be one.
pub(super) fn track(data: &track::Data) -> Result<String> {
    let own = [include_str!("view.js"), include_str!("lanes.js"), include_str!("tables.js"), include_str!("track.js")];
    page(include_str!("track.html"), &own, data)
}

/// The index over several files.
///
/// # Errors
/// As [`track`].
pub(super) fn index(data: &index::Data) -> Result<String> {
    let own = [include_str!("map.js"), include_str!("list.js"), include_str!("index.js")];
    page(include_str!("index.html"), &own, data)
}

fn page(template: &str, own: &[&str], data: &impl Serialize) -> Result<String> {
    let script = format!("\n'use strict';\n{}{}", SHARED.concat(), own.concat());
    let data = serde_json::to_string(data).context("cannot be written as JSON; please report this")?;
    // A browser hashes what it reads, and it reads every line end as a bare newline.
    let (style, script) = (unix(STYLE), unix(&script));
    let parts = [
        ("policy", policy(&style, &script)),
        ("style", style),
        // Nothing in a file's name or tags can end the element that holds the data.
        ("data", data.replace('<', "\\u003c")),
        ("script", script),
    ];
    Ok(fill(template, &parts))
}

/// What the page may do: run this script, use this style, show pictures inside itself, play audio from the disk.
/// Nothing can be loaded from, or sent to, a network.
fn policy(style: &str, script: &str) -> String {
    let hash = |text: &str| format!("'sha256-{}'", BASE64.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; script-src {}; style-src {}; img-src data:; media-src file: blob:; base-uri 'none'; \
         form-action 'none'",
        hash(script),
        hash(style)
    )
}

fn unix(text: &str) -> String {
    text.replace('\r', "")
}

/// The template with each `{{name}}` replaced. What is put in is not looked at again, whatever it holds.
fn fill(template: &str, parts: &[(&str, String)]) -> String {
    let mut filled = String::new();
    for (number, piece) in template.split("{{").enumerate() {
        let part = piece.split_once("}}").filter(|_| number > 0);
        let known = part.and_then(|(name, rest)| Some((&parts.iter().find(|part| part.0 == name)?.1, rest)));
        match known {
            Some((text, rest)) => filled.extend([text.as_str(), rest]),
            None => filled += piece,
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_leave_its_element_nor_name_another_part() {
        let page =
            page("<i>{{data}}</i>{{script}}", &[], &["</script><img src=x onerror=alert(1)>", "{{script}}"]).unwrap();
        let (data, _) = page.strip_prefix("<i>").unwrap().split_once("</i>").unwrap();
        assert!(!data.contains('<') && data.contains("{{script}}"), "{data}");
        assert_eq!(page.matches("'use strict'").count(), 1);
    }

    #[test]
    fn templates_hold_every_part_once() {
        for template in [include_str!("track.html"), include_str!("index.html")] {
            for part in ["{{policy}}", "{{style}}", "{{data}}", "{{script}}"] {
                assert_eq!(template.matches(part).count(), 1, "{part}");
            }
        }
    }

    #[test]
    fn the_policy_names_no_network() {
        let policy = policy("a", "b");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("http") && !policy.contains("unsafe"));
    }
}
