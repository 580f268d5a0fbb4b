//! Names of entries: which are harmless on every system and to every reader.

use super::{Limits, PackageError, target};

/// Names that Windows takes for devices, whatever follows the first dot.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Refuses a name that is no plain relative path. Names are rejected, never repaired: two readers would repair differently.
pub(super) fn check(name: &str, limits: &Limits) -> Result<(), PackageError> {
    why_unsafe(name, limits).map_or(Ok(()), |why| Err(PackageError::UnsafeName { entry: name.into(), why: why.into() }))
}

fn why_unsafe(name: &str, limits: &Limits) -> Option<&'static str> {
    if name.is_empty() {
        return Some("it is empty");
    }
    if name.len() > limits.name_bytes {
        return Some("it is too long");
    }
    if name.starts_with('/') {
        return Some("it begins at the root of the disk");
    }
    for sign in name.chars() {
        match sign {
            '\\' => return Some("a backslash leads into a folder on some systems"),
            _ if sign != '/' && is_forbidden(sign) => return Some("it has a sign that not every system allows"),
            _ if turns(sign) => return Some("it has signs that change how it reads"),
            _ if sign.is_control() => return Some("it has signs that cannot be seen"),
            _ => {}
        }
    }
    name.strip_suffix('/').unwrap_or(name).split('/').find_map(why_unsafe_part)
}

fn why_unsafe_part(part: &str) -> Option<&'static str> {
    if part.is_empty() {
        return Some("a folder in it has no name");
    }
    if part.len() > 255 {
        return Some("a part of it is too long");
    }
    if part == "." || part == ".." {
        return Some("it leads out of the package");
    }
    if part.ends_with(['.', ' ']) {
        return Some("a part of it ends with a dot or a space");
    }
    is_device(part).then_some("it is the name of a device on some systems")
}

/// Whether a sign is not allowed in the name of a file on some system, or separates folders there.
pub(super) fn is_forbidden(sign: char) -> bool {
    matches!(sign, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
}

/// Whether a sign has what follows read in the other direction.
fn turns(sign: char) -> bool {
    matches!(sign, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a sign can't be seen: two names that differ only in such look the same. The joiners are none of these, because
/// some scripts and pictures need them.
pub(super) fn is_unseen(sign: char) -> bool {
    turns(sign)
        || matches!(sign, '\u{ad}' | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Whether Windows takes a file of that name for a device.
pub(super) fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_lowercase();
    let numbered = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    let is_port = numbered.is_some_and(|rest| {
        let mut signs = rest.chars();
        matches!((signs.next(), signs.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
    });
    is_port || DEVICES.contains(&stem.as_str())
}

/// What is left of a name to systems that ignore case, and to those that write é as one sign or as two, folders without their
/// last slash.
pub(super) fn folded(name: &str) -> String {
    let name = name.strip_suffix('/').unwrap_or(name);
    // By way of upper case, since that is where ß and ss meet. Taken apart before and after: some capitals fall apart.
    let capitals = target::decomposed(name).to_uppercase();
    target::decomposed(&capitals.to_lowercase()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_harmless_everywhere_is_allowed() {
        for name in [
            "manifest.json",
            "assets/",
            "assets/a.png",
            ".DS_Store",
            "__MACOSX/._a",
            "größe/图像.webp",
            "a b",
            "comb",
            "com10",
        ] {
            assert_eq!(check(name, &Limits::DEFAULT), Ok(()), "{name}");
        }
    }

    #[test]
    fn what_could_lead_elsewhere_or_read_as_something_else_is_refused() {
        let long = "x".repeat(300);
        for name in [
            "",
            "/",
            "/etc/x",
            "//x",
            "../x",
            "a/../b",
            "..",
            "./a",
            "a//b",
            "a/..",
            "C:x",
            "C:\\x",
            "a\\b",
            "a\0",
            "a\nb",
            "a\u{7f}",
            "a\u{85}",
            "x\u{202e}gnp.exe",
            "\u{2066}x",
            "a\u{200f}b",
            "\u{200e}a",
            "a\u{61c}",
            "a.",
            "a ",
            "a./b",
            "con",
            "CON.txt",
            "aux ",
            "nul.x.y",
            "assets/Com1",
            "lpt9.png",
            "com²",
            "a?",
            "a*",
            "a|b",
            "<a>",
            &long,
        ] {
            assert!(check(name, &Limits::DEFAULT).is_err(), "{name:?}");
        }
        let longer = ["y/"; 300].concat();
        assert!(check(&longer, &Limits::DEFAULT).is_err());
    }

    #[test]
    fn names_that_some_systems_take_for_one_fold_to_one() {
        for (one, other) in [
            ("A.PNG", "a.png"),
            ("assets/", "ASSETS"),
            ("STRASSE", "straße"),
            ("É", "é"),
            ("caf\u{e9}", "cafe\u{301}"),
            ("CAF\u{c9}", "cafe\u{301}"),
            ("\u{1e69}", "s\u{307}\u{323}"),
            ("\u{ac00}", "\u{1100}\u{1161}"),
            ("\u{1f0}", "J\u{30c}"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} {other}");
        }
        assert_ne!(folded("a"), folded("b"));
        assert_ne!(folded("cafe"), folded("caf\u{e9}"));
    }
}
