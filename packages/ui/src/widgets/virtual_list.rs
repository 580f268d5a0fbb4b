//! A long list of which only what can be seen has elements.

use std::ops::Range;

use dioxus::prelude::*;

/// So many more rows have elements above and below what is seen, so that scrolling shows no gaps.
const BEYOND: usize = 6;

/// A list of `count` rows, each `row_height` pixels high, in a box of at most `height` pixels. `row` draws one of them; it is
/// asked again when `version` changes, and when other rows come into sight.
#[component]
pub fn VirtualList(
    /// Its name.
    label: String,
    count: usize,
    row_height: f64,
    height: f64,
    /// Anything that changes when a row does.
    version: u64,
    row: Callback<usize, Element>,
) -> Element {
    let mut top = use_signal(|| 0.);
    let shown = in_sight(top(), height, row_height, count);
    let (whole, above) = (count as f64 * row_height, shown.start as f64 * row_height);
    rsx! {
        div {
            class: "vlist",
            role: "list",
            aria_label: label,
            // So that it can be scrolled by keyboard.
            tabindex: "0",
            height: "{whole.min(height)}px",
            onscroll: move |event| {
                let now = event.scroll_top();
                // What is in sight stays the same for most of a movement.
                if in_sight(now, height, row_height, count) != in_sight(*top.peek(), height, row_height, count) {
                    top.set(now);
                }
            },
            div { class: "vspace", height: "{whole}px", "data-version": "{version}",
                div { class: "vrows", transform: "translateY({above}px)",
                    for index in shown {
                        div { key: "{index}", class: "vrow", role: "listitem", aria_setsize: "{count}", aria_posinset: "{index + 1}", height: "{row_height}px",
                            {row.call(index)}
                        }
                    }
                }
            }
        }
    }
}

/// Which rows have elements.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what there is")]
fn in_sight(top: f64, height: f64, row: f64, count: usize) -> Range<usize> {
    let first = (top.max(0.) / row).floor() as usize;
    let last = ((top.max(0.) + height) / row).ceil() as usize;
    // Removed rows may leave the list scrolled beyond its end.
    let end = last.saturating_add(BEYOND).min(count);
    first.saturating_sub(BEYOND).min(end)..end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_sight_and_a_little_more_has_elements() {
        assert_eq!(in_sight(0., 400., 40., 10_000), 0..16);
        assert_eq!(in_sight(4_000., 400., 40., 10_000), 94..116);
        assert_eq!(in_sight(399_600., 400., 40., 10_000), 9_984..10_000);
    }

    #[test]
    fn a_list_that_became_shorter_shows_its_end() {
        assert_eq!(in_sight(4_000., 400., 40., 3), 3..3);
        assert_eq!(in_sight(0., 400., 40., 0), 0..0);
        assert_eq!(in_sight(-20., 400., 40., 3), 0..3);
    }
}
