//! What the writer promises, over a database in memory that fails on purpose. Time stands still but for what waits. `full_disk` is
//! over one that really has no room.

mod any;
mod desk;
mod failures;
mod full_disk;
mod order;
