//! Why a package was refused.

use serde::{Deserialize, Serialize};

/// Why nothing of a package comes in. Each has a sentence for the user, with the entry's name where there is one, and a short
/// code for programs. Names are written with escapes for everything that could make them read as something else.
///
/// As text it is its code and its sentence: on the other side of a worker it is [`PackageError::Reported`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(from = "Report", into = "Report")]
#[non_exhaustive]
#[allow(missing_docs, reason = "the sentences say what the fields are")]
pub enum PackageError {
    /// No archive at all.
    #[error("the file is not a package: it is not a ZIP archive")]
    NotZip,
    /// The archive's end is missing.
    #[error("the file ends in the middle; it was probably not copied or downloaded completely")]
    Truncated,
    /// Bytes that belong to nothing in the archive.
    #[error("the file is not exactly one archive: {what}")]
    NotExact { what: String },
    /// More bytes than [`super::Limits::archive_bytes`].
    #[error("the file has {bytes} bytes; at most {limit} can be imported")]
    ArchiveTooLarge { bytes: u64, limit: u64 },
    /// More entries than [`super::Limits::entries`], or a longer list of them than [`super::Limits::directory_bytes`].
    #[error("the package has {count} entries; at most {limit} can be imported")]
    TooManyEntries { count: u64, limit: u64 },
    /// An entry that needs a password.
    #[error("{entry:?} is encrypted; packages are not")]
    Encrypted { entry: String },
    /// Neither stored nor deflated.
    #[error("{entry:?} is packed in a way that packages do not use (method {method})")]
    UnsupportedMethod { entry: String, method: u16 },
    /// A link or another special file.
    #[error("{entry:?} is a link or another special file; packages hold plain files only")]
    Symlink { entry: String },
    /// A name that is not harmless everywhere.
    #[error("{entry:?} is no name for a file of a package: {why}")]
    UnsafeName { entry: String, why: String },
    /// Two entries of which some systems make one file.
    #[error(
        "{entry:?} is there more than once; on some systems upper and lower case are the same, and so are é in one sign and in two"
    )]
    DuplicateEntry { entry: String },
    /// The archive says two things of one entry.
    #[error("the archive contradicts itself about {entry:?}: {what}")]
    HeaderDisagree { entry: String, what: String },
    /// Two entries share bytes.
    #[error("{entry:?} shares bytes with another entry")]
    Overlap { entry: String },
    /// An entry that unpacks to far more than it should.
    #[error("{entry:?} would unpack to {bytes} bytes or more from {packed}; that is no honest file")]
    Bomb { entry: String, packed: u64, bytes: u64 },
    /// An asset beyond [`super::Limits::asset_bytes`].
    #[error("{entry:?} has {bytes} bytes; at most {limit} can be imported")]
    AssetTooLarge { entry: String, bytes: u64, limit: u64 },
    /// All together beyond [`super::Limits::total_bytes`].
    #[error("the package unpacks to {bytes} bytes; at most {limit} can be imported")]
    TooLarge { bytes: u64, limit: u64 },
    /// An entry's content is not what the archive says.
    #[error("{entry:?} is damaged: {what}")]
    EntryDamaged { entry: String, what: String },
    /// No `manifest.json`.
    #[error("the package has no manifest.json{}", within(.folder.as_ref()))]
    ManifestMissing { folder: Option<String> },
    /// `manifest.json` beyond [`super::Limits::manifest_bytes`].
    #[error("manifest.json has {bytes} bytes; at most {limit} can be imported")]
    ManifestTooLarge { bytes: u64, limit: u64 },
    /// `manifest.json` is no JSON.
    #[error("manifest.json is not valid JSON: {what}")]
    ManifestJson { what: String },
    /// Another version of the format.
    #[error("the package has version {found}; this build knows 1")]
    PackageVersion { found: String },
    /// Something in the manifest has another type than it should.
    #[error("in manifest.json, {path} should be {expected}")]
    ManifestShape { path: String, expected: String },
    /// A package holds one workflow.
    #[error("the package does not name exactly one workflow: {what}")]
    TwoWorkflows { what: String },
    /// No `workflow.json`.
    #[error("the package has no workflow.json")]
    WorkflowMissing,
    /// `workflow.json` beyond [`super::Limits::workflow_bytes`].
    #[error("workflow.json has {bytes} bytes; at most {limit} can be imported")]
    WorkflowTooLarge { bytes: u64, limit: u64 },
    /// `workflow.json` is no JSON.
    #[error("workflow.json is not valid JSON: {what}")]
    WorkflowJson { what: String },
    /// Something in the workflow has another type than it should.
    #[error("in workflow.json, {path}: {what}")]
    WorkflowShape { path: String, what: String },
    /// Beyond [`super::Limits::json_depth`].
    #[error("{entry:?} has lists and objects more than {limit} deep")]
    JsonTooDeep { entry: String, limit: usize },
    /// A number that no computer can hold.
    #[error("{entry:?} has a number that is too large: {what}")]
    BadNumber { entry: String, what: String },
    /// A place or size that no canvas has.
    #[error("in workflow.json, {path} is out of all proportion: {found}")]
    BadSize { path: String, found: String },
    /// An id that is no UUID.
    #[error("{path} has the id {found:?}, which is not a UUID")]
    BadId { path: String, found: String },
    /// Two nodes of one id.
    #[error("two nodes have the id {id}")]
    DuplicateNodeId { id: String },
    /// Two edges of one id.
    #[error("two edges have the id {id}")]
    DuplicateEdgeId { id: String },
    /// An edge from or to nowhere.
    #[error("edge {edge} leads to or from node {node}, which is not in the workflow")]
    EdgeUnknownNode { edge: String, node: String },
    /// Two assets of one id.
    #[error("the manifest lists asset {id} twice")]
    DuplicateAssetId { id: String },
    /// No sha256.
    #[error("asset {asset} has the hash {found:?}, which is not a sha256")]
    HashMalformed { asset: String, found: String },
    /// A file that is not directly in `assets/`.
    #[error("asset {asset} is said to be in {file:?}; assets are files directly in assets/")]
    AssetPath { asset: String, file: String },
    /// A listed asset without its file.
    #[error("{entry:?} is missing")]
    AssetFileMissing { entry: String },
    /// An asset of another size.
    #[error("{entry:?} has {found} bytes; the manifest says {expected}")]
    SizeMismatch { entry: String, expected: u64, found: u64 },
    /// Another content.
    #[error("{entry:?} is not the file that the manifest means: its sha256 is another")]
    HashMismatch { entry: String },
    /// An address that is not of the web.
    #[error("{path} has the address {url:?}; only http and https are allowed")]
    UrlScheme { path: String, url: String },
    /// A reference to an asset that the package does not embed.
    #[error("{path} refers to asset {id:?}, which is not in the package")]
    RefUnknown { path: String, id: String },
    /// A reference to something outside the package.
    #[error("{path} refers to a place on somebody's device ({kind:?}); in a package there is none")]
    RefKind { path: String, kind: String },
    /// A backup where a package is expected.
    #[error("this is a backup of several workflows, not a package of one; a backup holds packages only")]
    IsBackup,
    /// An entry of a backup that somebody has packed once more.
    #[error(
        "{entry:?} was packed once more, so it can’t be read where it is; unpack the backup, and import the packages in it"
    )]
    PackedTwice { entry: String },
    /// The file itself can't be read.
    #[error("the file can’t be read: {reason}")]
    Unreadable { reason: String },
    /// Called off.
    #[error("it was cancelled")]
    Cancelled,
    /// One of the others, found by a worker.
    #[error("{sentence}")]
    Reported { code: String, sentence: String },
}

/// What goes from a worker to its page. All variants with all their fields would be a tenth of the page's code.
#[derive(Serialize, Deserialize)]
struct Report {
    code: String,
    sentence: String,
}

impl From<PackageError> for Report {
    fn from(error: PackageError) -> Self {
        Self { code: error.code().to_owned(), sentence: error.to_string() }
    }
}

impl From<Report> for PackageError {
    fn from(Report { code, sentence }: Report) -> Self {
        Self::Reported { code, sentence }
    }
}

fn within(folder: Option<&String>) -> String {
    folder.map_or_else(String::new, |folder| {
        format!("; it lies in the folder {folder:?}, as when a folder is zipped: zip what is in it instead")
    })
}

impl PackageError {
    /// A short code for programs and tests.
    pub fn code(&self) -> &str {
        match self {
            Self::Reported { code, .. } => code,
            Self::NotZip => "not-zip",
            Self::Truncated => "truncated",
            Self::NotExact { .. } => "not-exact",
            Self::ArchiveTooLarge { .. } => "archive-too-large",
            Self::TooManyEntries { .. } => "too-many-entries",
            Self::Encrypted { .. } => "encrypted",
            Self::UnsupportedMethod { .. } => "unsupported-method",
            Self::Symlink { .. } => "symlink",
            Self::UnsafeName { .. } => "unsafe-name",
            Self::DuplicateEntry { .. } => "duplicate-entry",
            Self::HeaderDisagree { .. } => "header-disagree",
            Self::Overlap { .. } => "overlap",
            Self::Bomb { .. } => "bomb",
            Self::AssetTooLarge { .. } => "asset-too-large",
            Self::TooLarge { .. } => "too-large",
            Self::EntryDamaged { .. } => "entry-damaged",
            Self::ManifestMissing { .. } => "manifest-missing",
            Self::ManifestTooLarge { .. } => "manifest-too-large",
            Self::ManifestJson { .. } => "manifest-json",
            Self::PackageVersion { .. } => "package-version",
            Self::ManifestShape { .. } => "manifest-shape",
            Self::TwoWorkflows { .. } => "two-workflows",
            Self::WorkflowMissing => "workflow-missing",
            Self::WorkflowTooLarge { .. } => "workflow-too-large",
            Self::WorkflowJson { .. } => "workflow-json",
            Self::WorkflowShape { .. } => "workflow-shape",
            Self::JsonTooDeep { .. } => "json-too-deep",
            Self::BadNumber { .. } => "bad-number",
            Self::BadSize { .. } => "bad-size",
            Self::BadId { .. } => "bad-id",
            Self::DuplicateNodeId { .. } => "duplicate-node-id",
            Self::DuplicateEdgeId { .. } => "duplicate-edge-id",
            Self::EdgeUnknownNode { .. } => "edge-unknown-node",
            Self::DuplicateAssetId { .. } => "duplicate-asset-id",
            Self::HashMalformed { .. } => "hash-malformed",
            Self::AssetPath { .. } => "asset-path",
            Self::AssetFileMissing { .. } => "asset-file-missing",
            Self::SizeMismatch { .. } => "size-mismatch",
            Self::HashMismatch { .. } => "hash-mismatch",
            Self::UrlScheme { .. } => "url-scheme",
            Self::RefUnknown { .. } => "ref-unknown",
            Self::RefKind { .. } => "ref-kind",
            Self::IsBackup => "is-backup",
            Self::PackedTwice { .. } => "packed-twice",
            Self::Unreadable { .. } => "unreadable",
            Self::Cancelled => "cancelled",
        }
    }

    /// The file could not be read. One that ends too early is truncated.
    pub(super) fn io(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Self::Truncated,
            _ => Self::Unreadable { reason: error.to_string() },
        }
    }
}
