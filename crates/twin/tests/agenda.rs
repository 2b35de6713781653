//! What the day's calendar says, through the door, from calendars as programs write them.
#![allow(clippy::unwrap_used)]

use didymos_base::time::wall_text;
use didymos_identity::{KdfCost, RecoveryPhrase};
use didymos_twin::request::{Find, Import, Quality, Query, Today};
use didymos_twin::response::{AgendaItem, FoundKind, ImportReport, TodayAnswer};
use didymos_twin::{Door, Request, Response, Twin, unwatched};

struct Desk {
    dir: tempfile::TempDir,
    twin: Twin,
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let phrase = RecoveryPhrase::from_entropy([7; 32]);
        let twin = Twin::init(&dir.path().join("home"), &phrase, "correct horse", KdfCost::for_tests()).unwrap();
        Self { dir, twin }
    }

    fn of(events: &[&str]) -> Self {
        let desk = Self::new();
        desk.import(events);
        desk
    }

    fn ask(&self, request: Request) -> Response {
        self.twin.ask(&self.twin.principal(), request, &mut unwatched).unwrap()
    }

    fn import_as(&self, name: &str, text: &str) -> ImportReport {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        match self.ask(Request::Import(Import { paths: vec![path], ..Import::default() })) {
            Response::Import(report) => {
                assert!(report.files.iter().all(|file| file.error.is_none()), "{report:?}");
                report
            }
            other => panic!("another answer: {other:?}"),
        }
    }

    /// Takes in a calendar of these events.
    fn import(&self, events: &[&str]) -> ImportReport {
        let events = events.join("\nEND:VEVENT\nBEGIN:VEVENT\n");
        self.import_as(
            "a.ics",
            &format!("BEGIN:VCALENDAR\nPRODID:-//Example//Cal//EN\nX-WR-CALNAME:Home\nBEGIN:VEVENT\n{events}\nEND:VEVENT\nEND:VCALENDAR\n"),
        )
    }

    fn today(&self, date: Option<&str>) -> TodayAnswer {
        match self.ask(Request::Today(Today { date: date.map(str::to_owned) })) {
            Response::Today(answer) => answer,
            other => panic!("another answer: {other:?}"),
        }
    }

    /// A day's agenda, one text for each event.
    fn day(&self, date: &str) -> Vec<String> {
        self.today(Some(date)).agenda.iter().map(|item| shown(item, date)).collect()
    }
}

/// `09:00-10:00 title, place`, with the date where it is another one.
fn shown(item: &AgendaItem, date: &str) -> String {
    let time = |wall: i64| wall_text(wall)[..16].replace(&format!("{date}T"), "");
    let when = if item.all_day {
        format!("{}..{}", &wall_text(item.start)[..10], &wall_text(item.end - 1)[..10])
    } else {
        format!("{}-{}", time(item.start), time(item.end))
    };
    let words = [Some(when), item.title.clone(), item.place.clone()];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

const WEEKLY: &str = "UID:w\nSUMMARY:Choir\nLOCATION:Town hall\nDTSTART;TZID=Europe/Zurich:20240304T190000\nDURATION:PT2H\nRRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20240430T000000Z\nEXDATE;TZID=Europe/Zurich:20240401T190000";

#[test]
fn events_that_come_again_keep_their_time_on_the_wall() {
    let desk = Desk::of(&[
        WEEKLY,
        "UID:night\nSUMMARY:Shift\nDTSTART;TZID=Europe/Zurich:20240329T220000\nDTEND;TZID=Europe/Zurich:20240330T060000\nRRULE:FREQ=DAILY;COUNT=3",
        "UID:gap\nSUMMARY:Gap\nDTSTART;TZID=Europe/Zurich:20240330T023000\nRRULE:FREQ=DAILY",
        "UID:utc\nSUMMARY:Call\nDTSTART:20240320T120000Z\nRRULE:FREQ=DAILY",
    ]);
    let choir = |date| desk.day(date).into_iter().filter(|item| item.contains("Choir")).collect::<Vec<_>>();
    for (date, here) in [
        ("2024-03-04", true),
        ("2024-03-05", false),
        // Summer time began on 31 March.
        ("2024-03-25", true),
        ("2024-04-01", false),
        ("2024-04-08", true),
        ("2024-04-29", true),
        ("2024-05-06", false),
    ] {
        let expected: &[&str] = if here { &["19:00-21:00 Choir Town hall"] } else { &[] };
        assert_eq!(choir(date), expected, "{date}");
    }
    assert_eq!(
        desk.day("2024-03-31"),
        [
            // Eight hours, of which the clock shows nine.
            "2024-03-30T22:00-07:00 Shift",
            // Half past two does not exist on this day.
            "03:30-03:30 Gap",
            "12:00-12:00 Call",
            "22:00-2024-04-01T06:00 Shift",
        ]
    );
    assert_eq!(desk.day("2024-04-01"), ["2024-03-31T22:00-06:00 Shift", "02:30-02:30 Gap", "12:00-12:00 Call"]);
    assert_eq!(desk.day("2024-04-02"), ["02:30-02:30 Gap", "12:00-12:00 Call"]);
    let item = &desk.today(Some("2024-03-04")).agenda[0];
    assert_eq!((item.source.as_str(), item.zone.as_deref()), ("Cal, account Home", Some("Europe/Zurich")));
}

#[test]
fn whole_days_come_first_and_stay_until_they_end() {
    let desk = Desk::of(&[
        "UID:a\nSUMMARY:Breakfast\nDTSTART:20240501T070000\nDTEND:20240501T080000",
        "UID:b\nSUMMARY:Journey\nDTSTART;VALUE=DATE:20240430\nDTEND;VALUE=DATE:20240503\nSTATUS:TENTATIVE",
        "UID:c\nSUMMARY:Birthday\nDTSTART;VALUE=DATE:19800501\nRRULE:FREQ=YEARLY",
        "UID:d\nDTSTART:20240501T000000",
    ]);
    assert_eq!(
        desk.day("2024-05-01"),
        ["2024-04-30..2024-05-02 Journey", "2024-05-01..2024-05-01 Birthday", "00:00-00:00", "07:00-08:00 Breakfast"]
    );
    assert_eq!(desk.day("2024-05-02"), ["2024-04-30..2024-05-02 Journey"]);
    assert_eq!(desk.day("2024-05-03"), [""; 0]);
    assert_eq!(desk.day("1983-05-01"), ["1983-05-01..1983-05-01 Birthday"]);
    let items = desk.today(Some("2024-05-01")).agenda;
    assert!(items[0].tentative && !items[1].tentative);
}

#[test]
fn the_newest_version_of_an_event_and_of_each_of_its_days_counts() {
    let desk = Desk::of(&[
        WEEKLY,
        "UID:w\nRECURRENCE-ID;TZID=Europe/Zurich:20240311T190000\nSUMMARY:Concert\nDTSTART;TZID=Europe/Zurich:20240312T200000",
        "UID:w\nRECURRENCE-ID:20240318T180000Z\nSUMMARY:Choir\nSTATUS:CANCELLED\nDTSTART:20240318T180000Z",
        "UID:once\nSUMMARY:Dentist\nSEQUENCE:1\nDTSTART:20240305T090000",
    ]);
    assert_eq!(desk.day("2024-03-04"), ["19:00-21:00 Choir Town hall"]);
    assert_eq!(desk.day("2024-03-11"), [""; 0]);
    assert_eq!(desk.day("2024-03-12"), ["20:00-20:00 Concert"]);
    assert_eq!(desk.day("2024-03-18"), [""; 0]);
    assert_eq!(desk.day("2024-03-05"), ["09:00-09:00 Dentist"]);

    // A newer export: moved, and an older version of it in a file imported later still.
    desk.import(&["UID:once\nSUMMARY:Dentist\nSEQUENCE:2\nDTSTART:20240306T100000"]);
    desk.import(&["UID:once\nSUMMARY:Dentist\nSEQUENCE:1\nDTSTART:20240305T093000"]);
    assert_eq!((desk.day("2024-03-05"), desk.day("2024-03-06")), (vec![], vec!["10:00-10:00 Dentist".to_owned()]));

    // The whole is moved to Tuesdays: changes of Mondays are void. Without a sequence the later change counts.
    let tuesdays = WEEKLY.replace("20240304T19", "20240305T19").replace("BYDAY=MO", "BYDAY=TU");
    desk.import(&[&format!("{tuesdays}\nLAST-MODIFIED:20240301T000000Z")]);
    assert_eq!(desk.day("2024-03-12"), ["19:00-21:00 Choir Town hall"]);
    assert_eq!(desk.day("2024-03-11"), [""; 0]);
    desk.import(&["UID:w\nSTATUS:CANCELLED\nSEQUENCE:9\nDTSTART;TZID=Europe/Zurich:20240305T190000"]);
    assert_eq!(desk.day("2024-03-12"), [""; 0]);
}

#[test]
fn a_change_of_this_day_and_all_after_moves_them_all() {
    let desk = Desk::of(&[
        "UID:x\nSUMMARY:Old\nDTSTART;TZID=Europe/Zurich:20240304T190000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY",
        "UID:x\nSUMMARY:New\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Zurich:20240318T190000\nDTSTART;TZID=Europe/Zurich:20240319T080000\nDURATION:PT2H",
    ]);
    assert_eq!(desk.day("2024-03-11"), ["19:00-20:00 Old"]);
    assert_eq!((desk.day("2024-03-18"), desk.day("2024-03-19")), (vec![], vec!["08:00-10:00 New".to_owned()]));
    assert_eq!((desk.day("2024-04-08"), desk.day("2024-04-09")), (vec![], vec!["08:00-10:00 New".to_owned()]));
    // Lotus Notes writes only the change, with the days it is for.
    let desk = Desk::new();
    let sample = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../intake/tests/data/calendar/issue_156_RDATE_with_PERIOD_TZID_khal_2.ics"
    );
    desk.import_as("lotus.ics", &std::fs::read_to_string(sample).unwrap());
    for date in ["2021-11-01", "2021-12-06", "2022-01-03", "2022-02-07"] {
        assert_eq!(desk.day(date), ["16:00-16:30 (omitted)"], "{date}");
    }
    assert_eq!(desk.day("2021-11-08"), [""; 0]);
}

#[test]
fn what_is_planned_makes_no_day_but_a_calendar_alone_is_answered() {
    let desk = Desk::new();
    assert_eq!(desk.today(None), TodayAnswer::default());
    desk.import(&[
        "UID:f\nSUMMARY:Far\nDTSTART:21500501T090000Z",
        "UID:n\nSUMMARY:Always\nDTSTART:20200101\nRRULE:FREQ=DAILY",
    ]);
    let today = desk.today(None);
    let date = today.date.clone().unwrap();
    assert!(date.as_str() > "2024" && date.as_str() < "2150", "{date}");
    assert_eq!(
        today.agenda.iter().map(|item| shown(item, &date)).collect::<Vec<_>>(),
        [format!("{date}..{date} Always")]
    );
    assert!(today.cards.is_empty() && today.of == 0 && today.missing.is_empty());

    let rows = "Id,Time,Value\n1,4/11/2016 7:00:00 AM,60\n1,4/12/2016 7:00:00 AM,61\n";
    desk.import_as("heartrate.csv", rows);
    let today = desk.today(None);
    assert_eq!((today.date.as_deref(), today.of), (Some("2016-04-12"), 1));
    assert!(today.agenda.is_empty());
}

#[test]
fn at_most_fifty_are_told_and_rules_that_are_not_followed_are_counted() {
    let many: Vec<String> = (0..60)
        .map(|n| format!("UID:{n}\nSUMMARY:no {n}\nDTSTART:20240501T{:02}{:02}00", n / 12, n % 12 * 5))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let desk = Desk::of(&many);
    let today = desk.today(Some("2024-05-01"));
    assert_eq!((today.agenda.len(), today.agenda_more, today.agenda_refused), (50, 10, 0));
    assert_eq!(today.agenda[49].title.as_deref(), Some("no 49"));

    let hostile: Vec<String> = [
        "FREQ=SECONDLY",
        "FREQ=DAILY;BYHOUR=1,2,3",
        "FREQ=DAILY;COUNT=18446744073709551615",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "nonsense",
    ]
    .iter()
    .enumerate()
    .map(|(n, rule)| format!("UID:h{n}\nSUMMARY:hostile {n}\nDTSTART:19000101T120000\nRRULE:{rule}"))
    .collect();
    let desk = Desk::of(&hostile.iter().map(String::as_str).collect::<Vec<_>>());
    let today = desk.today(Some("2199-05-01"));
    assert_eq!((today.agenda.len(), today.agenda_refused), (1, 3));
    assert_eq!(today.agenda[0].title.as_deref(), Some("hostile 2"));
    // Nine hundred rules that have to be counted through from 1900 do not take for ever: what is left over is counted.
    let slow: Vec<String> =
        (0..900).map(|n| format!("UID:{n}\nDTSTART:19000101T120000\nRRULE:FREQ=DAILY;BYMONTH=2;COUNT=9000")).collect();
    let desk = Desk::of(&slow.iter().map(String::as_str).collect::<Vec<_>>());
    let today = desk.today(Some("2199-02-01"));
    assert!(today.agenda_refused > 500 && today.agenda_refused < 900, "{}", today.agenda_refused);
    assert!(!today.agenda.is_empty());
}

#[test]
fn calendars_are_searched_by_what_people_know_and_imported_once() {
    let desk = Desk::of(&[WEEKLY]);
    assert_eq!(desk.import(&[WEEKLY]).added, 0);
    let find = |text: &str| match desk.ask(Request::Find(Find { text: text.to_owned(), limit: 8 })) {
        Response::Find(found) => found.groups,
        other => panic!("another answer: {other:?}"),
    };
    let found = find("town choir");
    assert_eq!(
        (found.len(), found[0].kind, found[0].results[0].label.as_str()),
        (1, FoundKind::Event, "Choir, Town hall")
    );
    for nothing in ["freq", "uid", "zurich"] {
        assert!(find(nothing).iter().all(|group| group.kind != FoundKind::Event), "{nothing}");
    }
    let stream = "calendar_event".parse().unwrap();
    let query = Query { stream, from: None, to: None, every: None, source: None, limit: 5 };
    let Response::Query(answer) = desk.ask(Request::Query(query)) else { panic!("another answer") };
    assert_eq!(answer.points.unwrap()[0].value["title"], "Choir");
    assert!(matches!(desk.ask(Request::Quality(Quality { stream: None })), Response::Quality(_)));
}
