//! JSON in one spelling: the JSON Canonicalization Scheme (RFC 8785), for values without fractions.
//!
//! What is signed or hashed as JSON is so spelt first: no white space, members in the order of their names' UTF-16 code
//! units, texts with the fewest escapes. Numbers are whole and at most 2^53 in size: nothing that is signed here has
//! others, and their spelling is the one difficult part of the scheme.

use serde_json::Value;

/// The largest whole number that every reader of JSON keeps.
const WHOLE_MAX: u64 = 1 << 53;

/// The value holds a number that has no safe spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("numbers of signed JSON are whole and at most 2^53")]
pub struct NotCanonical;

/// The canonical bytes of `value`.
pub fn encode(value: &Value) -> Result<Vec<u8>, NotCanonical> {
    let mut text = String::new();
    write(value, &mut text)?;
    Ok(text.into_bytes())
}

fn write(value: &Value, to: &mut String) -> Result<(), NotCanonical> {
    match value {
        Value::Null => to.push_str("null"),
        Value::Bool(yes) => to.push_str(if *yes { "true" } else { "false" }),
        Value::Number(number) => {
            let size = number.as_i64().map(i64::unsigned_abs).or(number.as_u64());
            if size.is_none_or(|size| size > WHOLE_MAX) {
                return Err(NotCanonical);
            }
            to.push_str(&number.to_string());
        }
        Value::String(text) => quote(text, to),
        Value::Array(values) => {
            to.push('[');
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    to.push(',');
                }
                write(value, to)?;
            }
            to.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            to.push('{');
            for (at, (name, value)) in members.into_iter().enumerate() {
                if at > 0 {
                    to.push(',');
                }
                quote(name, to);
                to.push(':');
                write(value, to)?;
            }
            to.push('}');
        }
    }
    Ok(())
}

/// §3.2.2.2: short escapes where there are any, `\u00xx` for other controls, and everything else as it is.
fn quote(text: &str, to: &mut String) {
    to.push('"');
    for c in text.chars() {
        match c {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\u{8}' => to.push_str("\\b"),
            '\t' => to.push_str("\\t"),
            '\n' => to.push_str("\\n"),
            '\u{c}' => to.push_str("\\f"),
            '\r' => to.push_str("\\r"),
            c if c < ' ' => to.push_str(&format!("\\u{:04x}", c as u32)),
            c => to.push(c),
        }
    }
    to.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn text(value: &Value) -> String {
        String::from_utf8(encode(value).expect("canonical")).expect("text")
    }

    #[test]
    fn members_are_ordered_and_texts_escaped_as_the_rfc_shows() {
        // RFC 8785 §3.2.3: the order of code units, in which a character beyond the BMP comes before U+FB33.
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control", "\u{f6}": "Latin Small Letter O With Diaeresis",
        });
        let order = text(&value);
        let at = |words: &str| order.find(words).expect("there");
        let names =
            ["Carriage Return", "One", "Control", "Latin Small", "Euro Sign", "Emoji: Grinning Face", "Hebrew Letter"];
        assert!(names.windows(2).all(|pair| at(pair[0]) < at(pair[1])), "{order}");
        // §3.2.2: the example's text and literals.
        let value = json!({ "string": "\u{20ac}$\u{f}\nA'B\"\\\\\"/", "literals": [null, true, false] });
        assert_eq!(
            text(&value),
            "{\"literals\":[null,true,false],\"string\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
        assert_eq!(text(&json!([9_007_199_254_740_992_u64, -3])), "[9007199254740992,-3]");
        for odd in [json!(1.5), json!(1e30), json!(u64::MAX), json!(i64::MIN)] {
            assert_eq!(encode(&odd), Err(NotCanonical));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same(name: String, value: String, number in -1_000_000_i64..1_000_000) {
            let value = json!({ name: [value, number] });
            prop_assert_eq!(serde_json::from_slice::<Value>(&encode(&value).expect("canonical")).expect("JSON"), value);
        }
    }
}
