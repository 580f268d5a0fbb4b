//! The part of a content that a player asks for.

use std::ops::Range;

/// What an HTTP `Range` header ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-14.2)) asks for of a content of `size`
/// bytes. None: it is none that can be given. Of several parts, the header is taken to ask for none.
pub fn byte_range(header: &str, size: u64) -> Option<Range<u64>> {
    let (first, last) = header.trim().strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = (first.trim(), last.trim());
    let range = match (first.is_empty(), last.is_empty()) {
        (true, true) => return None,
        // The last so many.
        (true, false) => size.saturating_sub(last.parse().ok()?)..size,
        (false, true) => first.parse().ok()?..size,
        (false, false) => first.parse().ok()?..last.parse::<u64>().ok()?.saturating_add(1).min(size),
    };
    (range.start < range.end).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::byte_range;

    #[test]
    fn a_range_is_what_the_header_says_and_no_more_than_there_is() {
        for (header, expected) in [
            ("bytes=0-99", 0..100),
            ("bytes=100-", 100..1000),
            ("bytes=-300", 700..1000),
            ("bytes=-5000", 0..1000),
            ("bytes=990-5000", 990..1000),
            ("bytes=0-18446744073709551615", 0..1000),
            (" bytes=5 - 5 ", 5..6),
        ] {
            assert_eq!(byte_range(header, 1000), Some(expected), "{header}");
        }
    }

    #[test]
    fn what_cannot_be_given_is_none() {
        for header in
            ["", "bytes=", "bytes=-", "bytes=-0", "bytes=1000-", "bytes=9-3", "bytes=0-1,5-6", "items=0-1", "bytes=a-b"]
        {
            assert_eq!(byte_range(header, 1000), None, "{header}");
        }
        assert_eq!(byte_range("bytes=0-", 0), None);
    }
}
