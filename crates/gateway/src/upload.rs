//! Files from the browser: streamed into the sealed spool as they come, a piece at a time.
//!
//! A body may be as long as the disk has room, so it is neither counted nor gathered. What breaks off is removed; what
//! has come to its end is durable before the answer goes out, and is imported when its turn comes.

use crate::auth::{aside, parameters, written};
use crate::http::Shared;
use crate::problem::Problem;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use didymos_twin::{Failure, FailureCode, Keeper, Receiving};
use http_body_util::BodyExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// The path whose body is a file's bytes.
pub(crate) const PATH: &str = "/api/upload";
/// Uploads at the same time; a browser sends up to six.
pub(crate) const UPLOADS_MAX: usize = 6;
/// The next piece has to be here by then.
const PIECE_TIME_MAX: Duration = Duration::from_secs(30);
/// How often a body that stands still is asked whether the twin is being locked, which waits for nobody.
const TICK: Duration = Duration::from_millis(250);
/// Pieces that wait for the disk.
const PIECES: usize = 16;

/// An upload that was received.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Uploaded {
    /// Its id, as `imports.list@1` tells it until it is imported.
    job: String,
}

/// Which upload.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadRemove {
    /// Its id.
    job: String,
}

const LOCKED: &str = "the twin was locked, and what was not received to its end is removed: unlock it and try again";

/// What the address says of the file.
#[derive(Default)]
struct Asked {
    name: String,
    batch: Option<String>,
    zone: Option<String>,
}

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new().route(PATH, post(upload)).route("/api/upload/remove", post(remove))
}

fn asked(uri: &Uri) -> Result<Asked, Problem> {
    let mut asked = Asked::default();
    for (key, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        match &*key {
            "name" => asked.name = value.into_owned(),
            "batch" => asked.batch = Some(value.into_owned()),
            "zone" => asked.zone = Some(value.into_owned()),
            _ => {
                let words = "an upload is told `name`, `batch` and `zone`, and nothing else";
                return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid", words));
            }
        }
    }
    Ok(asked)
}

enum Piece {
    Bytes(Bytes),
    End,
}

async fn upload(State(shared): State<Arc<Shared>>, uri: Uri, body: Body) -> Result<Response, Problem> {
    let keeper = shared.asker.behind.keeper()?;
    let Asked { name, batch, zone } = asked(&uri)?;
    let Ok(_slot) = shared.uploads.try_acquire() else { return Err(Problem::busy()) };
    let begun = Arc::clone(&keeper);
    let receiving = aside(move || begun.begin_upload(&name, batch.as_deref(), zone.as_deref())).await?;
    receive(receiving, body, &keeper).await
}

/// Receives a body to its end.
pub(crate) async fn receive(receiving: Receiving, body: Body, keeper: &Keeper) -> Result<Response, Problem> {
    let (to, from) = mpsc::channel(PIECES);
    let writing = tokio::spawn(aside(move || write(receiving, from)));
    let received = pass_on(body, to, keeper).await;
    let written_down = writing.await.unwrap_or_else(|_| {
        Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "io", "the upload failed inside; try again"))
    });
    received?;
    match written_down? {
        Some(job) => written(&Uploaded { job }),
        None => Err(broken_off()),
    }
}

/// Passes a body on as it comes. The writer that stops listening has a reason, which it tells itself.
async fn pass_on(mut body: Body, to: mpsc::Sender<Piece>, keeper: &Keeper) -> Result<(), Problem> {
    let mut stood_still = Duration::ZERO;
    loop {
        let piece = match tokio::time::timeout(TICK, body.frame()).await {
            Ok(None) => Piece::End,
            Ok(Some(Ok(frame))) => match frame.into_data() {
                Ok(bytes) => Piece::Bytes(bytes),
                Err(_) => continue,
            },
            Ok(Some(Err(_))) => return Err(broken_off()),
            Err(_) if keeper.is_locking() => return Err(Failure::new(FailureCode::Locked, LOCKED).into()),
            Err(_) if stood_still < PIECE_TIME_MAX => {
                stood_still += TICK;
                continue;
            }
            Err(_) => {
                let words = "the upload stood still for too long and was removed; try again";
                return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "too_slow", words));
            }
        };
        stood_still = Duration::ZERO;
        let ends = matches!(piece, Piece::End);
        if to.send(piece).await.is_err() || ends {
            return Ok(());
        }
    }
}

fn broken_off() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid", "the upload broke off and was removed; try again")
}

/// Writes pieces until the end; without one the file is removed.
fn write(mut receiving: Receiving, mut from: mpsc::Receiver<Piece>) -> Result<Option<String>, Failure> {
    while let Some(piece) = from.blocking_recv() {
        match piece {
            Piece::Bytes(bytes) => receiving.write(&bytes)?,
            Piece::End => return receiving.finish().map(Some),
        }
    }
    Ok(None)
}

async fn remove(State(shared): State<Arc<Shared>>, body: Body) -> Result<Response, Problem> {
    let keeper = shared.asker.behind.keeper()?;
    let UploadRemove { job } = parameters(body).await?;
    aside(move || keeper.remove_upload(&job)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
