//! Amounts in a sentence: a number, its unit, and whether it is more or less.

use super::words::Word;

/// A number with what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Amount {
    pub(super) number: f64,
    /// `h`, `min`, `d`, `w`, `U`, `g`, `mg`, `km`, `m`, `mL`, `L`, `kcal`, `%`, `times`; none where none was said.
    pub(super) unit: Option<String>,
    /// 1 for more or later, −1 for less or earlier.
    pub(super) sign: Option<f64>,
    /// The words of number and unit.
    pub(super) from: usize,
    /// The word after.
    pub(super) to: usize,
    /// Words that told the direction.
    pub(super) direction_at: Vec<usize>,
}

fn number(text: &str) -> Option<f64> {
    let word = match text {
        "a" | "an" | "one" | "ein" | "eine" | "einer" | "einen" | "eins" => 1.0,
        "two" | "zwei" => 2.0,
        "three" | "drei" => 3.0,
        "four" | "vier" => 4.0,
        "five" | "fünf" => 5.0,
        "six" | "sechs" => 6.0,
        "seven" | "sieben" => 7.0,
        "eight" | "acht" => 8.0,
        "nine" | "neun" => 9.0,
        "ten" | "zehn" => 10.0,
        "fifteen" | "fünfzehn" => 15.0,
        "twenty" | "zwanzig" => 20.0,
        "thirty" | "dreißig" => 30.0,
        "hundred" | "hundert" => 100.0,
        "thousand" | "tausend" => 1000.0,
        "half" | "halbe" | "halben" | "halb" => 0.5,
        "anderthalb" | "eineinhalb" => 1.5,
        _ => {
            let first = text.trim_start_matches(['-', '+']).chars().next()?;
            return first.is_ascii_digit().then(|| digits(text)).flatten();
        }
    };
    Some(word)
}

/// `10,000` and `10.000` are ten thousand, `1.5` and `1,5` one and a half.
fn digits(text: &str) -> Option<f64> {
    let grouped = |separator: char| {
        let mut parts = text.trim_start_matches(['-', '+']).split(separator);
        let first = parts.next().unwrap_or_default().len();
        let rest: Vec<&str> = parts.collect();
        (1..=3).contains(&first) && !rest.is_empty() && rest.iter().all(|part| part.len() == 3)
    };
    let text = if grouped(',') || grouped('.') { text.replace([',', '.'], "") } else { text.replace(',', ".") };
    text.parse().ok().filter(|number: &f64| number.is_finite() && number.abs() <= 1e9)
}

fn unit(text: &str) -> Option<&'static str> {
    Some(match text {
        "hour" | "hours" | "h" | "hr" | "hrs" | "stunde" | "stunden" | "std" => "h",
        "minute" | "minutes" | "min" | "mins" | "minuten" => "min",
        "day" | "days" | "tag" | "tage" | "tagen" | "d" => "d",
        "week" | "weeks" | "woche" | "wochen" => "w",
        "unit" | "units" | "einheit" | "einheiten" | "ie" | "u" | "iu" => "U",
        "g" | "gram" | "grams" | "gramm" => "g",
        "mg" | "milligram" | "milligrams" | "milligramm" => "mg",
        "km" | "kilometer" | "kilometers" | "kilometre" | "kilometres" => "km",
        "m" | "meter" | "metre" | "meters" | "metres" => "m",
        "ml" => "mL",
        "l" | "liter" | "litre" | "liters" | "litres" => "L",
        "kcal" | "kalorien" | "calories" => "kcal",
        "%" | "percent" | "prozent" => "%",
        "times" | "mal" => "times",
        _ => return None,
    })
}

const MORE: [&str; 13] = [
    "more",
    "longer",
    "extra",
    "additional",
    "later",
    "mehr",
    "länger",
    "zusätzlich",
    "zusätzliche",
    "später",
    "another",
    "higher",
    "höher",
];
const LESS: [&str; 11] =
    ["less", "fewer", "shorter", "earlier", "weniger", "kürzer", "früher", "minus", "lower", "niedriger", "under"];

fn sign(text: &str) -> Option<f64> {
    if MORE.contains(&text) {
        Some(1.0)
    } else if LESS.contains(&text) {
        Some(-1.0)
    } else {
        None
    }
}

/// Every amount of the sentence. An article is a number only before a unit: "an hour".
pub(super) fn amounts(words: &[Word]) -> Vec<Amount> {
    let mut amounts: Vec<Amount> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let Some(mut value) = number(&words[at].text) else {
            at += 1;
            continue;
        };
        let from = at;
        let mut to = at + 1;
        // "half an hour", "two thousand", "eine halbe Stunde".
        while to < words.len() {
            match (words[to].text.as_str(), number(&words[to].text)) {
                ("a" | "an", _) if value == 0.5 => {}
                ("half" | "halbe" | "halben", _) => value = if value == 1.0 { 0.5 } else { value + 0.5 },
                (_, Some(scale)) if scale >= 100.0 && value < scale && digits(&words[to].text).is_none() => {
                    value *= scale;
                }
                _ => break,
            }
            to += 1;
        }
        let mut direction_at = Vec::new();
        let mut direction = None;
        // "two more units".
        if to < words.len()
            && let Some(found) = sign(&words[to].text)
            && to + 1 < words.len()
            && unit(&words[to + 1].text).is_some()
        {
            direction = Some(found);
            direction_at.push(to);
            to += 1;
        }
        let told = words.get(to).and_then(|word| unit(&word.text));
        let article = ["a", "an", "ein", "eine", "einen", "einer"].contains(&words[from].text.as_str());
        if article && told.is_none() && to == from + 1 {
            at += 1;
            continue;
        }
        if told.is_some() {
            to += 1;
        }
        if direction.is_none() {
            let near = (to..words.len().min(to + 3)).chain((from.saturating_sub(2)..from).rev());
            for at in near {
                let free = !amounts.iter().any(|other| other.direction_at.contains(&at));
                if let Some(found) = sign(&words[at].text).filter(|_| free) {
                    direction = Some(found);
                    direction_at.push(at);
                    break;
                }
            }
        }
        let text = words[from].text.as_str();
        if text.starts_with('-') || text.starts_with('+') {
            direction = Some(if text.starts_with('-') { -1.0 } else { 1.0 });
        }
        let number = value.abs();
        amounts.push(Amount { number, unit: told.map(str::to_owned), sign: direction, from, to, direction_at });
        at = to;
    }
    amounts
}

/// More or less, told near this word.
pub(super) fn direction_near(words: &[Word], at: usize) -> Option<f64> {
    let near = (at + 1..words.len().min(at + 6)).chain((at.saturating_sub(4)..at).rev());
    near.into_iter().find_map(|at| sign(&words[at].text))
}

/// The two regions of "between A and B", "zwischen A und B", "from A to B", "von A nach B", "connection A–B".
pub(super) fn pair(sentence: &str) -> Option<(String, String)> {
    let clean = |text: &str| {
        let end = [
            " weak", " strong", " is ", " were ", " gets ", " was ", " um ", " by ", " schw", " stär", " wird",
            " durch", ",", "?",
        ];
        let cut = end.iter().filter_map(|end| text.to_lowercase().find(end)).min().unwrap_or(text.len());
        let name = text.get(..cut).unwrap_or(text).trim().trim_matches(['"', '\'', '.', '?', '!', ' ']).to_owned();
        (!name.is_empty() && name.chars().count() <= 60).then_some(name)
    };
    let lower = sentence.to_lowercase();
    // Lower-casing may move byte positions in rare scripts; then nothing is found.
    let cut = |from: &str, middle: &str| {
        let begin = lower.find(from)? + from.len();
        let rest = sentence.get(begin..)?;
        let at = rest.to_lowercase().find(middle)?;
        Some((clean(rest.get(..at)?)?, clean(rest.get(at + middle.len()..)?)?))
    };
    let said = [("between ", " and "), ("zwischen ", " und "), ("from ", " to "), ("von ", " nach "), ("von ", " zu ")];
    said.into_iter().find_map(|(from, middle)| cut(from, middle)).or_else(|| {
        ["connection ", "verbindung "]
            .iter()
            .find_map(|from| ["–", "—", " - "].iter().find_map(|middle| cut(from, middle)))
    })
}
