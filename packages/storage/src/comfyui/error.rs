//! Why a file could not be imported.

use std::fmt;

/// Why nothing was imported. Each says what was expected, where, and what is there instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// No JSON at all.
    #[error("the file is not JSON: {what} in line {line}, column {column}")]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// Counted in bytes from 1; 0 before the first.
        column: usize,
        /// What the reader said.
        what: String,
    },
    /// What `ComfyUI` sends to its own server: nodes by number, without places.
    #[error(
        "this is ComfyUI's API format, which has no positions; open the workflow in ComfyUI and use \"Export\" (not \
         \"Export (API)\"), then import that file"
    )]
    ApiFormat,
    /// JSON of another kind.
    #[error("this is not a ComfyUI workflow: {missing}")]
    NoWorkflow {
        /// What a workflow has and the file hasn't, as a sentence.
        missing: &'static str,
    },
    /// A part of the workflow has another type than it should.
    #[error("{path} should be {expected}, but is {found}")]
    WrongType {
        /// Where: `nodes[3].pos`.
        path: String,
        /// What should be there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// More bytes than [`super::Limits::bytes`].
    #[error("the file has {bytes} bytes; at most {limit} can be imported")]
    TooLarge {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        limit: usize,
    },
    /// Lists and objects within each other beyond [`super::Limits::depth`].
    #[error("the file has lists and objects more than {limit} deep")]
    TooDeep {
        /// How deep they may be.
        limit: usize,
    },
    /// A list or object with more entries than [`super::Limits`] allows.
    #[error("{path} has {count} entries; at most {limit} can be imported")]
    TooMany {
        /// Where: `nodes`.
        path: String,
        /// How many it has.
        count: usize,
        /// How many it may have.
        limit: usize,
    },
}

impl ImportError {
    /// A short code for programs and tests.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotJson { .. } => "not-json",
            Self::ApiFormat => "api-format",
            Self::NoWorkflow { .. } => "no-workflow",
            Self::WrongType { .. } => "wrong-type",
            Self::TooLarge { .. } => "too-large",
            Self::TooDeep { .. } => "too-deep",
            Self::TooMany { .. } => "too-many",
        }
    }

    /// A part has another type than it should. The path begins at the part itself: see [`ImportError::within`].
    pub(super) fn wrong(expected: &'static str, found: impl fmt::Display) -> Self {
        Self::WrongType { path: String::new(), expected, found: found.to_string() }
    }

    /// The same error, seen from the thing around: `outer` goes before its path.
    pub(super) fn within(mut self, outer: impl fmt::Display) -> Self {
        if let Self::WrongType { path, .. } | Self::TooMany { path, .. } = &mut self {
            let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
            *path = format!("{outer}{dot}{path}");
        }
        self
    }
}
