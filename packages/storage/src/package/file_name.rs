//! Names of files that go out: harmless on every system, and still what the user reads.

use super::{name, target};

/// What a package's name ends with.
pub const EXTENSION: &str = ".genaiw.zip";
/// What a backup's name ends with.
pub const BACKUP_EXTENSION: &str = ".genaiw-backup.zip";

/// How long a name may be, in bytes of UTF-8. Systems have room for 255 bytes or UTF-16 units; the rest is for what they add when
/// the name is taken, such as ` (12)`.
const MOST: usize = 240;

/// The name of a workflow's package, whatever the workflow is called.
pub fn file_name(workflow: &str) -> String {
    portable(workflow, EXTENSION)
}

/// The name of a backup that is made at that time, in milliseconds since 1970.
pub fn backup_name(millis: u64) -> String {
    let day: String = super::export::iso(millis).chars().take(10).collect();
    portable(&format!("Atelier {day}"), BACKUP_EXTENSION)
}

/// Whether a file is a package or a backup by its name, also if a browser or system has numbered it: `a.genaiw (1).zip`.
pub fn is_package_name(name: &str) -> bool {
    let name = name.to_lowercase();
    let Some(stem) = name.strip_suffix(".zip") else { return false };
    let unnumbered = stem.strip_suffix(')').and_then(|stem| {
        let (stem, number) = stem.rsplit_once('(')?;
        let is_number = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
        is_number.then(|| stem.trim_end())
    });
    let stem = unnumbered.unwrap_or(stem);
    [EXTENSION, BACKUP_EXTENSION]
        .iter()
        .any(|ending| ending.strip_suffix(".zip").is_some_and(|end| stem.ends_with(end)))
}

/// A name for a file that ends with `ending` and is a plain one on every system. What a system forbids becomes a hyphen; what
/// can't be seen, or changes how the rest reads, is left out; what is too long is cut between letters.
pub(super) fn portable(stem: &str, ending: &str) -> String {
    let mut plain = String::with_capacity(stem.len());
    for sign in target::composed(stem).chars() {
        match sign {
            _ if sign.is_whitespace() => {
                if !plain.ends_with(' ') {
                    plain.push(' ');
                }
            }
            _ if name::is_unseen(sign) => {}
            _ if sign.is_control() || name::is_forbidden(sign) => plain.push('-'),
            _ => plain.push(sign),
        }
    }
    let is_edge = |sign: char| sign == '.' || sign == ' ';
    let stem = plain.trim_matches(is_edge);
    let stem = if stem.is_empty() { "Workflow" } else { stem };
    let device = if name::is_device(stem) { "_" } else { "" };
    let room = MOST.saturating_sub(ending.len() + device.len());
    format!("{device}{}{ending}", cut(stem, room).trim_end_matches(is_edge))
}

/// As much of a text as has room, without half of a letter that is written with several signs.
fn cut(text: &str, bytes: usize) -> &str {
    let mut end = text.floor_char_boundary(bytes);
    while end > 0 && text[end..].chars().next().is_some_and(belongs_to_the_one_before) {
        end = text.floor_char_boundary(end - 1);
    }
    // One that is nothing but such signs is cut anywhere.
    if end == 0 { &text[..text.floor_char_boundary(bytes)] } else { &text[..end] }
}

/// Accents, variants, skin tones, and what ties pictures together.
fn belongs_to_the_one_before(sign: char) -> bool {
    matches!(sign, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{200d}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{1f3fb}'..='\u{1f3ff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::package::Limits;

    #[test]
    fn every_workflow_has_a_readable_name_for_its_file() {
        for (workflow, file) in [
            ("Lighthouse", "Lighthouse.genaiw.zip"),
            ("A: b/c", "A- b-c.genaiw.zip"),
            ("..", "Workflow.genaiw.zip"),
            ("", "Workflow.genaiw.zip"),
            ("\u{202e}\u{200b}", "Workflow.genaiw.zip"),
            ("图像", "图像.genaiw.zip"),
            (" .hidden. ", "hidden.genaiw.zip"),
            ("two\n\tlines", "two lines.genaiw.zip"),
            ("con", "_con.genaiw.zip"),
            ("NUL.v2", "_NUL.v2.genaiw.zip"),
            ("com1", "_com1.genaiw.zip"),
            ("concert", "concert.genaiw.zip"),
            ("in\u{202e}gpj.exe", "ingpj.exe.genaiw.zip"),
            ("E\u{301}te\u{301}", "Été.genaiw.zip"),
            ("a\u{7}b", "a-b.genaiw.zip"),
        ] {
            assert_eq!(file_name(workflow), file, "{workflow:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_letters() {
        let long = file_name(&"ü".repeat(300));
        assert!(long.len() <= MOST && long.len() > MOST - 2, "{}", long.len());
        // A family of four is one letter of 25 bytes.
        let family = "👨\u{200d}👩\u{200d}👧\u{200d}👦";
        let many = file_name(&family.repeat(20));
        assert_eq!(many.strip_suffix(EXTENSION).unwrap().replace(family, ""), "");
        assert!(!many.is_empty() && many.len() <= MOST);
    }

    #[test]
    fn packages_and_backups_are_known_by_their_names() {
        for name in ["a.genaiw.zip", "A.GENAIW.ZIP", "a.genaiw (1).zip", "a.genaiw(12).zip", &backup_name(0)] {
            assert!(is_package_name(name), "{name}");
        }
        for name in ["photos.zip", "a.genaiw", "a.genaiw ().zip", "a.genaiw (x).zip", "genaiw.zip", "a.zip.genaiw"] {
            assert!(!is_package_name(name), "{name}");
        }
        assert_eq!(backup_name(1_794_406_254_607), "Atelier 2026-11-11.genaiw-backup.zip");
    }

    proptest! {
        #[test]
        fn whatever_a_workflow_is_called_its_file_can_be_an_entry(workflow in "\\PC{0,300}|.{0,80}") {
            let file = file_name(&workflow);
            prop_assert!(file.len() <= MOST);
            prop_assert_eq!(name::check(&file, &Limits::DEFAULT), Ok(()));
            prop_assert_eq!(file_name(file.strip_suffix(EXTENSION).unwrap()), file.clone());
        }
    }
}
