#![no_main]

use didymos_intake::{CsvMapping, Options, TimeFormat};
use libfuzzer_sys::fuzz_target;

/// Headers of the known layouts, so that the rows below them are reached at once.
const HEADERS: [&str; 8] = [
    "",
    "Id,ActivityMinute,Intensity\n",
    "Id,ActivityHour,Steps00,Steps01,Calories02\n",
    "Id,Date,WeightKg,WeightPounds,Fat,BMI,IsManualReport,LogId\n",
    "Index,Timestamp,Event Type,Event Subtype,Glucose Value (mmol/L),Insulin Value (u),Carb Value (grams)\n",
    "Device,Device Timestamp,Historic Glucose mg/dL,Scan Glucose mg/dL,Notes\n",
    "id;time;glucose;unit;diagnosis;device\n",
    "time,end,value,who\n",
];

fuzz_target!(|data: &[u8]| {
    let Some((&choice, rows)) = data.split_first() else { return };
    let header = usize::from(choice & 7);
    let file = [HEADERS[header].as_bytes(), rows].concat();
    let mapped = CsvMapping {
        time: "time".to_owned(),
        end: Some("end".to_owned()),
        value: "value".to_owned(),
        source: Some("who".to_owned()),
        stream: if choice & 8 == 0 { "body_mass" } else { "note" }.to_owned(),
        time_format: match choice >> 6 {
            0 => TimeFormat::Iso,
            1 => TimeFormat::Pattern("%d.%m.%Y %H:%M %z".to_owned()),
            2 => TimeFormat::EpochSeconds,
            _ => TimeFormat::EpochMilliseconds,
        },
        decimal_comma: choice & 16 != 0,
        ..CsvMapping::default()
    };
    let options = Options {
        zone: (choice & 32 != 0).then(|| "America/New_York".to_owned()),
        csv: (header == 7).then_some(mapped),
        ..Options::default()
    };
    didymos_fuzz::check("table.csv", &file, &options);
});
