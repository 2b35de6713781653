//! A second process on the same machine: served through the socket, or refused.
#![cfg(unix)]

#[path = "real/mod.rs"]
mod real;

use didymos_gateway::socket::{Client, ConnectError, Frame, ListenError, SocketServer, decode_frame, listen};
use didymos_identity::{Secret32, Signature, SigningKey};
use didymos_twin::request::Import;
use didymos_twin::{Door, Failure, FailureCode, Principal, Progress, Request, Response};
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What the signature is for; any text does, as long as both sides use it.
const CONTEXT: &str = "didymos-gateway-socket-test";

fn sign(key: &SigningKey) -> impl Fn(&[u8]) -> Vec<u8> + Send + Sync + use<> {
    let key = key.clone();
    move |message| key.sign(CONTEXT, message).as_bytes().to_vec()
}

fn stranger() -> SigningKey {
    SigningKey::from_seed(&Secret32::from_bytes([9; 32]))
}

struct Served {
    home: real::Home,
    server: Option<SocketServer>,
    path: PathBuf,
}

impl Served {
    fn listen(home: &real::Home, path: &Path) -> Result<SocketServer, ListenError> {
        let principal = home.twin.principal();
        let device = home.twin.device_key().did().clone();
        let verify = move |message: &[u8], signature: &[u8]| {
            let signature = Signature(signature.try_into().ok()?);
            didymos_identity::verify(&device, CONTEXT, message, &signature).ok()?;
            Some(principal.clone())
        };
        let door = Arc::clone(&home.twin) as Arc<dyn Door>;
        listen(door, home.twin.did().clone(), Box::new(verify), path)
    }

    fn of(home: real::Home) -> Self {
        let path = home.folder.path().join("twin.sock");
        let server = Self::listen(&home, &path).expect("a socket");
        Self { home, server: Some(server), path }
    }

    fn connect(&self) -> Client {
        Client::connect(&self.path, &sign(self.home.twin.device_key())).expect("known")
    }

    fn ask(&self, client: &Client, request: Request) -> Result<Response, Failure> {
        client.ask(&self.home.twin.principal(), request, &mut on)
    }

    fn status(&self, client: &Client) -> Result<Response, Failure> {
        self.ask(client, Request::Status)
    }
}

fn served() -> Served {
    Served::of(real::empty())
}

fn on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn two_clients_are_served_at_the_same_time() {
    let served = Served::of(real::filled());
    let mode = std::fs::metadata(&served.path).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "other accounts cannot connect");
    let (one, other) = (served.connect(), served.connect());
    assert_eq!(one.owner(), served.home.twin.did());
    std::thread::scope(|scope| {
        for client in [&one, &other] {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert!(matches!(served.status(client), Ok(Response::Status(_))));
                }
            });
        }
    });
    let direct = served.home.twin.ask(&served.home.twin.principal(), Request::Streams, &mut on);
    assert!(matches!(&direct, Ok(Response::Streams(streams)) if streams.len() == 1), "{direct:?}");
    assert_eq!(served.ask(&one, Request::Streams), direct, "the same answer as at the door itself");
    let refused = one.ask(&Principal::Anonymous, Request::Status, &mut on).expect_err("not a device");
    assert_eq!(refused.code, FailureCode::Denied);
}

#[test]
fn progress_arrives_and_stop_is_heard() {
    let served = served();
    let client = served.connect();
    // Hundreds of megabytes of minutes: seconds of work, of which the first progress is the last.
    let many = served.home.folder.path().join("heartrate_minutes.csv");
    let one = std::fs::read(real::heart_rate()).expect("the sample");
    let head = one.iter().position(|byte| *byte == b'\n').expect("a header") + 1;
    let mut file = std::fs::File::create(&many).expect("a file");
    file.write_all(&one[..head]).expect("written");
    for _ in 0..100 {
        file.write_all(&one[head..]).expect("written");
    }
    let import = Request::Import(Import { paths: vec![many], ..Import::default() });
    let mut seen = 0;
    let stopped = client.ask(&served.home.twin.principal(), import, &mut |progress| {
        assert!(progress.done <= progress.of && progress.unit == "bytes", "{progress:?}");
        seen += 1;
        ControlFlow::Break(())
    });
    assert_eq!(stopped.expect_err("stopped").code, FailureCode::Stopped);
    assert_eq!(seen, 1, "after the word to stop nobody is asked again");
    assert!(served.status(&client).is_ok(), "the connection is good for the next question");
}

#[test]
fn a_wrong_signature_is_refused_in_words() {
    let served = served();
    match Client::connect(&served.path, &sign(&stranger())).err() {
        Some(ConnectError::Refused(failure)) => assert_eq!(failure.code, FailureCode::Denied),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_signature_is_good_for_one_connection() {
    let served = served();
    let (mut first, mut second) = (Raw::connect(&served), Raw::connect(&served));
    let (one, other) = (first.next().expect("hello"), second.next().expect("hello"));
    let (Frame::Hello { challenge, owner, .. }, Frame::Hello { challenge: another, .. }) = (one, other) else {
        panic!("hello comes first");
    };
    assert_ne!(challenge, another);
    let message = didymos_gateway::socket::to_sign(&challenge.0, &[9; 32], &owner);
    let prove = serde_json::json!({
        "frame": "prove",
        "nonce": base64(&[9; 32]),
        "signature": base64(&sign(served.home.twin.device_key())(&message)),
    });
    first.send(prove.to_string().as_bytes());
    assert_eq!(first.next(), Some(Frame::Welcome));
    second.send(prove.to_string().as_bytes());
    assert!(matches!(second.next(), Some(Frame::Failure { number: None, .. })), "a copied proof");
    assert_eq!(second.next(), None);
}

#[test]
fn frames_that_are_too_long_or_malformed_end_the_connection_and_nothing_else() {
    let served = served();
    for bytes in [
        u32::MAX.to_be_bytes().to_vec(),
        (1024 * 1024 + 1u32).to_be_bytes().to_vec(),
        framed(b"{"),
        framed(b"\xff\xfe"),
        framed(br#"{"frame":"dance"}"#),
        framed(br#"{"frame":"ask","number":1,"ask":{"request":"twin.status@1"}}"#),
        framed("[".repeat(100_000).as_bytes()),
    ] {
        let mut raw = Raw::connect(&served);
        assert!(matches!(raw.next(), Some(Frame::Hello { .. })));
        // The server may have hung up already, which is what is asked for.
        let _ = raw.stream.write_all(&bytes);
        match raw.next() {
            None | Some(Frame::Failure { .. }) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(raw.next(), None, "the end");
    }
    assert!(served.status(&served.connect()).is_ok(), "others are served as before");
}

#[test]
fn a_server_that_is_gone_is_an_io_failure() {
    let mut served = served();
    let client = served.connect();
    assert!(served.status(&client).is_ok());
    drop(served.server.take());
    assert!(!served.path.exists(), "no socket is left behind");
    assert_eq!(served.status(&client).expect_err("gone").code, FailureCode::Io);
    assert_eq!(served.status(&client).expect_err("still gone").code, FailureCode::Io);
    let again = Client::connect(&served.path, &sign(served.home.twin.device_key()));
    assert!(matches!(again, Err(ConnectError::NobodyThere(..))));
}

#[test]
fn a_socket_left_behind_is_replaced_and_anything_else_is_not() {
    let served = served();
    let again = |path: &Path| Served::listen(&served.home, path).err();
    assert!(matches!(again(&served.path), Some(ListenError::Taken(_))));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("twin.sock");
    std::fs::write(&path, "precious").expect("a file");
    assert!(matches!(again(&path), Some(ListenError::NotASocket(_))));
    std::fs::remove_file(&path).expect("removable");
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket that nobody serves"));
    assert!(again(&path).is_none());
    assert!(matches!(again(&folder.path().join("a".repeat(200))), Some(ListenError::PathTooLong(_))));
}

/// A client that says whatever it is told to.
struct Raw {
    stream: UnixStream,
    held: Vec<u8>,
}

impl Raw {
    fn connect(served: &Served) -> Self {
        let stream = UnixStream::connect(&served.path).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        Self { stream, held: Vec::new() }
    }

    fn send(&mut self, json: &[u8]) {
        self.stream.write_all(&framed(json)).expect("sent");
    }

    /// The next frame; `None` when the server has hung up.
    fn next(&mut self) -> Option<Frame> {
        let mut piece = [0; 4096];
        loop {
            if let Some((frame, taken)) = decode_frame(&self.held).expect("a frame") {
                self.held.drain(..taken);
                return Some(frame);
            }
            match self.stream.read(&mut piece) {
                Ok(0) => return None,
                Ok(read) => self.held.extend_from_slice(&piece[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

fn framed(json: &[u8]) -> Vec<u8> {
    let length = u32::try_from(json.len()).expect("short");
    [&length.to_be_bytes(), json].concat()
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
