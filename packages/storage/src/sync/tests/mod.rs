mod driver;
mod engine;
mod op;
mod simulation;
mod vectors;
