//! What the writer promises, over a database in memory that fails on purpose. Time stands still but for what waits.

mod any;
mod desk;
mod failures;
mod order;
