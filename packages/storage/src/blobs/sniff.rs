//! What bytes are, by themselves: neither a name nor a sender is believed.

/// The media type that a content's first bytes show. What nobody recognises is `application/octet-stream`.
pub fn sniff(head: &[u8]) -> &'static str {
    if is_svg(head) {
        return "image/svg+xml";
    }
    match infer::get(head).map(|found| found.mime_type()) {
        // Ogg is a container of either; with a video in it, it says so early.
        Some("application/ogg") if contains(head, b"theora") => "video/ogg",
        Some("application/ogg") => "audio/ogg",
        // What everybody else calls it.
        Some("audio/m4a") => "audio/mp4",
        Some("audio/x-wav") => "audio/wav",
        Some("audio/x-flac") => "audio/flac",
        Some("video/x-m4v") => "video/mp4",
        Some("video/x-matroska") if contains(&head[..head.len().min(64)], b"webm") => "video/webm",
        Some(mime) => mime,
        None if looks_like_text(head) => "text/plain",
        None => "application/octet-stream",
    }
}

/// Whether it is an XML whose first element is `svg`.
fn is_svg(head: &[u8]) -> bool {
    let head = &head[..head.len().min(4096)];
    // Most contents are no text at all, and to make one of them takes as long as to hash it.
    let start = head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head);
    if start.first().is_none_or(|first| *first != b'<' && !first.is_ascii_whitespace()) {
        return false;
    }
    let text = String::from_utf8_lossy(head);
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        let end = match rest {
            _ if rest.starts_with("<?") => "?>",
            _ if rest.starts_with("<!--") => "-->",
            _ if rest.starts_with("<!DOCTYPE svg") => ">",
            _ => break,
        };
        let Some(at) = rest.find(end) else { return false };
        rest = rest[at + end.len()..].trim_start();
    }
    rest.strip_prefix("<svg").is_some_and(|rest| rest.starts_with([' ', '>', '\n', '\t', '\r', '/']))
}

fn contains(head: &[u8], word: &[u8]) -> bool {
    head.windows(word.len()).any(|window| window == word)
}

fn looks_like_text(head: &[u8]) -> bool {
    let whole = match std::str::from_utf8(head) {
        Ok(_) => true,
        // A letter may be cut at the end.
        Err(error) => error.error_len().is_none(),
    };
    !head.is_empty() && whole && !head.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::sniff;

    #[test]
    fn contents_are_known_by_their_first_bytes() {
        for (head, mime) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], "image/png"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
            (b"GIF89a\x01\0\x01\0", "image/gif"),
            (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
            (b"ID3\x04\0\0\0\0", "audio/mpeg"),
            (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
            (b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2", "video/mp4"),
            (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "video/webm"),
            (b"fLaC\0\0\0\x22", "audio/flac"),
            (b"hello", "text/plain"),
            (b"\0\x01\x02", "application/octet-stream"),
            (b"", "application/octet-stream"),
        ] {
            assert_eq!(sniff(head), mime, "{head:?}");
        }
    }

    #[test]
    fn an_svg_is_one_whatever_stands_before_it_and_a_page_with_one_is_not() {
        assert_eq!(sniff(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "image/svg+xml");
        assert_eq!(sniff("\u{feff}<?xml version='1.0'?>\n<!-- by hand -->\n<svg>".as_bytes()), "image/svg+xml");
        assert_ne!(sniff(b"<html><svg></svg></html>"), "image/svg+xml");
        assert_ne!(sniff(b"<svgs>"), "image/svg+xml");
    }
}
