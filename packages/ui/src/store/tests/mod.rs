//! What the store promises, without a window.

mod any;
mod bridge;
mod desk;
mod edges;
mod engine;
mod nodes;
mod opening;
mod selection;
mod tabs;
mod workflows;
