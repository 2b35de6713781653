//! Sentences and what is read of them.

use super::*;
use ChangeBy::{Add, Set, Times};

fn known() -> Vec<(StreamId, String)> {
    [
        ("sleep_minutes", "min"),
        ("steps", "{count}"),
        ("heart_rate", "/min"),
        ("heart_rate_resting", "/min"),
        ("glucose", "mg/dL"),
        ("dietary_caffeine", "mg"),
        ("distance", "km"),
        ("exercise_minutes", "min"),
    ]
    .map(|(id, unit)| (id.parse().expect("a stream"), unit.to_owned()))
    .to_vec()
}

fn stream(name: &str, change: ChangeBy) -> Vec<Intervention> {
    vec![Intervention::Stream { stream: name.parse().expect("a stream"), change }]
}

#[track_caller]
fn check(sentence: &str, interventions: &[Intervention], outcome: Option<&str>) {
    let reading = read(sentence, &known());
    assert_eq!(reading.interventions, interventions, "{sentence}: {reading:?}");
    assert_eq!(reading.outcome.as_ref().map(StreamId::as_str), outcome, "{sentence}: {reading:?}");
    assert_eq!(reading.not_understood, Vec::<String>::new(), "{sentence}: {reading:?}");
}

#[test]
fn the_common_sentences_are_read_in_english_and_german() {
    let sleep = |minutes: f64| stream("sleep_minutes", Add { value: minutes });
    check("What if I sleep an hour more?", &sleep(60.0), None);
    check("What if I sleep one hour longer every night?", &sleep(60.0), None);
    check("what if i sleep 30 minutes less", &sleep(-30.0), None);
    check("Was wenn ich eine Stunde mehr schlafe?", &sleep(60.0), None);
    check("Was passiert, wenn ich eine halbe Stunde länger schlafe?", &sleep(30.0), None);
    check(
        "How does my resting heart rate change if I sleep half an hour more?",
        &sleep(30.0),
        Some("heart_rate_resting"),
    );
    check("What happens to my steps if I sleep 2 hours less?", &sleep(-120.0), Some("steps"));
    check(
        "Wie ändert sich mein Ruhepuls, wenn ich 1,5 Stunden mehr schlafe?",
        &sleep(90.0),
        Some("heart_rate_resting"),
    );
    check("What if I walk 2,000 more steps?", &stream("steps", Add { value: 2000.0 }), None);
    check("Was wenn ich 10.000 Schritte gehe?", &stream("steps", Set { value: 10_000.0 }), None);
    check("What if I drink no coffee?", &stream("dietary_caffeine", Set { value: 0.0 }), None);
    check(
        "what does my sleep do if I walk twice as many steps",
        &stream("steps", Times { value: 2.0 }),
        Some("sleep_minutes"),
    );
    check("What if I exercise 20 % more?", &stream("exercise_minutes", Times { value: 1.2 }), None);
}

#[test]
fn glucose_bed_and_brain_are_read_too() {
    let meal = |grams, in_both| Intervention::Meal { grams, in_both };
    let less = Intervention::Insulin { units: -2.0 };
    check(
        "What will my glucose do after this meal and two units less?",
        &[meal(None, true), less.clone()],
        Some("glucose"),
    );
    check(
        "What will my glucose do after 60 g of carbs and 2 units less?",
        &[meal(Some(60.0), true), less.clone()],
        Some("glucose"),
    );
    check(
        "Was macht mein Zucker nach dieser Mahlzeit mit zwei Einheiten weniger?",
        &[meal(None, true), less],
        Some("glucose"),
    );
    check("What does my glucose do if I eat 40g carbs?", &[meal(Some(40.0), false)], Some("glucose"));
    check("What if I go to bed an hour earlier?", &[Intervention::Bedtime { minutes: -60.0 }], None);
    check("Was wenn ich 30 Minuten später ins Bett gehe?", &[Intervention::Bedtime { minutes: 30.0 }], None);
    let cut = |from: &str, to: &str, factor| [Intervention::Connection { from: from.into(), to: to.into(), factor }];
    check("What does my brain network do if the connection between 12 and 40 weakens?", &cut("12", "40", 0.5), None);
    check(
        "Was macht mein Hirnnetzwerk, wenn die Verbindung zwischen 3 und 7 um 30 Prozent schwächer wird?",
        &cut("3", "7", 0.7),
        None,
    );
}

#[test]
fn a_connection_that_is_not_named_is_left_open() {
    for (sentence, factor) in [
        ("What does my brain network do if this connection weakens?", 0.5),
        ("What does my brain do if a connection gets 20 % stronger?", 1.2),
        ("Was macht mein Hirnnetz, wenn diese Verbindung schwächer wird?", 0.5),
        ("Was macht mein Hirnnetzwerk, wenn eine Verbindung durchtrennt wird?", 0.0),
    ] {
        let reading = read(sentence, &known());
        assert_eq!((reading.some_connection, reading.interventions.len()), (Some(factor), 0), "{reading:?}");
        assert_eq!(reading.not_understood, Vec::<String>::new(), "{sentence}");
        assert!(reading.says.starts_with("some connection"), "{reading:?}");
    }
}

#[test]
fn what_is_not_understood_is_said() {
    let missing = |sentence: &str, words: &str| {
        let reading = read(sentence, &known());
        assert!(reading.not_understood.iter().any(|said| said.contains(words)), "{sentence}: {reading:?}");
    };
    missing("What if I sleep more?", "by how much");
    missing("What if I sleep an hour more and juggle?", "juggle");
    missing("What if I weigh 2 kg less?", "body_mass");
    missing("What will my glucose do with two units?", "more or fewer");
    assert_eq!(read("", &known()).interventions, []);
    assert_eq!(read("Was wenn ich eine Stunde mehr schlafe?", &known()).language.as_deref(), Some("de"));
    assert_eq!(read("What if I sleep an hour more?", &known()).horizon, None);
    assert_eq!(read("What if I sleep an hour more for two weeks?", &known()).horizon.as_deref(), Some("2w"));
}

#[test]
fn nothing_that_is_typed_breaks_it() {
    for odd in [
        "-",
        "+5",
        "1e999 hours more sleep",
        "٣ hours",
        "ß%%%–—",
        "between  and ",
        "9999999999999 g carbs",
        "İ between a and b connection weak",
    ] {
        let reading = read(odd, &known());
        assert!(reading.says.len() < 1_000);
    }
}
