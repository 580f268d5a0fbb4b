//! Settings of a node: which value has which name.
//!
//! `ComfyUI` keeps a node's values as a list; names are known to the program that drew the node, and seldom to the file. A
//! value gets a name only where the file, or what is known of a class, leaves no other choice; any other is called
//! `widget_N`, where N is its place in the list, counted from 0. Of values that would have one name the second is `NAME#1`,
//! the third `NAME#2`, as `ComfyUI` writes it.

use std::collections::{HashMap, HashSet};

use super::{
    ImportError, Limits, classes,
    distinct::distinct,
    raw::{self, Shape},
};
use crate::model::{Json, Object};

/// A setting of which the file gives the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Widget {
    /// Its name.
    pub(super) name: String,
    /// The type of its input.
    pub(super) kind: String,
}

/// What is known of the names of a node's values.
#[derive(Debug)]
pub(super) struct Known<'a> {
    /// The node's class.
    pub(super) class: &'a str,
    /// Settings that are inputs as well, in the order of their values: some or all of them.
    pub(super) listed: Vec<Widget>,
    /// All the settings, as the subgraph's definition has them.
    pub(super) defined: Option<&'a [Widget]>,
}

/// A node's settings: each value once, under a name of its own.
pub(super) fn config(node: &Object, known: &Known<'_>, limits: &Limits) -> Result<Object, ImportError> {
    // ComfyUI reads the list; the names beside it are worth something only as an object.
    let named = raw::field(node, "widgets_values_named").filter(|named| Shape::of(named) == Shape::Object);
    let named = named.map_or(Ok(Vec::new()), |named| raw::pairs(named, limits.entries));
    let named = named.map_err(|error| error.within("widgets_values_named"))?;
    let within = |error: ImportError| error.within("widgets_values");
    let pairs = match raw::field(node, "widgets_values").map(|values| (Shape::of(values), values)) {
        None => named,
        Some((Shape::List, values)) => join(raw::list(values, limits.entries).map_err(within)?, named, known),
        Some((Shape::Object, values)) => {
            let mut pairs = raw::pairs(values, limits.entries).map_err(within)?;
            let here: HashSet<String> = pairs.iter().map(|(name, _)| name.clone()).collect();
            pairs.extend(named.into_iter().filter(|(name, _)| !here.contains(name)));
            pairs
        }
        Some((_, value)) => join(vec![value.clone()], named, known),
    };
    let (keys, values): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let keys = distinct(keys, |key, before| format!("{key}#{before}"));
    Ok(keys.into_iter().zip(values).collect())
}

/// Names for a list of values. A named value that isn't in the list comes along.
fn join(values: Vec<Json>, named: Vec<(String, Json)>, known: &Known<'_>) -> Vec<(String, Json)> {
    if named.is_empty() {
        let keys = guess(&values, known).into_iter().enumerate();
        return keys.map(|(at, key)| key.unwrap_or_else(|| by_place(at))).zip(values).collect();
    }
    let places = places(&named, &values);
    let mut keys: Vec<String> = (0..values.len()).map(by_place).collect();
    let mut others = Vec::new();
    for ((name, value), place) in named.into_iter().zip(places) {
        match place {
            Some(place) => keys[place] = name,
            None => others.push((name, value)),
        }
    }
    keys.into_iter().zip(values).chain(others).collect()
}

/// The name of a value whose name is not known.
fn by_place(at: usize) -> String {
    format!("widget_{at}")
}

/// Where in the list each named value stands.
///
/// The names that a file has belong to its list and come in its order, except that of two widgets with one name only the
/// first has a place among them, and that gaps have none. Values may differ: who edits a file by hand forgets the second
/// copy. The list is right then, since it is what `ComfyUI` reads. Some tools sort what has names; then values tell.
fn places(named: &[(String, Json)], values: &[Json]) -> Vec<Option<usize>> {
    let same = |place: &Option<usize>, value: &Json| place.is_some_and(|place| values[place] == *value);
    let equal =
        |places: &[Option<usize>]| places.iter().zip(named).filter(|(place, (_, value))| same(place, value)).count();
    let in_order = in_order(named, values);
    if named.is_sorted_by(|(one, _), (other, _)| one <= other) {
        let by_value = by_value(named, values);
        if equal(&by_value) > equal(&in_order) {
            return by_value;
        }
    }
    in_order
}

/// Where the named values stand if they come in the order of the list.
fn in_order(named: &[(String, Json)], values: &[Json]) -> Vec<Option<usize>> {
    if named.len() <= values.len() {
        return align(named, values, |(_, named), value| named == value).into_iter().map(Some).collect();
    }
    let mut places = vec![None; named.len()];
    for (value, name) in align(values, named, |value, (_, named)| named == value).into_iter().enumerate() {
        places[name] = Some(value);
    }
    places
}

/// Where the named values stand if their order means nothing. Which of two equal values it is makes no difference.
fn by_value(named: &[(String, Json)], values: &[Json]) -> Vec<Option<usize>> {
    let mut left: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, value) in values.iter().enumerate().rev() {
        left.entry(value.text()).or_default().push(at);
    }
    named.iter().map(|(_, value)| left.get_mut(value.text())?.pop()).collect()
}

/// Where in the longer list the entries of the shorter one stand, in order, such that most are equal to what they stand at;
/// of equally good places the first.
fn align<S, L>(short: &[S], long: &[L], equal: impl Fn(&S, &L) -> bool) -> Vec<usize> {
    /// Far more than any real node needs, so that no file can keep the machine busy.
    const STEPS: usize = 50_000;
    let gaps = long.len().saturating_sub(short.len());
    if gaps == 0 || short.len().saturating_mul(gaps + 1) > STEPS {
        return (0..short.len()).collect();
    }
    let width = gaps + 1;
    // best[at * width + gap]: how many of short[at..] can be equal when `gap` or more entries were left out before.
    let mut best = vec![0_usize; (short.len() + 1) * width];
    let here = |best: &[usize], at: usize, gap: usize| {
        usize::from(equal(&short[at], &long[at + gap])) + best[(at + 1) * width + gap]
    };
    for at in (0..short.len()).rev() {
        for gap in (0..width).rev() {
            let later = if gap < gaps { best[at * width + gap + 1] } else { 0 };
            best[at * width + gap] = here(&best, at, gap).max(later);
        }
    }
    let mut gap = 0;
    let place = |at| {
        while here(&best, at, gap) < best[at * width + gap] {
            gap += 1;
        }
        at + gap
    };
    (0..short.len()).map(place).collect()
}

/// Names for values of which the file has no list of names.
fn guess(values: &[Json], known: &Known<'_>) -> Vec<Option<String>> {
    let name = |widget: &Widget| Some(widget.name.clone());
    for all in known.defined.into_iter().chain([&*known.listed]) {
        if all.len() == values.len() {
            return all.iter().map(name).collect();
        }
    }
    let controls = |at: &usize| *at > 0 && is_control(&values[*at - 1], &values[*at]);
    let (controls, free): (Vec<usize>, Vec<usize>) = (0..values.len()).partition(controls);
    let mut names = vec![None; values.len()];
    for at in controls {
        names[at] = Some("control_after_generate".to_owned());
    }
    let listed = &known.listed;
    let core = classes::widgets(known.class, free.len())
        .filter(|core| listed.iter().all(|widget| core.contains(&&*widget.name)));
    if listed.len() == free.len() {
        for (widget, at) in listed.iter().zip(free) {
            names[at] = name(widget);
        }
    } else if let Some(core) = core {
        for (widget, at) in core.iter().zip(free) {
            names[at] = Some((*widget).to_owned());
        }
    } else {
        for (widget, at) in certain(listed, &free, values) {
            names[at] = name(widget);
        }
    }
    names
}

/// Whether a value is the one that `ComfyUI` adds behind a seed: what to do with the seed after each run.
fn is_control(before: &Json, value: &Json) -> bool {
    let words = [r#""fixed""#, r#""increment""#, r#""decrement""#, r#""randomize""#];
    Shape::of(before) == Shape::Integer && words.contains(&value.text())
}

/// The widgets whose place is certain. Their values stand in the same order and have their types; a widget that can be
/// neither earlier nor later has one place.
fn certain<'a>(widgets: &'a [Widget], free: &[usize], values: &[Json]) -> Vec<(&'a Widget, usize)> {
    let fit = |widget: &Widget, at: usize| fits(&widget.kind, Shape::of(&values[at]));
    let mut places = free.iter().copied();
    let earliest: Option<Vec<usize>> = widgets.iter().map(|widget| places.find(|at| fit(widget, *at))).collect();
    let mut places = free.iter().copied().rev();
    let latest: Option<Vec<usize>> = widgets.iter().rev().map(|widget| places.find(|at| fit(widget, *at))).collect();
    let (earliest, latest) = (earliest.unwrap_or_default(), latest.unwrap_or_default());
    let both = widgets.iter().zip(earliest).zip(latest.into_iter().rev());
    both.filter(|((_, earliest), latest)| earliest == latest).map(|(one, _)| one).collect()
}

/// Whether an input of a type can have such a value. Null is what a widget has that was never set.
fn fits(kind: &str, shape: Shape) -> bool {
    shape == Shape::Null
        || match kind {
            "INT" => shape == Shape::Integer,
            "FLOAT" => matches!(shape, Shape::Integer | Shape::Fraction),
            "STRING" => shape == Shape::Text,
            "BOOLEAN" => shape == Shape::Bool,
            "COMBO" => !matches!(shape, Shape::List | Shape::Object),
            _ => true,
        }
}
