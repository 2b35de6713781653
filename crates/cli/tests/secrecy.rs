//! Nothing about the owner can be read from the data directory without the key.

mod typed;

use std::path::Path;
use typed::{Desk, GLUCOSE, HEART_RATE, WALK, sample};

/// Every byte of every file below `dir`, and every file's name.
fn everything(dir: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            everything(&entry.path(), into);
        } else if let Ok(bytes) = std::fs::read(entry.path()) {
            into.push((name, bytes));
        }
    }
}

fn occurs(needle: &[u8], hay: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}

#[test]
fn no_name_value_place_or_date_is_readable_on_disk_or_in_a_copy() {
    let desk = Desk::with_twin();
    let mood = "time,how,by\n2021-03-04T05:06:07Z,6.125,Quillfeather Wristband\n2021-03-05T05:06:07Z,7.25,Quillfeather Wristband\n";
    let mood = desk.write("zanzibar-diary.csv", mood);
    let csv = ["--csv-stream", "mood", "--csv-time", "time", "--csv-value", "how", "--csv-source", "by"];
    desk.twin(&[&["import", mood.as_str()][..], &csv[..]].concat()).ok();
    desk.twin(&["import", &sample(HEART_RATE), &sample(GLUCOSE), &sample(WALK)]).ok();
    let did = desk.json(&["doctor"])["status"]["did"].as_str().expect("a DID").to_owned();
    desk.twin(&["query", "mood", "--source", "quillfeather"]).ok();
    desk.twin(&["backup", "add", "copy"]).ok();
    desk.twin(&["backup", "run"]).ok();

    let mut files = Vec::new();
    everything(&desk.home(), &mut files);
    everything(&desk.path("copy"), &mut files);
    assert!(files.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > 20_000, "there is something to look through");

    let words = std::fs::read_to_string(desk.path("phrase")).expect("the words");
    let mut needles: Vec<(&str, Vec<u8>)> = vec![
        ("a source's name", b"Quillfeather".to_vec()),
        ("a file's name", b"zanzibar".to_vec()),
        ("a file's name", b"heartrate_minutes".to_vec()),
        ("a file's name", b"cerknicko".to_vec()),
        ("a person's id", b"5553957443".to_vec()),
        ("a source", b"Fitbit".to_vec()),
        ("a format", b"glucose_csv".to_vec()),
        ("a stream", b"heart_rate".to_vec()),
        ("a stream", b"glucose".to_vec()),
        ("a stream", b"location".to_vec()),
        ("a unit", b"mg/dL".to_vec()),
        ("a label", b"pre-diabetic".to_vec()),
        ("a request", b"timeline.query".to_vec()),
        ("a date", b"2021-03-04".to_vec()),
        ("a date", b"2016-04".to_vec()),
        ("a coordinate", b"45.77".to_vec()),
        ("the DID", did.into_bytes()),
        ("the passphrase", typed::PASSPHRASE.as_bytes().to_vec()),
        ("the recovery phrase", words.split(' ').take(2).collect::<Vec<_>>().join(" ").into_bytes()),
    ];
    // 2021-03-04T05:06:07Z and the first coordinates of the walk, as numbers are laid out in memory and in CBOR.
    let time = 1_614_834_367_000_i64;
    needles.push(("a time", time.to_le_bytes()[..6].to_vec()));
    needles.push(("a time", time.to_be_bytes()[2..].to_vec()));
    for number in [45.772_175_035_f64, 14.357_659_249] {
        needles.push(("a coordinate", number.to_le_bytes().to_vec()));
        needles.push(("a coordinate", number.to_be_bytes().to_vec()));
    }
    for (name, bytes) in &files {
        for (what, needle) in &needles {
            assert!(!occurs(needle, bytes), "{what} is readable in {name}");
            assert!(!occurs(needle, name.as_bytes()), "{what} is in the file name {name}");
        }
    }
}
