//! Images, videos and sounds, as the window deals with them: how they come in, how they are found, and what they are called.

mod add;
mod address;
mod arrivals;
mod closed;
mod elsewhere;
mod incoming;
mod ingest;
mod linked;
pub mod words;

pub use self::{
    add::{AddMedia, bring_in},
    address::{use_address, use_file_address},
    arrivals::Arrivals,
    closed::{AllowFolder, Closed, ClosedLine, state_name, use_closed},
    elsewhere::{Coming, Elsewhere},
    incoming::{Incoming, sorted},
    ingest::{Arrival, Ingest, Stage},
    linked::{KeepLinked, name_of_address},
};
use ingest::first_of;

/// The hidden field through which media are chosen.
const FIELD: &str = "media-files";
