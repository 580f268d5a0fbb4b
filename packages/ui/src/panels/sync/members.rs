//! Who may see and change a workflow on the server.

use dioxus::prelude::*;
use storage::{
    model::WorkflowId,
    sync::{Failure, transport::convex::Member, wire::Role},
};

use crate::{
    store::use_store,
    widgets::{Icon, IconName, keep_typing, use_dom_id},
};

/// The members, and for the owner the ways to change them.
#[component]
pub fn Members(workflow: WorkflowId, role: Role) -> Element {
    let store = use_store();
    let mut asked = use_signal(|| 0_u32);
    let mut refused = use_signal(|| None::<String>);
    let mut busy = use_signal(|| false);
    let asking = store.clone();
    let known = use_resource(move || {
        let _anew = asked();
        let deployment = asking.session().deployment();
        async move {
            let Some(deployment) = deployment else { return Err(Failure::Network("sync is off".into())) };
            Ok((deployment.me().await?, deployment.members(workflow).await?))
        }
    });
    let is_owner = role == Role::Owner;
    // What is called, and then the list anew.
    let change = move |change: Change| {
        let deployment = store.session().deployment();
        spawn(async move {
            let Some(deployment) = deployment else { return };
            busy.set(true);
            let done = match change {
                Change::Role(user, role) => deployment.invite(workflow, &user, role).await,
                Change::Removal(user) => deployment.remove_member(workflow, &user).await,
            };
            refused.set(done.err().map(|failure| words(&failure)));
            busy.set(false);
            asked += 1;
        });
    };
    let (inviting, changing) = (change.clone(), change);
    let known = known.read();
    rsx! {
        div { class: "members", "data-members": "{workflow}",
            match &*known {
                None => rsx! { p { class: "q s12", "Asking the server…" } },
                Some(Err(failure)) => rsx! {
                    p { class: "msg warn", role: "alert",
                        Icon { name: IconName::TriangleAlert }
                        span { "{words(failure)}" }
                        button { class: "btn small", onclick: move |_| asked += 1, "Try again" }
                    }
                },
                Some(Ok((me, members))) => rsx! {
                    ul { class: "plain", aria_label: "Members",
                        for member in members.clone() {
                            One {
                                key: "{member.user}",
                                is_me: member.user == *me,
                                member,
                                is_owner,
                                busy: busy(),
                                change: EventHandler::new(changing.clone()),
                            }
                        }
                    }
                    if is_owner {
                        Invite { busy: busy(), change: EventHandler::new(inviting.clone()) }
                    }
                    p { class: "q s12 below", "You are " code { class: "id", "data-me": "{me}", "{me}" } " there: owners of other workflows invite you by this." }
                },
            }
            if let Some(reason) = refused() {
                p { class: "msg error", role: "alert",
                    Icon { name: IconName::CircleAlert }
                    span { "{reason}" }
                }
            }
        }
    }
}

/// What is to become of a member.
#[derive(Clone, Debug)]
enum Change {
    Role(String, Role),
    Removal(String),
}

#[component]
fn One(member: Member, is_me: bool, is_owner: bool, busy: bool, change: EventHandler<Change>) -> Element {
    let Member { user, role } = member;
    let (chosen, removed) = (user.clone(), user.clone());
    rsx! {
        li { class: "lrow", "data-member": "{user}", "data-role": name(role),
            span {
                span { class: "cut", title: "{user}", "{user}" }
                if is_me {
                    small { class: "q", "You" }
                }
            }
            span { class: "row",
                if is_owner && role != Role::Owner {
                    select {
                        class: "field small",
                        aria_label: "Role of {user}",
                        disabled: busy,
                        onchange: move |event| change.call(Change::Role(chosen.clone(), parsed(&event.value()))),
                        for one in [Role::Viewer, Role::Editor] {
                            option { value: name(one), selected: one == role, "{label(one)}" }
                        }
                    }
                } else {
                    span { class: "q", "{label(role)}" }
                }
                if role != Role::Owner && (is_owner || is_me) {
                    button {
                        class: "btn quiet small",
                        disabled: busy,
                        onclick: move |_| change.call(Change::Removal(removed.clone())),
                        if is_me { "Leave" } else { "Remove" }
                    }
                }
            }
        }
    }
}

#[component]
fn Invite(busy: bool, change: EventHandler<Change>) -> Element {
    let (user_id, role_id) = (use_dom_id(), use_dom_id());
    let mut user = use_signal(String::new);
    let mut role = use_signal(|| Role::Editor);
    rsx! {
        form {
            class: "row below",
            onsubmit: move |event| {
                event.prevent_default();
                let invited = user.peek().trim().to_owned();
                if !invited.is_empty() {
                    change.call(Change::Role(invited, role()));
                    user.set(String::new());
                }
            },
            label { class: "sr", r#for: "{user_id}", "User" }
            input {
                id: "{user_id}",
                class: "field grow",
                r#type: "text",
                autocomplete: "off",
                spellcheck: "false",
                placeholder: "What the other sees under “You are”",
                value: "{user}",
                oninput: move |event| user.set(event.value()),
                onkeydown: |event| keep_typing(&event),
            }
            label { class: "sr", r#for: "{role_id}", "Role" }
            select {
                id: "{role_id}",
                class: "field small",
                onchange: move |event| role.set(parsed(&event.value())),
                for one in [Role::Editor, Role::Viewer] {
                    option { value: name(one), selected: one == role(), "{label(one)}" }
                }
            }
            button { r#type: "submit", class: "btn small", disabled: busy || user.read().trim().is_empty(), "Invite" }
        }
    }
}

fn name(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Editor => "editor",
        Role::Viewer => "viewer",
    }
}

fn label(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Editor => "Can edit",
        Role::Viewer => "Can view",
    }
}

fn parsed(name: &str) -> Role {
    if name == "viewer" { Role::Viewer } else { Role::Editor }
}

/// Why not, and what helps.
fn words(failure: &Failure) -> String {
    match failure {
        Failure::Refused(code) => match code.as_str() {
            "FORBIDDEN" => "Only the owner may do this.".into(),
            "LIMIT" => {
                "That is too many: the workflow has as many members as it may have, or the user as many workflows."
                    .into()
            }
            "BAD_REQUEST" => "The server knows no such user, or this can’t be changed.".into(),
            other => format!("The server refused it: {other}."),
        },
        failure => {
            let text = failure.to_string();
            let mut letters = text.chars();
            letters.next().map_or(text.clone(), |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_words() {
        assert!(words(&Failure::Refused("FORBIDDEN".into())).contains("owner"));
        assert_eq!(words(&Failure::Busy(503)), "The server is busy (503).");
    }
}
