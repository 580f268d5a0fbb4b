//! Any text as a file of ComfyUI, or as rescued work.
#![no_main]

use storage::{comfyui, model::Stamp, rescue};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut number = 0_u64;
    let mut next = || {
        number += 1;
        format!("01977e2a-0000-7000-8000-{number:012x}").parse::<Stamp>().expect("it is one")
    };
    let _refused = comfyui::import(text, "a", &mut next);
    if rescue::is_rescue(text) {
        let _refused = rescue::from_text(text);
    }
});
