//! What the canvas promises, mounted without a browser.

mod contract;
mod gestures;
mod renders;
mod stage;
