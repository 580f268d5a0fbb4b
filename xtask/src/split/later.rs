//! What a start does without.

/// Modules whose functions follow, with all that only they reach.
const LATER: &[&str] = &[
    "storage::comfyui",
    "storage::package",
    "storage::sync",
    "ui::panels::back_up",
    "ui::panels::diagnostics",
    "ui::panels::export",
    "ui::panels::import",
    "ui::panels::import_report",
    "ui::panels::storage",
    "ui::panels::sync",
    "ui::viewer",
    "zip",
];

/// What every start uses of them: what a closed panel or dialog is, and what is known before it was opened.
const NOW: &[&str] = &[
    "core::ptr::drop_in_place::<ui::panels::import::Importer>",
    "storage::sync::kept",
    "storage::sync::media::status",
    "storage::sync::settings",
    "storage::sync::status",
    "storage::sync::wire",
    "ui::panels::diagnostics::Diagnostics",
    "ui::panels::export::ExportButton",
    "ui::panels::export::ExportDialog",
    "ui::panels::import::Candidate",
    "ui::panels::import::Choose",
    "ui::panels::import::Drop",
    "ui::panels::import::ImportDialog",
    "ui::panels::import::use_importer",
    "ui::panels::storage::StoragePanel",
    "ui::panels::storage::button",
    "ui::panels::storage::desk",
    "ui::panels::sync::SyncPanel",
    "ui::panels::sync::button",
    "ui::panels::sync::desk",
    "ui::viewer::ShowInWorkflowProps",
    "ui::viewer::Viewer",
    "ui::viewer::ViewerDialog",
];

/// A function's name as it is written in Rust. Mangled as v0, it has its types' names as well.
pub fn readable(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

/// Whether a function is of such a module, or made for one of its types.
pub fn is_later(name: &str) -> bool {
    let name = readable(name);
    let has_one_of = |paths: &[&str]| paths.iter().any(|path| has_path(&name, path));
    has_one_of(LATER) && !has_one_of(NOW)
}

/// The entries of both lists that are in none of the names: what they meant has another name now.
pub fn unknown<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'static str> {
    let mut left: Vec<_> = LATER.iter().chain(NOW).copied().collect();
    for name in names {
        let name = readable(name);
        left.retain(|path| !has_path(&name, path));
    }
    left
}

/// Whether a path is in a name: not as a part of a longer word, and not at the end of a longer path.
fn has_path(name: &str, path: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    name.match_indices(path).any(|(at, _)| {
        let (before, after) = (name[..at].chars().next_back(), name[at + path.len()..].chars().next());
        before.is_none_or(|letter| !is_word(letter) && letter != ':') && after.is_none_or(|letter| !is_word(letter))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_whole() {
        assert!(has_path("<storage::package::Format as core::fmt::Debug>::fmt", "storage::package"));
        assert!(has_path("core::ptr::drop_in_place::<&storage::package>", "storage::package"));
        assert!(!has_path("storage::packages::one", "storage::package"));
        assert!(!has_path("my_storage::package::one", "storage::package"));
        assert!(!has_path("other::storage::package::one", "storage::package"));
    }
}
