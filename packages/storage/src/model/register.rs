//! Registers, and the one merge.

use std::{collections::BTreeSet, fmt, sync::Arc};

use super::{AssetId, Json, Stamp, asset_uses::collect_assets};

/// Names a register of an entity. As text: `position`, `config.seed`, `extra.colour`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RegisterName {
    /// Whether the entity is deleted.
    Deleted,
    /// An edge: both nodes and both handles. It creates the edge.
    Ends,
    /// A workflow's name. It creates the workflow.
    Name,
    /// A node's top left corner.
    Position,
    /// A node's status and result.
    Run,
    /// A node's size.
    Size,
    /// A node's title.
    Title,
    /// A node's kind. It creates the node.
    Type,
    /// One key of a node's configuration.
    Config(Arc<str>),
    /// A field of the entity's JSON that this build does not know.
    Extra(Arc<str>),
    /// A register that this build does not know.
    Other(Arc<str>),
}

const CONFIG: &str = "config.";
const EXTRA: &str = "extra.";

impl RegisterName {
    /// The register of a configuration key.
    pub fn config(key: &str) -> Self {
        Self::Config(key.into())
    }

    /// The register of a field that this build does not know.
    pub fn extra(field: &str) -> Self {
        Self::Extra(field.into())
    }

    /// Reads the name as text; every text names a register.
    pub fn parse(text: &str) -> Self {
        match text {
            "deleted" => Self::Deleted,
            "ends" => Self::Ends,
            "name" => Self::Name,
            "position" => Self::Position,
            "run" => Self::Run,
            "size" => Self::Size,
            "title" => Self::Title,
            "type" => Self::Type,
            _ => {
                if let Some(key) = text.strip_prefix(CONFIG) {
                    Self::config(key)
                } else if let Some(field) = text.strip_prefix(EXTRA) {
                    Self::extra(field)
                } else {
                    Self::Other(text.into())
                }
            }
        }
    }

    /// Whether this is its text.
    pub(super) fn is(&self, text: &str) -> bool {
        let (first, second) = self.parts();
        // An `Other` of a known name's text does not exist, and the two halves tell the rest apart.
        text.strip_prefix(first) == Some(second)
    }

    /// The two halves of the name as text. The first one never needs escapes.
    pub(super) fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Deleted => ("deleted", ""),
            Self::Ends => ("ends", ""),
            Self::Name => ("name", ""),
            Self::Position => ("position", ""),
            Self::Run => ("run", ""),
            Self::Size => ("size", ""),
            Self::Title => ("title", ""),
            Self::Type => ("type", ""),
            Self::Config(key) => (CONFIG, key),
            Self::Extra(field) => (EXTRA, field),
            Self::Other(name) => ("", name),
        }
    }
}

impl fmt::Display for RegisterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = self.parts();
        f.write_str(first)?;
        f.write_str(second)
    }
}

impl fmt::Debug for RegisterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A value and when it was set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Register {
    /// When, and by whom. Compared first.
    pub stamp: Stamp,
    /// What. None: it was removed then.
    pub value: Option<Json>,
}

/// The registers of an entity, or of a patch to one: a patch is an entity of which little is known.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Registers(
    /// Sorted by name, each name once. An entity has about ten. Shared until one of two copies changes: a new entity's patch,
    /// its row and what the commit returns are one.
    Arc<Vec<(RegisterName, Register)>>,
);

impl Registers {
    /// No registers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&RegisterName, &Register)> {
        self.0.iter().map(|(name, register)| (name, register))
    }

    /// One register.
    pub fn get(&self, name: &RegisterName) -> Option<&Register> {
        self.find(name).ok().map(|at| &self.0[at].1)
    }

    /// A register's value, unless it is absent or was removed.
    pub fn value(&self, name: &RegisterName) -> Option<&Json> {
        self.get(name)?.value.as_ref()
    }

    /// The newest stamp.
    pub fn newest(&self) -> Option<Stamp> {
        self.0.iter().map(|(_, register)| register.stamp).max()
    }

    /// Adds a value to a patch.
    #[must_use]
    pub fn with(mut self, name: RegisterName, stamp: Stamp, value: impl Into<Json>) -> Self {
        self.set(name, Register { stamp, value: Some(value.into()) });
        self
    }

    /// Adds a removal to a patch.
    #[must_use]
    pub fn without(mut self, name: RegisterName, stamp: Stamp) -> Self {
        self.set(name, Register { stamp, value: None });
        self
    }

    /// Takes the register over if it is newer than the one that is here.
    pub fn set(&mut self, name: RegisterName, register: Register) -> bool {
        match self.find(&name) {
            Ok(at) if self.0[at].1 < register => Arc::make_mut(&mut self.0)[at].1 = register,
            Ok(_) => return false,
            Err(at) => Arc::make_mut(&mut self.0).insert(at, (name, register)),
        }
        true
    }

    /// Takes over every register of `other` that is newer than the one here: the only rule by which two versions of an
    /// entity become one. Commutative, associative and idempotent. Returns whether anything changed.
    ///
    /// Equal stamps come from one change and so carry one value. Should they differ all the same, the larger text wins, since
    /// everybody must choose alike.
    pub fn merge(&mut self, other: &Self) -> bool {
        if self.is_empty() {
            self.0.clone_from(&other.0);
            return !other.is_empty();
        }
        let mut changed = false;
        for (name, register) in other.0.iter() {
            match self.find(name) {
                Ok(at) if self.0[at].1 < *register => Arc::make_mut(&mut self.0)[at].1 = register.clone(),
                Ok(_) => continue,
                Err(at) => Arc::make_mut(&mut self.0).insert(at, (name.clone(), register.clone())),
            }
            changed = true;
        }
        changed
    }

    /// The assets to which a value refers, wherever in it. None of a deleted entity's.
    pub fn assets(&self) -> BTreeSet<AssetId> {
        let mut found = BTreeSet::new();
        if !self.is_deleted() {
            for value in self.0.iter().filter_map(|(_, register)| register.value.as_ref()) {
                collect_assets(value.text(), &mut found);
            }
        }
        found
    }

    /// Whether the entity was deleted and not restored since.
    pub fn is_deleted(&self) -> bool {
        // The first of all names. Each commit asks this of each row.
        self.0.first().is_some_and(|(name, register)| {
            *name == RegisterName::Deleted && register.value.as_ref().is_some_and(|value| value.text() == "true")
        })
    }

    fn find(&self, name: &RegisterName) -> Result<usize, usize> {
        self.0.binary_search_by(|(here, _)| here.cmp(name))
    }
}

impl FromIterator<(RegisterName, Register)> for Registers {
    fn from_iter<T: IntoIterator<Item = (RegisterName, Register)>>(all: T) -> Self {
        let all: Vec<_> = all.into_iter().collect();
        // What is stored is sorted.
        if all.is_sorted_by(|(left, _), (right, _)| left < right) {
            return Self(Arc::new(all));
        }
        let mut registers = Self::new();
        for (name, register) in all {
            registers.set(name, register);
        }
        registers
    }
}

impl fmt::Debug for Registers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(name, register)| (name, register))).finish()
    }
}
