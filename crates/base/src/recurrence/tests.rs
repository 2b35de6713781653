use super::*;
use proptest::prelude::*;

const ENOUGH: u64 = 1_000_000;

#[test]
fn rules_give_what_dateutil_gives() {
    let mut checked = 0;
    let fixture = include_str!("../../tests/data/recurrence.txt");
    for line in fixture.lines().filter(|line| !line.starts_with('#')) {
        let (text, numbers) = line.split_once(' ').expect("a rule and numbers");
        let numbers: Vec<i64> = numbers.split(' ').map(|n| n.parse::<i64>().expect("a number") * 1_000).collect();
        let [start, from, to, expected @ ..] = numbers.as_slice() else { panic!("{line}") };
        let rule: Rule = text.parse().expect(text);
        let found = rule.between(*start, *from, *to, &mut { ENOUGH }).expect("enough budget");
        assert_eq!(found, expected, "{line}");
        checked += 1;
    }
    assert_eq!(checked, 500);
}

#[test]
fn what_is_no_rule_or_not_followed_is_refused_with_a_reason() {
    for text in [
        "",
        "FREQ",
        "FREQ=",
        "COUNT=3",
        "FREQ=FORTNIGHTLY",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;COUNT=x",
        "FREQ=DAILY;UNTIL=tomorrow",
        "FREQ=DAILY;UNTIL=20240230",
        "FREQ=DAILY;UNTIL=2024éé",
        "FREQ=WEEKLY;BYDAY=MON",
        "FREQ=WEEKLY;BYDAY=",
        "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=MONTHLY;BYDAY=99MO",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=DAILY;FOO=1",
        &format!("FREQ=DAILY;X-A={}", "x".repeat(10_000)),
    ] {
        assert_eq!(text.parse::<Rule>(), Err(RuleError::Malformed), "{text}");
    }
    for text in [
        "FREQ=SECONDLY",
        "FREQ=HOURLY;INTERVAL=6",
        "FREQ=DAILY;BYHOUR=9,12",
        "FREQ=YEARLY;BYWEEKNO=20",
        "FREQ=YEARLY;BYYEARDAY=1",
        "RSCALE=CHINESE;FREQ=YEARLY",
    ] {
        assert!(matches!(text.parse::<Rule>(), Err(RuleError::Unsupported(_))), "{text}");
    }
}

#[test]
fn the_work_is_that_of_the_window_and_what_is_more_is_refused() {
    let spent = |text: &str, years: i64| {
        let mut budget = ENOUGH;
        let to = years * 365 * DAY_MS;
        let found = text.parse::<Rule>().expect(text).between(0, to - DAY_MS, to, &mut budget);
        assert!(found.is_some(), "{text}");
        ENOUGH - budget
    };
    for (text, most) in [
        ("FREQ=DAILY", 3),
        ("FREQ=DAILY;COUNT=18446744073709551615", 3),
        ("FREQ=DAILY;INTERVAL=4294967295", 1),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE;COUNT=1000000", 21),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", 90),
        ("FREQ=YEARLY;BYDAY=53MO", 800),
        // A count that may run out before has to be counted, once through.
        ("FREQ=DAILY;BYMONTH=2;COUNT=2000", 150 * 366),
    ] {
        assert!(spent(text, 150) <= most, "{text} takes {}", spent(text, 150));
    }
    let rule: Rule = "FREQ=DAILY;BYMONTH=2;COUNT=2000".parse().expect("a rule");
    assert_eq!(rule.between(0, 40_000 * DAY_MS, 40_001 * DAY_MS, &mut 1_000), None);
}

fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY|HOURLY)",
        "INTERVAL=[0-9]{1,10}",
        "COUNT=[0-9]{1,19}",
        "UNTIL=[0-9]{8}(T[0-9]{6}Z?)?",
        "BYDAY=-?[0-9]{0,3}(MO|TU|SU)(,(WE|SA)){0,2}",
        "BYMONTHDAY=-?[0-9]{1,2}(,[0-9]{1,2}){0,2}",
        "BYMONTH=1?[0-9](,[1-9]){0,2}",
        "BYSETPOS=-?[0-9]{1,3}",
        "WKST=(MO|WE|SU)",
        "BYHOUR=[0-9]{1,2}",
        "[ -~]{0,20}",
        ".{0,5}",
    ];
    proptest::collection::vec(piece, 1..6).prop_map(|parts| parts.join(";"))
}

proptest! {
    #[test]
    fn any_text_is_a_rule_or_a_reason_and_a_window_is_part_of_a_longer_one(
        text in texts(),
        start in -2_000_000_000_000i64..6_000_000_000_000,
        offset in -1_000i64..40_000,
        days in 0i64..400,
    ) {
        let Ok(rule) = text.parse::<Rule>() else { return Ok(()) };
        let from = start + offset * DAY_MS;
        let to = from + days * DAY_MS;
        let mut budget = ENOUGH;
        if let Some(found) = rule.between(start, from, to, &mut budget) {
            prop_assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(found.iter().all(|at| *at >= start && (from..to).contains(at)));
            // Skipping forward gives what walking from the start gives.
            let longer = rule.between(start, from - 50 * DAY_MS, to, &mut { ENOUGH });
            if let Some(longer) = longer {
                let longer: Vec<i64> = longer.into_iter().filter(|at| *at >= from).collect();
                prop_assert_eq!(found, longer);
            }
        }
    }
}
