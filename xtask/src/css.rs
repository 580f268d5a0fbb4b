//! Style sheets as visitors get them: without comments.

/// Removes every comment, and the lines that held nothing else. What is in quotes stays.
pub fn without_comments(style: &str) -> String {
    let mut kept = String::with_capacity(style.len());
    let mut rest = style;
    while let Some(at) = rest.find(['"', '\'', '/']) {
        let end = match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => {
                kept.push_str(&rest[..at]);
                rest = rest[at + 2..].split_once("*/").map_or("", |(_, after)| after);
                continue;
            }
            [quote @ (b'"' | b'\''), ..] => at + quoted(&rest.as_bytes()[at..], *quote),
            _ => at + 1,
        };
        kept.push_str(&rest[..end]);
        rest = &rest[end..];
    }
    kept.push_str(rest);
    let lines: Vec<_> = kept.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines.join("\n") + "\n"
}

/// How many bytes a quoted text at the start has, with both quotes.
fn quoted(text: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_and_everything_else_stays() {
        for (style, wanted) in [
            ("/* a */\na { color: red } /* b\n c */\nb { }\n", "a { color: red }\nb { }\n"),
            ("a::after { content: \"/* no */\" } /* yes */", "a::after { content: \"/* no */\" }\n"),
            ("a { content: '\\'/*' } b { } /**/", "a { content: '\\'/*' } b { }\n"),
            ("a { margin: calc(1px / 2) }", "a { margin: calc(1px / 2) }\n"),
            ("a { } /* without an end", "a { }\n"),
        ] {
            assert_eq!(without_comments(style), wanted);
        }
    }
}
