//! What the canvas promises, mounted without a browser.

mod contract;
mod gestures;
mod ingest;
mod media;
mod press;
mod renders;
mod stage;
mod storage;
mod sync;
mod viewer;
