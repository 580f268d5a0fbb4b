//! What stands at the end of an edge. A type has a shape beside its colour, so that colour never speaks alone.

use engine::PortShape;

/// The outline of a port's shape around a point, as the data of an SVG path. About 11 units across, so that all of them weigh
/// the same to the eye.
///
/// Many of them go into one drawing: an SVG element each would cost the browser a transform each, in every frame.
pub fn port_glyph(shape: PortShape, x: f64, y: f64) -> String {
    format!("M{x} {y}{}", outline(shape))
}

fn outline(shape: PortShape) -> &'static str {
    match shape {
        PortShape::Text => "m-5.5 0a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0-11 0z",
        PortShape::Number => "m0-6.6l6.6 6.6-6.6 6.6-6.6-6.6z",
        PortShape::Image => "m-3-5h6a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2h-6a2 2 0 0 1-2-2v-6a2 2 0 0 1 2-2z",
        PortShape::Video => "m-4.2-5.6l10.2 5.6-10.2 5.6z",
        PortShape::Audio => "m-3.2-3.3a3.2 3.2 0 0 1 6.4 0v6.6a3.2 3.2 0 0 1-6.4 0z",
        PortShape::Json => "m-3.3-5.7h6.6l3.3 5.7-3.3 5.7h-6.6l-3.3-5.7z",
        PortShape::Any => "m-2-6h4v4h4v4h-4v4h-4v-4h-4v-4h4z",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_can_be_drawn_anywhere() {
        assert!(port_glyph(PortShape::Number, 248., 55.5).starts_with("M248 55.5m"));
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
