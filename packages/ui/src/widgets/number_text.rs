//! Numbers as people type them.
//!
//! A number stays text from the field to the stored JSON. A float between them would round a seed above 2^53, and
//! change `0.10` while it is being typed.

use std::fmt;

/// What a setting takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NumberKind {
    /// Any number.
    #[default]
    Any,
    /// A whole number.
    Whole,
}

/// Why a text is not taken as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotANumber {
    /// Nothing is there.
    Empty,
    /// It is something else, or not finished.
    Other,
    /// A comma, which is a decimal point to some and groups thousands for others.
    Comma,
    /// It has a fraction or an exponent, and a whole number is needed.
    NotWhole,
    /// No field of 64 bits holds it.
    TooLarge,
}

impl fmt::Display for NotANumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "Needs a number",
            Self::Other => "Not a number",
            Self::Comma => "Write the decimal point as “.”",
            Self::NotWhole => "Needs a whole number",
            Self::TooLarge => "Too large",
        })
    }
}

/// The JSON number that `text` means, with every digit kept.
///
/// More forgiving than JSON: spaces between digits (`418 205`), a plus, leading zeros, `.5`, `5.` and the typographic
/// minus are understood.
pub fn parse(text: &str, kind: NumberKind) -> Result<String, NotANumber> {
    let text: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    if text.is_empty() {
        return Err(NotANumber::Empty);
    }
    if text.contains(',') {
        return Err(NotANumber::Comma);
    }
    let (negative, unsigned) = signed(&text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(signed(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) =
        mantissa.split_once('.').map_or((mantissa, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fraction_digits = fraction.unwrap_or_default();
    let has_digits = !whole.is_empty() || !fraction_digits.is_empty();
    let exponent_fits = exponent.is_none_or(|(_, exponent)| !exponent.is_empty() && digits(exponent));
    if !(has_digits && digits(whole) && digits(fraction_digits) && exponent_fits) {
        return Err(NotANumber::Other);
    }
    if kind == NumberKind::Whole && (fraction.is_some() || exponent.is_some()) {
        return Err(NotANumber::NotWhole);
    }

    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let mut number = String::from(if negative { "-" } else { "" });
    number.push_str(whole);
    if !fraction_digits.is_empty() {
        number.push('.');
        number.push_str(fraction_digits);
    }
    if let Some((negative, exponent)) = exponent {
        number.push_str(if negative { "e-" } else { "e" });
        number.push_str(exponent);
    }
    if number == "-0" {
        return Ok("0".to_owned());
    }
    if fits(&number, kind) { Ok(number) } else { Err(NotANumber::TooLarge) }
}

fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix(['-', '−']) {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// Whether a field of 64 bits holds the number: exactly if it is whole, nearly if it is not.
fn fits(number: &str, kind: NumberKind) -> bool {
    let exactly = number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
    exactly || (kind == NumberKind::Any && number.parse::<f64>().is_ok_and(f64::is_finite))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any(text: &str) -> Result<String, NotANumber> {
        parse(text, NumberKind::Any)
    }

    #[test]
    fn every_digit_of_a_large_whole_number_is_kept() {
        for text in ["9007199254740993", "18446744073709551615", "-9223372036854775808"] {
            assert_eq!(parse(text, NumberKind::Whole).as_deref(), Ok(text));
            assert_eq!(any(text).as_deref(), Ok(text));
        }
        assert_eq!(parse("18446744073709551616", NumberKind::Whole), Err(NotANumber::TooLarge));
    }

    #[test]
    fn what_people_type_becomes_a_json_number() {
        for (typed, number) in [
            ("418 205", "418205"),
            ("418\u{202f}205", "418205"),
            ("+7", "7"),
            ("007", "7"),
            (".5", "0.5"),
            ("5.", "5"),
            ("−8", "-8"),
            ("-0", "0"),
            ("0.10", "0.10"),
            ("1E+06", "1e06"),
            ("2.5e−3", "2.5e-3"),
        ] {
            assert_eq!(any(typed).as_deref(), Ok(number), "{typed}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused_with_the_reason() {
        assert_eq!(any(" "), Err(NotANumber::Empty));
        for text in ["-", ".", "1.2.3", "12a", "1e", "e5", "--1", "NaN", "inf", "0x10"] {
            assert_eq!(any(text), Err(NotANumber::Other), "{text}");
        }
        assert_eq!(any("0,5"), Err(NotANumber::Comma));
        assert_eq!(any("1e999"), Err(NotANumber::TooLarge));
        assert_eq!(parse("6.5", NumberKind::Whole), Err(NotANumber::NotWhole));
        assert_eq!(parse("1e3", NumberKind::Whole), Err(NotANumber::NotWhole));
    }
}
