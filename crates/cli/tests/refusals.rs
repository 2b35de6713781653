//! Bad days: each has its clear message, its exit code, and no secret in it.

mod typed;

use typed::{Desk, GLUCOSE, PASSPHRASE, sample};

#[test]
fn without_a_twin_the_next_step_is_named() {
    let desk = Desk::new();
    desk.twin(&["streams"]).exits(5).complains_of(&["there is no twin in", "twin init"]);
    desk.twin(&["restore", "copy", "--phrase-file", "nowhere"]).exits(4).complains_of(&["nowhere"]);
    desk.twin(&["stream"]).exits(2).complains_of(&["streams"]);
    desk.twin(&["query"]).exits(2).complains_of(&["STREAM"]);
    assert!(!desk.home().exists(), "looking makes nothing");
}

#[test]
fn wrong_passphrases_are_refused_and_never_repeated() {
    let desk = Desk::with_twin();
    let mut command = desk.command(&["streams"]);
    let said = command.env("TWIN_PASSPHRASE", "hunter2hunter2").output().expect("runs");
    let err = String::from_utf8_lossy(&said.stderr).into_owned();
    assert_eq!(said.status.code(), Some(3), "{err}");
    assert!(err.contains("wrong passphrase") && !err.contains("hunter2"), "{err}");

    let nobody_to_ask = desk.command(&["streams"]).env_remove("TWIN_PASSPHRASE").output().expect("runs");
    let err = String::from_utf8_lossy(&nobody_to_ask.stderr).into_owned();
    assert_eq!(nobody_to_ask.status.code(), Some(3), "{err}");
    assert!(err.contains("no terminal") && err.contains("--passphrase-file"), "{err}");

    let short = desk.write("short", "seven77\n");
    // A script is warned; a person at the terminal is asked for a longer one.
    let said = desk.twin(&["--home", "new", "init", "--passphrase-file", &short]).ok();
    assert!(said.err.contains("short: whoever copies this folder can guess it"), "{said:#?}");
    desk.twin(&["init"]).exits(2).complains_of(&["there is a twin in"]);
}

#[test]
fn a_new_passphrase_replaces_the_old_one() {
    let desk = Desk::with_twin();
    let new = desk.write("new", "entirely different words\n");
    desk.twin(&["passwd", "--new-passphrase-file", &new]).ok();
    desk.twin(&["streams"]).exits(3).complains_of(&["wrong passphrase"]);
    desk.twin(&["streams", "--passphrase-file", &new]).ok();
    desk.twin(&["passwd", "--new-passphrase-file", &new]).exits(3).complains_of(&["wrong passphrase"]);
}

#[test]
fn what_was_probably_meant_is_offered() {
    let desk = Desk::with_twin();
    desk.twin(&["import", &sample(GLUCOSE)]).ok();
    desk.twin(&["query", "glucos"]).exits(5).complains_of(&["did you mean glucose?"]);
    desk.twin(&["show", "zebra", "2016-04-07"]).exits(5).complains_of(&["twin streams"]);
    desk.twin(&["query", "glucose", "--from", "yesterday"]).exits(2).complains_of(&["2024-05-01"]);
    desk.twin(&["query", "glucose", "--every", "5x"]).exits(2).complains_of(&["1h"]);
    desk.twin(&["query", "glucose", "--stat", "mean"]).exits(2).complains_of(&["--every"]);
}

#[test]
fn files_that_cannot_be_read_are_named_and_the_others_are_kept() {
    let desk = Desk::with_twin();
    desk.twin(&["import", "nowhere.csv"]).exits(1).complains_of(&["nowhere.csv", "nothing was imported"]);
    let odd = desk.write("letter.txt", "Dear diary, nothing to measure today.");
    let said = desk.twin(&["import", &odd, &sample(GLUCOSE), "--json"]).exits(1);
    let report = said.json();
    assert_eq!(report["files"][0]["format"], "unknown");
    assert!(report["files"][0]["error"].as_str().is_some_and(|error| error.contains("letter.txt")));
    assert_eq!(desk.counts()["glucose"], 1_846);
    let said = desk.twin(&["import", &odd]).exits(1);
    assert!(said.out.contains("not read to its end"), "{said:?}");
}

#[test]
fn secrets_do_not_belong_on_the_command_line() {
    let desk = Desk::with_twin();
    let secret = ["backup", "add", "s3://bucket/twin", "--option", "secret_access_key=abcdef"];
    let said = desk.twin(&secret).exits(2);
    said.complains_of(&["secret_access_key", "AWS_SECRET_ACCESS_KEY"]);
    assert!(!said.err.contains("abcdef"));
    desk.twin(&["backup", "run"]).exits(5).complains_of(&["backup add"]);
}

#[test]
fn a_proof_is_not_written_over_another_file() {
    let desk = Desk::with_twin();
    desk.twin(&["import", &sample(GLUCOSE)]).ok();
    desk.write("mine", "precious");
    let prove = ["prove", "glucose", "2016-04-07T08:00", "-o", "mine"];
    desk.twin(&prove).exits(4).complains_of(&["mine", "--force"]);
    assert_eq!(std::fs::read_to_string(desk.path("mine")).expect("read"), "precious");
    desk.twin(&[&prove[..], &["--force"]].concat()).ok();
}

#[test]
fn a_reader_that_has_seen_enough_is_no_trouble() {
    let desk = Desk::with_twin();
    desk.twin(&["import", &sample(GLUCOSE)]).ok();
    let mut child = desk.command(&["query", "glucose"]).spawn().expect("starts");
    // More is written than a pipe holds, into a pipe that nobody reads.
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ends");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[cfg(unix)]
#[test]
fn a_home_that_cannot_be_written_is_said_plainly() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::with_twin();
    let set = |mode| {
        for entry in std::fs::read_dir(desk.home()).expect("a folder").flatten() {
            let mode = if mode == 0o500 { 0o400 } else { 0o600 };
            std::fs::set_permissions(entry.path(), std::fs::Permissions::from_mode(mode)).expect("set");
        }
        std::fs::set_permissions(desk.home(), std::fs::Permissions::from_mode(mode)).expect("set");
    };
    set(0o500);
    if std::fs::write(desk.home().join("probe"), "").is_ok() {
        set(0o700);
        eprintln!("not tested: this account may write everywhere, so permissions stop nothing");
        return;
    }
    let said = desk.twin(&["import", &sample(GLUCOSE)]);
    set(0o700);
    said.exits(4).complains_of(&["cannot", "home"]);
    desk.twin(&["verify"]).ok();
}

#[cfg(unix)]
#[test]
fn others_are_kept_out() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::with_twin();
    let mode = |path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(desk.home()), mode(desk.path("phrase"))), (0o700, 0o600));
    std::fs::set_permissions(desk.home(), std::fs::Permissions::from_mode(0o755)).expect("set");
    let said = desk.twin(&["doctor"]).exits(1);
    assert!(said.out.contains("other accounts can enter it") && said.out.contains("chmod 700"), "{}", said.out);
    assert!(!said.out.contains(PASSPHRASE));
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_written_is_no_success() {
    let desk = Desk::with_twin();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let said = desk.command(&["streams", "--json"]).stdout(full).output().expect("runs");
    let err = String::from_utf8_lossy(&said.stderr).into_owned();
    assert_eq!(said.status.code(), Some(4), "{err}");
    assert!(err.contains("cannot write the answer: no space left on device"), "{err}");
}
