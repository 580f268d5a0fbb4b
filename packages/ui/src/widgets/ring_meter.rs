//! How much of something long is done, beside a number that says the same.

use std::f64::consts::TAU;

use dioxus::prelude::*;

const RADIUS: f64 = 5.5;

/// A ring that closes as `percent` goes to 100. It has no name: the number stands beside it in words.
#[component]
pub fn RingMeter(percent: u8) -> Element {
    let around = TAU * RADIUS;
    let done = around * f64::from(percent.min(100)) / 100.;
    rsx! {
        svg { class: "ring-meter", view_box: "0 0 14 14", "aria-hidden": "true",
            circle { class: "whole", cx: "7", cy: "7", r: "{RADIUS}" }
            circle {
                class: "part",
                cx: "7",
                cy: "7",
                r: "{RADIUS}",
                stroke_dasharray: "{done:.1} {around:.1}",
                transform: "rotate(-90 7 7)",
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_closes_at_a_hundred_and_not_beyond() {
        let html = |percent| dioxus_ssr::render_element(rsx! { RingMeter { percent } });
        assert!(html(0).contains(r#""0.0 34.6""#));
        assert!(html(64).contains(r#""22.1 34.6""#));
        assert!(html(100).contains(r#""34.6 34.6""#));
        assert!(html(250).contains(r#""34.6 34.6""#));
    }
}
