//! Where it goes, and whether.

use dioxus::{core::spawn_forever, prelude::*};
use storage::sync::Settings;

use super::SyncDesk;
use crate::{
    store::use_store,
    widgets::{Icon, IconName, keep_typing, use_dom_id},
};

/// The address, the token, and the switch.
#[component]
pub fn Server() -> Element {
    let store = use_store();
    let desk: SyncDesk = use_context();
    let (address_id, token_id) = (use_dom_id(), use_dom_id());
    let mut address = use_signal(|| desk.settings.peek().address.clone());
    let mut token = use_signal(|| desk.settings.peek().token.clone());
    let mut refused = use_signal(|| None::<String>);
    let settings = desk.settings.read().clone();
    let is_changed = *address.read() != settings.address || *token.read() != settings.token;
    let turned = store.clone();
    let turn = move |on: bool| {
        let new = Settings { on, address: address(), token: token(), ..desk.settings.peek().clone() };
        let store = turned.clone();
        // It goes on when the panel is closed meanwhile.
        spawn_forever(async move {
            let failed = desk.set(&store, new).await.err();
            if let Ok(mut refused) = refused.try_write() {
                *refused = failed;
            }
        });
    };
    let submit = turn.clone();
    rsx! {
        section {
            h3 { class: "h", "Server" }
            form {
                class: "form",
                onsubmit: move |event| {
                    event.prevent_default();
                    submit(true);
                },
                label { r#for: "{address_id}", "Address" }
                input {
                    id: "{address_id}",
                    class: "field",
                    r#type: "text",
                    inputmode: "url",
                    autocomplete: "off",
                    spellcheck: "false",
                    placeholder: "https://quiet-otter-412.convex.cloud",
                    value: "{address}",
                    aria_invalid: refused.read().is_some(),
                    oninput: move |event| address.set(event.value()),
                    onkeydown: |event| keep_typing(&event),
                }
                label { r#for: "{token_id}", "Token" }
                input {
                    id: "{token_id}",
                    class: "field",
                    r#type: "password",
                    autocomplete: "off",
                    placeholder: "None, if the server lets everybody in",
                    value: "{token}",
                    oninput: move |event| token.set(event.value()),
                    onkeydown: |event| keep_typing(&event),
                }
                if let Some(reason) = refused() {
                    p { class: "msg error", role: "alert",
                        Icon { name: IconName::CircleAlert }
                        span { "{reason}" }
                    }
                }
                div { class: "row",
                    if settings.on {
                        button { r#type: "submit", class: "btn primary", disabled: !is_changed, "Use this server" }
                        button { r#type: "button", class: "btn", onclick: move |_| turn(false), "Turn sync off" }
                    } else {
                        button { r#type: "submit", class: "btn primary", disabled: address.read().trim().is_empty(), "Turn sync on" }
                    }
                }
            }
            p { class: "qq s12 below",
                "Names, settings, prompts and positions of synced workflows are sent, and their pictures, videos and sounds. The token stays on this device."
            }
        }
    }
}
