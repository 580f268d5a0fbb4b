//! A long list whose end comes a moment after its beginning, so that a window shows something sooner.

use dioxus::prelude::*;

use super::sleep;

/// So many have elements at first, more than a window shows, and so many more after each pause.
const STEP: usize = 60;
/// Long enough for a frame and for what the user does.
const PAUSE: u64 = 16;

/// How many things of a list have elements by now. `count` is how many there are when it is first drawn; what comes later has them at
/// once.
pub fn use_growing(count: usize) -> usize {
    let mut shown = use_signal(|| STEP);
    use_hook(move || {
        spawn(async move {
            while *shown.peek() < count {
                sleep(PAUSE).await;
                shown += STEP;
            }
            shown.set(usize::MAX);
        })
    });
    shown()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::testing::drawn, *};

    #[component]
    fn List(count: usize) -> Element {
        let shown = use_growing(count);
        rsx! {
            for number in (0..count).take(shown) {
                i { key: "{number}" }
            }
        }
    }

    fn rows(html: &str) -> usize {
        html.matches("<i>").count()
    }

    #[test]
    fn a_short_list_is_there_at_once_and_of_a_long_one_the_beginning() {
        assert_eq!(rows(&drawn(|| rsx! { List { count: 7 } })), 7);
        assert_eq!(rows(&drawn(|| rsx! { List { count: 1_000 } })), STEP);
    }

    #[tokio::test]
    async fn the_rest_of_a_long_one_comes() {
        let mut dom = VirtualDom::new(|| rsx! { List { count: 1_000 } });
        dom.rebuild_in_place();
        let all = async {
            while rows(&dioxus_ssr::render(&dom)) < 1_000 {
                dom.wait_for_work().await;
                dom.render_immediate_to_vec();
            }
        };
        tokio::time::timeout(Duration::from_secs(20), all).await.unwrap();
    }
}
