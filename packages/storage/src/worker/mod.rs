//! The page's dedicated worker: the same wasm once more, in a thread of its own.
//!
//! What takes long with bytes is done there, while the page answers: media are read, hashed, written and looked at, and compared with
//! their hashes. Only a worker has the browser's quick access to private files.
//!
//! - [`serve`] is its inside. `main` calls it before anything else, since the worker's script is the page's own: the glue that
//!   started this wasm.
//! - [`client`] is the page's end. It starts the worker when there is something to do, starts another when that one dies, and
//!   says when none can be had. Then the page does the work itself.
//! - [`message`] is what the two say to each other.
//!
//! A long content is hashed by another worker while the first one reads and writes it: [`hasher`]. The first is that one's page.
//! Of many short ones, which are hashed by the browser, a second worker of the page writes some. Of those in a package that is checked,
//! another worker hashes and stages half.
//!
//! The worker holds one of the browser's locks for as long as it lives, and the page waits for that lock: so it learns of every
//! kind of death, and at once.

pub(crate) mod client;
mod hasher;
mod message;
mod server;

pub(crate) use server::is_here;
pub use server::serve;
