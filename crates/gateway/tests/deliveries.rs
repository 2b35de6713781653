//! Live sources: what a token lets in, and that it lets in nothing else.
#![allow(clippy::unwrap_used)]

mod browserless;

use browserless::{Browser, House, PASSPHRASE, settled};
use serde_json::json;
use std::fmt::Write as _;

/// A day's minutes of a heart, in the layout of a Fitabase export.
fn heart(day: u32) -> Vec<u8> {
    let mut text = String::from("Id,Time,Value\n");
    for minute in 0..60 {
        writeln!(text, "7,4/{day}/2016 1:{minute:02}:00 PM,{}", 60 + minute % 30).unwrap();
    }
    text.into_bytes()
}

fn deliver(phone: &mut Browser, token: &str, path: &str, body: &[u8]) -> browserless::Answer {
    let bearer = format!("Bearer {token}");
    // Whatever type the program says: these three a form of another site could send too.
    phone.send("POST", path, &[("authorization", &bearer), ("content-type", "text/plain")], body)
}

#[test]
fn a_token_delivers_and_does_nothing_else() {
    let (house, mut owner) = House::with_twin();
    let made = owner.ask("tokens.create@1", &json!({ "name": "phone", "days": 30 }));
    let token = made["secret"].as_str().unwrap().to_owned();
    let did = made["token"]["did"].as_str().unwrap().to_owned();
    let mut phone = house.stranger();

    let answer = deliver(&mut phone, &token, "/deliver?name=today.csv", &heart(3)).ok();
    assert_eq!(answer["job"].as_str().unwrap().len(), 32);
    let import = settled(&mut owner).remove(0);
    assert_eq!((import["state"].as_str(), import["added"].as_u64()), (Some("done"), Some(60)), "{import}");
    assert_eq!((import["batch"].as_str(), import["files"][0]["path"].as_str()), (Some("phone"), Some("today.csv")));

    // The receipt names the source, not the owner.
    let left = owner.ask("receipts.list@1", &json!({ "who": did }));
    assert_eq!(left["receipts"][0]["receipt"]["request"], "import.upload@1", "{left}");
    let shown = owner.ask("tokens.list@1", &json!({}));
    assert_eq!((&shown[0]["name"], &shown[0]["state"]), (&json!("phone"), &json!("in_force")));
    assert!(shown[0]["last"].is_string() && !shown.to_string().contains(&token), "{shown}");

    // It is no session, on no path.
    let bearer = format!("Bearer {token}");
    for (method, path) in [("POST", "/api/twin.status@1"), ("POST", "/api/upload?name=x"), ("GET", "/api/openapi.json")]
    {
        let lines = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        assert_eq!(
            phone.send(method, path, &lines, b"{}").problem().0,
            if path.contains("upload") { 415 } else { 401 }
        );
    }
    let upload = [("authorization", bearer.as_str()), ("content-type", "application/octet-stream")];
    assert_eq!(phone.send("POST", "/api/upload?name=x", &upload, b"x").problem().0, 401);

    // Revoked, it delivers nothing; what it brought stays and can be taken back.
    owner.ask("tokens.revoke@1", &json!({ "did": did }));
    assert_eq!(deliver(&mut phone, &token, "/deliver", &heart(4)).problem().0, 401);
    let undone = owner.ask("import.undo@1", &json!({ "import": import["import"] }));
    assert_eq!(undone["observations"].as_u64(), Some(60));
}

#[test]
fn a_delivery_whose_token_was_revoked_meanwhile_is_refused_at_the_door() {
    let (house, mut owner) = House::with_twin();
    let made = owner.ask("tokens.create@1", &json!({ "name": "scale" }));
    let (token, did) = (made["secret"].as_str().unwrap().to_owned(), made["token"]["did"].clone());
    // Nothing is imported before the file has come to its end; the token is revoked before that.
    let receiving = house.keeper.begin_delivery(&token, None, None).unwrap();
    owner.ask("tokens.revoke@1", &json!({ "did": did }));
    let mut receiving = receiving;
    receiving.write(&heart(5)).unwrap();
    receiving.finish().unwrap();
    let import = settled(&mut owner).remove(0);
    assert_eq!(import["state"], "failed", "{import}");
    assert_eq!(owner.ask("twin.status@1", &json!({}))["observations"], 0);
    let refused = owner.ask("receipts.list@1", &json!({ "decision": "denied" }));
    assert_eq!(refused["receipts"].as_array().unwrap().len(), 1, "{refused}");
}

#[test]
fn wrong_tokens_other_addresses_and_a_locked_twin_take_nothing() {
    let (house, mut owner) = House::with_twin();
    let made = owner.ask("tokens.create@1", &json!({ "name": "watch" }));
    let token = made["secret"].as_str().unwrap().to_owned();
    let mut phone = house.stranger();
    let no_token = phone.send("POST", "/deliver", &[("content-type", "text/csv")], b"x").problem();
    assert_eq!((no_token.0, no_token.1.as_str()), (401, "no_session"));
    for wrong in ["", "x", "twin_source_", &token[..token.len() - 1], &token.replace("source", "sauce")] {
        assert_eq!(deliver(&mut phone, wrong, "/deliver", b"x").problem().0, 401, "{wrong:?}");
    }
    assert_eq!(deliver(&mut phone, &token, "/deliver?batch=x", b"x").problem().0, 400);
    let bearer = format!("Bearer {token}");
    let elsewhere = [("authorization", bearer.as_str()), ("origin", "http://evil.example")];
    assert_eq!(phone.send("POST", "/deliver", &elsewhere, b"x").problem().0, 403);

    for bad in [json!({ "name": "" }), json!({ "name": "x", "days": 0 }), json!({ "name": "x".repeat(61) })] {
        assert_eq!(owner.post("/api/tokens.create@1", &bad).problem().0, 400, "{bad}");
    }
    let nobody = json!({ "did": "did:key:z6MkStranger" });
    assert_eq!(owner.post("/api/tokens.revoke@1", &nobody).problem().0, 404);

    assert_eq!(owner.post("/api/lock", &json!({})).status, 204);
    assert_eq!(deliver(&mut phone, &token, "/deliver", &heart(6)).problem().1, "locked");
    // After a restart the token is what it was: only its DID was kept.
    let house = house.again();
    house.keeper.unlock(PASSPHRASE).unwrap();
    deliver(&mut house.stranger(), &token, "/deliver", &heart(6)).ok();
    assert_eq!(settled(&mut house.browser())[0]["added"].as_u64(), Some(60));
}
