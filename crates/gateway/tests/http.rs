//! A real server, and callers of every sort: the owner's browser, other sites' pages, programs that send nonsense.

#[path = "web/mod.rs"]
mod web;

#[path = "real/mod.rs"]
mod real;

use serde_json::{Value, json};
use web::{Reply, Site};

#[test]
fn without_a_session_the_api_answers_401_in_json() {
    let site = Site::new();
    for (method, path) in [
        ("POST", "/api/twin.status@1"),
        ("POST", "/api/import.files@1"),
        ("POST", "/api/session/end"),
        ("POST", "/api/nothing"),
        ("GET", "/api/openapi.json"),
        ("GET", "/api/"),
        ("GET", "/api/../api/twin.status@1"),
    ] {
        let reply = site.send(method, path, &[("content-type", "application/json")], "{}");
        assert_eq!(reply.status, 401, "{method} {path}");
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.json()["code"], "no_session");
    }
    let forged = format!("{}=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", site.cookie_name());
    assert_eq!(site.post("twin.status@1", "{}", &[("cookie", &forged)]).status, 401, "a made-up cookie");
    assert_eq!(site.get("/", &[]).status, 200, "the page itself holds nothing of the owner's");
}

#[test]
fn a_link_works_exactly_once_and_its_cookie_is_kept_from_scripts_and_other_sites() {
    let site = Site::new();
    let link = site.link();
    for ahead in [("sec-purpose", "prefetch"), ("sec-fetch-dest", "image")] {
        assert_eq!(site.get(&link, &[ahead]).status, 403, "a look ahead does not use the link up");
    }
    assert_eq!(site.send("HEAD", &link, &[], "").status, 403);

    let reply = site.get(&link, &[]);
    assert_eq!((reply.status, reply.header("location")), (303, Some("/")));
    let set = reply.header("set-cookie").expect("a cookie").to_owned();
    for flag in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(set.split("; ").any(|part| part == flag), "{flag} in {set}");
    }
    let cookie = set.split(';').next().expect("name=value");
    assert_eq!(site.post("twin.status@1", "{}", &[("cookie", cookie)]).status, 200);

    let again = site.get(&link, &[]);
    assert_eq!((again.status, again.header("set-cookie")), (403, None), "used up");
    let further = site.server.new_url().expect("randomness");
    assert_eq!(site.get(web::path_of(&further), &[]).status, 303, "a further link lets in again");
}

#[test]
fn pages_of_other_sites_cannot_ask_with_the_owners_cookie() {
    let site = Site::new();
    let cookie = site.enter();
    let ask = |headers: &[(&str, &str)]| {
        let mut all = vec![("cookie", cookie.as_str())];
        all.extend_from_slice(headers);
        site.send("POST", "/api/twin.status@1", &all, "{}").status
    };
    let json = ("content-type", "application/json");
    let ours = format!("http://{}", site.server.addr());
    assert_eq!(ask(&[json, ("origin", &ours), ("sec-fetch-site", "same-origin")]), 200);
    for origin in ["http://evil.example", "null", "http://localhost:1"] {
        assert_eq!(ask(&[json, ("origin", origin)]), 403, "{origin}");
    }
    for from in ["cross-site", "same-site"] {
        assert_eq!(ask(&[json, ("sec-fetch-site", from)]), 403, "{from}");
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        assert_eq!(ask(&[("content-type", kind)]), 415, "{kind}");
    }
    assert_eq!(ask(&[]), 415);
    assert_eq!(site.send("OPTIONS", "/api/twin.status@1", &[("origin", "http://evil.example")], "").status, 405);
}

#[test]
fn a_name_that_an_attacker_points_here_is_not_answered() {
    let site = Site::new();
    let cookie = site.enter();
    let port = site.server.addr().port();
    for host in [format!("evil.example:{port}"), "evil.example".into(), format!("localhost.evil.example:{port}")] {
        for path in ["/", "/api/openapi.json"] {
            let reply = site.raw(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n"));
            assert_eq!(reply.status, 421, "{host}{path}");
        }
    }
    assert_ne!(site.raw("GET / HTTP/1.1\r\n\r\n").status, 200, "no host at all");
    assert_eq!(site.raw(&format!("GET / HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n")).status, 200);
}

#[test]
fn nothing_that_comes_in_is_unbounded() {
    let site = Site::new();
    let cookie = site.enter();
    let long = format!(r#"{{"stream":"{}"}}"#, "a".repeat(64 * 1024));
    let reply = site.post("timeline.view@1", &long, &[("cookie", &cookie)]);
    assert_eq!((reply.status, reply.json()["code"].as_str()), (413, Some("too_large")));
    // The announced length alone is enough to be refused; the body never comes.
    let promised = format!(
        "POST /api/timeline.view@1 HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\nContent-Type: application/json\r\n\
         Content-Length: 99999999999\r\n\r\n",
        site.server.addr()
    );
    assert_eq!(site.raw(&promised).status, 413);

    for path in [format!("/{}", "a".repeat(2_000)), format!("/?{}", "a".repeat(2_000))] {
        assert_eq!(site.get(&path, &[]).status, 414);
    }
    let wide = "a".repeat(20_000);
    assert_eq!(site.get("/", &[("x-wide", &wide)]).status, 431);
    let many: Vec<(&str, &str)> = (0..100).map(|_| ("x-many", "1")).collect();
    assert_eq!(site.get("/", &many).status, 431);
    assert_eq!(site.get("/", &[]).status, 200, "and the server is well");
}

#[test]
fn what_is_not_there_is_404_and_paths_lead_nowhere_else() {
    let site = Site::new();
    let cookie = site.enter();
    let me = ("cookie", cookie.as_str());
    for name in ["timeline.view@2", "timeline.view", "nothing", "%2e%2e%2fpage.js"] {
        let reply = site.post(name, "{}", &[me]);
        assert_eq!((reply.status, reply.json()["code"].as_str()), (404, Some("not_found")), "{name}");
    }
    for path in [
        "/../Cargo.toml",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/page.js/..",
        "/page.js%00",
        "/page/page.js",
        "/index.html~",
        "/enter/",
        "/enter/a/b",
    ] {
        assert_eq!(site.get(path, &[me]).status, 404, "{path}");
    }
    assert_eq!(site.send("GET", "/api/twin.status@1", &[me], "").status, 405, "asking is POST");
}

#[test]
fn the_page_and_the_api_carry_the_protecting_headers() {
    let site = Site::new();
    let cookie = site.enter();
    let replies = [
        site.get("/", &[]),
        site.get("/page.js", &[]),
        site.get("/nothing", &[]),
        site.post("twin.status@1", "{}", &[]),
        site.post("twin.status@1", "{}", &[("cookie", &cookie)]),
        site.send("TRACE", "/", &[], ""),
    ];
    for reply in &replies {
        let csp = reply.header("content-security-policy").expect("a policy");
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(csp.contains(part), "{part} in {csp}");
        }
        assert!(!csp.contains("unsafe"), "{csp}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(reply.header("cross-origin-resource-policy"), Some("same-origin"));
        assert_eq!(reply.header("access-control-allow-origin"), None);
    }
    assert_eq!(replies[0].header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(replies[4].header("cache-control"), Some("no-store"), "the owner's data stays in no cache");
}

#[test]
fn requests_that_name_paths_are_not_taken_over_http() {
    let site = Site::new();
    let cookie = site.enter();
    for (name, body) in [
        ("import.files@1", r#"{"paths":["/etc"]}"#),
        ("export.all@1", r#"{"folder":"/tmp/x"}"#),
        ("backup.add@1", r#"{"folder":"/tmp/x"}"#),
    ] {
        let reply = site.post(name, body, &[("cookie", &cookie)]);
        assert_eq!((reply.status, reply.json()["code"].as_str()), (403, Some("refused")), "{name}");
    }
}

#[test]
fn a_session_that_was_ended_is_over() {
    let site = Site::new();
    let (cookie, other) = (site.enter(), {
        let url = site.server.new_url().expect("randomness");
        site.enter_by(web::path_of(&url))
    });
    let reply =
        site.send("POST", "/api/session/end", &[("cookie", &cookie), ("content-type", "application/json")], "{}");
    assert_eq!(reply.status, 204);
    assert!(reply.header("set-cookie").is_some_and(|set| set.contains("Max-Age=0")));
    assert_eq!(site.post("twin.status@1", "{}", &[("cookie", &cookie)]).status, 401);
    assert_eq!(site.post("twin.status@1", "{}", &[("cookie", &other)]).status, 200, "another browser's goes on");
}

#[test]
fn the_api_describes_every_request_and_every_reference_resolves() {
    let site = Site::new();
    let cookie = site.enter();
    let document = site.get("/api/openapi.json", &[("cookie", &cookie)]).json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["components"]["securitySchemes"]["session"]["name"], site.cookie_name());
    let schema = schemars::schema_for!(didymos_twin::Request).to_value();
    let variants = schema["oneOf"].as_array().expect("an enum");
    assert!(variants.len() >= 16);
    for variant in variants {
        let name = variant["properties"]["request"]["const"].as_str().expect("a name");
        assert!(document["paths"][format!("/api/{name}")]["post"].is_object(), "{name}");
    }
    let mut waiting = vec![&document];
    let mut references = 0;
    while let Some(value) = waiting.pop() {
        if let Some(to) = value.get("$ref").and_then(Value::as_str) {
            references += 1;
            let pointer = to.strip_prefix('#').expect("within the document");
            assert!(document.pointer(pointer).is_some(), "{to}");
        }
        match value {
            Value::Object(map) => waiting.extend(map.values()),
            Value::Array(list) => waiting.extend(list),
            _ => {}
        }
    }
    assert!(references > 40);
}

#[test]
fn a_question_reaches_the_door_and_its_answer_comes_back() {
    let site = Site::of(real::filled());
    let cookie = site.enter();
    let ask = |name: &str, body: &Value| -> Reply { site.post(name, &body.to_string(), &[("cookie", &cookie)]) };
    let streams = ask("streams.list@1", &json!({})).json();
    let heart = streams.as_array().expect("a list").iter().find(|one| one["id"] == "heart_rate").expect("a heart");
    let (from, to) = (heart["span"][0].clone(), heart["span"][1].clone());

    let view = ask("timeline.view@1", &json!({ "stream": "heart_rate", "from": from, "to": to, "points": 400 }));
    assert_eq!((view.status, view.header("content-type")), (200, Some("application/json")));
    let view = view.json();
    let columns = ["time", "min", "max", "mean", "count"].map(|name| view[name].as_array().expect(name).len());
    assert!(view["bucket"].as_i64().is_some_and(|bucket| bucket > 0));
    assert!(columns[0] > 100 && columns.iter().all(|length| *length == columns[0]), "{columns:?}");

    let unknown = ask("timeline.view@1", &json!({ "stream": "no_such", "from": 0, "to": 1, "points": 16 }));
    assert_eq!((unknown.status, unknown.json()["code"].as_str()), (404, Some("not_found")));
    for bad in [json!({}), json!({ "stream": 7 }), json!({ "request": "twin.status@1" }), json!([1])] {
        let reply = ask("timeline.view@1", &bad);
        assert_eq!((reply.status, reply.json()["code"].as_str()), (400, Some("invalid")), "{bad}");
    }
}

#[test]
fn localhost_is_served_by_both_of_its_addresses() {
    let site = Site::new();
    let port = site.server.addr().port();
    if std::net::TcpListener::bind((std::net::Ipv6Addr::LOCALHOST, 0)).is_err() {
        eprintln!("skipped: this machine has no IPv6 loopback");
        return;
    }
    let mut by_six = std::net::TcpStream::connect((std::net::Ipv6Addr::LOCALHOST, port)).expect("listens on ::1");
    std::io::Write::write_all(&mut by_six, b"GET /auth/state HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .expect("sent");
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut by_six, &mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
