//! Calendars: real files of several programs, and what each property says, one small calendar at a time.

mod summary;

use didymos_intake::{Format, Options, read_file};
use std::io::Write as _;
use summary::{bytes, data, read_bytes, rows};
use zip::write::SimpleFileOptions;

fn calendar(lines: &str) -> String {
    format!("BEGIN:VCALENDAR\nPRODID:-//Example//Cal 1.2//EN\n{lines}\nEND:VCALENDAR\n").replace('\n', "\r\n")
}

fn event(lines: &str) -> String {
    calendar(&format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT"))
}

fn check_with(zone: Option<&str>, file: &str, expected: &[&str]) {
    let options = Options { zone: zone.map(str::to_owned), ..Options::default() };
    let (got, error) = read_bytes(file, &options);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(rows(&got), expected, "{file}");
}

fn check(file: &str, expected: &[&str]) {
    check_with(None, file, expected);
}

#[test]
fn real_calendars() {
    for (name, expected) in [
        (
            "alarm_google_future",
            // Written in UTC, shown in the calendar's own zone.
            &[
                r#"calendar_event 2024-10-04T19:15:00+01:00+2700s {"modified":"2024-10-04T17:59:28Z","sequence":0,"status":"confirmed","title":"event with alarms","uid":"79fs7pkqvht9m5igs0vjv1sfra@google.com","zone":"UTC","zone_shown":"Europe/London"} [Google Calendar, account Nicco Kunzmann]"#,
            ][..],
        ),
        (
            "alarm_etar_future",
            &[
                r#"calendar_event 2024-10-05T13:00:00+01:00+3600s {"modified":"2024-10-05T11:27:01Z","status":"confirmed","title":"event with alarms android","uid":"17281276213728ad54d03afa44d1ca60b8c52afaece9e@sufficientlysecure.org","zone":"Europe/London"} [iCal Import/Export]"#,
            ],
        ),
        (
            "issue_350",
            &[
                r#"calendar_event 2022-02-22T19:30:00+01:00+3600s {"place":"online","sequence":0,"status":"confirmed","title":"Termin 4353 und\"so\"","uid":"20055546456446","url":"https://podio.com/xxxxxxyyyyyy/zpodio-testgelande/apps/calendar/items/5","zone":"UTC","zone_shown":"Europe/Berlin"} [Podio API, account view52593586]"#,
            ],
        ),
        (
            // A zone of the database under another name.
            "pacific_fiji",
            &[
                r#"calendar_event 2014-08-29T08:00:00+12:00 {"title":"an event with a custom tz name","uid":"noend123","zone":"Pacific/Fiji"} [Olson]"#,
            ],
        ),
        (
            // A zone that only the file knows, and says behind the event.
            "america_new_york_forward_reference",
            &[
                r#"calendar_event 2014-08-29T08:00:00-04:00 {"title":"an event with a custom tz name","uid":"noend123","zone":"<-0500>5<-0400>4,M3.2.0/2:00:00,M11.1.0/2:00:00"} [iCalendar]"#,
            ],
        ),
        (
            "issue_156_RDATE_with_PERIOD_TZID_khal_2",
            &[
                r#"calendar_event 2021-11-01T16:00:00+01:00+1800s {"added":["2021-11-01T16:00:00/PT1800S","2021-12-06T16:00:00/PT1800S","2022-01-03T16:00:00/PT1800S","2022-02-07T16:00:00/PT1800S"],"range":"this_and_future","replaces":"2021-11-01T15:00:00Z","sequence":0,"title":"(omitted)","uid":"BF5109494E67AAE20025875100566D31-Lotus_Notes_Generated","zone":"<+0100>-1<+0200>-2,M3.5.0/2:00:00,M10.5.0/2:00:00"} [khal / icalendar]"#,
            ],
        ),
        ("rfc_7953_3", &["skip 3 availability, not an event"]),
    ] {
        let name = format!("calendar/{name}.ics");
        let mut got = didymos_intake::Collected::default();
        let format = read_file(&data(&name), &Options::default(), &mut got).expect("readable");
        assert_eq!(
            (format, rows(&got)),
            (Format::ICalendar, expected.iter().map(ToString::to_string).collect()),
            "{name}"
        );
        let raw = bytes(&name);
        assert_eq!(got.parts[0].end, Some((raw.len() as u64, didymos_base::Digest::of(&raw))));
        assert!(got.rows.iter().all(|row| raw[row.at as usize..].starts_with(b"BEGIN:VEVENT")));
    }
}

#[test]
fn starts_and_ends_in_all_their_forms() {
    for (lines, expected) in [
        ("DTSTART;VALUE=DATE:20240501", r#"2024-05-01T00:00:00+86400s {"all_day":true}"#),
        ("DTSTART;VALUE=DATE:20240501\nDTEND;VALUE=DATE:20240504", r#"2024-05-01T00:00:00+259200s {"all_day":true}"#),
        ("DTSTART;VALUE=DATE:20240501\nDTEND;VALUE=DATE:20240501", r#"2024-05-01T00:00:00+86400s {"all_day":true}"#),
        ("DTSTART;VALUE=DATE:20240501\nDURATION:P2D", r#"2024-05-01T00:00:00+172800s {"all_day":true}"#),
        ("DTSTART:20240501T090000", "2024-05-01T09:00:00 {}"),
        ("DTSTART:20240501T090000Z", r#"2024-05-01T09:00:00Z {"zone":"UTC"}"#),
        (
            "DTSTART;TZID=Europe/Zurich:20240501T090000\nDTEND;TZID=America/New_York:20240501T040000",
            r#"2024-05-01T09:00:00+02:00+3600s {"zone":"Europe/Zurich"}"#,
        ),
        // A day is as long as the clock says; twenty-four hours are exact.
        (
            "DTSTART;TZID=Europe/Zurich:20240330T120000\nDURATION:P1D",
            r#"2024-03-30T12:00:00+01:00+82800s {"zone":"Europe/Zurich"}"#,
        ),
        (
            "DTSTART;TZID=Europe/Zurich:20240330T120000\nDURATION:PT24H",
            r#"2024-03-30T12:00:00+01:00+86400s {"zone":"Europe/Zurich"}"#,
        ),
        // An hour that the clock leaves out, and one that it shows twice.
        ("DTSTART;TZID=Europe/Zurich:20240331T023000", r#"2024-03-31T03:30:00+02:00 {"zone":"Europe/Zurich"}"#),
        ("DTSTART;TZID=Europe/Zurich:20241027T023000", r#"2024-10-27T02:30:00+02:00 {"zone":"Europe/Zurich"}"#),
        (
            "DTSTART;TZID=\"W. Europe Standard Time\":20240501T090000",
            r#"2024-05-01T09:00:00+02:00 {"zone":"Europe/Berlin"}"#,
        ),
    ] {
        check(&event(lines), &[&format!("calendar_event {expected} [Cal]")]);
    }
    for (lines, reason) in [
        ("SUMMARY:x", "date missing"),
        ("DTSTART:", "date missing"),
        ("DTSTART:tomorrow", "date malformed"),
        ("DTSTART:16040501", "date out of range"),
        ("DTSTART:20240501T090000Z\nDTEND:20240501T085959Z", "end before start"),
        ("DTSTART:20240501T090000Z\nDURATION:-PT1H", "date malformed"),
        ("DTSTART;TZID=Nowhere/Else:20240501T090000", "time zone unknown"),
        ("DTSTART:20240501T090000Z\nDURATION:P999999999W", "date out of range"),
    ] {
        check(&event(lines), &[&format!("skip 1 {reason}")]);
    }
}

#[test]
fn the_owners_zone_is_that_of_times_without_one() {
    check_with(
        Some("Asia/Tokyo"),
        &calendar(
            "X-WR-TIMEZONE:Europe/Paris\nBEGIN:VEVENT\nDTSTART:20240501T090000\nEND:VEVENT\nBEGIN:VEVENT\nDTSTART:20240501T090000Z\nEND:VEVENT\nBEGIN:VEVENT\nDTSTART:20240501\nEND:VEVENT",
        ),
        &[
            r#"calendar_event 2024-05-01T09:00:00+09:00 {"zone":"Asia/Tokyo"} [Cal]"#,
            r#"calendar_event 2024-05-01T18:00:00+09:00 {"zone":"UTC","zone_shown":"Asia/Tokyo"} [Cal]"#,
            r#"calendar_event 2024-05-01T00:00:00+09:00+86400s {"all_day":true} [Cal]"#,
        ],
    );
}

#[test]
fn what_comes_again_is_kept_on_the_events_own_wall_clock() {
    let start = "DTSTART;TZID=Europe/Zurich:20240501T090000\n";
    for (lines, expected) in [
        ("RRULE:freq=weekly;until=20240901T070000Z", r#""rule":"FREQ=WEEKLY;UNTIL=20240901T090000""#),
        ("RRULE:FREQ=DAILY;UNTIL=20240901", r#""rule":"FREQ=DAILY;UNTIL=20240901""#),
        ("RRULE:FREQ=DAILY;COUNT=3\nRRULE:FREQ=YEARLY", r#""rule":"FREQ=DAILY;COUNT=3""#),
        (
            "EXDATE:20240508T070000Z\nEXDATE;TZID=Europe/Zurich:20240515T090000,20240522T090000\nEXDATE;VALUE=DATE:20240529",
            r#""left_out":["2024-05-08T09:00:00","2024-05-15T09:00:00","2024-05-22T09:00:00","2024-05-29"]"#,
        ),
        (
            "RDATE;VALUE=PERIOD:20240508T070000Z/PT1H,20240509T090000/20240509T100000",
            r#""added":["2024-05-08T09:00:00/PT3600S","2024-05-09T09:00:00/PT3600S"]"#,
        ),
        ("RECURRENCE-ID;TZID=America/New_York:20240501T030000", r#""replaces":"2024-05-01T07:00:00Z""#),
        ("RECURRENCE-ID:20240501T090000", r#""replaces":"2024-05-01T07:00:00Z""#),
        ("RECURRENCE-ID;VALUE=DATE:20240501", r#""replaces":"2024-05-01""#),
    ] {
        let expected =
            format!("calendar_event 2024-05-01T09:00:00+02:00 {{{expected},\"zone\":\"Europe/Zurich\"}} [Cal]");
        check(&event(&format!("{start}{lines}")), &[&expected]);
    }
    check(
        &event("DTSTART:20240501\nRRULE:FREQ=HOURLY\nEXDATE:soon\nRRULE:FREQ=DAILY"),
        &[
            r#"calendar_event 2024-05-01T00:00:00+86400s {"all_day":true,"rule":"FREQ=HOURLY"} [Cal]"#,
            "note 1 date added to an event or left out of it: date malformed",
            "note 1 event that comes again: a recurrence rule of a kind that is not supported (more often than daily)",
        ],
    );
}

#[test]
fn words_are_unescaped_and_nothing_of_an_alarm_is_the_events() {
    check(
        &event(
            "DTSTART:20240501\nSUMMARY;LANGUAGE=de:Essen\\, Trinken\\; mit Z\n oë\\nund Eva\nLOCATION:Bern\nSTATUS:CANCELLED\nSEQUENCE:4\nORGANIZER;CN=\"Eva: die; Erste\":mailto:eva@example.com\nBEGIN:VALARM\nSUMMARY:alarm\nDTSTART:20200101\nEND:VALARM\nUID:u\nDTSTAMP:20250101T000000Z",
        ),
        &[
            r#"calendar_event 2024-05-01T00:00:00+86400s {"all_day":true,"organizer":"Eva: die; Erste","place":"Bern","sequence":4,"status":"cancelled","title":"Essen, Trinken; mit Zoë und Eva","uid":"u"} [Cal]"#,
        ],
    );
    check(
        &event("DTSTART:20240501\nORGANIZER:MAILTO:eva@example.com\nSTATUS:MAYBE\nSEQUENCE:many"),
        &[r#"calendar_event 2024-05-01T00:00:00+86400s {"all_day":true,"organizer":"eva@example.com"} [Cal]"#],
    );
}

#[test]
fn what_is_no_event_and_what_does_not_end_is_counted() {
    check(
        &calendar(
            "BEGIN:VTODO\nDTSTART:20240501\nBEGIN:VALARM\nEND:VALARM\nEND:VTODO\nBEGIN:VJOURNAL\nEND:VJOURNAL\nBEGIN:VFREEBUSY\nEND:VFREEBUSY\nBEGIN:VEVENT\nBEGIN:VEVENT\nDTSTART:20240501\nEND:VEVENT\nBEGIN:VEVENT",
        ),
        &[
            r#"calendar_event 2024-05-01T00:00:00+86400s {"all_day":true} [Cal]"#,
            "skip 2 event without its end",
            "skip 1 free or busy time, not an event",
            "skip 1 journal entry, not an event",
            "skip 1 to-do, not an event",
        ],
    );
    let dates = "20240501,".repeat(4_000);
    check(&event(&format!("DTSTART:20240501\nEXDATE:{dates}")), &["skip 1 text too long"]);
    let picture = "x".repeat(5_000_000);
    check(
        &event(&format!("DTSTART:20240501\nATTACH:{picture}\nSUMMARY:{picture}")),
        &[&format!(
            r#"calendar_event 2024-05-01T00:00:00+86400s {{"all_day":true,"title":"{}"}} [Cal]"#,
            "x".repeat(1_024)
        )],
    );
}

#[test]
fn zones_that_only_the_file_knows_hold_in_their_own_years() {
    let zone = |lines: &str| {
        format!(
            "BEGIN:VTIMEZONE\nTZID:own\n{lines}\nEND:VTIMEZONE\nBEGIN:VEVENT\nDTSTART;TZID=own:20240701T120000\nEND:VEVENT"
        )
    };
    let part = |kind: &str, to: &str, lines: &str| format!("BEGIN:{kind}\nTZOFFSETTO:{to}\n{lines}\nEND:{kind}\n");
    let summer = part("DAYLIGHT", "+0330", "DTSTART:20000301T000000\nRRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=21");
    for (lines, expected) in [
        (part("STANDARD", "-0930", "DTSTART:20000101T000000"), "-09:30 {\"zone\":\"<-0930>9:30\"}"),
        (
            summer.clone() + &part("STANDARD", "+0230", "DTSTART:20001022T010000\nRRULE:FREQ=YEARLY"),
            "+03:30 {\"zone\":\"<+0230>-2:30<+0330>-3:30,J80/0:00:00,J295/1:00:00\"}",
        ),
        // The rule ended in 2010, with the standard time.
        (
            summer.replace("FREQ", "UNTIL=20100321T000000Z;FREQ")
                + &part("STANDARD", "+0230", "DTSTART:20001022T010000\nRRULE:FREQ=YEARLY;UNTIL=20101022T000000Z"),
            "+02:30 {\"zone\":\"<+0230>-2:30\"}",
        ),
        (
            part("STANDARD", "+0100", "DTSTART:19701025T030000\nRDATE:19901025T030000,20301025T030000")
                + &part("DAYLIGHT", "+0200", "DTSTART:19710325T030000\nRDATE:20230325T030000"),
            "+02:00 {\"zone\":\"<+0200>-2\"}",
        ),
    ] {
        check(&calendar(&zone(lines.trim_end())), &[&format!("calendar_event 2024-07-01T12:00:00{expected} [Cal]")]);
    }
    for lines in ["X-NOTHING:1", &part("STANDARD", "noon", "DTSTART:20000101T000000")] {
        check(&calendar(&zone(lines.trim_end())), &["skip 1 time zone unknown"]);
    }
}

#[test]
fn calendars_in_an_archive_are_read_and_a_damaged_one_costs_itself_only() {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let whole = event("DTSTART:20240501\nSUMMARY:one");
    for (name, text) in [
        ("me.ical/work.ics", whole.clone()),
        ("me.ical/home.ics", whole.replace("one", "two").replace("END:VCALENDAR", "")),
        ("me.ical/zz.ics", whole.replace("one", "three")),
    ] {
        archive.start_file(name, SimpleFileOptions::default()).expect("begun");
        archive.write_all(text.as_bytes()).expect("written");
    }
    let (got, error) = read_bytes(archive.finish().expect("finished").into_inner(), &Options::default());
    assert!(error.is_none(), "{error:?}");
    assert_eq!(got.texts("calendar_event").len(), 3);
    assert_eq!(got.skips["damaged file"], 1);
    assert_eq!(got.parts[1].part.name, "file!me.ical/work.ics");
    assert!(got.parts.iter().all(|part| part.part.format == "ics" && part.end.is_some()));
}
