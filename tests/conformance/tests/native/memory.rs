//! A database in memory.

use conformance::Harness;
use futures::future::LocalBoxFuture;
use storage::{
    Result,
    backend::{Backend, memory::Memory},
};

/// Each connection is a clone.
#[derive(Default)]
pub struct InMemory(Memory);

impl Harness for InMemory {
    fn open(&self) -> LocalBoxFuture<'_, Result<Box<dyn Backend>>> {
        Box::pin(async { Ok(Box::new(self.0.clone()) as Box<dyn Backend>) })
    }

    fn pause(&self, millis: u32) -> LocalBoxFuture<'_, ()> {
        crate::pause(millis)
    }
}
