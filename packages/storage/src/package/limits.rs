//! What a package may ask of whoever reads it.

/// How large things may be. A package beyond any of these is refused before anything of it is unpacked; what an entry really
/// unpacks to is counted all the same, since what it declares is only a claim.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The whole file, in bytes.
    pub archive_bytes: u64,
    /// Entries, folders included.
    pub entries: usize,
    /// The central directory, in bytes: it is read in one piece.
    pub directory_bytes: u64,
    /// An entry's name, in bytes.
    pub name_bytes: usize,
    /// `manifest.json` unpacked, in bytes.
    pub manifest_bytes: u64,
    /// `workflow.json` unpacked, in bytes.
    pub workflow_bytes: u64,
    /// Lists and objects within each other, in both.
    pub json_depth: usize,
    /// One asset unpacked, in bytes.
    pub asset_bytes: u64,
    /// All entries unpacked, in bytes.
    pub total_bytes: u64,
    /// How many times its packed size an entry may unpack to. Deflate can do 1,032; pictures, videos and sounds do about 1.
    pub expansion: u64,
    /// What an entry may unpack to whatever its expansion, in bytes: a short and monotonous text is no bomb.
    pub expansion_free: u64,
    /// How far from the origin a node may be, in world units.
    pub coordinate: f64,
    /// How wide and high a node may be, in world units.
    pub size: f64,
}

impl Limits {
    /// What imports use.
    pub const DEFAULT: Self = Self {
        archive_bytes: 64 << 30,
        entries: 100_000,
        directory_bytes: 64 << 20,
        name_bytes: 512,
        manifest_bytes: 32 << 20,
        workflow_bytes: 64 << 20,
        json_depth: 100,
        asset_bytes: 32 << 30,
        total_bytes: 64 << 30,
        expansion: 100,
        expansion_free: 8 << 20,
        coordinate: 1e9,
        size: 1e6,
    };

    /// What restoring a backup uses for the outer archive. An entry of it is a whole package, to which [`Limits::DEFAULT`] applies
    /// once more by itself.
    pub const BACKUP: Self = Self {
        archive_bytes: 4 << 40,
        asset_bytes: Self::DEFAULT.archive_bytes,
        total_bytes: 4 << 40,
        ..Self::DEFAULT
    };
}
