//! `up` and `demo`: a page, a socket, and nothing left behind.

mod typed;

use rustix::process::Signal;
use std::io::{Read, Write};
use std::net::TcpStream;
use typed::{Desk, GLUCOSE, sample, wait_until};

/// The first line and the body of what the server answers.
fn get(url: &str) -> (String, String) {
    let rest = url.strip_prefix("http://").expect("an address");
    let (host, path) = rest.split_once('/').expect("a path");
    let mut stream = TcpStream::connect(host).expect("somebody listens");
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    (head.lines().next().expect("a status").to_owned(), body.to_owned())
}

#[test]
fn up_serves_the_browser_and_other_commands_and_leaves_no_socket() {
    let desk = Desk::with_twin();
    desk.twin(&["import", &sample(GLUCOSE)]).ok();
    let mut up = desk.start(&["up", "--listen", "127.0.0.1:0"]);
    let url = up.line();
    assert!(url.starts_with("http://localhost:") && url.contains("/enter/"), "{url}");
    let (status, _) = get(&url);
    assert!(status.contains(" 200 ") || status.contains(" 303 "), "{status}");
    let (status, _) = get(&url);
    assert!(!status.contains(" 200 ") && !status.contains(" 303 "), "a link works once: {status}");

    assert_eq!(desk.counts()["glucose"], 1_846);
    let again = desk.twin(&["up", "--listen", "127.0.0.1:0"]).exits(6);
    again.complains_of(&["already", "stop it"]);
    let doctor = desk.twin(&["doctor"]).ok().out;
    assert!(doctor.contains("served by another"), "{doctor}");

    up.signal(Signal::TERM);
    up.end().ok();
    assert!(!desk.home().join("door.sock").exists());
    desk.twin(&["verify"]).ok();
}

#[test]
fn other_machines_are_served_only_on_purpose() {
    let desk = Desk::with_twin();
    desk.twin(&["up", "--listen", "0.0.0.0:0"]).exits(3).complains_of(&["other machines", "--allow-remote"]);
}

#[test]
fn the_demo_shows_itself_and_leaves_nothing() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("t")).expect("made");
    let mut command = desk.command(&["demo", "--listen", "127.0.0.1:0", "--json"]);
    command.env("TMPDIR", desk.path("t"));
    let mut demo = typed::Running::of(command.spawn().expect("starts"));
    let said: serde_json::Value = serde_json::from_str(&demo.line()).expect("JSON");
    assert!(said["url"].as_str().is_some_and(|url| url.starts_with("http://localhost:")), "{said}");
    assert!(said["observations"].as_u64() > Some(139_000), "{said}");
    let home = said["home"].as_str().expect("a home");
    let passphrase_file = said["passphrase_file"].as_str().expect("a file");
    let streams = desk.json(&["--home", home, "--passphrase-file", passphrase_file, "streams"]);
    for id in ["heart_rate", "steps", "sleep_minutes", "glucose", "location"] {
        assert!(streams.as_array().is_some_and(|all| all.iter().any(|stream| stream["id"] == id)), "{id}");
    }
    demo.signal(Signal::INT);
    demo.end().ok();
    wait_until("the demo's folder is gone", || {
        std::fs::read_dir(desk.path("t")).is_ok_and(|mut left| left.next().is_none())
    });
    assert!(!desk.home().exists(), "the owner's own twin is not touched");
}
