//! What the model promises, as properties over random data and as golden shapes.

mod any;
pub use any::batch as any_batch;
mod clock;
mod json;
mod merge;
mod parking;
mod row;
mod shapes;
