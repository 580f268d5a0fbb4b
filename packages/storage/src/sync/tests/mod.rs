mod op;
mod vectors;
mod engine;
mod simulation;
