//! A server on a free port and the smallest client that can be rude to it.

use crate::real;
use didymos_gateway::{Access, Server};
use didymos_twin::Door;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// A running server with a real twin behind it.
pub(crate) struct Site {
    pub(crate) server: Server,
    _home: real::Home,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// The path in a link.
pub(crate) fn path_of(url: &str) -> &str {
    url.find("/enter/").map_or(url, |at| &url[at..])
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::of(real::empty())
    }

    pub(crate) fn of(home: real::Home) -> Self {
        let addr = SocketAddr::from(([127, 0, 0, 1], 0));
        let (door, principal) = (Arc::clone(&home.twin) as Arc<dyn Door>, home.twin.principal());
        let server = Server::start(door, principal, addr, Access::default()).expect("a server");
        Self { server, _home: home }
    }

    pub(crate) fn link(&self) -> String {
        path_of(self.server.url()).to_owned()
    }

    pub(crate) fn cookie_name(&self) -> String {
        format!("twin_session_{}", self.server.addr().port())
    }

    /// Opens the first link; returns the cookie as it is sent back.
    pub(crate) fn enter(&self) -> String {
        self.enter_by(&self.link())
    }

    pub(crate) fn enter_by(&self, path: &str) -> String {
        let reply = self.get(path, &[]);
        assert_eq!(reply.status, 303);
        let set = reply.header("set-cookie").expect("a cookie");
        set.split(';').next().expect("name=value").to_owned()
    }

    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.send("GET", path, headers, "")
    }

    pub(crate) fn post(&self, name: &str, body: &str, headers: &[(&str, &str)]) -> Reply {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.send("POST", &format!("/api/{name}"), &all, body)
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        use std::fmt::Write as _;
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.server.addr());
        for (name, value) in headers {
            write!(text, "{name}: {value}\r\n").expect("into a string");
        }
        if !body.is_empty() {
            write!(text, "content-length: {}\r\n", body.len()).expect("into a string");
        }
        self.raw(&(text + "\r\n" + body))
    }

    /// Sends exactly this and reads one answer.
    pub(crate) fn raw(&self, text: &str) -> Reply {
        let mut stream = TcpStream::connect(self.server.addr()).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        // A server that refuses early may hang up while we are still sending.
        let _ = stream.write_all(text.as_bytes());
        let mut all = Vec::new();
        let mut piece = [0; 4096];
        loop {
            if let Some(reply) = Reply::parse(&all, text.starts_with("HEAD ")) {
                return reply;
            }
            match stream.read(&mut piece) {
                Ok(0) | Err(_) => panic!("no whole answer: {:?}", String::from_utf8_lossy(&all)),
                Ok(read) => all.extend_from_slice(&piece[..read]),
            }
        }
    }
}

impl Reply {
    fn parse(bytes: &[u8], bodiless: bool) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).expect("text");
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().expect("a status");
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let reply = Self { status, headers, body: bytes[end + 4..].to_vec() };
        let length: usize = reply.header("content-length").map_or(0, |length| length.parse().expect("a number"));
        (bodiless || reply.body.len() >= length).then_some(reply)
    }

    /// The header, if it is there once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter().filter(|(known, _)| known == name);
        let (_, value) = all.next()?;
        assert!(all.next().is_none(), "{name} is there twice");
        Some(value)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}
