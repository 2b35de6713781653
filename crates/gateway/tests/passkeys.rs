//! Passkeys through the server: a software authenticator registers, locks, unlocks, and every check is tried.
#![allow(clippy::unwrap_used)]

mod browserless;

use browserless::authenticator::{Authenticator, PRESENT, bytes, text};
use browserless::{Browser, House, PASSPHRASE, set_up};
use serde_json::{Value, json};

/// What is done to something to make it wrong.
type Spoil<T> = fn(&mut T);

fn register(browser: &mut Browser, passkey: &mut Authenticator, name: &str) -> Value {
    let options = browser.post("/api/passkey/register/begin", &json!({})).ok();
    let prf = passkey.prf(&bytes(&options["extensions"]["prf"]["eval"]["first"]));
    let credential = passkey.create(&options);
    browser.post("/api/passkey/register/finish", &json!({ "credential": credential, "prf": prf, "name": name })).ok()
}

fn begin(browser: &mut Browser) -> Value {
    browser.post("/auth/passkey/login/begin", &json!({})).ok()
}

fn sign_in(passkey: &Authenticator, options: &Value) -> Value {
    let salt = &options["extensions"]["prf"]["evalByCredential"][text(&passkey.id)]["first"];
    json!({ "credential": passkey.get(options), "prf": passkey.prf(&bytes(salt)) })
}

fn finish(browser: &mut Browser, body: &Value) -> u16 {
    browser.post("/auth/passkey/login/finish", body).status
}

#[test]
fn a_passkey_alone_opens_the_twin_after_a_restart() {
    let house = House::empty();
    let mut browser = house.browser();
    set_up(&mut browser, "Ada", None);
    let mut passkey = Authenticator::new(1, &browser.host);
    passkey.count = 7;
    let shown = register(&mut browser, &mut passkey, "Ada’s phone");
    assert_eq!((shown["name"].as_str(), shown["here"].as_bool()), (Some("Ada’s phone"), Some(true)));
    assert_eq!(browser.get("/api/passkeys").ok()["passkeys"], json!([shown]));
    let keys = std::fs::read_to_string(house.home().join("keys.json")).unwrap();
    assert!(!keys.contains("phone") && !keys.contains("localhost"), "{keys}");

    let house = house.again();
    let mut stranger = house.stranger();
    passkey.origin = format!("http://{}", stranger.host);
    assert_eq!(stranger.get("/auth/state").ok(), json!({ "state": "locked", "session": false, "passkeys": 1 }));
    let options = begin(&mut stranger);
    assert_eq!((options["rpId"].as_str(), options["userVerification"].as_str()), (Some("localhost"), Some("required")));
    passkey.count += 1;
    assert_eq!(finish(&mut stranger, &sign_in(&passkey, &options)), 204);
    assert_eq!(stranger.get("/auth/state").ok()["name"], "Ada");
    let receipts = stranger.ask("receipts.list@1", &json!({ "act": "manage" }));
    let receipts: Vec<&str> = receipts["receipts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["receipt"]["request"].as_str().unwrap())
        .collect();
    assert_eq!(receipts, ["keys.unlock@1", "keys.lock@1", "keys.passkey_add@1"]);

    // The number of signatures was kept: a copy of the passkey that stands where it stood is found out.
    let options = begin(&mut stranger);
    assert_eq!(finish(&mut stranger, &sign_in(&passkey, &options)), 403);
    passkey.count += 1;
    let options = begin(&mut stranger);
    assert_eq!(finish(&mut stranger, &sign_in(&passkey, &options)), 204);
}

#[test]
fn every_check_of_a_sign_in_holds() {
    let (mut house, mut browser) = House::with_twin();
    let mut passkey = Authenticator::new(1, &browser.host);
    register(&mut browser, &mut passkey, "one");
    assert_eq!(browser.post("/api/lock", &json!({})).status, 204);

    let spoiled: [(&str, Spoil<Authenticator>); 7] = [
        ("another page", |passkey| passkey.origin = "http://evil.example".into()),
        ("another port", |passkey| passkey.origin = "http://localhost:1".into()),
        ("another host's passkey", |passkey| passkey.rp_id = "evil.example".into()),
        ("nobody verified", |passkey| passkey.flags = PRESENT),
        ("nobody present", |passkey| passkey.flags = 0x04),
        ("backed up and not eligible", |passkey| passkey.flags = 0x15),
        ("eligible all of a sudden", |passkey| passkey.flags = 0x0d),
    ];
    for (what, spoil) in spoiled {
        let mut browser = house.another_server();
        let mut other = Authenticator::new(1, &browser.host);
        spoil(&mut other);
        let options = begin(&mut browser);
        assert_eq!(finish(&mut browser, &sign_in(&other, &options)), 403, "{what}");
        assert_eq!(browser.get("/auth/state").ok()["state"], "locked", "{what}");
    }
    let edits: [(&str, Spoil<Value>); 6] = [
        ("another key's signature", |body| {
            let options = json!({ "challenge": challenge_of(body) });
            let other = Authenticator::new(2, "localhost");
            body["credential"]["response"]["signature"] = other.get(&options)["response"]["signature"].clone();
        }),
        ("the PRF of another passkey", |body| body["prf"] = json!(text([9; 32]))),
        ("an unknown credential", |body| body["credential"]["rawId"] = json!(text([9; 20]))),
        ("another account", |body| body["credential"]["response"]["userHandle"] = json!(text([9; 32]))),
        ("a challenge that was never given", |body| {
            let data = body["credential"]["response"]["clientDataJSON"].clone();
            let mut data: Value = serde_json::from_slice(&bytes(&data)).unwrap();
            data["challenge"] = json!(text([9; 32]));
            body["credential"]["response"]["clientDataJSON"] = json!(text(data.to_string()));
        }),
        ("a registration's client data", |body| {
            let data = body["credential"]["response"]["clientDataJSON"].clone();
            let data = String::from_utf8(bytes(&data)).unwrap().replace("webauthn.get", "webauthn.create");
            body["credential"]["response"]["clientDataJSON"] = json!(text(data));
        }),
    ];
    for (what, edit) in edits {
        let mut browser = house.another_server();
        let mut body = good(&mut browser);
        edit(&mut body);
        assert_eq!(finish(&mut browser, &body), 403, "{what}");
    }
    let mut browser = house.another_server();
    for (what, prf) in [("no output", json!("")), ("too short", json!(text([1; 31]))), ("no text", json!(1))] {
        let mut body = good(&mut browser);
        body["prf"] = prf;
        assert_eq!(finish(&mut browser, &body), 400, "{what}");
    }
    assert_eq!(browser.get("/auth/state").ok()["state"], "locked");

    let body = good(&mut browser);
    assert_eq!(finish(&mut browser, &body), 204);
    assert_eq!(finish(&mut browser, &body), 403, "an answer is good once");
    let body = good(&mut browser);
    assert_eq!(finish(&mut browser, &body), 204, "and the next one is good again");
}

/// What the first passkey brings when all is well.
fn good(browser: &mut Browser) -> Value {
    let options = begin(browser);
    sign_in(&Authenticator::new(1, &browser.host), &options)
}

fn challenge_of(body: &Value) -> Value {
    let data: Value = serde_json::from_slice(&bytes(&body["credential"]["response"]["clientDataJSON"])).unwrap();
    data["challenge"].clone()
}

#[test]
fn a_passkey_is_added_by_the_session_that_asked_for_it_and_the_last_key_stays() {
    let (house, mut browser) = House::with_twin();
    let mut passkey = Authenticator::new(1, &browser.host);
    assert_eq!(house.stranger().post("/api/passkey/register/begin", &json!({})).status, 401);
    assert_eq!(browser.post("/auth/passkey/login/begin", &json!({})).problem().1, "not_found");

    let options = browser.post("/api/passkey/register/begin", &json!({})).ok();
    let body = json!({ "credential": passkey.create(&options), "prf": text([1; 32]) });
    let mut other = house.browser();
    assert_eq!(other.post("/api/passkey/register/finish", &body).status, 403, "another session");
    assert_eq!(browser.post("/api/passkey/register/finish", &body).status, 403, "and that used it up");
    for (what, spoil) in [
        ("nobody verified", (|passkey| passkey.flags = PRESENT) as Spoil<Authenticator>),
        ("another page", |passkey| passkey.origin = "http://evil.example".into()),
        ("another host", |passkey| passkey.rp_id = "evil.example".into()),
    ] {
        let mut other = Authenticator::new(1, &browser.host);
        spoil(&mut other);
        let options = browser.post("/api/passkey/register/begin", &json!({})).ok();
        let body = json!({ "credential": other.create(&options), "prf": text([1; 32]) });
        assert_eq!(browser.post("/api/passkey/register/finish", &body).status, 400, "{what}");
    }
    assert_eq!(browser.get("/api/passkeys").ok()["passkeys"], json!([]));

    register(&mut browser, &mut passkey, "one");
    let mut second = Authenticator::new(2, &browser.host);
    register(&mut browser, &mut second, "two");
    assert_eq!(browser.ask("protect.status@1", &json!({}))["passkeys"], 2);
    let remove = |browser: &mut Browser, id: &[u8]| browser.post("/api/passkey/remove", &json!({ "id": text(id) }));
    assert_eq!(remove(&mut browser, &[9; 20]).problem().1, "not_found");
    assert_eq!(remove(&mut browser, &passkey.id).status, 204);
    let left = browser.get("/api/passkeys").ok();
    assert_eq!(left["passkeys"].as_array().unwrap().len(), 1);
    assert_eq!(left["passkeys"][0]["name"], "two");
    let options = begin(&mut browser);
    assert_eq!(finish(&mut browser, &sign_in(&second, &options)), 204);
    // The passphrase still opens, and a changed passphrase leaves the passkey.
    assert_eq!(browser.post("/auth/unlock", &json!({ "passphrase": PASSPHRASE })).status, 204);
}
