//! Any bytes as a package.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::look(bytes));
