//! Random bytes and random damage to real files: whatever comes out is sound.

mod summary;

use didymos_base::Timestamp;
use didymos_intake::{Collected, CsvMapping, Options, detect, read};
use proptest::prelude::*;
use std::io::Cursor;
use summary::bytes;

const SAMPLES: [&str; 7] = [
    "apple_health/export.xml",
    "gpx/gpx1.1_with_all_fields.gpx",
    "gpx/gpx_with_garmin_extension.gpx",
    "fitbit/weightLogInfo_merged.csv",
    "fitbit/sleepDay_merged.csv",
    "fitbit/5553957443_minuteIntensitiesNarrow.csv",
    "glucose/hall2018_dexcom.csv",
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
