//! Names that occur once each.

use std::collections::{HashMap, HashSet};

/// Makes the names distinct: the first of equals keeps its name, the others are renamed. `rename` gets the name and how many
/// were before it, and is asked again with larger numbers while its answer is in use.
pub(super) fn distinct(names: Vec<String>, rename: impl Fn(&str, usize) -> String) -> Vec<String> {
    let mut taken: HashSet<String> = names.iter().cloned().collect();
    let mut before: HashMap<String, usize> = HashMap::new();
    let one = |name: String| {
        let Some(count) = before.get_mut(&name) else {
            before.insert(name.clone(), 0);
            return name;
        };
        loop {
            *count += 1;
            let other = rename(&name, *count);
            if taken.insert(other.clone()) {
                return other;
            }
        }
    };
    names.into_iter().map(one).collect()
}
