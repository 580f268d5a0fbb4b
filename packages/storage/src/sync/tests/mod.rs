mod engine;
mod op;
mod simulation;
mod vectors;
