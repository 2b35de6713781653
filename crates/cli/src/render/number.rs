//! Numbers as people read them.

/// `45,605`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 file`, `2 files`: the plural of a regular word.
pub(crate) fn counted(number: u64, word: &str) -> String {
    format!("{} {word}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A measured value with as many digits as say something: four significant ones, no trailing zeros.
pub(crate) fn value(number: f64) -> String {
    let size = number.abs();
    let decimals = match size {
        _ if !number.is_finite() => return "–".to_owned(),
        _ if number.fract() == 0.0 => 0,
        s if s >= 1_000.0 => 0,
        s if s >= 100.0 => 1,
        s if s >= 10.0 => 2,
        s if s >= 0.1 => 3,
        _ => 6,
    };
    let text = format!("{number:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    match text {
        "-0" => "0".to_owned(),
        text if size >= 10_000.0 && !text.contains('.') => {
            format!("{}{}", if number < 0.0 { "−" } else { "" }, count(size.round() as u64))
        }
        text => text.replace('-', "−"),
    }
}

/// `12.3 MB`, in powers of ten as disks are sold.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "kB", "MB", "GB", "TB"];
    let mut size = number as f64;
    let mut unit = 0;
    while size >= 999.5 && unit + 1 < UNITS.len() {
        size /= 1_000.0;
        unit += 1;
    }
    if unit == 0 || size >= 99.5 { format!("{size:.0} {}", UNITS[unit]) } else { format!("{size:.1} {}", UNITS[unit]) }
}

/// `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`.
pub(crate) fn seconds(number: f64) -> String {
    if number < 9.95 {
        return format!("{number:.1} s");
    }
    let whole = number.round() as u64;
    match (whole / 3_600, whole / 60 % 60, whole % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_true() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        for (number, text) in [
            (0.0, "0"),
            (-0.000_000_1, "0"),
            (72.0, "72"),
            (72.456, "72.46"),
            (101.25, "101.2"),
            (98.0999, "98.1"),
            (0.5, "0.5"),
            (-12.5, "−12.5"),
            (12_345.0, "12,345"),
            (12_345.6, "12,346"),
            (1_234.5, "1234"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(value(number), text, "{number}");
        }
        assert_eq!([12, 999, 1_000, 12_345_678].map(bytes), ["12 bytes", "999 bytes", "1.0 kB", "12.3 MB"]);
        assert_eq!([0.44, 12.0, 200.0, 7_500.0].map(seconds), ["0.4 s", "12 s", "3 min 20 s", "2 h 5 min"]);
        assert_eq!((counted(1, "file"), counted(2, "file")), ("1 file".to_owned(), "2 files".to_owned()));
    }
}
