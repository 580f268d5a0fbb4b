//! How much an import takes on.

/// The bounds of an import. Beyond the first five it is refused; what is beyond the others is set right, with a warning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Lists and objects within each other. Well below 128, where JSON readers stop.
    pub depth: usize,
    /// Nodes of the workflow, or of one of its subgraphs.
    pub nodes: usize,
    /// Links of the workflow, or of one of its subgraphs.
    pub links: usize,
    /// Entries of every other list or object that is read: slots of a node, its widgets, its fields.
    pub entries: usize,
    /// Pixels from the origin, along either axis. A node beyond goes to the origin.
    pub coordinate: f64,
    /// Pixels of a node's width or height. A node beyond gets its kind's own size.
    pub side: f64,
    /// Warnings that are told apart. The rest is one number.
    pub warnings: usize,
}

impl Limits {
    /// What [`super::import`] keeps to.
    pub const DEFAULT: Self = Self {
        bytes: 64 * 1024 * 1024,
        depth: 100,
        nodes: 100_000,
        links: 1_000_000,
        entries: 10_000,
        coordinate: 1e7,
        side: 1e5,
        warnings: 100,
    };
}
