//! Numbers as files write them.

/// Exactly representable powers of ten (all up to 10²² are).
const TENS: [f64; 16] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// A finite decimal number with a decimal point, or `None`. Blanks around it are allowed; words such as `nan` are not numbers.
pub(crate) fn parse(text: &[u8]) -> Option<f64> {
    short_decimal(text).or_else(|| {
        let text = std::str::from_utf8(text).ok()?.trim();
        text.parse::<f64>().ok().filter(|number| number.is_finite())
    })
}

/// Like [`parse`], where the decimal sign may be a comma.
pub(crate) fn parse_comma(text: &[u8]) -> Option<f64> {
    // `1.234,5` has both; which groups and which divides is not worth guessing.
    if text.len() > 64 || (text.contains(&b',') && text.contains(&b'.')) {
        return None;
    }
    let pointed: Vec<u8> = text.iter().map(|&b| if b == b',' { b'.' } else { b }).collect();
    parse(&pointed)
}

/// Up to 15 digits: both the digits and the power of ten are exact in an `f64`, so one division rounds correctly
/// (Clinger, *How to read floating point numbers accurately*, 1990). That is nearly every number in nearly every file.
fn short_decimal(text: &[u8]) -> Option<f64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > 16 {
        return None;
    }
    let mut mantissa = 0u64;
    let mut point = None;
    for (i, &b) in digits.iter().enumerate() {
        match b {
            b'0'..=b'9' => mantissa = mantissa * 10 + u64::from(b - b'0'),
            b'.' if point.is_none() => point = Some(i),
            _ => return None,
        }
    }
    let (count, decimals) = match point {
        None => (digits.len(), 0),
        Some(at) => (digits.len() - 1, digits.len() - 1 - at),
    };
    if !(1..=15).contains(&count) {
        return None;
    }
    let number = mantissa as f64 / TENS[decimals];
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_and_is_not_a_number() {
        for (text, expected) in [
            ("72", Some(72.0)),
            ("-1", Some(-1.0)),
            ("0.000072", Some(0.000_072)),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            (" 7.5 ", Some(7.5)),
            ("1e3", Some(1_000.0)),
            ("5.19412346680959", Some(5.194_123_466_809_59)),
            ("48.74499999999999", Some(48.744_999_999_999_99)),
            ("", None),
            (".", None),
            ("-", None),
            ("nan", None),
            ("NaN", None),
            ("inf", None),
            ("-Infinity", None),
            ("1e400", None),
            ("0x10", None),
            ("1,5", None),
            ("Low", None),
        ] {
            assert_eq!(parse(text.as_bytes()), expected, "{text:?}");
        }
        assert_eq!(parse_comma(b"5,4"), Some(5.4));
        assert_eq!(parse_comma(b"1.234,5"), None);
    }

    proptest! {
        #[test]
        fn agrees_with_the_standard_library_bit_for_bit(text in "-?[0-9]{0,12}\\.?[0-9]{0,10}") {
            let expected = text.parse::<f64>().ok();
            prop_assert_eq!(parse(text.as_bytes()).map(f64::to_bits), expected.map(f64::to_bits));
        }
    }
}
