//! Two people at two desks: their programs meet, agree and look.

mod typed;

use serde_json::Value as Json;
use std::io::Write;
use std::process::{ChildStdin, Stdio};
use typed::{Desk, GLUCOSE, Running, sample, wait_until};

/// Everybody listens on the loopback interface, at a port that the system picks.
const LISTEN: [&str; 2] = ["--link-listen", "127.0.0.1:0"];

fn up(desk: &Desk) -> Running {
    let mut up = desk.start(&[&["up", "--listen", "127.0.0.1:0"][..], &LISTEN].concat());
    assert!(up.line().starts_with("http://localhost:"));
    up
}

/// `twin pair` under way, and the way to answer it.
fn pairing(desk: &Desk, arguments: &[&str]) -> (Running, ChildStdin) {
    let mut command = desk.command(&[&["pair", "--json"][..], arguments, &LISTEN].concat());
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the program starts");
    let stdin = child.stdin.take().expect("piped");
    (Running::of(child), stdin)
}

/// The next line, which says that the pairing stands so.
fn stands(pairing: &mut Running, state: &str) -> Json {
    let line = pairing.line();
    let json: Json = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
    if json["state"] == "knocking" && state != "knocking" {
        return stands(pairing, state);
    }
    assert_eq!(json["state"], state, "{json}");
    json
}

/// Pairs the two desks; what they type is their word on the digits.
fn pair(ann: &Desk, bob: &Desk, words: [&str; 2], exits: i32) {
    let (mut at_ann, mut ann_types) = pairing(ann, &[]);
    let ticket = stands(&mut at_ann, "waiting")["ticket"].as_str().expect("a ticket").to_owned();
    let (mut at_bob, mut bob_types) = pairing(bob, &[&ticket]);
    let (seen_by_ann, seen_by_bob) = (stands(&mut at_ann, "compare"), stands(&mut at_bob, "compare"));
    assert_eq!(seen_by_ann["digits"], seen_by_bob["digits"]);
    writeln!(ann_types, "{}", words[0]).expect("typed");
    writeln!(bob_types, "{}", words[1]).expect("typed");
    at_ann.end().exits(exits);
    at_bob.end().exits(exits);
}

#[test]
fn two_people_pair_grant_accept_look_and_end() {
    let (ann, bob) = (Desk::with_twin(), Desk::with_twin());
    ann.twin(&["import", &sample(GLUCOSE)]).ok();
    let (_at_ann, _at_bob) = (up(&ann), up(&bob));
    pair(&ann, &bob, ["yes", "y"], 0);
    for desk in [&ann, &bob] {
        assert_eq!(desk.json(&["contacts"]).as_array().map(Vec::len), Some(1));
    }
    ann.twin(&["contacts", "rename", "somebody", "Bob"]).ok();
    bob.twin(&["contacts", "rename", "somebody", "Ann"]).ok();

    let grant = ["grant", "bob", "glucose", "--every", "1d", "--purpose", "treatment", "--at-most", "5/1d"];
    let id = ann.json(&grant)[0]["contract"].as_str().expect("an id").to_owned();
    let offered = || bob.json(&["offers"])[0]["state"] == "offered";
    wait_until("the offer arrives", offered);
    bob.twin(&["look", "ann", "glucose"]).exits(3).complains_of(&["no contract in force", "twin contracts"]);
    let text = bob.twin(&["contracts"]).ok().out;
    assert!(text.contains("I see Ann's glucose") && text.contains("treatment") && text.contains(&id[..8]), "{text}");
    bob.twin(&["accept", &id[..8]]).ok();
    wait_until("the acceptance arrives", || ann.json(&["contracts"])[0]["state"] == "in_force");

    let seen = bob.json(&["look", "ann", "glucose"]);
    assert_eq!(seen["contract"], id.as_str());
    let own = ann.json(&["query", "glucose", "--every", "1d"]);
    assert_eq!(seen["answer"]["buckets"], own["buckets"], "all of these days are over");
    let text = bob.twin(&["look", "ann", "glucose"]).ok();
    assert!(text.out.contains("lucose") && text.err.contains("both twins keep the receipt"), "{text:?}");

    // Both keep the same receipts of the two looks.
    let (hers, his) = (ann.json(&["receipts", &id[..8]]), bob.json(&["receipts", &id[..8]]));
    let asked = |uses: &Json| -> Vec<Json> {
        uses["uses"].as_array().into_iter().flatten().map(|one| one["ask"].clone()).collect()
    };
    assert_eq!((asked(&hers).len(), asked(&hers)), (2, asked(&his)));
    assert!(hers["uses"].as_array().into_iter().flatten().all(|one| one["holds"] == true && one["by_owner"] == false));
    let text = bob.twin(&["receipts", &id[..8]]).ok().out;
    assert!(text.contains("I looked") && text.contains("both hold") && text.contains("glucose"), "{text}");
    bob.twin(&["receipts", "0000"]).exits(5).complains_of(&["no contract"]);

    ann.twin(&["end", &id[..8]]).ok();
    wait_until("the end arrives", || bob.json(&["contracts"])[0]["state"] == "ended");
    bob.twin(&["look", "ann", "glucose"]).exits(3).complains_of(&["no contract in force"]);
    ann.twin(&["verify"]).ok();
}

#[test]
fn a_no_or_a_bad_ticket_keeps_nothing_and_says_what_to_do() {
    let (ann, bob) = (Desk::with_twin(), Desk::with_twin());
    let _at_ann = up(&ann);
    pair(&ann, &bob, ["yes", "no"], 1);
    assert_eq!(bob.json(&["contacts"]).as_array().map(Vec::len), Some(0));
    bob.twin(&["pair", "twin-AAAA"]).exits(2).complains_of(&["copied whole"]);
    bob.twin(&["pair", "hello"]).exits(2).complains_of(&["not a ticket", "twin pair"]);
    bob.twin(&["grant", "ann", "steps", "--purpose", "fun"]).exits(5).complains_of(&["no contact", "twin pair"]);
    bob.twin(&["accept", "12345678"]).exits(5).complains_of(&["no contract", "twin contracts"]);
    bob.twin(&["look", "ann", "steps"]).exits(5).complains_of(&["no contact"]);
    let empty = bob.twin(&["contacts"]).ok().out;
    assert!(empty.contains("twin pair"), "{empty}");
}

#[test]
fn what_to_put_on_a_domain_is_written_and_needs_the_words_only_for_the_log() {
    let ann = Desk::with_twin();
    let (site, phrase) = (ann.arg("site"), ann.arg("phrase"));
    let export = |domain: &str, address: &str, more: &[&str]| {
        let arguments = ["phonebook", "export", domain, "--address", address, "--into", &site, "--json"];
        ann.twin(&[&arguments[..], more, &LISTEN].concat())
    };
    export("localhost", "203.0.113.5:7438", &["--phrase-file", &phrase]).exits(2).complains_of(&["not a domain"]);
    let first = export("example.org", "203.0.113.5:7438", &["--phrase-file", &phrase]).ok().json();
    assert_eq!(
        (&first["did_web"], &first["addresses"][0]),
        (&"did:web:example.org".into(), &"203.0.113.5:7438".into())
    );
    let read = |file: &str| std::fs::read_to_string(ann.path("site/.well-known").join(file)).expect("written");
    let (place, log) = (read("did.json"), read("did.jsonl"));
    assert_eq!(
        (Some(place.as_str()), Some(log.as_str())),
        (first["files"][0]["text"].as_str(), first["files"][1]["text"].as_str())
    );
    // Another address is signed by the device alone.
    export("example.org", "203.0.113.6:7438", &[]).ok();
    assert!(read("did.json").contains("203.0.113.6:7438") && read("did.jsonl") == log);
    assert_eq!(ann.json(&["phonebook"])["own"]["web"], "example.org");
    let text = ann.twin(&["phonebook", "--web", "on"]).ok().out;
    assert!(text.contains("contacts' domains on") && text.contains("example.org"), "{text}");
}
