//! Random bytes and random damage to real files: whatever comes out is sound.

mod summary;

use didymos_base::Timestamp;
use didymos_intake::{Collected, CsvMapping, Options, detect, read};
use proptest::prelude::*;
use std::io::Cursor;
use summary::bytes;

const SAMPLES: [&str; 10] = [
    "apple_health/export.xml",
    "gpx/gpx1.1_with_all_fields.gpx",
    "gpx/gpx_with_garmin_extension.gpx",
    "fitbit/weightLogInfo_merged.csv",
    "fitbit/sleepDay_merged.csv",
    "fitbit/5553957443_minuteIntensitiesNarrow.csv",
    "glucose/hall2018_dexcom.csv",
    "calendar/issue_156_RDATE_with_PERIOD_TZID_khal_2.ics",
    "calendar/pacific_fiji.ics",
    "calendar/issue_350.ics",
];

/// Reads and checks what every row must hold to.
fn check(file: &[u8], options: &Options) {
    let _ = detect(file, "file");
    let mut got = Collected::default();
    let outcome = read("file", &mut Cursor::new(file), options, &mut got);
    for row in &got.rows {
        assert!(row.start <= row.end && row.start >= Timestamp::MIN && row.end <= Timestamp::MAX);
        assert!(row.value.is_sound());
        assert_eq!(got.stream_of(row).kind.is_number(), matches!(row.value, didymos_base::Value::Number(_)));
    }
    let ended = got.parts.iter().all(|part| part.end.is_some());
    assert!(outcome.is_err() || ended, "a part without end");
}

fn options() -> impl Strategy<Value = Options> {
    let csv =
        CsvMapping { time: "time".into(), value: "value".into(), stream: "steps".into(), ..CsvMapping::default() };
    let zone = prop_oneof![Just(None), Just(Some("Europe/Zurich".to_owned()))];
    let person = prop_oneof![Just(None), Just(Some("1503960366".to_owned()))];
    (zone, person, any::<bool>()).prop_map(move |(zone, person, mapped)| Options {
        zone,
        person,
        csv: mapped.then(|| csv.clone()),
        ..Options::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(file in proptest::collection::vec(any::<u8>(), 0..2_000), options in options()) {
        check(&file, &options);
    }

    #[test]
    fn any_markup(pieces in proptest::collection::vec(prop_oneof![
        Just("<Record type=\"HKQuantityTypeIdentifierHeartRate\" unit=\"count/min\" startDate=\"2024-05-01 07:30:00 +0200\" endDate=\"2024-05-01 07:30:00 +0200\" value=\"60\""),
        Just("<Workout startDate='2024-05-01 07:30:00 +0200' endDate='2024-05-01 07:30:00 +0200'>"), Just("</Workout>"),
        Just("</Record>"), Just("<Correlation>"), Just("</Correlation>"), Just(">"), Just("/>"), Just("<"), Just("\""), Just("'"),
        Just("<MetadataEntry key='HKTimeZone' value='Asia/Tokyo'/>"), Just("<!--"), Just("-->"), Just("<![CDATA["), Just("]]>"),
        Just("<!DOCTYPE x ["), Just("]>"), Just("<?"), Just("?>"), Just("</HealthData>"), Just("&amp;"),
        Just("<InstantaneousBeatsPerMinute bpm='60' time='1:2:3'/>"), Just("<Location date='2024-05-01 07:30:00 +0200' latitude='1' longitude='2'/>"),
        Just("<trkpt lat='1' lon='2'>"), Just("<time>2024-05-01T07:30:00Z</time>"), Just("<name>x</name>"), Just("</trkpt>"), Just("</gpx>"),
    ], 0..60), gpx in any::<bool>()) {
        let root = if gpx { "<gpx>" } else { "<HealthData>" };
        check(format!("{root}{}", pieces.concat()).as_bytes(), &Options::default());
    }

    #[test]
    fn any_calendar(lines in proptest::collection::vec(prop_oneof![
        Just("BEGIN:VEVENT".to_owned()), Just("END:VEVENT".to_owned()), Just("BEGIN:VTIMEZONE".to_owned()), Just("END:VTIMEZONE".to_owned()),
        Just("BEGIN:STANDARD".to_owned()), Just("END:STANDARD".to_owned()), Just("BEGIN:DAYLIGHT".to_owned()), Just("END:DAYLIGHT".to_owned()),
        Just("BEGIN:VALARM".to_owned()), Just("END:VALARM".to_owned()), Just("BEGIN:VTODO".to_owned()), Just("END:VCALENDAR".to_owned()),
        Just("BEGIN:VCALENDAR".to_owned()), Just("TZID:own".to_owned()),
        "(DTSTART|DTEND|RECURRENCE-ID|EXDATE|RDATE)(;TZID=(own|UTC|Europe/Zurich|x))?:(19|20|21)[0-9]{2}[01][0-9][0-3][0-9](T[0-2][0-9]0000Z?)?(/PT[0-9]{1,9}S)?",
        "TZOFFSETTO:[+-][01][0-9][03]0([0-5]0)?",
        "RRULE:FREQ=(DAILY|YEARLY);BYMONTH=1?[0-9];BYDAY=-?[1-5]?SU(;UNTIL=20[0-9]{2}0101T000000Z)?",
        "DURATION:P[0-9]{1,9}(W|D)", "(SUMMARY|UID|X-WR-TIMEZONE|PRODID|ORGANIZER|STATUS|SEQUENCE|URL):.{0,30}", " .{0,20}", ".{0,20}",
    ], 0..60), newline in prop_oneof![Just("\n"), Just("\r\n")], options in options()) {
        check(format!("BEGIN:VCALENDAR{newline}{}{newline}END:VCALENDAR", lines.join(newline)).as_bytes(), &options);
    }

    #[test]
    fn damaged_samples(
        sample in 0..SAMPLES.len(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0..3u8), 1..20),
        options in options(),
    ) {
        let mut file = bytes(SAMPLES[sample]);
        for (at, byte, how) in damage {
            if file.is_empty() { break; }
            let at = at.index(file.len());
            match how {
                0 => file[at] = byte,
                1 => { file.remove(at); }
                _ => file.insert(at, byte),
            }
        }
        check(&file, &options);
    }
}
