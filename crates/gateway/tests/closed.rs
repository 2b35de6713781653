//! Whatever the API describes is closed to whoever has no session, and to other sites' pages.
#![allow(clippy::unwrap_used)]

mod browserless;

use browserless::House;
use serde_json::json;

#[test]
fn everything_under_api_answers_401_without_a_session() {
    let (house, mut browser) = House::with_twin();
    let mut stranger = house.stranger();
    stranger.cookie = Some(format!("twin_session_{}=made-up", house.server.addr().port()));
    let document = browser.get("/api/openapi.json").ok();
    let mut closed = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let answer = match method.as_str() {
                "get" => stranger.get(path),
                _ if path == "/api/upload" => stranger.upload("/api/upload?name=x.csv", b"x"),
                _ => stranger.post(path, &json!({})),
            };
            if path.starts_with("/auth/") {
                assert!(stranger.get("/auth/state").ok()["session"] == false, "{path} lets nobody in");
                continue;
            }
            assert_eq!(answer.problem().1, "no_session", "{method} {path}");
            assert_eq!(answer.status, 401, "{method} {path}");
            let lines = [("content-type", "application/json"), ("origin", "http://evil.example")];
            if method == "post" && path != "/api/upload" {
                let answer = browser.send("POST", path, &lines, b"{}");
                assert_eq!(answer.status, 403, "{path} from another site, with the cookie");
            }
            closed += 1;
        }
    }
    assert!(closed > 35, "{closed}");
    assert_eq!(browser.get("/auth/state").ok()["state"], "open", "and nothing of it was done");
}
