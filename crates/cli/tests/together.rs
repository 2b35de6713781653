//! Several commands at once, and commands that are stopped.

mod typed;

use rustix::process::Signal;
use serde_json::json;
use typed::{Desk, GLUCOSE, HEART_RATE, Running, STEPS, sample, seconds_of_heart_rate, wait_until};

/// An import that takes seconds; ready when the process has begun and serves others.
fn long_import(desk: &Desk, rows: u32) -> Running {
    let path = desk.write("seconds.csv", seconds_of_heart_rate(rows));
    let mut import = desk.start(&["import", &path, "--json"]);
    let socket = desk.home().join("door.sock");
    wait_until("the import serves others", || socket.exists() || !import.is_running());
    import
}

#[test]
fn a_query_during_an_import_is_answered() {
    let desk = Desk::with_twin();
    desk.twin(&["import", &sample(GLUCOSE)]).ok();
    let import = long_import(&desk, 1_000_000);
    let answer = desk.json(&["query", "glucose", "--limit", "1"]);
    assert_eq!(answer["points"][0]["value"], 179.0);
    let report = import.end().ok().json();
    assert_eq!(report["added"], 1_000_000);
    desk.twin(&["verify"]).ok();
}

#[test]
fn two_imports_at_once_both_arrive() {
    let desk = Desk::with_twin();
    let both =
        [desk.start(&["import", &sample(HEART_RATE), "--json"]), desk.start(&["import", &sample(STEPS), "--json"])];
    for import in both {
        let report = import.end().ok().json();
        assert_eq!(report["added"].as_u64().unwrap_or(0) + report["duplicate"].as_u64().unwrap_or(0), 45_605);
    }
    let counts = desk.counts();
    assert_eq!((counts["heart_rate"], counts["steps"]), (45_605, 45_605));
    desk.twin(&["verify"]).ok();
}

#[test]
fn ctrl_c_keeps_what_was_read_and_the_next_import_brings_the_rest() {
    const ROWS: u32 = 2_000_000;
    let desk = Desk::with_twin();
    let import = long_import(&desk, ROWS);
    import.signal(Signal::INT);
    let said = import.end().exits(130);
    said.complains_of(&["kept", "run the same command again"]);
    let kept = desk.counts().get("heart_rate").copied().unwrap_or(0);
    assert!(kept < u64::from(ROWS), "it was stopped before the end");
    assert_eq!(desk.json(&["verify"])["damaged"], json!([]));
    let report = desk.json(&["import", &desk.arg("seconds.csv")]);
    assert_eq!((report["added"].as_u64(), report["duplicate"].as_u64()), (Some(u64::from(ROWS) - kept), Some(kept)));
    assert_eq!(desk.counts()["heart_rate"], u64::from(ROWS));
}

#[test]
fn a_killed_import_leaves_a_whole_twin() {
    let desk = Desk::with_twin();
    desk.twin(&["import", &sample(GLUCOSE)]).ok();
    let import = long_import(&desk, 500_000);
    import.signal(Signal::KILL);
    assert_eq!(import.end().code, None);
    // The socket of the dead process is in nobody's way.
    assert_eq!(desk.counts()["glucose"], 1_846);
    desk.twin(&["verify"]).ok();
    desk.twin(&["import", &desk.arg("seconds.csv")]).ok();
    assert_eq!(desk.counts()["heart_rate"], 500_000);
}

#[test]
fn an_import_outlives_the_process_that_serves_it() {
    const ROWS: u32 = 2_000_000;
    let desk = Desk::with_twin();
    let path = desk.write("seconds.csv", seconds_of_heart_rate(ROWS));
    let mut up = desk.start(&["up", "--listen", "127.0.0.1:0"]);
    up.line();
    let journal = || std::fs::metadata(desk.home().join("journal")).map_or(0, |found| found.len());
    let before = journal();
    let mut import = desk.start(&["import", &path, "--json"]);
    wait_until("the first commit of the import", || journal() > before + 100_000 || !import.is_running());
    up.signal(Signal::TERM);
    up.end().ok();
    let report = import.end().ok().json();
    let known = report["duplicate"].as_u64().unwrap_or(0);
    assert_eq!(report["added"].as_u64().map(|added| added + known), Some(ROWS.into()));
    assert_eq!(desk.counts()["heart_rate"], u64::from(ROWS));
    desk.twin(&["verify"]).ok();
}

#[test]
fn a_process_that_does_not_serve_is_waited_for_and_then_named() {
    let desk = Desk::with_twin();
    let lock = std::fs::OpenOptions::new().write(true).open(desk.home().join("lock")).expect("a lock file");
    lock.lock().expect("held");
    desk.twin(&["streams"]).exits(6).complains_of(&["another `twin` process", "try again"]);
    drop(lock);
    desk.twin(&["streams"]).ok();
}
