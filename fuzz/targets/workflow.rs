//! Any bytes as the graph of a package whose archive and manifest are sound.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::look(&fuzz::archive(fuzz::MANIFEST, bytes)));
