//! What sync of originals promises.

mod driver;
mod engine;
