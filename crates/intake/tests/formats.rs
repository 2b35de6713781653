//! What each format says, one small file at a time.

mod summary;

use didymos_base::Kind;
use didymos_intake::{CsvMapping, Format, Options, TimeFormat, detect};
use summary::{bytes, data, read_bytes, rows};

fn check_with(options: &Options, file: impl AsRef<[u8]>, expected: &[&str]) {
    let (got, error) = read_bytes(file.as_ref(), options);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(rows(&got), expected);
}

fn check(file: impl AsRef<[u8]>, expected: &[&str]) {
    check_with(&Options::default(), file, expected);
}

fn apple(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<HealthData locale=\"en\">\n<ExportDate value=\"2024-01-01 00:00:00 +0000\"/>\n{body}</HealthData>\n"
    )
}

fn record(kind: &str, unit: &str, value: &str, children: &str) -> String {
    let unit = if unit.is_empty() { String::new() } else { format!(" unit=\"{unit}\"") };
    let start = "startDate=\"2024-05-01 07:30:00 +0200\" endDate=\"2024-05-01 07:31:00 +0200\"";
    format!("<Record type=\"HK{kind}\" sourceName=\"W\"{unit} {start} value=\"{value}\">{children}</Record>\n")
}

const AT: &str = "2024-05-01T07:30:00+02:00+60s";

#[test]
fn apple_quantities_come_in_the_streams_units_and_say_from_which() {
    for (kind, unit, value, expected) in [
        ("HeartRate", "count/min", "72", "heart_rate {AT} 72 [W]"),
        ("OxygenSaturation", "%", "0.97", "oxygen_saturation {AT} 97 [W] from {fraction}"),
        ("BodyFatPercentage", "%", "0.25", "body_fat {AT} 25 [W] from {fraction}"),
        ("BodyMass", "lb", "100", "body_mass {AT} 45.359237 [W] from [lb_av]"),
        ("BodyMassIndex", "count", "22.5", "body_mass_index {AT} 22.5 [W]"),
        ("BodyTemperature", "degF", "212", "body_temperature {AT} 100 [W] from [degF]"),
        ("BloodGlucose", "mmol&lt;180.1558800000541&gt;/L", "10", "glucose {AT} 180.1559 [W] from mmol/L"),
        ("DistanceWalkingRunning", "mi", "1", "distance {AT} 1.609344 [W] from [mi_i]"),
        ("PushCount", "count", "3", "apple.push_count {AT} 3 [W]"),
        ("WalkingStepLength", "cm", "70", "apple.walking_step_length {AT} 0.7000000000000001 [W] from cm"),
        ("HeartRate", "furlong", "1", "skip 1 unknown unit"),
        ("HeartRate", "kg", "1", "skip 1 unit does not fit the stream"),
        ("HeartRate", "", "72", "skip 1 unit missing"),
        ("HeartRate", "count/min", "NaN", "skip 1 not a number"),
        ("HeartRate", "count/min", "inf", "skip 1 not a number"),
        ("HeartRate", "count/min", "1e999", "skip 1 not a number"),
        ("HeartRate", "count/min", "", "skip 1 value missing"),
    ] {
        check(
            apple(&record(&format!("QuantityTypeIdentifier{kind}"), unit, value, "")),
            &[&expected.replace("{AT}", AT)],
        );
    }
}

#[test]
fn apple_categories_become_labels() {
    for (kind, value, expected) in [
        ("SleepAnalysis", "HKCategoryValueSleepAnalysisAsleepDeep", "sleep_stage {AT} deep [W]"),
        ("SleepAnalysis", "HKCategoryValueSleepAnalysisInBed", "sleep_stage {AT} in_bed [W]"),
        ("SleepAnalysis", "1", "sleep_stage {AT} asleep [W]"),
        ("AppleStandHour", "HKCategoryValueAppleStandHourStood", "stand_hour {AT} stood [W]"),
        ("MindfulSession", "HKCategoryValueNotApplicable", "mindful_session {AT} session [W]"),
        ("Headache", "HKCategoryValueSeverityModerate", "apple.headache {AT} moderate [W]"),
    ] {
        check(
            apple(&record(&format!("CategoryTypeIdentifier{kind}"), "", value, "")),
            &[&expected.replace("{AT}", AT)],
        );
    }
}

#[test]
fn apple_metadata_changes_zone_and_source_and_adds_motion() {
    let metadata = |entries: &[(&str, &str)]| -> String {
        entries
            .iter()
            .fold(String::new(), |all, (key, value)| all + &format!("<MetadataEntry key=\"{key}\" value=\"{value}\"/>"))
    };
    for (entries, expected) in [
        (&[("HKTimeZone", "America/New_York")][..], &["heart_rate 2024-05-01T01:30:00-04:00+60s 60 [W]"][..]),
        (&[("HKTimeZone", "Nowhere/Else")], &["heart_rate 2024-05-01T07:30:00+02:00+60s 60 [W]"]),
        (&[("HKWasUserEntered", "1")], &["heart_rate 2024-05-01T07:30:00+02:00+60s 60 [W, entered by hand]"]),
        (
            &[("HKMetadataKeyHeartRateMotionContext", "2")],
            &[
                "heart_rate 2024-05-01T07:30:00+02:00+60s 60 [W]",
                "heart_rate_motion 2024-05-01T07:30:00+02:00+60s active [W]",
            ],
        ),
        (
            &[("Some &amp; App", "secret")],
            &["heart_rate 2024-05-01T07:30:00+02:00+60s 60 [W]", "note 1 metadata Some & App"],
        ),
    ] {
        check(apple(&record("QuantityTypeIdentifierHeartRate", "count/min", "60", &metadata(entries))), expected);
    }
}

#[test]
fn apple_beats_have_instants_of_their_own_also_over_midnight() {
    let list = "<HeartRateVariabilityMetadataList>\
        <InstantaneousBeatsPerMinute bpm=\"61\" time=\"23:59:58,50\"/>\
        <InstantaneousBeatsPerMinute bpm=\"62\" time=\"12:00:01.25 AM\"/>\
        <InstantaneousBeatsPerMinute bpm=\"63\" time=\"soon\"/>\
        </HeartRateVariabilityMetadataList><MetadataEntry key=\"HKTimeZone\" value=\"UTC\"/>";
    let text = record("QuantityTypeIdentifierHeartRateVariabilitySDNN", "ms", "40", list)
        .replace("2024-05-01 07:30:00", "2024-04-30 23:59:50")
        .replace("2024-05-01 07:31:00", "2024-05-01 00:00:50");
    check(
        apple(&text),
        &[
            "heart_rate_variability_sdnn 2024-04-30T21:59:50Z+60s 40 [W]",
            "heart_rate_beat 2024-04-30T21:59:58.500Z 61 [W]",
            "heart_rate_beat 2024-04-30T22:00:01.250Z 62 [W]",
            "skip 1 date malformed",
        ],
    );
}

#[test]
fn apple_correlations_are_passed_over_for_their_records_come_again() {
    let pressure = record("QuantityTypeIdentifierBloodPressureSystolic", "mmHg", "120", "");
    let body = format!(
        "<Correlation type=\"HKCorrelationTypeIdentifierBloodPressure\"><MetadataEntry key=\"a\" value=\"b\"/>{pressure}</Correlation>{pressure}"
    );
    check(
        apple(&body),
        &[
            "blood_pressure_systolic 2024-05-01T07:30:00+02:00+60s 120 [W]",
            "note 1 not read: the records of a correlation, which come again by themselves",
        ],
    );
}

#[test]
fn apple_workouts_are_one_event() {
    let workout = |attributes: &str, children: &str| {
        apple(&format!(
            "<Workout workoutActivityType=\"HKWorkoutActivityTypeHighIntensityIntervalTraining\" {attributes} sourceName=\"W\" \
             startDate=\"2024-05-01 07:00:00 +0200\" endDate=\"2024-05-01 07:30:00 +0200\">{children}</Workout>"
        ))
    };
    check(
        workout("duration=\"0.5\" durationUnit=\"hr\" totalDistance=\"1\" totalDistanceUnit=\"mi\"", ""),
        &["workout 2024-05-01T07:00:00+02:00+1800s \
         {\"activity\":\"high_intensity_interval_training\",\"distance_km\":1.609344,\"duration_min\":30} [W]"],
    );
    let newer = "<WorkoutEvent type=\"HKWorkoutEventTypeLap\" date=\"2024-05-01 07:10:00 +0200\" duration=\"2\" durationUnit=\"min\"/>\
        <WorkoutActivity uuid=\"x\"><WorkoutStatistics type=\"HKQuantityTypeIdentifierStepCount\" sum=\"9\" unit=\"count\"/></WorkoutActivity>\
        <WorkoutStatistics type=\"HKQuantityTypeIdentifierActiveEnergyBurned\" sum=\"100\" unit=\"Cal\"/>\
        <WorkoutStatistics type=\"HKQuantityTypeIdentifierHeartRate\" average=\"150.5\" minimum=\"90\" maximum=\"180\" unit=\"count/min\"/>\
        <MetadataEntry key=\"HKIndoorWorkout\" value=\"1\"/><MetadataEntry key=\"HKWeatherHumidity\" value=\"6300 %\"/>\
        <WorkoutRoute><FileReference path=\"/workout-routes/r.gpx\"/></WorkoutRoute>";
    check(
        workout("duration=\"30\"", newer),
        &[
            "workout 2024-05-01T07:00:00+02:00+1800s {\"activity\":\"high_intensity_interval_training\",\"duration_min\":30,\
         \"energy_kcal\":100,\"events\":[{\"after_min\":10,\"duration_min\":2,\"type\":\"lap\"}],\"indoor\":true,\
         \"statistics\":{\"active_energy_burned\":{\"sum\":100,\"unit\":\"kcal\"},\
         \"heart_rate\":{\"average\":150.5,\"maximum\":180,\"minimum\":90,\"unit\":\"/min\"}},\
         \"weather_humidity_percent\":63} [W]",
            "note 1 not read: parts of a workout",
            "note 1 route in a file of its own",
        ],
    );
}

#[test]
fn apple_people_without_a_date_of_birth_do_not_change_with_every_export() {
    let me = "<Me HKCharacteristicTypeIdentifierDateOfBirth=\"\" \
        HKCharacteristicTypeIdentifierBiologicalSex=\"HKBiologicalSexNotSet\" \
        HKCharacteristicTypeIdentifierBloodType=\"HKBloodTypeABNegative\"/>";
    check(apple(me), &["profile_blood_type 1900-01-01T00:00:00 ab_negative [Apple Health]"]);
}

#[test]
fn a_declared_document_type_is_stepped_over() {
    let doctype = "<!DOCTYPE HealthData [\n<!-- it's > here ]> -->\n<!ELEMENT HealthData (Record|Workout)*>\n\
        <!ATTLIST Record type CDATA #REQUIRED note CDATA \"a > b ]>\">\n<?x ]> ?>\n]>\n";
    let file =
        apple(&record("QuantityTypeIdentifierStepCount", "count", "5", "<!-- <Record/> --><![CDATA[<Record/>]]>"));
    check(file.replace("?>\n", &format!("?>\n{doctype}")), &["steps 2024-05-01T07:30:00+02:00+60s 5 [W]"]);
}

#[test]
fn gpx_extensions_zones_and_odd_writing() {
    let gpx =
        |points: &str| format!("<gpx:gpx xmlns:gpx='u' creator='Zoë&apos;s &lt;app&gt;'><trk>{points}</trk></gpx:gpx>");
    let point = "<gpx:trkpt lat='1' lon='2'><!-- x --><time>2024-07-01T10:00:00Z</time><name>no waypoint</name>\
        <extensions><ns3:TrackPointExtension><ns3:hr>140</ns3:hr><ns3:cad>85</ns3:cad><ns3:atemp>-3.5</ns3:atemp></ns3:TrackPointExtension>\
        <speed>2.5</speed><course>-1</course><hAcc>4</hAcc><vAcc>x</vAcc></extensions></gpx:trkpt>";
    let source = "[Zoë's <app>]";
    let expected = |at: &str| {
        let line = |stream: &str, value: &str| format!("{stream} {at} {value} {source}");
        vec![
            line("location", "1,2"),
            line("speed", "2.5"),
            line("location_accuracy", "4"),
            line("heart_rate", "140"),
            line("cadence", "85"),
            line("ambient_temperature", "-3.5"),
            "skip 1 not a number".to_owned(),
            "note 1 unknown location_course".to_owned(),
        ]
    };
    let zurich = Options { zone: Some("Europe/Zurich".to_owned()), ..Options::default() };
    for (options, at) in [(&Options::default(), "2024-07-01T10:00:00Z"), (&zurich, "2024-07-01T12:00:00+02:00")] {
        let expected = expected(at);
        check_with(options, gpx(point), &expected.iter().map(String::as_str).collect::<Vec<_>>());
    }
    check(gpx("<trkpt lat='91' lon='0'><time>2024-07-01T10:00:00Z</time></trkpt>"), &["skip 1 position out of range"]);
    check(gpx("<trkpt lat='NaN' lon='0'><time>2024-07-01T10:00:00Z</time></trkpt>"), &["skip 1 not a number"]);
    check(gpx("<trkpt lat='1'><time>2024-07-01T10:00:00Z</time></trkpt>"), &["skip 1 value missing"]);
    check(gpx("<trkpt lat='1' lon='2'><time>9999-07-01T10:00:00Z</time></trkpt>"), &["skip 1 date out of range"]);
    check(
        gpx("<wpt lat='1' lon='2'><time>2024-07-01T10:00:00+05:30</time><name><![CDATA[A & <B>]]></name></wpt>"),
        &[
            "location 2024-07-01T10:00:00+05:30 1,2 [Zoë's <app>]",
            "place_named 2024-07-01T10:00:00+05:30 {\"lat\":1,\"lon\":2,\"name\":\"A & <B>\"} [Zoë's <app>]",
        ],
    );
}

#[test]
fn every_fitbit_layout() {
    let minute = "2016-04-12T14:05:00+60s";
    let hour = "2016-04-12T14:00:00+3600s";
    let day = "2016-04-12T00:00:00+86400s";
    for (table, expected) in [
        (
            "Id,Time,Value\n1,4/12/2016 2:05:00 PM,97",
            vec!["heart_rate 2016-04-12T14:05:00 97 [Fitbit, account 1]".to_owned()],
        ),
        (
            "Id,ActivityMinute,Calories\n1,4/12/2016 2:05:00 PM,0.78",
            vec![format!("energy_total {minute} 0.78 [Fitbit, account 1]")],
        ),
        (
            "Id,ActivityMinute,METs\n1,4/12/2016 2:05:00 PM,12",
            vec![format!("metabolic_equivalents {minute} 1.2 [Fitbit, account 1]")],
        ),
        (
            "Id,ActivityMinute,Intensity\n1,4/12/2016 2:05:00 PM,3",
            vec![format!("activity_intensity {minute} very_active [Fitbit, account 1]")],
        ),
        ("Id,ActivityMinute,Intensity\n1,4/12/2016 2:05:00 PM,4", vec!["skip 1 unknown code".to_owned()]),
        (
            "Id,date,value,logId\n1,4/12/2016 2:05:00 PM,2,11",
            vec![format!("sleep_stage {minute} restless [Fitbit, account 1]")],
        ),
        (
            "Id,ActivityHour,StepTotal\n1,4/12/2016 2:00:00 PM,373",
            vec![format!("steps_hourly {hour} 373 [Fitbit, account 1]")],
        ),
        (
            "Id,ActivityHour,Calories\n1,4/12/2016 2:00:00 PM,81",
            vec![format!("energy_hourly {hour} 81 [Fitbit, account 1]")],
        ),
        (
            "Id,ActivityHour,TotalIntensity,AverageIntensity\n1,4/12/2016 2:00:00 PM,20,0.3333",
            vec![
                format!("activity_intensity_hourly {hour} 20 [Fitbit, account 1]"),
                "note 1 column averageintensity".to_owned(),
            ],
        ),
        (
            "Id,ActivityHour,Steps00,Steps01\n1,4/12/2016 2:00:00 PM,4,16",
            vec![
                "steps 2016-04-12T14:00:00+60s 4 [Fitbit, account 1]".to_owned(),
                "steps 2016-04-12T14:01:00+60s 16 [Fitbit, account 1]".to_owned(),
            ],
        ),
        ("Id,ActivityDay,StepTotal\n1,4/12/2016,13162", vec![format!("steps_daily {day} 13162 [Fitbit, account 1]")]),
        ("Id,ActivityDay,Calories\n1,4/12/2016,1985", vec![format!("energy_daily {day} 1985 [Fitbit, account 1]")]),
        (
            "\u{feff}\"Id\";\"ActivityDay\";\"StepTotal\"\r\n\"1\";\"4/12/2016\";\"7\"\r\n",
            vec![format!("steps_daily {day} 7 [Fitbit, account 1]")],
        ),
    ] {
        check(table, &expected.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let zurich = Options { zone: Some("Europe/Zurich".to_owned()), ..Options::default() };
    check_with(
        &zurich,
        "Id,ActivityDay,StepTotal\n1,3/27/2016,5",
        &["steps_daily 2016-03-27T00:00:00+01:00+82800s 5 [Fitbit, account 1]"],
    );
}

#[test]
fn several_people_are_refused_before_any_row() {
    let table = "Id,Time,Value\n7,4/12/2016 2:05:00 PM,97\n8,4/12/2016 2:05:00 PM,60\n";
    let (got, error) = read_bytes(table, &Options::default());
    assert_eq!(error.expect("refused").to_string(), "file: holds 2 people (7, 8); choose one with --person ID");
    assert!(got.rows.is_empty() && got.parts.is_empty());
    let one = Options { person: Some("8".to_owned()), ..Options::default() };
    check_with(&one, table, &["heart_rate 2016-04-12T14:05:00 60 [Fitbit, account 8]", "skip 1 another person's row"]);
}

#[test]
fn dexcom_clarity() {
    let header = "Index,Timestamp (YYYY-MM-DDThh:mm:ss),Event Type,Event Subtype,Patient Info,Device Info,Source Device ID,\
        Glucose Value (mg/dL),Insulin Value (u),Carb Value (grams),Duration (hh:mm:ss),Glucose Rate of Change (mg/dL/min),Transmitter Time (Long Integer),Transmitter ID\n";
    let body = "1,,FirstName,,Zoë,,,,,,,,,\n2,,Device,,,Dexcom G6 Mobile App,iPhone G6,,,,,,,\n\
        3,2024-05-01T07:30:00,EGV,,,,iPhone G6,110,,,,,500,8X1\n4,2024-05-01T07:35:00,EGV,,,,iPhone G6,Low,,,,,800,8X1\n\
        5,2024-05-01T07:36:00,Calibration,,,,iPhone G6,115,,,,,,8X1\n6,2024-05-01T07:40:00,Insulin,Fast-Acting,,,iPhone G6,,4.5,,,,,\n\
        7,2024-05-01T07:41:00,Insulin,Long-Acting,,,iPhone G6,,12,,,,,\n8,2024-05-01T07:42:00,Carbs,,,,iPhone G6,,,60,,,,\n\
        9,2024-05-01T07:43:00,Exercise,Light,,,iPhone G6,,,,0:30:00,,,\n";
    let (with, without) = ("[Dexcom Clarity (iPhone G6, 8X1)]", "[Dexcom Clarity (iPhone G6, Dexcom G6 Mobile App)]");
    check(
        format!("{header}{body}"),
        &[
            &format!("glucose 2024-05-01T07:30:00 110 {with}"),
            &format!("glucose_blood 2024-05-01T07:36:00 115 {with}"),
            &format!("insulin 2024-05-01T07:40:00 4.5 {without}"),
            &format!("insulin_long_acting 2024-05-01T07:41:00 12 {without}"),
            &format!("dietary_carbohydrates 2024-05-01T07:42:00 60 {without}"),
            "skip 1 outside the sensor's range",
            "note 1 not read: exercise",
            "note 1 rows about the patient",
        ],
    );
    let molar = format!("{header}3,2024-05-01T07:30:00,EGV,,,,,10,,,,,,\n").replace("Value (mg/dL)", "Value (mmol/L)");
    check(molar, &["glucose 2024-05-01T07:30:00 180.1559 [Dexcom Clarity] from mmol/L"]);
}

#[test]
fn libre_view() {
    let header = "Glucose Data,Generated on,14-05-2021 10:34 UTC,Generated by,Zoë\nDevice,Serial Number,Device Timestamp,Record Type,\
        Historic Glucose mmol/L,Scan Glucose mmol/L,Non-numeric Rapid-Acting Insulin,Rapid-Acting Insulin (units),Notes,Strip Glucose mmol/L\n";
    let body = "FreeStyle LibreLink,X,05-04-2021 10:34,0,\"10,0\",,,,,\nFreeStyle LibreLink,X,14-05-2021 10:40,1,,5,,,,\n\
        FreeStyle LibreLink,X,14-05-2021 10:41,4,,,,3.5,,\nFreeStyle LibreLink,X,14-05-2021 10:42,6,,,,,after lunch,\n\
        FreeStyle LibreLink,X,14-05-2021 10:43,2,,,,,,10\nFreeStyle LibreLink,X,14-05-2021 10:44,6,,,,,,\n";
    let from = "[LibreView (FreeStyle LibreLink)] from mmol/L";
    check(
        format!("{header}{body}"),
        &[
            &format!("glucose 2021-04-05T10:34:00 180.1559 {from}"),
            &format!("glucose 2021-05-14T10:40:00 90.07795 {from}"),
            "insulin 2021-05-14T10:41:00 3.5 [LibreView (FreeStyle LibreLink)]",
            "note 2021-05-14T10:42:00 after lunch [LibreView (FreeStyle LibreLink)]",
            &format!("glucose_blood 2021-05-14T10:43:00 180.1559 {from}"),
            "skip 1 value missing",
        ],
    );
    let american =
        "Device,Serial Number,Device Timestamp,Record Type,Historic Glucose mg/dL\nL,X,05-04-2021 10:34 PM,0,90\n";
    check(american, &["glucose 2021-05-04T22:34:00 90 [LibreView (L)]"]);
}

#[test]
fn plain_glucose_tables() {
    let row = "glucose 2024-05-01T07:30:00";
    for (table, expected) in [
        ("timestamp;glucose (mmol/L)\n2024-05-01 07:30;10\n", format!("{row} 180.1559 [Glucose table] from mmol/L")),
        ("Time\tGlucose_mg_dL\n2024-05-01 07:30:00\t101\n", format!("{row} 101 [Glucose table]")),
        ("date,sgv,device\n2024-05-01T07:30:00,101,Loop\n", format!("{row} 101 [Glucose table (Loop)]")),
        ("time,bg,unit\n2024-05-01T07:30:00,10,mmol/L\n", format!("{row} 180.1559 [Glucose table] from mmol/L")),
    ] {
        check(table, &[&expected]);
    }
    let (got, error) = read_bytes("time,glucose\n2024-05-01 07:30,5.5\n", &Options::default());
    assert!(error.is_some_and(|error| error.to_string().contains("mmol/L")) && got.parts.is_empty());
}

#[test]
fn any_table_by_mapping() {
    let mapping = |stream: &str, unit: Option<&str>| CsvMapping {
        time: "When".to_owned(),
        value: "what".to_owned(),
        stream: stream.to_owned(),
        unit: unit.map(str::to_owned),
        ..CsvMapping::default()
    };
    let with = |csv: CsvMapping| Options { csv: Some(csv), ..Options::default() };
    let table = "a title\nwhen,until,what,who\n2024-05-01T07:30:00+02:00,2024-05-01T08:30:00+02:00,150,scale\n";
    check_with(
        &with(mapping("body_mass", Some("lb"))),
        table,
        &["body_mass 2024-05-01T07:30:00+02:00 68.0388555 [csv] from [lb_av]"],
    );
    let long = CsvMapping {
        end: Some("until".to_owned()),
        source: Some("who".to_owned()),
        kind: Some(Kind::Total),
        ..mapping("Grip!", Some("N"))
    };
    let (_, error) = read_bytes(table, &with(long.clone()));
    assert!(error.is_some_and(|error| error.to_string().starts_with("csv.unit")));
    let long = CsvMapping { unit: Some("kg".to_owned()), ..long };
    check_with(&with(long), table, &["custom.grip 2024-05-01T07:30:00+02:00+3600s 150 [scale]"]);
    for (format, time, expected) in [
        (TimeFormat::EpochSeconds, "1714541400", "2024-05-01T05:30:00Z"),
        (TimeFormat::EpochMilliseconds, "1714541400250", "2024-05-01T05:30:00.250Z"),
        (TimeFormat::Pattern("%d.%m.%Y %H:%M".to_owned()), "01.05.2024 07:30", "2024-05-01T07:30:00"),
        (TimeFormat::Pattern("%d.%m.%Y".to_owned()), "01.05.2024", "2024-05-01T00:00:00"),
        (TimeFormat::Pattern("%Y%m%d%H%M%z".to_owned()), "202405010730+0200", "2024-05-01T07:30:00+02:00"),
    ] {
        let options = with(CsvMapping { time_format: format, decimal_comma: true, ..mapping("heart_rate", None) });
        check_with(&options, format!("when;what\n{time};72,5\n"), &[&format!("heart_rate {expected} 72.5 [csv]")]);
    }
    for (wrong, option) in [
        (mapping("body_mass", Some("km")), "csv.unit"),
        (mapping("own", None), "csv.unit"),
        (mapping("location", None), "csv.stream"),
        (mapping("", None), "csv.stream"),
        (CsvMapping { time: "then".to_owned(), ..mapping("steps", None) }, "csv:"),
        (CsvMapping { end: Some("then".to_owned()), ..mapping("steps", None) }, "csv.end"),
        (CsvMapping { zone: Some("Atlantis".to_owned()), ..mapping("steps", None) }, "zone"),
    ] {
        let (got, error) = read_bytes(table, &with(wrong));
        let error = error.expect("refused").to_string();
        assert!(error.starts_with(option) && got.parts.is_empty(), "{error}");
    }
}

#[test]
fn encodings() {
    let table = "Id,Time,Value\r\n1,4/12/2016 2:05:00 PM,97\r\n";
    let utf16 = |big: bool| -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(table.encode_utf16());
        units.flat_map(|unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    };
    for file in [table.into(), format!("\u{feff}{table}").into_bytes(), utf16(true), utf16(false)] {
        check(file, &["heart_rate 2016-04-12T14:05:00 97 [Fitbit, account 1]"]);
    }
    let latin = apple(&record("QuantityTypeIdentifierStepCount", "count", "5", "")).replace("\"W\"", "\"Zo?\"");
    let latin: Vec<u8> = latin.bytes().map(|b| if b == b'?' { 0xeb } else { b }).collect();
    let latin = [b"<?xml version=\"1.0\"?>", &latin[21..]].concat();
    check(latin, &["steps 2024-05-01T07:30:00+02:00+60s 5 [Zoë]"]);
}

#[test]
fn formats_are_told_by_content() {
    for (head, format) in [
        (bytes("apple_health/export.xml"), Some(Format::AppleHealthXml)),
        (bytes("gpx/unicode.gpx"), Some(Format::Gpx)),
        (bytes("fitbit/sleepDay_merged.csv"), Some(Format::FitbitCsv)),
        (bytes("glucose/hall2018_dexcom.csv"), Some(Format::GlucoseCsv)),
        (b"\x0e\x10\xd9\x07\x00\x00\x00\x00.FIT\x00\x00".to_vec(), Some(Format::Fit)),
        (b"BEGIN:VCALENDAR\r\nVERSION:2.0".to_vec(), Some(Format::ICalendar)),
        (b"\x89HDF\r\n\x1a\n".to_vec(), Some(Format::Hdf5)),
        (b"<?xml version=\"1.0\"?><ClinicalDocument xmlns=\"urn:hl7-org:v3\">".to_vec(), Some(Format::Cda)),
        (
            format!("<!DOCTYPE HealthData [{}", " ".repeat(70_000)).into_bytes()[..65_536].to_vec(),
            Some(Format::AppleHealthXml),
        ),
        (b"Name,CR,CF,Age,TDI\nadolescent#001,12,15.0,18,36.7\n".to_vec(), None),
        (b"<html><body>Sign in</body></html>".to_vec(), None),
        (Vec::new(), None),
    ] {
        assert_eq!(detect(&head, "any"), format);
    }
    let (_, error) = read_bytes("<kml></kml>", &Options::default());
    let error = error.expect("refused").to_string();
    assert!(error.contains("recognised as a KML file, which this version cannot read yet"), "{error}");
    assert!(data("README.md").exists());
}
