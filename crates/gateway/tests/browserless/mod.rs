//! A browser without a screen: keeps its cookie, says where it comes from, reads JSON. And a server with a real home.
#![allow(dead_code)] // Each test file uses what it needs.

pub(crate) mod authenticator;

use didymos_gateway::{Access, Server};
use didymos_identity::KdfCost;
use didymos_twin::Keeper;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) const PASSPHRASE: &str = "correct horse battery";

/// A home of its own, its keeper, and a server.
pub(crate) struct House {
    dir: tempfile::TempDir,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) server: Server,
}

impl House {
    /// A server for a home in which there is nothing yet.
    pub(crate) fn empty() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        Self::serve(dir)
    }

    /// The same home, after this process would have been started anew.
    pub(crate) fn again(self) -> Self {
        let Self { dir, keeper, server } = self;
        drop(server);
        keeper.lock();
        Self::serve(dir)
    }

    fn serve(dir: tempfile::TempDir) -> Self {
        let keeper = Arc::new(Keeper::new(dir.path().join("home"), KdfCost::for_tests()));
        let server = server(&keeper);
        Self { dir, keeper, server }
    }

    /// Another server for the same home, which has seen no mistakes yet: the answers to wrong keys come ever later.
    pub(crate) fn another_server(&mut self) -> Browser {
        self.server = server(&self.keeper);
        self.stranger()
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    pub(crate) fn beside(&self) -> &Path {
        self.dir.path()
    }

    /// A browser that has opened a fresh link.
    pub(crate) fn browser(&self) -> Browser {
        let mut browser = self.stranger();
        let url = self.server.new_url().expect("a link");
        let path = url.split_once("/enter/").map(|(_, token)| format!("/enter/{token}")).expect("a link");
        assert_eq!(browser.get(&path).status, 303);
        browser
    }

    /// A browser that has not.
    pub(crate) fn stranger(&self) -> Browser {
        Browser { host: format!("localhost:{}", self.server.addr().port()), cookie: None }
    }

    /// A house with a twin that a browser set up, and that browser.
    pub(crate) fn with_twin() -> (Self, Browser) {
        let house = Self::empty();
        let mut browser = house.browser();
        set_up(&mut browser, "Ada", Some(PASSPHRASE));
        (house, browser)
    }
}

fn server(keeper: &Arc<Keeper>) -> Server {
    let addr = "127.0.0.1:0".parse().expect("an address");
    Server::keep(Arc::clone(keeper), addr, Access::default()).expect("starts")
}

/// Goes through the setup, and returns the words.
pub(crate) fn set_up(browser: &mut Browser, name: &str, passphrase: Option<&str>) -> Vec<String> {
    let words = browser.post("/api/setup/begin", &serde_json::json!({})).ok();
    let words: Vec<String> = serde_json::from_value(words["words"].clone()).expect("words");
    let typed = serde_json::json!({ "words": { "3": words[2], "11": words[10], "24": words[23] } });
    assert_eq!(browser.post("/api/setup/check", &typed).status, 204);
    let finish = serde_json::json!({ "name": name, "passphrase": passphrase });
    browser.post("/api/setup/finish", &finish).ok();
    words
}

/// Every import, as the browser sees it.
pub(crate) fn imports(browser: &mut Browser) -> Vec<Value> {
    browser.ask("imports.list@1", &serde_json::json!({}))["imports"].as_array().expect("a list").clone()
}

/// The imports once none waits or runs. The list is asked again as soon as it was answered: no clock decides.
pub(crate) fn settled(browser: &mut Browser) -> Vec<Value> {
    loop {
        let all = imports(browser);
        if !all.iter().any(|one| one["state"] == "waiting" || one["state"] == "running") {
            return all;
        }
        std::thread::yield_now();
    }
}

pub(crate) struct Browser {
    pub(crate) host: String,
    pub(crate) cookie: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The answer, which has to be one.
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }

    /// The code and the words of a problem.
    pub(crate) fn problem(&self) -> (u16, String, String) {
        let json = self.json();
        let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
        (self.status, text("code"), text("message"))
    }
}

impl Browser {
    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], &[])
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Answer {
        let origin = format!("http://{}", self.host);
        let lines = [("content-type", "application/json"), ("origin", &origin), ("sec-fetch-site", "same-origin")];
        self.send("POST", path, &lines, body.to_string().as_bytes())
    }

    /// Asks the door.
    pub(crate) fn ask(&mut self, request: &str, body: &Value) -> Value {
        self.post(&format!("/api/{request}"), body).ok()
    }

    pub(crate) fn upload(&mut self, path: &str, body: &[u8]) -> Answer {
        let origin = format!("http://{}", self.host);
        let lines =
            [("content-type", "application/octet-stream"), ("origin", &origin), ("sec-fetch-site", "same-origin")];
        self.send("POST", path, &lines, body)
    }

    /// Announces a body, sends a part of it, and is gone.
    pub(crate) fn broken_upload(&mut self, path: &str, announced: usize, piece: &[u8]) {
        let mut stream = self.standing_upload(path, announced, piece);
        stream.shutdown(std::net::Shutdown::Write).expect("shut");
        let _ = stream.read_to_end(&mut Vec::new());
    }

    /// Announces a body, sends a part of it, and keeps the line open without a word.
    pub(crate) fn standing_upload(&mut self, path: &str, announced: usize, piece: &[u8]) -> TcpStream {
        let port: u16 = self.host.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port");
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
        stream.write_all(&self.upload_head(path, announced)).and_then(|()| stream.write_all(piece)).expect("sent");
        stream
    }

    fn upload_head(&self, path: &str, announced: usize) -> Vec<u8> {
        let (host, cookie) = (&self.host, self.cookie.as_deref().unwrap_or_default());
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nContent-Type: application/octet-stream\r\n\
             Content-Length: {announced}\r\n\r\n"
        );
        head.into_bytes()
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, lines: &[(&str, &str)], body: &[u8]) -> Answer {
        let port = self.host.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port");
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.host);
        for (name, value) in lines {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(cookie) = &self.cookie {
            head.push_str(&format!("Cookie: {cookie}\r\n"));
        }
        if method == "POST" {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).expect("sent");
        // A server may refuse before it has read all.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        let set = head.lines().find_map(|line| line.strip_prefix("set-cookie: "));
        if let Some(cookie) = set.and_then(|line| line.split(';').next()) {
            self.cookie = Some(cookie.to_owned()).filter(|cookie| !cookie.ends_with('='));
        }
        let mut body = answer[end + 4..].to_vec();
        if head.to_lowercase().contains("transfer-encoding: chunked") {
            body = unchunked(&body);
        }
        Answer { status, head, body }
    }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let length = std::str::from_utf8(&rest[..end]).ok().and_then(|hex| usize::from_str_radix(hex.trim(), 16).ok());
        let Some(length) = length.filter(|length| *length > 0) else { break };
        whole.extend_from_slice(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 2 + length + 2..];
    }
    whole
}
