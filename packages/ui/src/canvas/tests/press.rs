//! Presses what a user would: elements are found by their names.

use std::{any::Any, rc::Rc};

use dioxus::{
    core::{AttributeValue, DynamicNode, ElementId, ScopeState, TemplateAttribute, TemplateNode, VNode},
    html::{
        Code, Location, PlatformEventData, SerializedFormData, SerializedHtmlEventConverter, SerializedKeyboardData,
        SerializedMouseData, set_event_converter,
    },
    prelude::*,
};

use super::stage::Stage;

/// An element that hears of something.
struct Found {
    name: String,
    element: ElementId,
}

impl Stage {
    /// Presses the one thing with this name: its `aria-label`, or the text in it.
    pub fn press(&mut self, name: &str) {
        self.fire("click", name, Box::new(SerializedMouseData::default()));
    }

    /// Presses it twice.
    pub fn press_twice(&mut self, name: &str) {
        self.fire("dblclick", name, Box::new(SerializedMouseData::default()));
    }

    /// Presses a key in it.
    pub fn key_in(&mut self, name: &str, key: Key) {
        let none = Modifiers::empty();
        let data = SerializedKeyboardData::new(key, Code::Unidentified, Location::Standard, false, none, false);
        self.fire("keydown", name, Box::new(data));
    }

    /// Ticks a box, or takes the tick away.
    pub fn tick(&mut self, name: &str, on: bool) {
        self.fire("change", name, Box::new(SerializedFormData::new(on.to_string(), Vec::new())));
    }

    /// Whether there is something with this name to press.
    pub fn can_press(&self, name: &str) -> bool {
        self.listening("click").iter().any(|found| found.name == name)
    }

    fn fire(&mut self, event: &str, name: &str, data: Box<dyn Any>) {
        set_event_converter(Box::new(SerializedHtmlEventConverter));
        let found: Vec<_> = self.listening(event).into_iter().filter(|found| found.name == name).collect();
        let all: Vec<_> = self.listening(event).into_iter().map(|found| found.name).collect();
        assert_eq!(found.len(), 1, "{name:?} among {all:?}");
        let data: Rc<dyn Any> = Rc::new(PlatformEventData::new(data));
        self.dom.runtime().handle_event(event, Event::new(data, true), found[0].element);
        self.render();
    }

    fn listening(&self, event: &str) -> Vec<Found> {
        let mut found = Vec::new();
        self.look(self.dom.base_scope().root_node(), &format!("on{event}"), &mut found);
        found
    }

    fn look(&self, node: &VNode, listener: &str, found: &mut Vec<Found>) {
        for root in node.template.roots {
            self.look_at(node, root, listener, found);
        }
    }

    fn look_at(&self, node: &VNode, element: &TemplateNode, listener: &str, found: &mut Vec<Found>) {
        match element {
            TemplateNode::Element { attrs, children, .. } => {
                let mut label = None;
                let mut hears = None;
                for attribute in *attrs {
                    match attribute {
                        TemplateAttribute::Static { name: "aria-label", value, .. } => {
                            label = Some((*value).to_owned());
                        }
                        TemplateAttribute::Static { .. } => {}
                        TemplateAttribute::Dynamic { id } => {
                            for one in &node.dynamic_attrs[*id] {
                                match &one.value {
                                    AttributeValue::Text(text) if one.name == "aria-label" => {
                                        label = Some(text.clone());
                                    }
                                    AttributeValue::Listener(_) if one.name == listener => hears = Some(*id),
                                    _ => {}
                                }
                            }
                        }
                    }
                }
                if let Some(element_id) = hears.and_then(|id| node.mounted_dynamic_attribute(id, &self.dom)) {
                    let mut text = String::new();
                    children.iter().for_each(|child| self.text(node, child, &mut text));
                    found.push(Found { name: label.unwrap_or_else(|| text.trim().to_owned()), element: element_id });
                }
                children.iter().for_each(|child| self.look_at(node, child, listener, found));
            }
            TemplateNode::Text { .. } => {}
            TemplateNode::Dynamic { id } => {
                for inner in self.inside(node, *id) {
                    self.look(inner, listener, found);
                }
            }
        }
    }

    fn inside<'a>(&'a self, node: &'a VNode, id: usize) -> Vec<&'a VNode> {
        match &node.dynamic_nodes[id] {
            DynamicNode::Component(component) => {
                component.mounted_scope(id, node, &self.dom).map(ScopeState::root_node).into_iter().collect()
            }
            DynamicNode::Fragment(nodes) => nodes.iter().collect(),
            DynamicNode::Text(_) | DynamicNode::Placeholder(_) => Vec::new(),
        }
    }

    fn text(&self, node: &VNode, element: &TemplateNode, text: &mut String) {
        match element {
            TemplateNode::Element { children, .. } => children.iter().for_each(|child| self.text(node, child, text)),
            TemplateNode::Text { text: words } => text.push_str(words),
            TemplateNode::Dynamic { id } => {
                if let DynamicNode::Text(words) = &node.dynamic_nodes[*id] {
                    text.push_str(&words.value);
                }
                for inner in self.inside(node, *id) {
                    inner.template.roots.iter().for_each(|root| self.text(inner, root, text));
                }
            }
        }
    }
}
