//! The name that was probably meant.

/// At most this many are offered.
const OFFERS_MAX: usize = 3;

/// Names close to `wanted`, closest first.
pub(crate) fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let mut scored: Vec<_> = names
        .into_iter()
        .filter_map(|name| {
            // A part of a name is as good as a name with a slip: `heart` means `heart_rate`.
            let part = wanted.len() >= 3 && (name.contains(&wanted) || wanted.contains(name));
            let score = strsim::jaro_winkler(&wanted, name) + if part { 0.3 } else { 0.0 };
            (score > 0.8).then_some((score, name))
        })
        .collect();
    scored.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    scored.into_iter().take(OFFERS_MAX).map(|(_, name)| name).collect()
}

/// `did you mean …?` for the error message.
pub(crate) fn did_you_mean(offers: &[&str]) -> Option<String> {
    match offers {
        [] => None,
        [one] => Some(format!("did you mean {one}?")),
        [others @ .., last] => Some(format!("did you mean {} or {last}?", others.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_and_parts_find_the_name_and_nonsense_finds_nothing() {
        let names = ["heart_rate", "heart_rate_resting", "steps", "glucose", "sleep_minutes"];
        let first = |wanted| nearest(wanted, names).first().copied();
        for (wanted, meant) in [
            ("hart_rate", "heart_rate"),
            ("heartrate", "heart_rate"),
            ("Glucos", "glucose"),
            ("sleep", "sleep_minutes"),
        ] {
            assert_eq!(first(wanted), Some(meant), "{wanted}");
        }
        assert_eq!(first("zebra"), None);
        assert_eq!(did_you_mean(&["a", "b", "c"]).as_deref(), Some("did you mean a, b or c?"));
    }
}
