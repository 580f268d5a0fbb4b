//! How far a picture is zoomed in and where it lies, in pixels of the pane that shows it.

use storage::model::{Point, Size, Viewport};

/// Left free around a picture that is shown whole.
const MARGIN: f64 = 28.;
/// Smaller makes no sense.
const SMALLEST: f64 = 0.02;
/// At this each of a picture's pixels can be counted.
const LARGEST: f64 = 32.;

/// The view that shows all of a picture, at most at its own size.
pub fn fitted(picture: Size, pane: Size) -> Viewport {
    let room = |side: f64| (side - 2. * MARGIN).max(1.);
    let zoom = (room(pane.width) / picture.width.max(1.)).min(room(pane.height) / picture.height.max(1.));
    at_zoom(zoom.clamp(SMALLEST, 1.), picture, pane)
}

/// The view that shows the middle of a picture at a zoom.
pub fn at_zoom(zoom: f64, picture: Size, pane: Size) -> Viewport {
    Viewport { x: (pane.width - picture.width * zoom) / 2., y: (pane.height - picture.height * zoom) / 2., zoom }
}

/// The view after zooming by `factor`, with what is under `at` staying there.
pub fn zoomed(view: Viewport, factor: f64, at: Point) -> Viewport {
    let zoom = (view.zoom * factor).clamp(SMALLEST, LARGEST);
    let ratio = zoom / view.zoom;
    Viewport { x: at.x - (at.x - view.x) * ratio, y: at.y - (at.y - view.y) * ratio, zoom }
}

/// Where the edge between two compared pictures is, in per cent of the picture, for a pointer at `x` of the pane.
pub fn wipe(view: Viewport, picture: Size, x: f64) -> f64 {
    ((x - view.x) / (picture.width * view.zoom).max(1.) * 100.).clamp(0., 100.)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PANE: Size = Size { width: 1000., height: 600. };

    #[test]
    fn a_picture_is_shown_whole_in_the_middle_and_never_enlarged() {
        let large = Size { width: 4000., height: 1000. };
        let view = fitted(large, PANE);
        assert!((view.x - MARGIN).abs() < 1e-9 && view.zoom < 1.);
        assert!((view.y * 2. + 1000. * view.zoom - 600.).abs() < 1e-9);
        let small = fitted(Size { width: 100., height: 50. }, PANE);
        assert_eq!((small.x, small.y, small.zoom), (450., 275., 1.));
        // Before anything is measured.
        assert!(fitted(large, Size::default()).zoom > 0.);
    }

    #[test]
    fn zooming_keeps_what_is_under_the_pointer_and_has_ends() {
        let view = Viewport { x: 30., y: -40., zoom: 0.5 };
        let at = Point { x: 300., y: 200. };
        let after = zoomed(view, 3., at);
        let under = |view: Viewport| ((at.x - view.x) / view.zoom, (at.y - view.y) / view.zoom);
        assert_eq!(under(view), under(after));
        assert_eq!((zoomed(view, 1e9, at).zoom, zoomed(view, 1e-9, at).zoom), (LARGEST, SMALLEST));
    }

    #[test]
    fn the_edge_between_two_pictures_stays_on_them() {
        let (view, picture) = (Viewport { x: 100., y: 0., zoom: 0.5 }, Size { width: 800., height: 600. });
        assert_eq!([0., 100., 300., 900.].map(|x| wipe(view, picture, x)), [0., 0., 50., 100.]);
    }
}
