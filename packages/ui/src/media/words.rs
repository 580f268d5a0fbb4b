//! Figures and kinds of media in words.

use storage::{
    blobs::{Notice, Where},
    model::Asset,
};

use crate::platform;

/// A size: `1.8 MB`. Units of a thousand, as disks and browsers count.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.;
    let mut unit = 0;
    // Not 1000: 999.95 kB would be shown as 1000 kB.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.;
        unit += 1;
    }
    if value < 9.95 { format!("{value:.1} {}", UNITS[unit]) } else { format!("{value:.0} {}", UNITS[unit]) }
}

/// A share: `48%`. Only what is whole is 100%.
pub fn percent(part: u64, whole: u64) -> u64 {
    if part >= whole { 100 } else { (u128::from(part) * 100 / u128::from(whole)).try_into().unwrap_or(99) }
}

/// How long something plays: `0:04`, `1:02:03`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0. {
        return String::new();
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and not below nothing")]
    let whole = seconds.round() as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// What a media type is called: `PNG image`.
pub fn kind(mime: &str) -> String {
    let (family, name) = mime.split_once('/').unwrap_or(("", mime));
    let name = name.trim_start_matches("x-").split(['+', ';']).next().unwrap_or_default();
    match (family, name) {
        ("image" | "video" | "audio", "") => family.to_owned(),
        ("audio", "mpeg") => "MP3 audio".into(),
        ("image" | "video" | "audio", name) => format!("{} {family}", name.to_uppercase()),
        ("text", "html") => "HTML page".into(),
        ("text", _) => "Text".into(),
        (_, "octet-stream" | "") => "File".into(),
        // The long names of office documents say nothing to people.
        (_, name) if name.len() > 12 => "Document".into(),
        (_, name) => format!("{} file", name.to_uppercase()),
    }
}

/// A picture's or a video's measures: `1600 × 1200`.
pub fn measures(asset: &Asset) -> Option<String> {
    Some(format!("{} × {}", asset.width?, asset.height?))
}

/// What stands at the right below a picture: measures or playing time, and size.
pub fn in_short(asset: &Asset) -> String {
    let first = asset.duration.map(duration).filter(|text| !text.is_empty()).or_else(|| measures(asset));
    let all = first.into_iter().chain([size(asset.bytes)]);
    all.collect::<Vec<_>>().join(" · ")
}

/// A name, or what it is.
pub fn name(asset: &Asset) -> String {
    asset.name.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| kind(&asset.mime))
}

/// A hash that is short enough to be compared by eye: `sha256-9f2c41…07ab`.
pub fn hash(hash: &str) -> String {
    let Some(digits) = hash.strip_prefix("sha256-").filter(|digits| digits.len() > 12 && digits.is_ascii()) else {
        return hash.to_owned();
    };
    format!("sha256-{}…{}", &digits[..6], &digits[digits.len() - 4..])
}

/// Where bytes are kept.
pub fn place(at: Where) -> &'static str {
    match at {
        Where::Own => platform::OWN_FILES,
        Where::Folder => "In the folder that you chose",
        Where::Database => "In Atelier’s database",
        Where::Elsewhere => "Not on this device",
    }
}

/// What a device can't do, and what is done instead.
pub fn notice(notice: Notice) -> (&'static str, &'static str) {
    match notice {
        Notice::NoDatabase => (
            "This window keeps nothing",
            "It has no storage, as some private windows and some settings for cookies have none. Everything works until it is closed: save to a file, or export, before that.",
        ),
        Notice::SlowFiles => (
            "Large files come in more slowly here",
            "This browser gives no quick access to its private files. Everything works; a current browser is faster.",
        ),
        Notice::NoFiles => (
            "Media are kept in the database",
            "There is no private file storage here, as in some private windows. It works, and is slower with large videos.",
        ),
        Notice::NoFolders => (
            "This browser can’t keep media in a folder of yours",
            "They stay in its own storage. Chrome, Edge and Atelier for the desktop can use a folder.",
        ),
    }
}

/// `1 file`, `12 files`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {many}", grouped(number)) }
}

/// A number with its thousands apart: `1 204` with a narrow gap.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && digits.len() > 4 {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_digits_and_no_step_between_units() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (9_949, "9.9 kB"),
            (9_950, "10 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (1_800_000, "1.8 MB"),
            (620_000_000, "620 MB"),
            (9_400_000_000, "9.4 GB"),
            (u64::MAX, "18447 PB"),
        ] {
            assert_eq!(size(bytes), text, "{bytes}");
        }
    }

    #[test]
    fn nothing_is_whole_before_it_is() {
        assert_eq!((percent(0, 0), percent(1, 3), percent(999, 1000), percent(7, 7)), (100, 33, 99, 100));
        assert_eq!(percent(u64::MAX - 1, u64::MAX), 99);
    }

    #[test]
    fn times_are_told_as_players_do() {
        for (seconds, text) in [(0., "0:00"), (4.2, "0:04"), (65., "1:05"), (3723., "1:02:03"), (f64::NAN, "")] {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn types_are_told_in_words() {
        for (mime, words) in [
            ("image/png", "PNG image"),
            ("image/svg+xml", "SVG image"),
            ("audio/mpeg", "MP3 audio"),
            ("audio/x-flac", "FLAC audio"),
            ("application/pdf", "PDF file"),
            ("text/html", "HTML page"),
            ("text/plain", "Text"),
            ("application/octet-stream", "File"),
            ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "Document"),
            ("", "File"),
        ] {
            assert_eq!(kind(mime), words, "{mime}");
        }
    }

    #[test]
    fn a_hash_is_cut_in_the_middle_only_when_it_is_one() {
        let whole = format!("sha256-9f2c41{}07ab", "0".repeat(54));
        assert_eq!(hash(&whole), "sha256-9f2c41…07ab");
        for odd in ["", "sha256-", "sha256-ab", "sha256-äöüäöüäöüäöüäöü", "md5-0123456789abcdef"] {
            assert_eq!(hash(odd), odd);
        }
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!((grouped(9), grouped(1204), grouped(10_000)), ("9".into(), "1204".into(), "10\u{202f}000".into()));
        assert_eq!((count(1, "file", "files"), count(0, "file", "files")), ("1 file".into(), "0 files".into()));
    }
}
