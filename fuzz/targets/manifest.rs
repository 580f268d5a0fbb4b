//! Any bytes as the manifest of a package whose archive is sound.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::look(&fuzz::archive(bytes, fuzz::WORKFLOW)));
