//! How far the work has come: this window, this disk, your server. A dot is filled only when the write has completed.

use dioxus::prelude::*;

/// The last place that has everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Only memory: a write is under way, or has failed.
    Window,
    /// The disk.
    Disk,
    /// The disk and the server.
    Server,
}

/// The three dots beside the save state; two where there is no server (`synced: false`). The words beside them say the
/// same.
#[component]
pub fn SaveLadder(reach: Reach, #[props(default)] failed: bool, #[props(default)] synced: bool) -> Element {
    let reached = |place: Reach| if reach >= place { "at" } else { "" };
    let class = match (failed, synced) {
        (false, true) => "ladder",
        (false, false) => "ladder short",
        (true, true) => "ladder failed",
        (true, false) => "ladder short failed",
    };
    let dash = |place: Reach| if reach >= place { "none" } else { "2 2" };
    rsx! {
        svg { class, view_box: if synced { "0 0 34 10" } else { "0 0 22 10" }, "aria-hidden": "true",
            path { class: reached(Reach::Disk), d: "M8 5H14", stroke_dasharray: dash(Reach::Disk) }
            circle { class: "at", cx: "5", cy: "5", r: "3.2" }
            circle { class: reached(Reach::Disk), cx: "17", cy: "5", r: "3.2" }
            if synced {
                path { class: reached(Reach::Server), d: "M20 5H26", stroke_dasharray: dash(Reach::Server) }
                circle { class: reached(Reach::Server), cx: "29", cy: "5", r: "3.2" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(html: &str) -> usize {
        html.matches(r#"<circle class="at""#).count()
    }

    #[test]
    fn a_dot_is_filled_only_where_the_work_has_come() {
        let html = |reach| dioxus_ssr::render_element(rsx! { SaveLadder { reach, synced: true } });
        assert_eq!(filled(&html(Reach::Window)), 1);
        assert_eq!(filled(&html(Reach::Disk)), 2);
        assert_eq!(filled(&html(Reach::Server)), 3);
    }

    #[test]
    fn without_a_server_there_is_no_dot_for_it() {
        let html = dioxus_ssr::render_element(rsx! { SaveLadder { reach: Reach::Disk } });
        assert_eq!(html.matches("<circle").count(), 2);
        assert_eq!(filled(&html), 2);
    }
}
