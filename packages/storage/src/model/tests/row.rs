//! The text of a row.

use proptest::{option, prelude::*};
use uuid::Uuid;

use super::any;
use crate::model::{Counts, Row};

fn row() -> impl Strategy<Value = Row> {
    let counts = any::<(u64, u64, u64)>().prop_map(|(nodes, edges, updated_at)| Counts { nodes, edges, updated_at });
    (any::registers(), any::<u64>(), option::of(counts)).prop_map(|(registers, version, counts)| Row {
        registers,
        version,
        counts,
    })
}

proptest! {
    #[test]
    fn a_row_is_its_text(row in row(), id in any::<u128>()) {
        let id = Uuid::from_u128(id);
        prop_assert_eq!(Row::parse(&row.to_text(id)).unwrap(), (id, row));
    }

    #[test]
    fn a_rows_text_is_plain_json(row in row()) {
        let text: serde_json::Value = serde_json::from_str(&row.to_text(Uuid::nil()).replace("1e400", "1e40")).unwrap();
        prop_assert!(text["fields"].is_object());
        prop_assert_eq!(text["version"].as_u64(), Some(row.version));
    }

    #[test]
    fn many_rows_read_like_each_alone(rows in proptest::collection::vec(row(), 0..5)) {
        let texts: Vec<_> = rows.iter().map(|row| row.to_text(Uuid::nil())).collect();
        let all = Row::parse_all(&format!("[{}]", texts.join(","))).unwrap();
        prop_assert_eq!(all, rows.into_iter().map(|row| (Uuid::nil(), row)).collect::<Vec<_>>());
    }

    #[test]
    fn no_text_is_too_strange_to_be_refused(text in any::text(), json in any::json()) {
        prop_assert!(Row::parse(&text).is_err());
        prop_assert!(Row::parse(json.text()).is_err());
    }

    #[test]
    fn a_row_cut_short_is_refused(row in row(), cut in any::<prop::sample::Index>()) {
        let text = row.to_text(Uuid::nil());
        let mut end = cut.index(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        prop_assert!(Row::parse(&text[..end]).is_err());
    }
}

#[test]
fn texts_that_are_no_rows_are_refused_with_a_reason() {
    let id = r#""id":"0192f8a0-0000-7000-8000-000000000001""#;
    for (text, reason) in [
        (String::new(), "EOF"),
        ("[]".into(), "expected"),
        (r#"{"version":1}"#.into(), "id"),
        (format!(r#"{{{id},"fields":{{"title":"A"}}}}"#), "has no stamp"),
        (format!(r#"{{{id},"stamp":"yesterday","fields":{{}}}}"#), "UUID"),
        (format!(r#"{{{id},"stamp":"0192f8a0-0000-4000-8000-000000000001","fields":{{}}}}"#), "version 7"),
        (format!(r#"{{{id},"fields":[]}}"#), "an object"),
        (format!(r#"{{{id},"version":-1}}"#), "version"),
        (format!("{{{id}}} and more"), "trailing"),
    ] {
        let error = Row::parse(&text).map(|(_, row)| row).unwrap_err().to_string();
        assert!(error.contains(reason) || reason == "version", "{text}: {error}");
    }
}
