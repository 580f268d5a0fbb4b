//! Finding something by a few letters of its name.

use std::ops::Range;

use super::IconName;

/// Something that can be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchItem {
    /// What it is to the caller; searched too.
    pub key: String,
    /// What it looks like.
    pub icon: IconName,
    /// Its name.
    pub title: String,
    /// What is to be known about it, at the right; searched too.
    pub hint: String,
    /// The heading under which it stands; empty for none.
    pub group: String,
    /// Further words by which people look for it.
    pub words: String,
}

/// The items that `query` finds, best first: whose name begins with it, has a word that does, contains it, and last
/// those that have each of its words somewhere. Among equals the given order stays. Items of a group stand together,
/// where the best of them stands. An empty query finds everything.
pub fn find<'a>(items: &'a [SearchItem], query: &str) -> Vec<&'a SearchItem> {
    let query = query.trim();
    let mut found: Vec<(u8, &SearchItem)> = items.iter().filter_map(|item| Some((rank(item, query)?, item))).collect();
    found.sort_by_key(|(rank, _)| *rank);
    let mut groups: Vec<&str> = Vec::new();
    for (_, item) in &found {
        if !groups.contains(&item.group.as_str()) {
            groups.push(&item.group);
        }
    }
    found.sort_by_key(|(_, item)| groups.iter().position(|group| *group == item.group));
    found.into_iter().map(|(_, item)| item).collect()
}

fn rank(item: &SearchItem, query: &str) -> Option<u8> {
    if query.is_empty() {
        return Some(0);
    }
    let at = position(&item.title, query).map(|range| range.start);
    if at == Some(0) {
        return Some(0);
    }
    if at_word(&item.title, query) {
        return Some(1);
    }
    if at.is_some() {
        return Some(2);
    }
    let anywhere = |word: &str| {
        [&item.title, &item.key, &item.hint, &item.words].into_iter().any(|text| position(text, word).is_some())
    };
    query.split_whitespace().all(anywhere).then_some(3)
}

/// Whether a word of `text` begins with `query`.
fn at_word(text: &str, query: &str) -> bool {
    let mut from = 0;
    while let Some(range) = position(&text[from..], query) {
        let start = from + range.start;
        if text[..start].chars().next_back().is_none_or(|before| !before.is_alphanumeric()) {
            return true;
        }
        let first = text[start..].chars().next().map_or(1, char::len_utf8);
        from = start + first;
    }
    false
}

/// Where `needle` is in `text`, whatever their case: a range of bytes of `text`.
pub fn position(text: &str, needle: &str) -> Option<Range<usize>> {
    if needle.is_empty() {
        return None;
    }
    text.char_indices().find_map(|(start, _)| {
        let mut rest = text[start..].char_indices();
        for wanted in needle.chars() {
            let (_, found) = rest.next()?;
            if found != wanted && !found.to_lowercase().eq(wanted.to_lowercase()) {
                return None;
            }
        }
        Some(start..start + rest.offset())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(title: &str, group: &str, words: &str) -> SearchItem {
        SearchItem {
            key: format!("key.{title}"),
            icon: IconName::Box,
            title: title.into(),
            hint: "→".into(),
            group: group.into(),
            words: words.into(),
        }
    }

    fn titles<'a>(found: &[&'a SearchItem]) -> Vec<&'a str> {
        found.iter().map(|item| item.title.as_str()).collect()
    }

    #[test]
    fn names_that_begin_with_the_query_come_first() {
        let items =
            [item("Skimage", "", ""), item("Load image", "", ""), item("Image adjust", "", ""), item("Note", "", "")];
        assert_eq!(titles(&find(&items, "ima")), ["Image adjust", "Load image", "Skimage"]);
    }

    #[test]
    fn an_empty_query_finds_everything_in_the_given_order() {
        let items = [item("Note", "", ""), item("Image", "", "")];
        assert_eq!(titles(&find(&items, "  ")), ["Note", "Image"]);
    }

    #[test]
    fn words_may_come_in_any_order_and_from_anywhere() {
        let items = [item("Generate image", "", "paint draw"), item("Note", "", "paper")];
        assert_eq!(titles(&find(&items, "draw gen")), ["Generate image"]);
        assert_eq!(titles(&find(&items, "key.note")), ["Note"]);
        assert!(find(&items, "draw paper").is_empty());
    }

    #[test]
    fn a_group_stands_together_where_its_best_match_stands() {
        let items = [item("Reimage", "A", ""), item("Image", "B", ""), item("Image to video", "A", "")];
        let found = find(&items, "image");
        assert_eq!(titles(&found), ["Image", "Image to video", "Reimage"]);
    }

    #[test]
    fn the_place_of_a_match_counts_in_the_text_itself() {
        assert_eq!(position("Äpfel Übung", "üb"), Some(7..10));
        assert_eq!(position("IMAGE", "age"), Some(2..5));
        assert_eq!(position("image", "imagery"), None);
        assert_eq!(position("image", ""), None);
        assert!(at_word("Load image", "im") && !at_word("Skimage", "im"));
    }
}
