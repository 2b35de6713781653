//! What the owner's app asks: the day, search, quality, receipts, on data whose answers are known.
#![allow(clippy::unwrap_used)]

use didymos_identity::{KdfCost, RecoveryPhrase};
use didymos_twin::request::{DecisionKind, Find, Import, Quality, Query, ReceiptsAsked, Today, View};
use didymos_twin::response::{
    Direction, FindAnswer, FoundKind, Made, MissingWhy, QualityAnswer, ReceiptsAnswer, TodayAnswer,
};
use didymos_twin::{Door, FailureCode, Principal, Request, Response, Twin, unwatched};
use std::fmt::Write as _;
use std::path::Path;

/// Sources by their number in a table.
const SOURCES: [&str; 6] = ["Watch", "Phone", "Scales", "Sensor", "Notes", "Strap"];

struct Desk {
    dir: tempfile::TempDir,
    twin: Twin,
}

macro_rules! answer {
    ($desk:expr, $request:expr, $variant:ident) => {
        match $desk.ask($request).unwrap() {
            Response::$variant(answer) => answer,
            other => panic!("another answer: {other:?}"),
        }
    };
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let phrase = RecoveryPhrase::from_entropy([7; 32]);
        let twin = Twin::init(&dir.path().join("home"), &phrase, "correct horse", KdfCost::for_tests()).unwrap();
        Self { dir, twin }
    }

    fn ask(&self, request: Request) -> Result<Response, didymos_twin::Failure> {
        self.twin.ask(&self.twin.principal(), request, &mut unwatched)
    }

    /// Takes in a table in the form of a twin's own export: stream, kind, unit, start, end, value, source.
    fn import(&self, rows: &[(&str, &str, &str, String, String, String, &str)]) {
        let mut text = String::from("stream,kind,unit,start,end,value,lat,lon,source,source_detail,position,commit\n");
        for (stream, kind, unit, start, end, value, source) in rows {
            let value = value.replace('"', "\"\"");
            let detail = format!("{{\"\"app\"\":\"\"{source}\"\"}}");
            let number = SOURCES.iter().position(|known| known == source).unwrap();
            writeln!(text, "{stream},{kind},{unit},{start},{end},\"{value}\",,,{number},\"{detail}\",0,0").unwrap();
        }
        let path = self.dir.path().join("table.csv");
        std::fs::write(&path, text).unwrap();
        self.import_file(&path);
    }

    fn import_file(&self, path: &Path) {
        let import = Import { paths: vec![path.to_owned()], ..Import::default() };
        let report = answer!(self, Request::Import(import), Import);
        assert!(report.files.iter().all(|file| file.error.is_none() && file.skipped.is_empty()), "{report:?}");
        assert!(report.added > 0);
    }

    fn today(&self, date: Option<&str>) -> TodayAnswer {
        answer!(self, Request::Today(Today { date: date.map(str::to_owned) }), Today)
    }

    fn find(&self, text: &str) -> FindAnswer {
        answer!(self, Request::Find(Find { text: text.to_owned(), limit: 8 }), Find)
    }

    fn quality(&self, stream: Option<&str>) -> QualityAnswer {
        answer!(self, Request::Quality(Quality { stream: stream.map(|id| id.parse().unwrap()) }), Quality)
    }
}

/// Day `n` of a stretch that begins on Friday, 1 March 2024.
fn day(n: u32) -> String {
    use didymos_base::time::Date;
    Date::from_days(Date::new(2024, 3, 1).unwrap().days() + i64::from(n)).to_string()
}

fn at(n: u32, time: &str) -> String {
    format!("{}T{time}Z", day(n))
}

type Rows<'a> = Vec<(&'a str, &'a str, &'a str, String, String, String, &'a str)>;

/// A reading at noon of each day: 60 plus the day's remainder by five, so 60 to 64.
fn resting(days: std::ops::Range<u32>) -> Rows<'static> {
    let value = |n: u32| (60 + n % 5).to_string();
    let row = |n| ("heart_rate_resting", "reading", "/min", at(n, "12:00:00"), at(n, "12:00:00"), value(n), "Watch");
    days.map(row).collect()
}

#[test]
fn the_unusual_day_is_told_beside_what_is_normal() {
    let desk = Desk::new();
    assert_eq!(desk.today(None), TodayAnswer::default(), "nothing is claimed of nothing");
    let mut rows = resting(0..60);
    rows.push(("heart_rate_resting", "reading", "/min", at(60, "12:00:00"), at(60, "12:00:00"), "72".into(), "Watch"));
    // A phone that counts far less than the watch does: the watch is believed, and the two are not added up.
    for n in 0..61 {
        for hour in 8..20 {
            let (start, end) = (at(n, &format!("{hour:02}:00:00")), at(n, &format!("{hour:02}:30:00")));
            rows.push(("steps", "total", "{count}", start, end, (500 + n % 7).to_string(), "Watch"));
        }
        rows.push(("steps", "total", "{count}", at(n, "08:00:00"), at(n, "23:00:00"), "9".into(), "Phone"));
    }
    // Too few days, and days of which the last is missing.
    for n in 55..61 {
        rows.push(("body_mass", "reading", "kg", at(n, "07:00:00"), at(n, "07:00:00"), "70".into(), "Scales"));
    }
    for n in 0..50 {
        rows.push(("glucose", "reading", "mg/dL", at(n, "07:00:00"), at(n, "07:00:00"), "95".into(), "Sensor"));
    }
    desk.import(&rows);

    let today = desk.today(None);
    assert_eq!(today.date.as_deref(), Some(day(60).as_str()));
    assert_eq!((today.streams, today.of), (3, 4));
    let card = &today.cards[0];
    assert_eq!((card.stream.as_str(), card.value, card.made), ("heart_rate_resting", 72.0, Made::Mean));
    assert_eq!(card.direction, Direction::Above);
    assert_eq!((card.normal.median, card.normal.low, card.normal.high), (62.0, 60.0, 64.0));
    assert!((card.unusual - 5.0).abs() < 1e-9, "{}", card.unusual);
    assert_eq!((card.source.as_str(), card.changed.since_yesterday), ("Watch", Some(72.0 - 64.0)));
    assert_eq!(card.unit, "/min");
    let steps = today.cards.iter().find(|card| card.stream.as_str() == "steps").unwrap();
    assert_eq!((steps.made, steps.value), (Made::Sum, f64::from(12 * (500 + 60 % 7))));
    assert_eq!((steps.source.as_str(), steps.direction, steps.until.as_deref()), ("Watch", Direction::Inside, None));
    assert_eq!(today.changed[0].stream.as_str(), "heart_rate_resting");
    let why: Vec<_> =
        today.missing.iter().map(|missing| (missing.stream.as_str(), missing.why, missing.days)).collect();
    assert!(why.contains(&("body_mass", MissingWhy::TooFewDays, 5)), "{why:?}");
    assert!(why.contains(&("glucose", MissingWhy::NothingThatDay, 50)), "{why:?}");

    // Any day can be asked for, and is judged by the days before it alone.
    let earlier = desk.today(Some(&day(30)));
    assert_eq!(earlier.cards.iter().map(|card| card.normal.days).max(), Some(30));
    assert!(earlier.cards.iter().all(|card| card.direction == Direction::Inside));
    assert!(desk.today(Some(&day(3))).cards.is_empty());
    for bad in ["yesterday", "2024-02-30", "2024-03-01T10:00", ""] {
        let refused = desk.ask(Request::Today(Today { date: Some(bad.to_owned()) })).unwrap_err();
        assert_eq!(refused.code, FailureCode::Invalid, "{bad}");
    }
}

#[test]
fn a_day_that_is_not_over_is_held_against_the_same_hours() {
    let desk = Desk::new();
    let mut rows: Rows<'_> = Vec::new();
    for n in 0..31 {
        // 100 steps an hour from eight; on the last day it is only ten o'clock.
        for hour in 8..if n == 30 { 10 } else { 22 } {
            let (start, end) = (at(n, &format!("{hour:02}:00:00")), at(n, &format!("{hour:02}:59:59")));
            rows.push(("steps", "total", "{count}", start, end, "100".into(), "Watch"));
        }
    }
    desk.import(&rows);
    let card = desk.today(None).cards.remove(0);
    assert_eq!((card.value, card.normal.median, card.unusual), (200.0, 200.0, 0.0), "two hours on every day");
    assert_eq!(card.until.as_deref(), Some("09:45"));
    let before = desk.today(Some(&day(29))).cards.remove(0);
    assert_eq!((before.value, before.until), (1_400.0, None));
}

#[test]
fn a_makers_total_of_its_last_day_is_not_believed() {
    let desk = Desk::new();
    let mut rows: Rows<'_> = Vec::new();
    for n in 0..30 {
        let (start, end) = (at(n, "00:00:00"), at(n + 1, "00:00:00"));
        // The export was written on the morning of the last day.
        let total = if n == 29 { 700 } else { 9_000 + n };
        rows.push(("energy_daily", "total", "kcal", start.clone(), end.clone(), total.to_string(), "Watch"));
        rows.push(("fitbit.energy_again", "total", "kcal", start, end, total.to_string(), "Watch"));
    }
    desk.import(&rows);
    let today = desk.today(None);
    assert_eq!(today.date.as_deref(), Some(day(28).as_str()), "the last day that was over");
    assert_eq!(today.cards.len(), 1, "one number under two names is one card: {:?}", today.cards);
    assert_eq!((today.cards[0].stream.as_str(), today.cards[0].value), ("energy_daily", 9_028.0));
    let last = desk.today(Some(&day(29)));
    assert!(last.cards.is_empty() && last.streams == 0, "{last:?}");
    assert_eq!(last.missing[0].why, MissingWhy::DayNotOver);
}

#[test]
fn a_night_belongs_to_the_day_on_which_it_ends() {
    let desk = Desk::new();
    let mut rows: Rows<'_> = Vec::new();
    for n in 0..20 {
        let mut stage = |label: &str, from: String, to: String| {
            rows.push(("sleep_stage", "category", "1", from, to, label.to_owned(), "Watch"));
        };
        stage("in_bed", at(n, "22:00:00"), at(n + 1, "07:00:00"));
        stage("core", at(n, "23:00:00"), at(n + 1, "02:00:00"));
        stage("awake", at(n + 1, "02:00:00"), at(n + 1, "02:30:00"));
        stage("deep", at(n + 1, "02:30:00"), at(n + 1, "06:00:00"));
    }
    desk.import(&rows);
    let card = desk.today(Some(&day(20))).cards.remove(0);
    assert_eq!((card.made, card.value, card.unit.as_str()), (Made::Asleep, 390.0, "min"));
    assert_eq!((card.normal.days, card.unusual), (19, 0.0));

    // From near every stage is there, from afar only how many: the whole of the time, not its beginning.
    let (from, to) = answer!(desk, Request::Streams, Streams)[0].span;
    let view = |points| Request::View(View { stream: "sleep_stage".parse().unwrap(), from, to: to + 1, points });
    let near = answer!(desk, view(80), View);
    assert_eq!((near.bucket, near.label.len()), (0, 80));
    let far = answer!(desk, view(16), View);
    assert!(far.bucket > 0 && far.label.is_empty() && far.time.len() <= 32, "{far:?}");
    assert_eq!(far.count.iter().sum::<u32>(), 80);
}

#[test]
fn search_finds_days_streams_sources_texts_files_commits_and_receipts() {
    let desk = Desk::new();
    let mut rows = resting(0..40);
    rows.push((
        "custom.diary",
        "text",
        "1",
        at(3, "20:00:00"),
        at(3, "20:00:00"),
        "Walked along the Sava".into(),
        "Notes",
    ));
    rows.push((
        "workout",
        "event",
        "1",
        at(4, "06:00:00"),
        at(4, "07:00:00"),
        r#"{"kind":"trail_run","place":"Bled"}"#.into(),
        "Watch",
    ));
    desk.import(&rows);
    let first = |text: &str, kind: FoundKind| {
        let found = desk.find(text);
        let group = found.groups.iter().find(|group| group.kind == kind);
        group.unwrap_or_else(|| panic!("{text}: {found:?}")).results[0].clone()
    };
    let march = first("march 2024", FoundKind::Date);
    assert_eq!((march.label.as_str(), march.count), ("March 2024", 31 + 2));
    assert_eq!((march.first.as_deref(), march.last.as_deref()), (Some("2024-03-01"), Some("2024-03-31")));
    assert_eq!(first(&day(3), FoundKind::Date).count, 2);
    let stream = first("resting heart", FoundKind::Stream);
    assert_eq!((stream.go.stream.unwrap().as_str(), stream.count), ("heart_rate_resting", 40));
    let source = first("watch", FoundKind::Source);
    assert_eq!((source.label.as_str(), source.count, source.go.source.as_deref()), ("Watch", 41, Some("Watch")));
    let text = first("sava walked", FoundKind::Text);
    assert_eq!((text.label.as_str(), text.first.as_deref(), text.count), ("Walked along the Sava", Some(&*day(3)), 1));
    let event = first("trail", FoundKind::Event);
    assert_eq!((event.label.as_str(), event.go.stream.unwrap().as_str()), ("trail run, Bled", "workout"));
    assert!(first("table", FoundKind::File).go.import.is_some());
    assert_eq!(first("commit 1", FoundKind::Commit).go.commit, Some(1));
    assert!(first("import files", FoundKind::Receipt).label.starts_with("import.files@1"));
    for nothing in ["", "   ", "…", "xylophone", "9999-99-99"] {
        assert_eq!(desk.find(nothing), FindAnswer::default(), "{nothing}");
    }
    let long = Request::Find(Find { text: "x".repeat(201), limit: 8 });
    assert_eq!(desk.ask(long).unwrap_err().code, FailureCode::Invalid);
}

#[test]
fn quality_counts_days_gaps_and_how_two_devices_agree() {
    let desk = Desk::new();
    let mut rows: Rows<'_> = Vec::new();
    for n in [0, 1, 2, 10] {
        for minute in 0..60 {
            let time = at(n, &format!("08:{minute:02}:00"));
            rows.push(("heart_rate", "reading", "/min", time.clone(), time, (60 + minute % 2).to_string(), "Strap"));
        }
    }
    // On one day a watch reads two more in even minutes and four more in odd ones.
    for minute in 0..60 {
        let time = at(1, &format!("08:{minute:02}:20"));
        let value = 60 + minute % 2 + if minute % 2 == 0 { 2 } else { 4 };
        rows.push(("heart_rate", "reading", "/min", time.clone(), time, value.to_string(), "Watch"));
    }
    desk.import(&rows);
    let all = desk.quality(None);
    assert_eq!(all.streams.len(), 1);
    assert!(all.streams[0].agreement.is_empty(), "only where one stream is asked for");
    let quality = desk.quality(Some("heart_rate")).streams.remove(0);
    let strap = &quality.sources[0];
    assert_eq!((strap.source.as_str(), strap.coverage.count), ("Strap", 240));
    assert_eq!((strap.coverage.days, strap.coverage.of, strap.coverage.gaps), (4, 11, 1));
    let gap = strap.coverage.longest_gap.as_ref().unwrap();
    assert_eq!((gap.first.as_str(), gap.last.as_str(), gap.days), (day(3).as_str(), day(9).as_str(), 7));
    assert_eq!(strap.coverage.every_seconds, Some(60.0));
    let agreement = &quality.agreement[0];
    assert_eq!((agreement.a.as_str(), agreement.b.as_str(), agreement.n), ("Strap", "Watch", 60));
    assert!((agreement.mean_difference + 3.0).abs() < 1e-9, "{agreement:?}");
    let deviation = (60.0f64 / 59.0).sqrt();
    assert!((agreement.upper - (-3.0 + 1.96 * deviation)).abs() < 1e-9, "{agreement:?}");
    let missing = desk.ask(Request::Quality(Quality { stream: Some("steps".parse().unwrap()) })).unwrap_err();
    assert_eq!(missing.code, FailureCode::NotFound);
}

#[test]
fn receipts_come_newest_first_page_by_page_and_by_who_what_and_how() {
    let desk = Desk::new();
    desk.import(&resting(0..3));
    let query = Query {
        stream: "heart_rate_resting".parse().unwrap(),
        from: None,
        to: None,
        every: None,
        source: None,
        limit: 10,
    };
    for _ in 0..5 {
        desk.ask(Request::Query(query.clone())).unwrap();
    }
    let stranger = Principal::Anonymous;
    desk.twin.ask(&stranger, Request::Query(query), &mut unwatched).unwrap_err();
    let list = |asked: ReceiptsAsked| -> ReceiptsAnswer { answer!(desk, Request::Receipts(asked), Receipts) };
    let asked = ReceiptsAsked { before: None, limit: 3, who: None, act: None, decision: None };
    let denied = list(ReceiptsAsked { decision: Some(DecisionKind::Denied), ..asked.clone() });
    assert_eq!(denied.receipts.len(), 1);
    assert_eq!(denied.receipts[0].receipt.principal, Principal::Anonymous);
    let by_nobody = list(ReceiptsAsked { who: Some("anonymous".into()), ..asked.clone() });
    assert_eq!(by_nobody.receipts, denied.receipts);
    let written = list(ReceiptsAsked { act: Some(didymos_consent::Act::Write), ..asked.clone() });
    assert_eq!(written.receipts.iter().map(|one| &*one.receipt.request).collect::<Vec<_>>(), ["import.files@1"]);

    let (mut pages, mut before) = (Vec::new(), None);
    loop {
        let page = list(ReceiptsAsked { before, who: Some("did:key".into()), ..asked.clone() });
        assert!(page.receipts.len() <= 3);
        pages.extend(page.receipts.into_iter().map(|one| one.receipt));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    let queries = pages.iter().filter(|receipt| receipt.request == "timeline.query@1").count();
    assert_eq!(queries, 5, "each once");
    assert!(pages.is_sorted_by(|a, b| a.time >= b.time));
    let bad = desk.ask(Request::Receipts(ReceiptsAsked { before: Some("x".into()), ..asked })).unwrap_err();
    assert_eq!(bad.code, FailureCode::Invalid);
}
