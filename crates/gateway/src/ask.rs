//! From an HTTP body to the door and back: the door blocks, so it is asked on threads made for that, a few at once.

use crate::behind::Behind;
use crate::catalog::{Entry, Lane};
use crate::problem::Problem;
use axum::http::StatusCode;
use didymos_twin::Request;
use serde_json::{Map, Value};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Quick requests answered at the same time: enough to keep two cores busy while one waits for the disk.
const QUICK_MAX: usize = 4;
/// Requests that wait for news or for other twins at the same time: each window of the app holds one open.
const PATIENT_MAX: usize = 32;
/// Requests that may wait for their turn.
const WAITING_MAX: usize = 64;
/// The longest wait for a turn.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// Asks the door on behalf of the owner.
pub(crate) struct Asker {
    pub(crate) behind: Behind,
    quick: Arc<Semaphore>,
    patient: Arc<Semaphore>,
    long: Arc<Semaphore>,
    waiting: AtomicUsize,
    closing: Arc<AtomicBool>,
}

/// Tells the work that whoever asked for it is gone.
struct Gone(Arc<AtomicBool>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Counts one who waits.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Asker {
    pub(crate) fn new(behind: Behind) -> Self {
        Self {
            behind,
            quick: Arc::new(Semaphore::new(QUICK_MAX)),
            patient: Arc::new(Semaphore::new(PATIENT_MAX)),
            long: Arc::new(Semaphore::new(1)),
            waiting: AtomicUsize::new(0),
            closing: Arc::default(),
        }
    }

    /// Asks whatever runs to stop, and stops whatever comes.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// The answer as JSON text. Work that nobody waits for any more is asked to stop.
    pub(crate) async fn ask(&self, lane: Lane, request: Request) -> Result<Vec<u8>, Problem> {
        let turn = match lane {
            Lane::Quick => {
                let waiting = Waiting(&self.waiting);
                if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING_MAX {
                    return Err(Problem::busy());
                }
                let turn = tokio::time::timeout(WAIT_MAX, Arc::clone(&self.quick).acquire_owned()).await;
                drop(waiting);
                turn.ok().and_then(Result::ok).ok_or_else(Problem::busy)?
            }
            Lane::Patient => Arc::clone(&self.patient).try_acquire_owned().map_err(|_| Problem::busy())?,
            Lane::Long | Lane::Closed => Arc::clone(&self.long).try_acquire_owned().map_err(|_| {
                let words =
                    format!("{} waits: other long work is under way; try again when it is done", request.name());
                Problem::new(StatusCode::CONFLICT, "busy", words)
            })?,
        };
        let (door, principal) = self.behind.door()?;
        let (closing, gone) = (Arc::clone(&self.closing), Arc::new(AtomicBool::new(false)));
        let _here = Gone(Arc::clone(&gone));
        let work = tokio::task::spawn_blocking(move || {
            // The turn ends with the work, not with the caller's patience.
            let _turn = turn;
            let mut watch = |_| {
                let over = gone.load(Ordering::Relaxed) || closing.load(Ordering::Relaxed);
                if over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let response = door.ask(&principal, request, &mut watch)?;
            serde_json::to_vec(&response).map_err(|error| {
                Problem::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "io",
                    format!("the answer cannot be written as JSON: {error}"),
                )
            })
        });
        work.await.unwrap_or_else(|_| {
            let words = "the twin failed inside while answering; run `twin doctor`";
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "io", words))
        })
    }
}

/// The request that `body` holds the parameters of.
pub(crate) fn parse(entry: &Entry, body: &[u8]) -> Result<Request, Problem> {
    let invalid = |words: String| Problem::new(StatusCode::BAD_REQUEST, "invalid", words);
    let mut map: Map<String, Value> = match body {
        [] => Map::new(),
        _ => serde_json::from_slice(body)
            .map_err(|error| invalid(format!("the body has to be a JSON object with the parameters: {error}")))?,
    };
    if map.contains_key("request") {
        return Err(invalid("the path names the request; leave `request` out of the body".into()));
    }
    if entry.params.is_none() && !map.is_empty() {
        return Err(invalid(format!("{} takes no parameters: send {{}}", entry.name)));
    }
    map.insert("request".into(), entry.name.into());
    serde_json::from_value(Value::Object(map)).map_err(|error| invalid(format!("{}: {error}", entry.name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;
    use didymos_twin::request::View;

    fn parsed(name: &str, body: &str) -> Result<Request, Problem> {
        parse(catalog::find(name).expect("in the catalog"), body.as_bytes())
    }

    #[test]
    fn parameters_become_the_request_that_the_path_names() {
        let view = View { stream: "steps".parse().expect("a stream"), from: 0, to: 10, points: 60 };
        let body = r#"{"stream":"steps","from":0,"to":10,"points":60}"#;
        assert_eq!(parsed("timeline.view@1", body), Ok(Request::View(view)));
        assert_eq!(parsed("twin.status@1", ""), Ok(Request::Status));
        assert_eq!(parsed("twin.status@1", " {} "), Ok(Request::Status));
    }

    #[test]
    fn anything_else_is_refused_with_words() {
        for (name, body) in [
            ("twin.status@1", r#"{"request":"journal.repair@1"}"#),
            ("twin.status@1", r#"{"x":1}"#),
            ("twin.status@1", "[]"),
            ("twin.status@1", "null"),
            ("timeline.view@1", "{}"),
            ("timeline.view@1", r#"{"stream":"Steps","from":0,"to":10,"points":60}"#),
            ("timeline.view@1", r#"{"stream":"steps","from":0,"to":10,"points":60,"more":1}"#),
            ("timeline.view@1", &"[".repeat(60_000)),
        ] {
            let problem = parsed(name, body).expect_err(name);
            assert_eq!((problem.code.as_str(), problem.status), ("invalid", 400), "{name} {body:.40}");
            assert!(problem.message.len() > 20 && problem.message.len() < 400, "{}", problem.message);
        }
    }
}
