//! Files through the browser: received sealed, imported in turn, listed, undone, removed, and not lost.
#![allow(clippy::unwrap_used)]

mod browserless;

use base64::Engine as _;
use browserless::{Browser, House, PASSPHRASE, imports, settled};
use serde_json::json;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::Path;

/// Minutes of a heart in April, in the layout of a Fitabase export.
fn heart(days: std::ops::RangeInclusive<u32>) -> (Vec<u8>, u64) {
    heart_in(4, days)
}

fn heart_in(month: u32, days: std::ops::RangeInclusive<u32>) -> (Vec<u8>, u64) {
    let mut text = String::from("Id,Time,Value\n");
    let mut count = 0;
    for day in days {
        for minute in (0..1_440).step_by(3) {
            let (hour, half) = ((minute / 60 + 11) % 12 + 1, if minute < 720 { "AM" } else { "PM" });
            let value = 50 + (minute / 60 * 7 + day) % 60;
            writeln!(text, "7,{month}/{day}/2016 {hour}:{:02}:00 {half},{value}", minute % 60).unwrap();
            count += 1;
        }
    }
    (text.into_bytes(), count)
}

fn zipped(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap().into_inner()
}

fn observations(browser: &mut Browser) -> u64 {
    browser.ask("twin.status@1", &json!({}))["observations"].as_u64().unwrap()
}

fn everything(dir: &Path, into: &mut Vec<u8>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        into.extend_from_slice(entry.file_name().as_encoded_bytes());
        if entry.file_type().unwrap().is_dir() {
            everything(&entry.path(), into);
        } else if entry.file_type().unwrap().is_file() {
            into.extend(std::fs::read(entry.path()).unwrap());
        }
    }
}

#[test]
fn an_upload_is_imported_undone_and_imported_again() {
    let (_house, mut browser) = House::with_twin();
    let (file, count) = heart(1..=9);
    let archive = zipped("Fitabase/heartrate_minutes.csv", &file);
    let job = browser.upload("/api/upload?name=export%20of%20Ada.zip&batch=one", &archive).ok();
    assert_eq!(job["job"].as_str().unwrap().len(), 32);
    let first = settled(&mut browser);
    assert_eq!(first.len(), 1, "{first:?}");
    let import = &first[0];
    assert_eq!((import["state"].as_str(), import["batch"].as_str()), (Some("done"), Some("one")), "{import}");
    assert_eq!((import["added"].as_u64(), import["duplicate"].as_u64()), (Some(count), Some(0)));
    assert_eq!(import["streams"]["heart_rate"], json!({ "added": count, "duplicate": 0 }));
    let path = import["files"][0]["path"].as_str().unwrap();
    assert_eq!(path, "export of Ada.zip!Fitabase/heartrate_minutes.csv");
    assert_eq!(observations(&mut browser), count);
    let which = json!({ "stream": "heart_rate", "time": "2016-04-03T12:00" });
    let proof = browser.ask("proof.inclusion@1", &which)["proof"].clone();

    // The same file again adds nothing, and says so.
    browser.upload("/api/upload?name=again.csv", &file).ok();
    let again = settled(&mut browser);
    assert_eq!((again.len(), again[0]["added"].as_u64(), again[0]["duplicate"].as_u64()), (2, Some(0), Some(count)));
    let quality = browser.ask("quality.coverage@1", &json!({}));
    assert_eq!(quality["streams"][0]["duplicates"].as_u64(), Some(count), "{quality}");

    let undone = browser.ask("import.undo@1", &json!({ "import": import["import"] }));
    assert_eq!(undone["observations"].as_u64(), Some(count));
    assert_eq!(observations(&mut browser), 0);
    assert_eq!(browser.ask("streams.list@1", &json!({})), json!([]));
    let (status, code, _) = browser.post("/api/observation.show@1", &which).problem();
    assert_eq!((status, code.as_str()), (404, "not_found"));
    let after = imports(&mut browser);
    assert_eq!((after[1]["state"].as_str(), after[1]["undone"].is_string()), (Some("undone"), true), "{after:?}");
    assert_eq!(browser.post("/api/import.undo@1", &json!({ "import": import["import"] })).problem().1, "invalid");
    assert_eq!(browser.post("/api/import.undo@1", &json!({ "import": "00" })).problem().1, "not_found");
    // Nothing was erased: the journal holds, and a proof that was handed out still does.
    let verified = browser.ask("journal.verify@1", &json!({}));
    assert_eq!((verified["observations"].as_u64(), &verified["damaged"]), (Some(count), &json!([])));
    let proof = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(proof.as_str().unwrap()).unwrap();
    assert!(didymos_vault::proof::check(&proof).is_ok());

    browser.upload("/api/upload?name=once%20more.csv", &file).ok();
    assert_eq!(settled(&mut browser)[0]["added"].as_u64(), Some(count), "everything comes in anew");
    assert_eq!(observations(&mut browser), count);
}

#[test]
fn what_was_taken_back_stays_so_for_whoever_unlocks_again() {
    let (house, mut browser) = House::with_twin();
    for (name, days) in [("first.csv", 1..=5), ("second.csv", 4..=8)] {
        browser.upload(&format!("/api/upload?name={name}"), &heart(days).0).ok();
        settled(&mut browser);
    }
    let list = imports(&mut browser);
    let (second, first) = (&list[0], &list[1]);
    let (first_added, second_added) = (first["added"].as_u64().unwrap(), second["added"].as_u64().unwrap());
    assert_eq!((first_added, second_added), (5 * 480, 3 * 480), "two days were there already");
    browser.ask("import.undo@1", &json!({ "import": first["import"] }));
    assert_eq!(observations(&mut browser), second_added);

    let house = house.again();
    let mut browser = house.stranger();
    assert_eq!(browser.post("/auth/unlock", &json!({ "passphrase": PASSPHRASE })).status, 204);
    assert_eq!(observations(&mut browser), second_added);
    let points = json!({ "stream": "heart_rate", "every": "1d" });
    assert_eq!(browser.ask("timeline.query@1", &points)["buckets"].as_array().unwrap().len(), 3);
    assert_eq!(browser.ask("journal.verify@1", &json!({}))["observations"].as_u64(), Some(first_added + second_added));
    // The first file again brings back what only it had; the days of both come from it too, for they were its.
    browser.upload("/api/upload?name=first.csv", &heart(1..=5).0).ok();
    let list = settled(&mut browser);
    assert_eq!((list[0]["added"].as_u64(), list[0]["duplicate"].as_u64()), (Some(first_added), Some(0)));
}

#[test]
fn uploads_wait_sealed_through_a_lock_and_a_restart() {
    let (house, mut browser) = House::with_twin();
    let mut count = 0;
    for month in 1..=6 {
        let (file, rows) = heart_in(month, 1..=28);
        browser.upload(&format!("/api/upload?name=zanzibar-{month}.csv"), &file).ok();
        count += rows;
    }
    browser.broken_upload("/api/upload?name=never-whole.csv", 1_000_000, &heart(1..=9).0);
    let mut standing = browser.standing_upload("/api/upload?name=never-ends.csv", 1_000_000, &heart(1..=2).0);
    // Wherever the imports are: locking lets none of it out, and what was received is imported in the end.
    assert_eq!(browser.post("/api/lock", &json!({})).status, 204);
    let mut said = String::new();
    let _ = standing.read_to_string(&mut said);
    assert!(said.is_empty() || said.contains(" 423 ") || said.contains(" 401 "), "{said}");
    let mut disk = Vec::new();
    everything(&house.home(), &mut disk);
    for needle in ["zanzibar", "never-whole", "never-ends", "Id,Time", "/12/2016"] {
        assert!(!disk.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle.as_bytes())), "{needle}");
    }
    let house = house.again();
    let mut browser = house.stranger();
    assert_eq!(browser.post("/auth/unlock", &json!({ "passphrase": PASSPHRASE })).status, 204);
    let list = settled(&mut browser);
    assert!(list.iter().any(|one| one["name"] == "zanzibar-6.csv" && one["state"] == "done"), "{list:?}");
    assert!(!list.iter().any(|one| one["name"] == "never-whole.csv"), "{list:?}");
    assert_eq!(observations(&mut browser), count);
    assert!(std::fs::read_dir(house.home().join("uploads")).map_or(true, |mut left| left.next().is_none()));
}

#[test]
fn what_cannot_be_read_says_why_and_what_is_asked_wrong_is_refused() {
    let (house, mut browser) = House::with_twin();
    browser.upload("/api/upload?name=holiday.jpg", b"\xff\xd8\xff\xe0 not data of ours").ok();
    let list = settled(&mut browser);
    assert_eq!((list.len(), list[0]["state"].as_str()), (1, Some("partial")), "{list:?}");
    assert!(list[0]["files"][0]["error"].as_str().unwrap().len() > 20, "{list:?}");

    assert_eq!(house.stranger().upload("/api/upload?name=x.csv", b"").problem().1, "no_session");
    assert_eq!(browser.upload("/api/upload", b"x").problem().1, "invalid", "no name");
    assert_eq!(browser.upload("/api/upload?name=x&path=/etc", b"x").problem().1, "invalid");
    assert_eq!(browser.post("/api/upload?name=x", &json!({})).status, 415, "JSON is no file");
    for (name, value) in [("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")] {
        let lines = [("content-type", "application/octet-stream"), (name, value)];
        assert_eq!(browser.send("POST", "/api/upload?name=x", &lines, b"x").status, 403);
    }
    assert_eq!(browser.post("/api/import.upload@1", &json!({ "job": "00" })).problem().1, "refused");
    for job in ["", "00", "zz", &"0".repeat(32), &"ä".repeat(16)] {
        assert_eq!(browser.post("/api/upload/remove", &json!({ "job": job })).problem().1, "not_found", "{job}");
    }
    assert_eq!(imports(&mut browser).len(), 1);
}
