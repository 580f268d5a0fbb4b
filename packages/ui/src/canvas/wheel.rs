//! Wheels and track pads.
//!
//! A wheel zooms, two fingers on a track pad pan, a pinch zooms. Browsers report all three as wheel events; a pinch has Ctrl, a
//! track pad moves sideways, by fractions or by little. What a movement began as it stays until it comes to rest.

use dioxus::{html::geometry::WheelDelta, prelude::*};
use storage::model::Viewport;

use super::editor::Editor;
use crate::platform;

/// A movement is over after so many milliseconds.
const REST: f64 = 180.;
/// A wheel's notch is more than this, in CSS pixels.
const NOTCH: f64 = 16.;

/// The movement under way.
#[derive(Debug, Default)]
pub struct Wheel {
    last: f64,
    pans: bool,
}

impl Wheel {
    /// Whether this event pans. `dx` and `dy` are CSS pixels, `now` milliseconds.
    fn pans(&mut self, dx: f64, dy: f64, now: f64) -> bool {
        if now - self.last > REST {
            self.pans = dx != 0. || dy.fract() != 0. || dy.abs() < NOTCH;
        }
        self.last = now;
        self.pans
    }
}

impl Editor {
    /// Pans or zooms.
    pub(super) fn wheel(&self, event: &WheelEvent) {
        event.prevent_default();
        let (dx, dy, in_pixels) = match event.delta() {
            WheelDelta::Pixels(delta) => (delta.x, delta.y, true),
            WheelDelta::Lines(delta) => (delta.x * 33., delta.y * 33., false),
            WheelDelta::Pages(delta) => (delta.x * 400., delta.y * 400., false),
        };
        let modifiers = event.modifiers();
        let pinch = modifiers.ctrl() || modifiers.meta();
        let pans = self.wheel.borrow_mut().pans(dx, dy, platform::monotonic_millis()) && in_pixels;
        let view = self.view();
        if pinch || !(pans || modifiers.shift()) {
            // A pinch comes in small steps.
            let speed = if pinch { 0.01 } else { 0.002 };
            self.zoom(2_f64.powf(-dy.clamp(-200., 200.) * speed), self.on_canvas(event.client_coordinates()));
        } else {
            // Browsers turn Shift and a wheel into sideways by themselves, or leave it to us.
            let (dx, dy) = if modifiers.shift() && dx == 0. { (dy, 0.) } else { (dx, dy) };
            self.look(Viewport { x: view.x - dx, y: view.y - dy, zoom: view.zoom });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_movement_stays_what_it_began_as() {
        let mut wheel = Wheel::default();
        assert!(!wheel.pans(0., 120., 1000.), "a notch zooms");
        assert!(!wheel.pans(0., 4., 1050.), "also while it runs out");
        assert!(wheel.pans(0., 4., 2000.), "two fingers begin slowly");
        assert!(wheel.pans(3., 90., 2050.), "and may become fast");
        assert!(wheel.pans(-40., 0., 3000.), "sideways is no wheel");
    }
}
