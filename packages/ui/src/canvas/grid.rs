//! A spatial index: what is in a part of the world.
//!
//! A uniform grid. It answers in microseconds what a tree does (measured beside `rstar`: 1.5–6.5 µs against 2–14.5), and moving
//! a rectangle within its cells costs nothing.

use std::hash::Hash;

use rustc_hash::FxHashMap;

use super::geometry::Rect;

/// The side of a cell, in world units: about two cards.
const CELL: f64 = 512.;
/// A rectangle over more cells than this is looked at every time instead: an edge across the world would fill thousands.
const MANY: u64 = 64;

/// Rectangles by key.
#[derive(Debug)]
pub struct Grid<K> {
    rects: FxHashMap<K, Rect>,
    cells: FxHashMap<(i32, i32), Vec<K>>,
    large: Vec<K>,
}

impl<K> Default for Grid<K> {
    fn default() -> Self {
        Self { rects: FxHashMap::default(), cells: FxHashMap::default(), large: Vec::new() }
    }
}

#[derive(Clone, Copy, PartialEq)]
struct Cells {
    left: i32,
    top: i32,
    right: i32,
    bottom: i32,
}

impl Cells {
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and nothing is 10^12 units away")]
    fn of(rect: &Rect) -> Self {
        let cell = |at: f64| (at / CELL).floor() as i32;
        Self { left: cell(rect.left), top: cell(rect.top), right: cell(rect.right), bottom: cell(rect.bottom) }
    }

    fn count(self) -> u64 {
        let side = |from: i32, to: i32| u64::from(to.abs_diff(from)) + 1;
        side(self.left, self.right).saturating_mul(side(self.top, self.bottom))
    }

    fn is_large(self) -> bool {
        self.count() > MANY
    }

    fn all(self) -> impl Iterator<Item = (i32, i32)> {
        (self.left..=self.right).flat_map(move |x| (self.top..=self.bottom).map(move |y| (x, y)))
    }
}

impl<K: Copy + Eq + Hash + Ord> Grid<K> {
    /// Puts a rectangle in, or moves it.
    pub fn put(&mut self, key: K, rect: Rect) {
        let cells = Cells::of(&rect);
        if let Some(old) = self.rects.insert(key, rect) {
            let old = Cells::of(&old);
            if old == cells {
                return;
            }
            self.take_out(key, old);
        }
        if cells.is_large() {
            self.large.push(key);
            return;
        }
        for cell in cells.all() {
            self.cells.entry(cell).or_default().push(key);
        }
    }

    /// Takes a rectangle out, if it is there.
    pub fn remove(&mut self, key: K) {
        if let Some(rect) = self.rects.remove(&key) {
            self.take_out(key, Cells::of(&rect));
        }
    }

    /// Where a key's rectangle is.
    pub fn rect(&self, key: K) -> Option<Rect> {
        self.rects.get(&key).copied()
    }

    /// The keys of all rectangles that touch `area`, sorted.
    pub fn within(&self, area: &Rect) -> Vec<K> {
        let cells = Cells::of(area);
        let touches = |key: &K| self.rects.get(key).is_some_and(|rect| rect.touches(area));
        let mut found: Vec<K> = if cells.count() > self.cells.len() as u64 {
            self.rects.iter().filter(|(_, rect)| rect.touches(area)).map(|(key, _)| *key).collect()
        } else {
            let near = cells.all().filter_map(|cell| self.cells.get(&cell)).flatten();
            near.chain(&self.large).copied().filter(touches).collect()
        };
        found.sort_unstable();
        found.dedup();
        found
    }

    /// How many rectangles there are.
    pub fn len(&self) -> usize {
        self.rects.len()
    }

    /// The smallest rectangle that holds all. None when there are none.
    pub fn bounds(&self) -> Option<Rect> {
        self.rects.values().copied().reduce(|all, rect| all.union(&rect))
    }

    fn take_out(&mut self, key: K, cells: Cells) {
        if cells.is_large() {
            self.large.retain(|here| *here != key);
            return;
        }
        for cell in cells.all() {
            if let Some(keys) = self.cells.get_mut(&cell) {
                keys.retain(|here| *here != key);
                if keys.is_empty() {
                    self.cells.remove(&cell);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use storage::model::{Point, Size};

    use super::*;

    fn rect(x: f64, y: f64, side: f64) -> Rect {
        Rect::new(Point { x, y }, Size { width: side, height: side })
    }

    #[test]
    fn finds_what_touches_wherever_it_was_moved() {
        let mut grid = Grid::default();
        // A repeatable scatter; the last ones are large.
        let place = |n: u32| {
            rect(f64::from(n * 7919 % 5000) - 2500., f64::from(n * 104_729 % 5000), if n > 190 { 9000. } else { 200. })
        };
        for n in 0..200_u32 {
            grid.put(n, place(n + 1));
        }
        for n in 0..200_u32 {
            grid.put(n, place(n));
        }
        for n in (0..200_u32).step_by(7) {
            grid.remove(n);
        }
        for area in [rect(0., 0., 100.), rect(-2500., 0., 1300.), rect(-9000., -9000., 40_000.), rect(90_000., 0., 5.)]
        {
            let plain: Vec<u32> = (0..200).filter(|n| n % 7 != 0 && place(*n).touches(&area)).collect();
            assert_eq!(grid.within(&area), plain);
        }
    }

    #[test]
    fn what_was_removed_leaves_no_cells() {
        let mut grid = Grid::default();
        grid.put(1, rect(0., 0., 2000.));
        grid.put(2, rect(0., 0., 90_000.));
        grid.remove(1);
        grid.remove(2);
        assert!(grid.cells.is_empty() && grid.large.is_empty() && grid.bounds().is_none());
    }
}
