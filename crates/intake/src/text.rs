//! Bytes of a field as text: UTF-8 if they are, else Windows-1252, with XML's escapes undone where asked.

use std::borrow::Cow;

/// The longest name of a device, program or label that is kept.
pub(crate) const NAME_BYTES_MAX: usize = 512;

/// What Windows-1252 has between 0x80 and 0x9f, where Latin-1 has control codes. Old programs call it Latin-1 too.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Plain text of a field.
pub(crate) fn plain(raw: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(raw) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(
            raw.iter()
                .map(|&b| if (0x80..0xa0).contains(&b) { WINDOWS_1252[usize::from(b) - 0x80] } else { char::from(b) })
                .collect(),
        ),
    }
}

/// Text of an attribute or element: `plain`, with the five predefined entities and character references undone.
/// Entities that a file declares itself are left as they stand.
pub(crate) fn unescaped(raw: &[u8]) -> Cow<'_, str> {
    let text = plain(raw);
    if !text.contains('&') {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest: &str = &text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        // The longest reference that means anything is `&#x10FFFF;`.
        let end = rest.bytes().take(12).position(|b| b == b';');
        if let Some((c, end)) = end.and_then(|end| Some((entity(rest.get(1..end)?)?, end))) {
            out.push(c);
            rest = &rest[end + 1..];
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn entity(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|c| *c != '\0')?
        }
    })
}

/// `text` cut to at most `max` bytes, at a character's edge.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    if text.len() <= max { text } else { &text[..text.floor_char_boundary(max)] }
}

/// `FooBarREM` as `foo_bar_rem`: how a maker's names become labels.
pub(crate) fn snake(text: &str) -> String {
    let text = cut(text, NAME_BYTES_MAX);
    let mut out = String::with_capacity(text.len() + 8);
    let mut previous = '_';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_alphanumeric() {
            let word_ends = previous.is_lowercase() || previous.is_numeric();
            let acronym_ends = previous.is_uppercase() && chars.peek().is_some_and(|next| next.is_lowercase());
            if c.is_uppercase() && (word_ends || acronym_ends) {
                out.push('_');
            }
            out.extend(c.to_lowercase());
            previous = c;
        } else if previous != '_' {
            out.push('_');
            previous = '_';
        }
    }
    out.truncate(out.trim_end_matches('_').len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_and_unknown_entities_left() {
        let cases: [(&[u8], &str); 9] = [
            (b"plain", "plain"),
            (b"&lt;&lt;HKDevice: 0x1&gt;, a&amp;b", "<<HKDevice: 0x1>, a&b"),
            ("Zoë&#8217;s &#x1F3C3;".as_bytes(), "Zoë’s 🏃"),
            (b"&lol9; &", "&lol9; &"),
            (b"&#0;&#xD800;&#99999999999;", "&#0;&#xD800;&#99999999999;"),
            (b"&amp;lt;", "&lt;"),
            (b"Zo\xeb\x92s", "Zoë’s"),
            (b"&;&&amp;&", "&;&&&"),
            ("&ééééééééé;".as_bytes(), "&ééééééééé;"),
        ];
        for (raw, expected) in cases {
            assert_eq!(unescaped(raw), expected);
        }
    }

    #[test]
    fn names_become_labels() {
        for (name, label) in [
            ("AsleepREM", "asleep_rem"),
            ("InBed", "in_bed"),
            ("HighIntensityIntervalTraining", "high_intensity_interval_training"),
            ("ABPositive", "ab_positive"),
            ("UVExposure", "uv_exposure"),
            ("", ""),
            ("  x  ", "x"),
        ] {
            assert_eq!(snake(name), label, "{name}");
        }
    }
}
