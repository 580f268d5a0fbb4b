//! What a card shows below its ports, by kind.

use dioxus::prelude::*;
use engine::{Control, Field, Picture};
use storage::model::{AssetPlace, AssetRef, Json, MediaKind, NodeId, Object};

use super::{
    geometry::Words,
    media_body::{MediaBody, keep_press},
};
use crate::{
    media::KeepLinked,
    store::{Content, Topic, use_store, use_topic},
};

/// A card's body.
#[component]
pub fn Body(id: NodeId, width: f64) -> Element {
    let store = use_store();
    use_topic(&store, Topic::Node(id));
    let Some(content) = store.content(id) else { return VNode::empty() };
    let config = &content.node.config;
    match content.shape.picture {
        Picture::Note => {
            let words = content.shape.fields.iter().find_map(|field| text(config, &field.key)).unwrap_or_default();
            let empty = words.is_empty();
            rsx! {
                if empty {
                    span { class: "qq", "Empty note" }
                } else {
                    "{words}"
                }
            }
        }
        Picture::Prompt => {
            let words = text(config, "text").unwrap_or_default();
            rsx! {
                div { class: "body",
                    if words.is_empty() {
                        span { class: "qq", "Nothing written yet" }
                    } else {
                        "{words}"
                    }
                }
            }
        }
        Picture::Image => rsx! {
            RemotePicture { url: text(config, "url").unwrap_or_default(), alt: text(config, "alt").unwrap_or_default(), fit: text(config, "fit").unwrap_or_default() }
        },
        Picture::Media(kind) => match engine::media(&content.node) {
            Some(AssetRef { place: AssetPlace::Url { url }, .. }) => rsx! {
                RemotePicture { url, alt: text(config, "alt").unwrap_or_default(), fit: "contain", is_kept: true }
            },
            _ => rsx! {
                MediaBody { id, kind, width }
            },
        },
        Picture::Generic => match engine::media(&content.node) {
            Some(AssetRef { place: AssetPlace::Url { url }, .. }) => rsx! {
                RemotePicture { url, alt: String::new(), fit: "contain", is_kept: true }
            },
            Some(AssetRef { id: Some(_), mime, .. }) => rsx! {
                MediaBody { id, kind: mime.as_deref().map_or(MediaKind::Other, MediaKind::of), width }
            },
            _ => facts(&content, width),
        },
    }
}

/// The settings of a node in short.
fn facts(content: &Content, width: f64) -> Element {
    let holds = content.node.extra.get("subgraph").and_then(holds);
    let facts: Vec<_> =
        content.shape.fields.iter().filter_map(|field| fact(&content.node.config, field)).take(8).collect();
    rsx! {
        div { class: "body",
            if let Some(holds) = holds {
                p { class: "q", "{holds}" }
            }
            dl { class: "facts",
                for (label , value) in facts {
                    dt { key: "{label}", class: if is_long(&label, width) { "cut" }, "{label}" }
                    dd { class: if is_long(&value, width) { "cut" }, "{value}" }
                }
            }
        }
    }
}

/// Whether a name or a value may be too long for its column on a card of that width.
fn is_long(words: &str, width: f64) -> bool {
    Words(words).width_at_most(12.5) > width / 2. - 21.
}

/// A picture from an address. Nothing is fetched until the user says so: the host is shown, and a button. With `is_kept` it can be
/// downloaded, and is then a file like any other.
#[component]
fn RemotePicture(url: String, alt: String, fit: String, #[props(default)] is_kept: bool) -> Element {
    // The address that was allowed, so that another one is asked for again.
    let mut allowed = use_signal(|| None::<String>);
    let mut loaded = use_signal(|| None::<bool>);
    let host = host(&url);
    let is_allowed = allowed.read().as_deref() == Some(&*url);
    let allow = url.clone();
    rsx! {
        div { class: "media last",
            match host {
                None if url.is_empty() => rsx! {
                    div { class: "ask", "No address yet" }
                },
                None => rsx! {
                    div { class: "ask", "This is no address of a picture: it must begin with https:// or http://" }
                },
                Some(_) if is_allowed => rsx! {
                    img {
                        src: "{url}",
                        alt: "{alt}",
                        referrerpolicy: "no-referrer",
                        draggable: false,
                        object_fit: if fit == "contain" { "contain" } else { "cover" },
                        "data-loaded": "{loaded() == Some(true)}",
                        onload: move |_| loaded.set(Some(true)),
                        onerror: move |_| loaded.set(Some(false)),
                    }
                    if loaded() == Some(false) {
                        div { class: "ask", role: "status",
                            "The picture could not be loaded. Check the address, or try again."
                            button {
                                class: "nbtn",
                                onpointerdown: move |event| event.stop_propagation(),
                                onkeydown: |event| keep_press(&event),
                                onclick: move |_| {
                                    loaded.set(None);
                                    allowed.set(None);
                                },
                                "Back"
                            }
                        }
                    }
                },
                Some(host) => rsx! {
                    div { class: "ask",
                        span { "From " b { "{host}" } }
                        button {
                            class: "nbtn",
                            onpointerdown: move |event| event.stop_propagation(),
                            onkeydown: |event| keep_press(&event),
                            onclick: move |_| {
                                loaded.set(None);
                                allowed.set(Some(allow.clone()));
                            },
                            "Load"
                        }
                        if is_kept {
                            KeepLinked { url: url.clone() }
                        }
                    }
                },
            }
        }
    }
}

/// The host that an address would be fetched from. None: nothing would.
fn host(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    // What stands before an @ is a user's name, made to look like a host.
    let host = authority.rsplit('@').next()?;
    (!host.is_empty() && !host.contains(char::is_whitespace)).then(|| host.to_owned())
}

/// A setting's text.
fn text(config: &Object, key: &str) -> Option<String> {
    config.get(key)?.read().ok()
}

/// What a subgraph holds, in words.
fn holds(json: &Json) -> Option<String> {
    let object: Object = json.read().ok()?;
    let nodes: u64 = object.get("nodes")?.read().ok()?;
    let plural = if nodes == 1 { "node" } else { "nodes" };
    Some(match object.get("name").and_then(|name| name.read::<String>().ok()) {
        Some(name) if !name.is_empty() => format!("{name}: holds {nodes} {plural}"),
        _ => format!("Holds {nodes} {plural}"),
    })
}

/// A setting in short, if it is set.
fn fact(config: &Object, field: &Field) -> Option<(String, String)> {
    let json = config.get(&field.key)?;
    let value = match (&field.control, json.read::<bool>(), json.read::<String>()) {
        (Control::Switch { .. }, Ok(on), _) => if on { "on" } else { "off" }.to_owned(),
        (_, _, Ok(text)) => text.lines().next().unwrap_or_default().to_owned(),
        _ => json.text().to_owned(),
    };
    (!value.is_empty() && value != "null").then(|| (field.label.to_string(), value.chars().take(80).collect()))
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn the_host_that_is_shown_is_the_one_that_would_be_asked() {
        assert_eq!(host("https://example.com/a.png").as_deref(), Some("example.com"));
        assert_eq!(host("https://good.org@evil.net:8443/a").as_deref(), Some("evil.net:8443"));
        assert_eq!(host("https://evil.net\\@good.org/").as_deref(), Some("evil.net"));
        for nothing in ["", "javascript:alert(1)", "data:image/png;base64,AA", "file:///a", "https://", "a.png"] {
            assert_eq!(host(nothing), None, "{nothing}");
        }
    }
}
