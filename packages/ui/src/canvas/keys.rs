//! The keyboard on the canvas.

use dioxus::prelude::*;
use storage::model::{NodeId, Point};

use super::editor::Editor;
use crate::{
    platform,
    store::{Document, Selection},
    widgets::ToastAction,
};

/// How far an arrow moves what is selected, in world units; with Shift four times as far.
const NUDGE: f64 = 6.;

impl Editor {
    /// A key was pressed while the canvas, or something on it, had the keyboard.
    pub(super) fn key_down(&self, event: &KeyboardEvent) {
        let modifiers = event.modifiers();
        let command = modifiers.ctrl() || modifiers.meta();
        let mut space = self.space;
        match event.key() {
            Key::Character(text) if command => match text.to_lowercase().as_str() {
                "a" => self.select_all(),
                _ => return,
            },
            _ if command || modifiers.alt() => return,
            Key::Character(text) => match text.as_str() {
                " " => {
                    if !*space.peek() {
                        space.set(true);
                    }
                }
                "1" => self.fit(),
                "+" | "=" => self.zoom_step(1),
                "-" | "−" | "_" => self.zoom_step(-1),
                _ => return,
            },
            Key::Delete | Key::Backspace => self.delete_selected(),
            Key::Escape => {
                if !self.cancel() {
                    self.store.select(Selection::default());
                    self.focus();
                }
            }
            Key::Tab if !modifiers.shift() => self.ask_for_node(),
            Key::Enter => platform::focus_first(".node"),
            Key::ArrowLeft => self.nudge(-1., 0., modifiers.shift()),
            Key::ArrowRight => self.nudge(1., 0., modifiers.shift()),
            Key::ArrowUp => self.nudge(0., -1., modifiers.shift()),
            Key::ArrowDown => self.nudge(0., 1., modifiers.shift()),
            _ => return,
        }
        event.prevent_default();
    }

    /// A key was released.
    pub(super) fn key_up(&self, event: &KeyboardEvent) {
        let mut space = self.space;
        if event.key() == Key::Character(" ".into()) && *space.peek() {
            space.set(false);
        }
    }

    /// A key was pressed on a node. Tab goes on to the next node, as everywhere; Enter selects, F2 renames.
    pub(super) fn key_on_node(&self, id: NodeId, event: &KeyboardEvent) {
        match event.key() {
            Key::Tab => event.stop_propagation(),
            Key::Enter => {
                event.stop_propagation();
                event.prevent_default();
                self.store.select(Selection::node(id));
            }
            Key::F2 => {
                event.stop_propagation();
                let mut renaming = self.renaming;
                renaming.set(Some(id));
            }
            Key::ArrowLeft | Key::ArrowRight | Key::ArrowUp | Key::ArrowDown if self.store.selection().is_empty() => {
                self.store.select(Selection::node(id));
            }
            _ => {}
        }
    }

    fn select_all(&self) {
        let all = self.store.with_document(Document::node_ids).unwrap_or_default();
        self.store.select(Selection::of(all));
    }

    fn nudge(&self, x: f64, y: f64, far: bool) {
        let step = if far { 4. * NUDGE } else { NUDGE };
        let moved = |id: &NodeId| {
            let at = self.store.rect(*id)?.corner();
            Some((*id, Point { x: at.x + x * step, y: at.y + y * step }))
        };
        let moves: Vec<_> = self.store.selection().nodes.iter().filter_map(moved).collect();
        self.store.move_nodes(&moves);
    }

    /// Deletes what is selected, and offers to bring it back.
    pub fn delete_selected(&self) {
        let Some(gone) = self.store.remove_selected() else { return };
        let store = self.store.clone();
        self.toaster.offer(said(&gone.parts), ToastAction::new("Undo", move || store.restore(&gone)));
        self.focus();
    }
}

/// What was deleted, in words.
fn said(gone: &Selection) -> String {
    let count = |number: usize, one: &str, many: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        number => Some(format!("{number} {many}")),
    };
    let parts = [count(gone.nodes.len(), "node", "nodes"), count(gone.edges.len(), "edge", "edges")];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    format!("{} deleted", parts.join(" and "))
}
