//! Settings: what the inspector shows.

use std::borrow::Cow;

/// A setting of a node: one key of its configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The key.
    pub key: Cow<'static, str>,
    /// For people.
    pub label: Cow<'static, str>,
    /// How it is edited.
    pub control: Control,
}

/// How a setting is edited, with what stands there while nothing is set.
#[derive(Clone, Debug, PartialEq)]
pub enum Control {
    /// A line of text.
    Line {
        /// Shown while the line is empty.
        hint: &'static str,
    },
    /// A text of several lines.
    Text {
        /// Shown while the text is empty.
        hint: &'static str,
    },
    /// A number, exact to its digits.
    Number {
        /// While nothing is set. None: nothing.
        default: Option<f64>,
        /// The smallest that makes sense.
        min: Option<f64>,
        /// The largest that makes sense.
        max: Option<f64>,
        /// Whether only whole numbers make sense.
        whole: bool,
    },
    /// One of a few.
    Choice {
        /// All, as they are stored and shown. The first one stands while nothing is set.
        options: &'static [&'static str],
    },
    /// On or off.
    Switch {
        /// While nothing is set.
        default: bool,
    },
    /// A file that is kept here.
    Media,
    /// Anything else, as JSON.
    Json,
}
