//! Days, months and years as people write them, in English and German.

use didymos_base::time::Date;

/// Days since 1970, both inclusive, and what to call them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) label: String,
}

const MONTHS: [[&str; 4]; 12] = [
    ["january", "jan", "januar", "jänner"],
    ["february", "feb", "februar", "feber"],
    ["march", "mar", "märz", "mrz"],
    ["april", "apr", "april", "apr"],
    ["may", "may", "mai", "mai"],
    ["june", "jun", "juni", "jun"],
    ["july", "jul", "juli", "jul"],
    ["august", "aug", "august", "aug"],
    ["september", "sep", "september", "sept"],
    ["october", "oct", "oktober", "okt"],
    ["november", "nov", "november", "nov"],
    ["december", "dec", "dezember", "dez"],
];
const NAMES: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// What the text can mean; nothing where it is no date. `today` is a number of days since 1970.
pub(super) fn parse(text: &str, today: i64) -> Vec<Span> {
    let text = text.trim().to_lowercase();
    let one_day = |day: i64| vec![Span { first: day, last: day, label: Date::from_days(day).to_string() }];
    match text.as_str() {
        "today" | "heute" => return one_day(today),
        "yesterday" | "gestern" => return one_day(today - 1),
        _ => {}
    }
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || ",./-".contains(c)).filter(|word| !word.is_empty()).collect();
    let date = match words.as_slice() {
        [year] => year_of(year).map(|year| (year, None, None)),
        [a, b] => match (month(a), year_of(b), month(b), year_of(a)) {
            (Some(month), Some(year), ..) | (_, _, Some(month), Some(year)) => Some((year, Some(month), None)),
            // 03/2016 and 2016-03
            _ => match (
                year_of(b).and_then(|year| Some((year, number_of(a)?))),
                year_of(a).and_then(|year| Some((year, number_of(b)?))),
            ) {
                (Some((year, month)), _) | (_, Some((year, month))) => Some((year, Some(month), None)),
                _ => None,
            },
        },
        [a, b, c] => match (year_of(a), year_of(c)) {
            // 2016-03-04, 2016 march 4
            (Some(year), _) => month_or_number(b).zip(number_of(c)).map(|(m, d)| (year, Some(m), Some(d))),
            // 4 march 2016, march 4 2016, 4.3.2016
            (None, Some(year)) => match month(a) {
                Some(month) => number_of(b).map(|day| (year, Some(month), Some(day))),
                None => month_or_number(b).zip(number_of(a)).map(|(m, d)| (year, Some(m), Some(d))),
            },
            (None, None) => None,
        },
        _ => None,
    };
    date.and_then(|(year, month, day)| span(year, month, day)).into_iter().collect()
}

fn span(year: i32, month: Option<u8>, day: Option<u8>) -> Option<Span> {
    let first = Date::new(year, month.unwrap_or(1), day.unwrap_or(1))?;
    let (last, label) = match (month, day) {
        (Some(_), Some(_)) => (first.days(), first.to_string()),
        (Some(month), None) => {
            let next = if month == 12 { Date::new(year + 1, 1, 1) } else { Date::new(year, month + 1, 1) };
            (next?.days() - 1, format!("{} {year}", NAMES[usize::from(month) - 1]))
        }
        _ => (Date::new(year, 12, 31)?.days(), year.to_string()),
    };
    Some(Span { first: first.days(), last, label })
}

fn year_of(word: &str) -> Option<i32> {
    (word.len() == 4).then(|| word.parse().ok())?.filter(|year| (1900..=2199).contains(year))
}

/// A day or a month as a number; `4th` is 4.
fn number_of(word: &str) -> Option<u8> {
    let digits = word.trim_end_matches(['s', 't', 'n', 'd', 'r', 'h']);
    (digits.len() <= 2).then(|| digits.parse().ok())?
}

/// A month by its name.
fn month(word: &str) -> Option<u8> {
    MONTHS.iter().position(|names| names.contains(&word)).map(|at| at as u8 + 1)
}

/// A month by its name or its number.
fn month_or_number(word: &str) -> Option<u8> {
    month(word).or_else(|| number_of(word).filter(|number| (1..=12).contains(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_months_and_years_as_people_write_them() {
        let day = |y, m, d| Date::new(y, m, d).expect("a date").days();
        let fourth = (day(2016, 3, 4), day(2016, 3, 4));
        let march = (day(2016, 3, 1), day(2016, 3, 31));
        for (text, expected) in [
            ("2016-03-04", fourth),
            ("4 March 2016", fourth),
            ("march 4th, 2016", fourth),
            ("4.3.2016", fourth),
            ("4. märz 2016", fourth),
            ("2016/3/4", fourth),
            ("march 2016", march),
            ("Mär 2016", (0, 0)),
            ("märz 2016", march),
            ("2016 march", march),
            ("03/2016", march),
            ("2016-03", march),
            ("2016", (day(2016, 1, 1), day(2016, 12, 31))),
            ("feb 2024", (day(2024, 2, 1), day(2024, 2, 29))),
            ("yesterday", (99, 99)),
            ("heute", (100, 100)),
        ] {
            let found = parse(text, 100);
            if expected == (0, 0) {
                assert_eq!(found, [], "{text}");
            } else {
                assert_eq!(found.iter().map(|span| (span.first, span.last)).collect::<Vec<_>>(), [expected], "{text}");
            }
        }
        for nothing in ["", "heart", "march", "17", "2016-13-01", "2016-02-30", "31/31/2016", "0000", "4 4 4 4", "9999"]
        {
            assert_eq!(parse(nothing, 100), [], "{nothing}");
        }
    }
}
