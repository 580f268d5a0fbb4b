//! Any bytes as a file that somebody wants to bring in: a package or a backup, each of whose packages is looked at.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::find(bytes));
