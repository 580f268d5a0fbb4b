//! Points, rectangles and the measures of a card, in world units unless a name says otherwise.

use storage::model::{Asset, MediaKind, Point, Size, Viewport};

/// A rectangle whose sides are parallel to the axes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// The left side.
    pub left: f64,
    /// The top side.
    pub top: f64,
    /// The right side.
    pub right: f64,
    /// The bottom side.
    pub bottom: f64,
}

impl Rect {
    /// The rectangle with that corner and size.
    pub fn new(at: Point, size: Size) -> Self {
        Self { left: at.x, top: at.y, right: at.x + size.width, bottom: at.y + size.height }
    }

    /// The rectangle between two corners, in any order.
    pub fn between(a: Point, b: Point) -> Self {
        Self { left: a.x.min(b.x), top: a.y.min(b.y), right: a.x.max(b.x), bottom: a.y.max(b.y) }
    }

    /// From left to right.
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    /// From top to bottom.
    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// The top left corner.
    pub fn corner(&self) -> Point {
        Point { x: self.left, y: self.top }
    }

    /// Whether the two have a point in common.
    pub fn touches(&self, other: &Self) -> bool {
        self.left <= other.right && self.right >= other.left && self.top <= other.bottom && self.bottom >= other.top
    }

    /// Whether all of `other` is inside.
    pub fn holds(&self, other: &Self) -> bool {
        self.left <= other.left && self.top <= other.top && self.right >= other.right && self.bottom >= other.bottom
    }

    /// The smallest rectangle that holds both.
    pub fn union(&self, other: &Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// The rectangle with `margin` more on each side.
    pub fn grown(&self, margin: f64) -> Self {
        Self {
            left: self.left - margin,
            top: self.top - margin,
            right: self.right + margin,
            bottom: self.bottom + margin,
        }
    }

    /// Its area.
    pub fn area(&self) -> f64 {
        self.width() * self.height()
    }
}

/// Zoom goes no further out than this: 100,000 world units fit a window.
pub const MIN_ZOOM: f64 = 0.01;
/// Zoom goes no further in than this.
pub const MAX_ZOOM: f64 = 4.;

/// The world point under a point of the canvas.
pub fn to_world(view: Viewport, at: Point) -> Point {
    Point { x: (at.x - view.x) / view.zoom, y: (at.y - view.y) / view.zoom }
}

/// The view after zooming by `factor`, with the world point under `at` staying where it is.
pub fn zoomed(view: Viewport, factor: f64, at: Point) -> Viewport {
    let zoom = (view.zoom * factor).clamp(MIN_ZOOM, MAX_ZOOM);
    let ratio = zoom / view.zoom;
    Viewport { x: at.x - (at.x - view.x) * ratio, y: at.y - (at.y - view.y) * ratio, zoom }
}

/// The view that shows all of `world` in a canvas of that size, at most at its own size.
pub fn fitted(world: Rect, canvas: Size) -> Viewport {
    const MARGIN: f64 = 48.;
    let room = |side: f64| (side - 2. * MARGIN).max(1.);
    let zoom = (room(canvas.width) / world.width().max(1.)).min(room(canvas.height) / world.height().max(1.));
    let zoom = zoom.clamp(MIN_ZOOM, 1.);
    Viewport {
        x: (canvas.width - world.width() * zoom) / 2. - world.left * zoom,
        y: (canvas.height - world.height() * zoom) / 2. - world.top * zoom,
        zoom,
    }
}

/// What a canvas of that size shows of the world.
pub fn shown(view: Viewport, canvas: Size) -> Rect {
    Rect::between(to_world(view, Point::default()), to_world(view, Point { x: canvas.width, y: canvas.height }))
}

/// A card's width unless its node says otherwise.
pub const CARD_WIDTH: f64 = 248.;
/// No card is narrower.
pub const MIN_WIDTH: f64 = 200.;
/// The header's height.
pub const HEADER: f64 = 40.;
/// The height of a row of ports.
pub const PORT_ROW: f64 = 26.;
const ABOVE_PORTS: f64 = 2.;
const BELOW_PORTS: f64 = 6.;
/// No body is lower: it leaves room to say what goes wrong.
const MIN_BODY: f64 = 12.;

/// How high header and ports are together.
pub fn ports_end(rows: usize) -> f64 {
    match rows {
        0 => HEADER,
        // A card has some dozens of ports at most.
        rows => HEADER + ABOVE_PORTS + PORT_ROW * rows as f64 + BELOW_PORTS,
    }
}

/// The middle of a port's row, below the card's top.
pub fn port_height(row: usize) -> f64 {
    HEADER + ABOVE_PORTS + PORT_ROW * (row as f64 + 0.5)
}

/// Text on one line, of which it matters whether it fits.
///
/// Clipping what fits anyway is not free: each clip is a piece of its own for the browser to put together in every frame, and
/// on a screenful of cards they were most of what panning cost.
pub struct Words<'a>(pub &'a str);

impl Words<'_> {
    /// No wider than this, in units, at a font of `size`: what capitals would take, and other scripts' full widths.
    pub fn width_at_most(&self, size: f64) -> f64 {
        let width = |letter: char| match letter {
            'i' | 'l' | 'j' | 't' | 'f' | 'r' | ' ' | '.' | ',' | ':' | '\'' | '(' | ')' | '|' | '-' => 0.42,
            'm' | 'w' | 'M' | 'W' | '@' | '%' => 1.,
            'a'..='z' | '0'..='9' | '_' => 0.65,
            letter if letter.is_ascii() => 0.8,
            _ => 1.1,
        };
        self.0.chars().map(width).sum::<f64>() * size
    }
}

/// How large a card is: what its node says, but never so small that a port would stick out.
pub fn card_size(wanted: Option<Size>, rows: usize, body: f64) -> Size {
    let top = ports_end(rows);
    match wanted {
        None => Size { width: CARD_WIDTH, height: top + body },
        Some(size) => Size { width: size.width.max(MIN_WIDTH), height: size.height.max(top + MIN_BODY) },
    }
}

/// The height of the line below a picture.
pub const FOOTER: f64 = 34.;
/// A wide picture's card may be as wide as this.
const MEDIA_WIDTH: f64 = 480.;
/// Pictures that are at least so many times as wide as high get a wider card.
const WIDE: f64 = 1.6;
/// A picture is never lower or higher than this on a new card: what is beyond is cut off at the sides.
const MEDIA_HEIGHT: (f64, f64) = (72., 400.);

/// How much room there is for a new card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// As much as it takes.
    Free,
    /// A cell of a block of cards that come in together: [`BLOCK`] from one to the next.
    Cell,
}

/// How far cards are apart that come in together: the largest that [`Room::Cell`] allows, and a gap.
pub const BLOCK: Point =
    Point { x: CARD_WIDTH + GAP, y: HEADER + ABOVE_PORTS + PORT_ROW + BELOW_PORTS + CARD_WIDTH + FOOTER + GAP };
const GAP: f64 = 32.;

/// How large the card of a content is at first: as its picture is shaped, so that nothing moves when it arrives. None: it has
/// no measures, or none that matter.
pub fn media_size(asset: &Asset, room: Room) -> Option<Size> {
    if !matches!(asset.kind(), MediaKind::Image | MediaKind::Video) {
        return None;
    }
    let (width, height) =
        (f64::from(asset.width.filter(|side| *side > 0)?), f64::from(asset.height.filter(|side| *side > 0)?));
    let shape = width / height;
    let (widest, highest) = match room {
        Room::Free => (MEDIA_WIDTH, MEDIA_HEIGHT.1),
        Room::Cell => (CARD_WIDTH, CARD_WIDTH),
    };
    let width = (CARD_WIDTH * shape / WIDE).clamp(CARD_WIDTH, widest).round();
    let picture = (width / shape).clamp(MEDIA_HEIGHT.0, highest).round();
    Some(Size { width, height: ports_end(1) + picture + FOOTER })
}

/// The control points of an edge from `a` to `b`: it leaves and arrives horizontally.
pub fn curve(a: Point, b: Point) -> [Point; 4] {
    let (dx, dy) = (b.x - a.x, (b.y - a.y).abs());
    let reach = if dx >= 0. {
        (dx / 2. + dy / 8.).clamp(36., 150.)
    } else {
        // Backwards it swings out further, so that it can be followed.
        (-dx / 3. + dy / 8.).clamp(80., 260.)
    };
    [a, Point { x: a.x + reach, y: a.y }, Point { x: b.x - reach, y: b.y }, b]
}

/// The curve as an SVG path. Whole units: nobody sees less, and longer numbers cost time.
pub fn path(a: Point, b: Point) -> String {
    let [a, c, d, b] = curve(a, b).map(|point| (point.x.round(), point.y.round()));
    format!("M{} {}C{} {} {} {} {} {}", a.0, a.1, c.0, c.1, d.0, d.1, b.0, b.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANVAS: Size = Size { width: 1000., height: 600. };

    #[test]
    fn zooming_keeps_the_world_point_under_the_pointer() {
        let (view, at) = (Viewport { x: 30., y: -70., zoom: 0.8 }, Point { x: 400., y: 250. });
        let before = to_world(view, at);
        for factor in [0.5, 1.1, 3.] {
            let after = to_world(zoomed(view, factor, at), at);
            assert!((before.x - after.x).abs() < 1e-9 && (before.y - after.y).abs() < 1e-9);
        }
    }

    #[test]
    fn zoom_has_ends() {
        let view = Viewport::default();
        assert_eq!(zoomed(view, 1e9, Point::default()).zoom, MAX_ZOOM);
        assert_eq!(zoomed(view, 1e-9, Point::default()).zoom, MIN_ZOOM);
    }

    #[test]
    fn a_fitted_world_is_shown_whole_and_never_enlarged() {
        for size in [10., 900., 50_000.] {
            let world = Rect::new(Point { x: -300., y: 4000. }, Size { width: size, height: size });
            let view = fitted(world, CANVAS);
            assert!(shown(view, CANVAS).holds(&world), "{size}");
            assert!(view.zoom <= 1.);
        }
    }

    #[test]
    fn a_picture_gives_its_card_its_shape_within_limits() {
        use storage::model::{AssetId, AssetPlace, Object};
        let in_room = |mime: &str, width: u32, height: u32, room| {
            let asset = Asset {
                id: "018f0000-0000-7000-8000-000000000001".parse::<AssetId>().unwrap(),
                hash: String::new(),
                crc32: 0,
                mime: mime.into(),
                bytes: 1,
                place: AssetPlace::Embedded,
                name: None,
                width: Some(width),
                height: Some(height),
                duration: None,
                thumbnail: None,
                created_at: 0,
                extra: Object::default(),
            };
            media_size(&asset, room).map(|size| (size.width, size.height - ports_end(1) - FOOTER))
        };
        let shaped = |mime: &str, width, height| in_room(mime, width, height, Room::Free);
        for (width, height) in [(10, 10), (9000, 100), (100, 9000), (1920, 1080)] {
            let (width, height) = in_room("image/png", width, height, Room::Cell).unwrap();
            assert!(width + GAP <= BLOCK.x && ports_end(1) + height + FOOTER + GAP <= BLOCK.y, "it fits its cell");
        }
        assert_eq!(shaped("image/png", 1024, 768), Some((248., 186.)));
        assert_eq!(shaped("image/png", 10, 10), Some((248., 248.)), "a small one is not made small");
        assert_eq!(shaped("video/mp4", 1920, 1080), Some((276., 155.)));
        assert_eq!(shaped("image/png", 9000, 100), Some((480., 72.)));
        assert_eq!(shaped("image/png", 100, 9000), Some((248., 400.)));
        assert_eq!(shaped("image/png", 0, 9000), None);
        assert_eq!(shaped("audio/mpeg", 600, 600), None, "a cover is not what it is");
    }

    #[test]
    fn a_card_is_never_so_small_that_a_port_sticks_out() {
        let tiny = Size { width: 1., height: 1. };
        let size = card_size(Some(tiny), 5, 0.);
        assert!(size.height > port_height(4) && size.width >= MIN_WIDTH);
    }
}
