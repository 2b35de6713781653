//! A home from nothing to deleted, through the server: set up, lock, unlock, sign in, delete.
#![allow(clippy::unwrap_used)]

mod browserless;

use browserless::{House, PASSPHRASE, set_up};
use serde_json::json;

#[test]
fn a_twin_is_set_up_in_the_browser_and_resumed_where_it_was() {
    let house = House::empty();
    let mut stranger = house.stranger();
    let state = stranger.get("/auth/state").ok();
    assert_eq!(state, json!({ "state": "new", "session": false, "passkeys": 0 }));
    assert_eq!(stranger.post("/api/setup/begin", &json!({})).problem().1, "no_session");

    let mut browser = house.browser();
    let early = browser.post("/api/setup/finish", &json!({ "name": "Ada", "passphrase": PASSPHRASE }));
    assert_eq!(early.problem().1, "invalid", "the words come first");
    let words = browser.post("/api/setup/begin", &json!({})).ok();
    assert_eq!(words["words"].as_array().unwrap().len(), 24);
    assert_eq!(browser.post("/api/setup/begin", &json!({})).ok(), words, "a reload shows the same words");
    assert!(!house.home().exists(), "nothing is on disk before the twin is");

    let word = |at: usize| words["words"][at - 1].as_str().unwrap().to_owned();
    let check = |typed: serde_json::Value| json!({ "words": typed });
    for wrong in [
        json!({ "3": word(3), "11": word(11), "24": "zoo zoo" }),
        json!({ "3": word(3), "11": word(11) }),
        json!({ "3": word(3), "11": word(11), "25": word(1) }),
        json!({ "0": word(3), "11": word(11), "24": word(24) }),
    ] {
        let (status, code, message) = browser.post("/api/setup/check", &check(wrong.clone())).problem();
        assert_eq!((status, code.as_str()), (400, "invalid"), "{wrong}");
        assert!(!message.contains(&word(3)), "a problem tells no word");
    }
    let unchecked = browser.post("/api/setup/finish", &json!({ "name": "Ada", "passphrase": PASSPHRASE }));
    assert!(unchecked.problem().2.contains("checked"));
    let right = json!({ "3": word(3).to_uppercase(), "11": word(11), "24": format!(" {} ", word(24)) });
    assert_eq!(browser.post("/api/setup/check", &check(right)).status, 204);
    for (name, passphrase) in [("", PASSPHRASE), ("Ada\nLovelace", PASSPHRASE), ("Ada", "short")] {
        let refused = browser.post("/api/setup/finish", &json!({ "name": name, "passphrase": passphrase }));
        assert_eq!(refused.problem().1, "invalid", "{name:?} {passphrase:?}");
    }
    let done = browser.post("/api/setup/finish", &json!({ "name": " Ada ", "passphrase": PASSPHRASE })).ok();

    let state = browser.get("/auth/state").ok();
    assert_eq!(state, json!({ "state": "open", "session": true, "passkeys": 0, "did": done["did"], "name": "Ada" }));
    assert_eq!(stranger.get("/auth/state").ok(), json!({ "state": "open", "session": false, "passkeys": 0 }));
    assert_eq!(browser.post("/api/setup/begin", &json!({})).problem().1, "invalid", "there is a twin now");
    assert_eq!(browser.ask("twin.status@1", &json!({}))["did"], done["did"]);
    let protect = browser.ask("protect.status@1", &json!({}));
    assert!(protect["phrase_checked"].is_string() && protect["passphrase"] == true, "{protect}");
    assert_eq!(protect["devices"].as_array().unwrap().len(), 1);
}

#[test]
fn locking_ends_every_session_and_unlocking_begins_one() {
    let (house, mut browser) = House::with_twin();
    let mut other = house.browser();
    other.ask("twin.status@1", &json!({}));
    assert_eq!(browser.post("/api/lock", &json!({})).status, 204);
    for gone in [&mut browser, &mut other] {
        assert_eq!(gone.post("/api/twin.status@1", &json!({})).problem().1, "no_session");
        assert_eq!(gone.get("/auth/state").ok(), json!({ "state": "locked", "session": false, "passkeys": 0 }));
    }
    // A link still lets somebody in, but there is nothing to be seen.
    let mut visitor = house.browser();
    let (status, code, _) = visitor.post("/api/twin.status@1", &json!({})).problem();
    assert_eq!((status, code.as_str()), (423, "locked"));
    assert_eq!(visitor.get("/auth/state").ok(), json!({ "state": "locked", "session": true, "passkeys": 0 }));
    assert_eq!(visitor.post("/api/setup/begin", &json!({})).problem().1, "invalid");
    assert_eq!(visitor.post("/api/delete", &json!({ "confirm": "Ada" })).problem().1, "locked");

    let (status, code, message) = browser.post("/auth/unlock", &json!({ "passphrase": "battery staple" })).problem();
    assert_eq!((status, code.as_str()), (403, "denied"));
    assert!(!message.contains("staple"));
    assert!(browser.cookie.is_none() || browser.get("/auth/state").ok()["session"] == false);
    let unlocked = browser.post("/auth/unlock", &json!({ "passphrase": PASSPHRASE }));
    assert_eq!(unlocked.status, 204);
    assert!(unlocked.head.contains("HttpOnly; SameSite=Strict; Path=/"), "{}", unlocked.head);
    assert_eq!(browser.get("/auth/state").ok()["name"], "Ada");
    // Open already: the passphrase signs another browser in, and a wrong one does not.
    let mut phone = house.stranger();
    assert_eq!(phone.post("/auth/unlock", &json!({ "passphrase": "wrong one here" })).status, 403);
    assert_eq!(phone.post("/auth/unlock", &json!({ "passphrase": PASSPHRASE })).status, 204);
    phone.ask("twin.status@1", &json!({}));
}

#[test]
fn other_sites_and_broken_bodies_unlock_nothing() {
    let (house, _) = House::with_twin();
    let mut stranger = house.stranger();
    let body = json!({ "passphrase": PASSPHRASE }).to_string();
    let json_type = ("content-type", "application/json");
    for lines in [
        vec![json_type, ("origin", "http://evil.example")],
        vec![json_type, ("sec-fetch-site", "cross-site")],
        vec![("content-type", "text/plain")],
    ] {
        let answer = stranger.send("POST", "/auth/unlock", &lines, body.as_bytes());
        assert!([403, 415].contains(&answer.status), "{lines:?} {answer:?}");
        assert!(stranger.cookie.is_none());
    }
    for broken in [json!({}), json!({ "passphrase": 7 }), json!({ "passphrase": "x", "more": 1 }), json!([])] {
        assert_eq!(stranger.post("/auth/unlock", &broken).problem().1, "invalid", "{broken}");
    }
    assert_eq!(stranger.get("/auth/unlock").status, 405);
}

#[test]
fn without_a_passphrase_the_words_open_the_twin_after_a_restart() {
    let house = House::empty();
    let words = set_up(&mut house.browser(), "Ada", None);
    let house = house.again();
    let mut browser = house.stranger();
    assert_eq!(browser.get("/auth/state").ok()["state"], "locked");
    let typed = words.iter().enumerate().map(|(at, word)| format!("{}. {} ", at + 1, word.to_uppercase()));
    assert_eq!(browser.post("/auth/unlock", &json!({ "passphrase": typed.collect::<String>() })).status, 204);
    assert_eq!(browser.get("/auth/state").ok()["name"], "Ada");
    let phrase = words.join(" ");
    assert_eq!(browser.post("/api/phrase/check", &json!({ "phrase": phrase })).status, 204);
    let others = "abandon ".repeat(23) + "art";
    assert_eq!(browser.post("/api/phrase/check", &json!({ "phrase": others })).problem().1, "invalid");
}

#[test]
fn deleting_takes_the_name_and_leaves_what_is_not_the_twins() {
    let (house, mut browser) = House::with_twin();
    std::fs::write(house.home().join("notes.txt"), "mine").unwrap();
    for wrong in ["", "ada", "Bob", "did:key:z6Mk"] {
        assert_eq!(browser.post("/api/delete", &json!({ "confirm": wrong })).problem().1, "invalid", "{wrong}");
    }
    assert_eq!(browser.get("/auth/state").ok()["state"], "open");
    assert_eq!(browser.post("/api/delete", &json!({ "confirm": "Ada" })).status, 204);
    assert_eq!(browser.get("/auth/state").ok()["state"], "new");
    let mut left: Vec<_> = std::fs::read_dir(house.home())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["lock", "notes.txt"], "an empty lock file tells nothing");
    assert_eq!(std::fs::read(house.home().join("lock")).unwrap(), b"");
    // And one may begin anew.
    set_up(&mut browser, "Grace", Some(PASSPHRASE));
    assert_eq!(browser.get("/auth/state").ok()["name"], "Grace");
}
