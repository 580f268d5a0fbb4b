//! Atelier's store and every component.
//!
//! [`store::Store`] is memory, and memory is the truth for what is shown: an edit changes it at once and is on its way to the
//! disk when the call returns. Components ask the store for what they show and name the [`store::Topic`] that they depend on,
//! so an edit renders again only what shows it. [`App`] is the whole window.

mod app;
mod canvas;
mod media;
mod panels;
mod platform;
pub mod store;
mod viewer;
mod widgets;
mod windows;

pub use app::{App, Start};
pub use windows::Windows;
