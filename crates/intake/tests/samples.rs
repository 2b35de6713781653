//! Real files, with counts and sums that other programs (Python's `csv` and `ElementTree`) found in them.

mod summary;

use didymos_base::Digest;
use didymos_intake::{Collected, Format, Options, expand, read_file};
use summary::{data, rows, streams};

fn check(file: &str, person: Option<&str>, format: Format, expected: &[&str]) -> Collected {
    let options = Options { person: person.map(str::to_owned), ..Options::default() };
    let mut got = Collected::default();
    assert_eq!(read_file(&data(file), &options, &mut got).expect(file), format, "{file}");
    assert_eq!(streams(&got), expected, "{file}");
    let raw = std::fs::read(data(file)).expect("sample data");
    assert_eq!(got.parts.len(), 1);
    assert_eq!(got.parts[0].end, Some((raw.len() as u64, Digest::of(&raw))), "{file}");
    for row in &got.rows {
        assert!(row.end >= row.start && row.value.is_sound());
        assert!(row.at < raw.len() as u64);
    }
    got
}

#[test]
fn fitbit_minutes() {
    let span = "2016-04-01T00:00:00 .. 2016-04-01T04:59:00";
    let one = |line: &str| format!("{line} {span}");
    check("fitbit/5553957443_heartrate_minutes.csv", None, Format::FitbitCsv, &[&one("heart_rate 300 /min sum 20510")]);
    check("fitbit/5553957443_minuteStepsNarrow.csv", None, Format::FitbitCsv, &[&one("steps 300 {count} sum 10")]);
    let got = check(
        "fitbit/5553957443_minuteIntensitiesNarrow.csv",
        None,
        Format::FitbitCsv,
        &[&one("activity_intensity 300 1 sum 0")],
    );
    assert_eq!(got.texts("activity_intensity").iter().filter(|label| **label == "light").count(), 2);
    let first = &got.rows[0];
    assert_eq!(first.end.0 - first.start.0, 60_000);
    // The position is that of the record: right after the header's line.
    let raw = std::fs::read(data("fitbit/5553957443_minuteIntensitiesNarrow.csv")).expect("sample data");
    assert!(raw[first.at as usize..].starts_with(b"5553957443,4/1/2016 12:00:00 AM,0"));
}

#[test]
fn fitbit_days_of_one_of_three_people() {
    check(
        "fitbit/dailyActivity_merged.csv",
        Some("1503960366"),
        Format::FitbitCsv,
        &[
            "steps_daily 31 {count} sum 375619 2016-04-12T00:00:00 .. 2016-05-12T00:00:00",
            "distance_daily 31 km sum 242.099999 2016-04-12T00:00:00 .. 2016-05-12T00:00:00",
            "fitbit.tracker_distance 31 km sum 242.099999 2016-04-12T00:00:00 .. 2016-05-12T00:00:00",
            "fitbit.logged_activities_distance 31 km sum 0 2016-04-12T00:00:00 .. 2016-05-12T00:00:00",
            "fitbit.very_active_distance 31 km sum 88.61 2016-04-12T00:00:00 .. 2016-05-12T00:00:00",
            "fitbit.moderately_active_distance 31 km sum 24.62 2016-04-12T00:00:00 .. 2016-05-12T00:00:00",
            "fitbit.light_active_distance 31 km sum 128.74 2016-04-12T00:00:00 .. 2016-05-12T00:00:00",
            "fitbit.sedentary_active_distance 31 km sum 0 2016-04-12T00:00:00 .. 2016-05-12T00:00:00",
            "activity_very_active_minutes 31 min sum 1200 2016-04-12T00:00:00 .. 2016-05-12T00:00:00",
            "activity_fairly_active_minutes 31 min sum 594 2016-04-12T00:00:00 .. 2016-05-12T00:00:00",
            "activity_lightly_active_minutes 31 min sum 6818 2016-04-12T00:00:00 .. 2016-05-12T00:00:00",
            "activity_sedentary_minutes 31 min sum 26293 2016-04-12T00:00:00 .. 2016-05-12T00:00:00",
            "energy_daily 31 kcal sum 56309 2016-04-12T00:00:00 .. 2016-05-12T00:00:00",
            "skip 38 another person's row",
        ],
    );
    check(
        "fitbit/sleepDay_merged.csv",
        Some("1503960366"),
        Format::FitbitCsv,
        &[
            "sleep_periods 25 {count} sum 27 2016-04-12T00:00:00 .. 2016-05-11T00:00:00",
            "sleep_minutes 25 min sum 9007 2016-04-12T00:00:00 .. 2016-05-11T00:00:00",
            "sleep_in_bed_minutes 25 min sum 9580 2016-04-12T00:00:00 .. 2016-05-11T00:00:00",
            "skip 34 another person's row",
        ],
    );
    let got = check(
        "fitbit/weightLogInfo_merged.csv",
        Some("1503960366"),
        Format::FitbitCsv,
        &[
            "body_mass 2 kg sum 105.199997 2016-05-02T23:59:59 .. 2016-05-03T23:59:59",
            "body_fat 1 % sum 22 2016-05-02T23:59:59 .. 2016-05-02T23:59:59",
            "body_mass_index 2 kg/m2 sum 45.299999 2016-05-02T23:59:59 .. 2016-05-03T23:59:59",
            "skip 65 another person's row",
            "note 1 column weightpounds",
        ],
    );
    assert!(got.rows.iter().all(|row| got.source_of(row).entered_by_hand));
}

#[test]
fn dexcom_readings_of_one_person() {
    check(
        "glucose/hall2018_dexcom.csv",
        None,
        Format::GlucoseCsv,
        &[
            "glucose 300 mg/dL sum 27019 2014-02-03T08:42:12 .. 2014-02-04T09:37:06",
            "diagnosis 1 1 sum 0 2014-02-03T08:42:12 .. 2014-02-03T08:42:12",
        ],
    );
}

#[test]
fn gpx_tracks() {
    let got = check(
        "gpx/cerknicko-jezero.gpx",
        None,
        Format::Gpx,
        &[
            "location 297 deg sum 0 2010-08-05T14:23:59Z .. 2010-08-05T16:23:49Z",
            "place_named 1 1 sum 0 2010-08-05T14:23:59Z .. 2010-08-05T14:23:59Z",
            "location_elevation 296 m sum 162927.86855 2010-08-05T14:23:59Z .. 2010-08-05T16:23:49Z",
            "skip 6 no time",
        ],
    );
    assert_eq!(got.texts("place_named"), [r#"{"lat":45.772163216,"lon":14.357652292,"name":"001"}"#]);
    check(
        "gpx/gpx1.1_with_all_fields.gpx",
        None,
        Format::Gpx,
        &[
            "location 3 deg sum 0 2013-01-02T02:03:00Z .. 2013-01-01T12:00:04",
            "location_elevation 3 m sum 161.3 2013-01-02T02:03:00Z .. 2013-01-01T12:00:04",
            "place_named 1 1 sum 0 2013-01-02T02:03:00Z .. 2013-01-02T02:03:00Z",
            "skip 5 no time",
        ],
    );
    let got = check(
        "gpx/gpx_with_garmin_extension.gpx",
        None,
        Format::Gpx,
        &[
            "location 1 deg sum 0 2016-06-17T23:41:03Z .. 2016-06-17T23:41:03Z",
            "location_elevation 1 m sum 3.4 2016-06-17T23:41:03Z .. 2016-06-17T23:41:03Z",
            "heart_rate 1 /min sum 171 2016-06-17T23:41:03Z .. 2016-06-17T23:41:03Z",
        ],
    );
    assert_eq!(got.sources[0].app, "Runkeeper - http://www.runkeeper.com");
    check("gpx/unicode.gpx", None, Format::Gpx, &["skip 6 no time"]);
}

#[test]
fn a_small_apple_export() {
    let mut got = Collected::default();
    let format = read_file(&data("apple_health/export.xml"), &Options::default(), &mut got).expect("readable");
    assert_eq!(format, Format::AppleHealthXml);
    let mate = "[Health Mate 2160040]";
    let watch = "[Apple\u{a0}Watch 4.3.1 (Apple Watch, Watch2,4)]";
    let phone = "[Simon’s iPhone 10.1.1]";
    let day = "+86400s";
    assert_eq!(
        rows(&got),
        [
            "profile_date_of_birth 1990-02-02T00:00:00 1990-02-02 [Apple Health]".to_owned(),
            "profile_sex 1990-02-02T00:00:00 male [Apple Health]".to_owned(),
            format!("body_mass_index 2016-04-18T08:25:32-07:00 22.5312 {mate}"),
            format!("heart_rate 2018-09-10T02:28:55-07:00 72 {watch}"),
            format!("heart_rate_motion 2018-09-10T02:28:55-07:00 not_set {watch}"),
            // The clock in San Francisco had been set back eight days before; the file's own offset is the export's.
            format!("location 2016-11-14T06:25:44-08:00 37.7777,-122.426 {phone}"),
            format!("location_elevation 2016-11-14T06:25:44-08:00 21.2694 {phone}"),
            format!("speed 2016-11-14T06:25:44-08:00 2.48034 {phone}"),
            format!("location_accuracy 2016-11-14T06:25:44-08:00 2.40948 {phone}"),
            format!("location_accuracy_vertical 2016-11-14T06:25:44-08:00 1.67859 {phone}"),
            format!("location 2016-11-14T06:25:44-08:00 37.7777,-122.426 {phone}"),
            format!("location_elevation 2016-11-14T06:25:44-08:00 21.2677 {phone}"),
            format!("speed 2016-11-14T06:25:44-08:00 2.48034 {phone}"),
            format!("location_accuracy 2016-11-14T06:25:44-08:00 2.40059 {phone}"),
            format!("location_accuracy_vertical 2016-11-14T06:25:44-08:00 1.67236 {phone}"),
            "workout 2016-11-14T06:25:41-08:00+311s {\"activity\":\"running\",\"distance_km\":0.8001255234626475,\
         \"duration_min\":5.19412346680959,\"energy_kcal\":48.74499999999999,\"weather_humidity_percent\":96,\
         \"weather_temperature_cel\":13.333333333333336} [Apple\u{a0}Watch 3.1]"
                .to_owned(),
            format!("summary_energy_active 2016-11-15T00:00:00{day} 590.252 [Apple Health]"),
            format!("summary_energy_active_goal 2016-11-15T00:00:00{day} 630 [Apple Health]"),
            format!("summary_exercise_minutes 2016-11-15T00:00:00{day} 68 [Apple Health]"),
            format!("summary_exercise_minutes_goal 2016-11-15T00:00:00{day} 30 [Apple Health]"),
            format!("summary_stand_hours 2016-11-15T00:00:00{day} 13 [Apple Health]"),
            format!("summary_stand_hours_goal 2016-11-15T00:00:00{day} 12 [Apple Health]"),
            format!("summary_energy_active 2016-11-16T00:00:00{day} 323.513 [Apple Health]"),
            format!("summary_energy_active_goal 2016-11-16T00:00:00{day} 630 [Apple Health]"),
            format!("summary_exercise_minutes 2016-11-16T00:00:00{day} 39 [Apple Health]"),
            format!("summary_exercise_minutes_goal 2016-11-16T00:00:00{day} 30 [Apple Health]"),
            format!("summary_stand_hours 2016-11-16T00:00:00{day} 9 [Apple Health]"),
            format!("summary_stand_hours_goal 2016-11-16T00:00:00{day} 12 [Apple Health]"),
            "note 1 metadata Health Mate App Version".to_owned(),
            "note 1 metadata Modified Date".to_owned(),
            "note 1 metadata Withings Link".to_owned(),
            "note 1 metadata Withings User Identifier".to_owned(),
            "note 2 unknown location_course".to_owned(),
        ]
    );
}

#[test]
fn a_folder_is_its_readable_files_an_apple_export_before_its_routes() {
    let folder = data("apple_health");
    let files = expand(std::slice::from_ref(&folder)).expect("a folder");
    let names: Vec<_> = files.iter().map(|file| file.strip_prefix(&folder).expect("inside").to_owned()).collect();
    assert_eq!(
        names,
        [
            "export.xml",
            "apple_health_export/export.xml",
            "apple_health_export/workout-routes/route_2019-06-11_3.00pm.gpx"
        ]
        .map(std::path::PathBuf::from)
    );
    let twice = expand(&[files[0].clone(), folder.clone(), data("README.md")]).expect("paths");
    assert_eq!(twice.len(), 4, "a file named twice is read once, a file named is kept whatever it is");
    let missing = expand(&[folder.join("missing")]).expect_err("not there");
    assert!(missing.to_string().contains("missing"), "{missing}");
    let mut points = Collected::default();
    read_file(&files[2], &Options::default(), &mut points).expect("readable");
    assert_eq!(points.counts()["location"], 3);
    assert_eq!(points.numbers("location_course"), [206.252_884; 3]);
    assert_eq!(points.sources[0].app, "Apple Health Export");
}
