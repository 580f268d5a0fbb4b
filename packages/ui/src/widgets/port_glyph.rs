//! What stands at the end of an edge. A type has a shape beside its colour, so that colour never speaks alone.

use dioxus::prelude::*;
use engine::PortShape;

/// The shape of a port: filled when something is connected, an outline when it is free. Its colour comes from
/// `data-kind` around it.
#[component]
pub fn PortGlyph(shape: PortShape, connected: bool) -> Element {
    rsx! {
        svg { class: if connected { "shape" } else { "shape open" }, view_box: "-7.5 -7.5 15 15", "aria-hidden": "true",
            path { d: outline(shape) }
        }
    }
}

/// About 11 units across, centred on the origin, so that all of them weigh the same to the eye.
fn outline(shape: PortShape) -> &'static str {
    match shape {
        PortShape::Text => "M-5.5 0a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0-11 0z",
        PortShape::Number => "M0-6.6 6.6 0 0 6.6-6.6 0z",
        PortShape::Image => "M-3-5h6a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2h-6a2 2 0 0 1-2-2v-6a2 2 0 0 1 2-2z",
        PortShape::Video => "M-4.2-5.6 6 0-4.2 5.6z",
        PortShape::Audio => "M-3.2-3.3a3.2 3.2 0 0 1 6.4 0v6.6a3.2 3.2 0 0 1-6.4 0z",
        PortShape::Json => "M-3.3-5.7h6.6L6.6 0 3.3 5.7h-6.6L-6.6 0z",
        PortShape::Any => "M-2-6h4v4h4v4h-4v4h-4v-4h-4v-4h4z",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_is_an_outline() {
        let html = |connected| dioxus_ssr::render_element(rsx! { PortGlyph { shape: PortShape::Json, connected } });
        assert!(html(true).contains(r#"class="shape""#));
        assert!(html(false).contains(r#"class="shape open""#));
    }

    #[test]
    fn every_type_has_a_shape_of_its_own() {
        let shapes = [
            PortShape::Text,
            PortShape::Number,
            PortShape::Image,
            PortShape::Video,
            PortShape::Audio,
            PortShape::Json,
            PortShape::Any,
        ];
        for (index, shape) in shapes.into_iter().enumerate() {
            assert!(shapes[..index].iter().all(|other| outline(*other) != outline(shape)), "{shape:?}");
        }
    }
}
