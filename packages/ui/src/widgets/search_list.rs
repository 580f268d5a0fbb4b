//! A field over the page in which a few letters find something: the list of nodes to add, the commands.

use std::rc::Rc;

use dioxus::prelude::*;

use super::{
    Icon, IconName, SearchItem,
    dom_id::use_dom_id,
    focus::{self, Step, use_borrowed_focus},
    over::Over,
    search,
};

/// No more than this many are shown: who has more to read types another letter.
const SHOWN: usize = 60;

/// A search field named `label` and what it finds among `items`.
///
/// The first match is active; arrows move to another. Enter and a press call `onpick` with the item's key. Escape and a
/// press beside it call `onclose`. To take it away is in both cases up to the caller; the focus goes back to where it
/// was.
#[component]
pub fn SearchList(
    label: String,
    /// What Enter does, in a word, for the line at the foot.
    #[props(default = String::from("choose"))]
    verb: String,
    #[props(into)] items: Rc<[SearchItem]>,
    onpick: EventHandler<String>,
    onclose: EventHandler<()>,
) -> Element {
    let id = use_dom_id();
    use_borrowed_focus(&id);
    let mut query = use_signal(String::new);
    let mut active = use_signal(|| 0_usize);

    let found = search::find(&items, &query.read());
    let hidden = found.len().saturating_sub(SHOWN);
    let shown = &found[..found.len() - hidden];
    let active_now = active().min(shown.len().saturating_sub(1));
    let option_id = |index: usize| format!("{id}-{index}");

    use_effect({
        let id = id.clone();
        move || focus::reveal(&format!("{id}-{active}"))
    });
    let onkeydown = {
        let items = items.clone();
        move |event: KeyboardEvent| {
            // Nothing that is pressed here is meant for the page behind.
            event.stop_propagation();
            if event.is_composing() {
                return;
            }
            // Looked up anew: the next key may come before what the last one changed is drawn.
            let query = query.peek();
            let found = search::find(&items, &query);
            let count = found.len().min(SHOWN);
            let at = (*active.peek()).min(count.saturating_sub(1));
            let step = match event.key() {
                Key::ArrowDown => Step::Next,
                Key::ArrowUp => Step::Previous,
                Key::Enter => {
                    event.prevent_default();
                    if let Some(item) = found.get(at) {
                        onpick.call(item.key.clone());
                    }
                    return;
                }
                Key::Escape => {
                    event.prevent_default();
                    return onclose.call(());
                }
                // There is nowhere else to go.
                Key::Tab => return event.prevent_default(),
                _ => return,
            };
            event.prevent_default();
            if let Some(next) = step.from(Some(at), count) {
                active.set(next);
            }
        }
    };
    let oninput = move |event: FormEvent| {
        query.set(event.value());
        active.set(0);
    };
    let onmounted = {
        let id = id.clone();
        move |_| focus::enter(&id)
    };

    rsx! {
        Over {
            div { class: "scrim", onclick: move |_| onclose.call(()) }
            div { id: id.clone(), class: "palette", role: "dialog", aria_modal: "true", aria_label: "Search", onmounted,
                div { class: "ask",
                    Icon { name: IconName::Search }
                    input {
                        r#type: "search",
                        aria_label: label.clone(),
                        aria_autocomplete: "list",
                        aria_controls: "{id}-found",
                        aria_activedescendant: (!shown.is_empty()).then(|| option_id(active_now)),
                        autofocus: true,
                        autocomplete: "off",
                        spellcheck: "false",
                        placeholder: label,
                        oninput,
                        onkeydown,
                    }
                    kbd { "Esc" }
                }
                if shown.is_empty() {
                    p { class: "none", role: "status", "Nothing is called “{query.read().trim()}”." }
                }
                div { class: "found", id: "{id}-found", role: "listbox", aria_label: "Matches",
                    for (start , group) in groups(shown) {
                        div { key: "{group[0].group}", role: "group", aria_label: heading(group),
                            if let Some(heading) = heading(group) {
                                h3 { "aria-hidden": "true", "{heading}" }
                            }
                            for (index , item) in group.iter().enumerate() {
                                Match {
                                    key: "{item.key}",
                                    id: option_id(start + index),
                                    icon: item.icon,
                                    title: item.title.clone(),
                                    hint: item.hint.clone(),
                                    query: query.read().trim().to_owned(),
                                    active: start + index == active_now,
                                    value: item.key.clone(),
                                    onpick,
                                }
                            }
                        }
                    }
                    if hidden > 0 {
                        p { class: "none", "{hidden} more: type another letter" }
                    }
                }
                div { class: "hint", "aria-hidden": "true",
                    span {
                        span { class: "keys",
                            kbd { "↑" }
                            kbd { "↓" }
                        }
                        "move"
                    }
                    span {
                        kbd { "Enter" }
                        "{verb}"
                    }
                }
            }
        }
    }
}

/// Runs of items with the same heading, each with the index of its first.
fn groups<'a, 'b>(found: &'a [&'b SearchItem]) -> Vec<(usize, &'a [&'b SearchItem])> {
    let mut start = 0;
    found
        .chunk_by(|one, other| one.group == other.group)
        .map(|group| {
            let first = start;
            start += group.len();
            (first, group)
        })
        .collect()
}

fn heading(group: &[&SearchItem]) -> Option<String> {
    group.first().map(|item| item.group.clone()).filter(|heading| !heading.is_empty())
}

/// One line of the list, with what matched set off.
#[component]
fn Match(
    id: String,
    icon: IconName,
    title: String,
    hint: String,
    query: String,
    active: bool,
    value: String,
    onpick: EventHandler<String>,
) -> Element {
    let marked = search::position(&title, &query).unwrap_or_default();
    let (before, rest) = title.split_at(marked.start);
    let (matched, after) = rest.split_at(marked.len());
    rsx! {
        div {
            id,
            class: "prow2",
            role: "option",
            aria_selected: "{active}",
            // The focus stays in the field.
            onmousedown: |event| event.prevent_default(),
            onclick: move |_| onpick.call(value.clone()),
            Icon { name: icon }
            span { class: "cut",
                "{before}"
                if !matched.is_empty() {
                    mark { "{matched}" }
                }
                "{after}"
            }
            span { class: "side", "{hint}" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    fn item(key: &str, title: &str, group: &str) -> SearchItem {
        SearchItem {
            key: key.into(),
            icon: IconName::Image,
            title: title.into(),
            hint: "file → image".into(),
            group: group.into(),
            words: String::new(),
        }
    }

    fn app() -> Element {
        let items =
            [item("note", "Note", "Paper"), item("image", "Load image", "Pictures"), item("mask", "Mask", "Pictures")];
        rsx! {
            SearchList { label: "Add node", verb: "add it", items, onpick: |_| {}, onclose: |()| {} }
        }
    }

    #[test]
    fn the_field_has_the_given_name_alone() {
        let html = drawn(app);
        assert_eq!(html.matches(r#"aria-label="Add node""#).count(), 1, "{html}");
        assert!(html.contains(r#"<input type="search" aria-label="Add node""#), "{html}");
    }

    #[test]
    fn the_first_match_is_active_from_the_start() {
        let html = drawn(app);
        let active = value_of(&html, "aria-activedescendant");
        assert!(
            html.contains(&format!(r#"<div id="{active}" class="prow2" role="option" aria-selected="true""#)),
            "{html}"
        );
        assert_eq!(html.matches(r#"aria-selected="true""#).count(), 1);
        assert_eq!(html.matches(r#"role="option""#).count(), 3);
    }

    #[test]
    fn groups_are_runs_with_the_index_of_their_first() {
        let items = [item("a", "A", "x"), item("b", "B", "x"), item("c", "C", "y")];
        let found: Vec<&SearchItem> = items.iter().collect();
        let starts: Vec<(usize, usize)> = groups(&found).iter().map(|(start, group)| (*start, group.len())).collect();
        assert_eq!(starts, [(0, 2), (2, 1)]);
    }
}
