//! Outside the door: how the twin stands, unlocking and locking it, setting it up, deleting it.
//!
//! These are acts on the keys, not on the data, so they are no requests of the door: before a twin is open there is no
//! door. All of them pass the same checks of `Host`, `Origin` and type as every other request, and whatever begins with
//! `/api/` needs a session.

use crate::http::{Shared, json, read};
use crate::passkey::count_here;
use crate::problem::Problem;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use didymos_base::Did;
use didymos_twin::{Failure, FailureCode, Keeper, Standing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use zeroize::Zeroizing;

/// How the twin of this server stands.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AuthState {
    /// `new` (no twin yet), `locked` (keys not in memory) or `open`.
    pub(crate) state: AuthStanding,
    /// Whether the caller has a live session.
    pub(crate) session: bool,
    /// Passkeys that can open the twin under this host name.
    pub(crate) passkeys: usize,
    /// Who the twin is; only for a session, while the twin is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) did: Option<Did>,
    /// What the owner is called; only for a session, while the twin is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
}

/// See [`Standing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuthStanding {
    /// There is no twin yet.
    New,
    /// Its keys are not in memory.
    Locked,
    /// Its keys are in memory.
    Open,
}

impl From<Standing> for AuthStanding {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::New => Self::New,
            Standing::Locked => Self::Locked,
            Standing::Open => Self::Open,
        }
    }
}

/// A text that is wiped when it was used.
pub(crate) struct Hidden(Zeroizing<String>);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|text| Self(Zeroizing::new(text)))
    }
}

impl JsonSchema for Hidden {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Hidden".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}

/// What unlocks.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unlock {
    /// The passphrase.
    passphrase: Hidden,
}

/// The 24 words of a twin to be.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SetupWords {
    /// In order.
    words: Vec<String>,
}

/// Words typed back.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetupCheck {
    /// Word by place, from 1 to 24; at least three of them.
    words: BTreeMap<u8, Hidden>,
}

/// The last step of a setup.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetupFinish {
    /// What the owner is called.
    name: String,
    /// A passphrase; without one the 24 words open the twin until a passkey does.
    #[serde(default)]
    passphrase: Option<Hidden>,
}

/// A twin that was made.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SetupDone {
    /// Who it is.
    did: Did,
}

/// The recovery phrase, typed to see whether it is still known.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PhraseCheck {
    /// All 24 words.
    phrase: Hidden,
}

/// Whether to delete everything.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Delete {
    /// The owner's name, or the twin's DID.
    confirm: String,
}

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/auth/state", get(state))
        .route("/auth/unlock", post(unlock))
        .route("/api/lock", post(lock))
        .route("/api/delete", post(delete))
        .route("/api/phrase/check", post(phrase_check))
        .route("/api/setup/begin", post(setup_begin))
        .route("/api/setup/check", post(setup_check))
        .route("/api/setup/finish", post(setup_finish))
}

/// The parameters that a body holds.
pub(crate) async fn parameters<T: serde::de::DeserializeOwned>(body: Body) -> Result<T, Problem> {
    let body = Zeroizing::new(Vec::from(read(body).await?));
    serde_json::from_slice(&body).map_err(|error| {
        // Where and what kind, never the text itself: it may hold a secret.
        let words = format!(
            "the body has to be JSON with this request's parameters (line {}, column {})",
            error.line(),
            error.column()
        );
        Problem::new(StatusCode::BAD_REQUEST, "invalid", words)
    })
}

/// An answer as JSON.
pub(crate) fn written(answer: &impl Serialize) -> Result<Response, Problem> {
    match serde_json::to_vec(answer) {
        Ok(text) => Ok(json(text)),
        Err(error) => {
            let words = format!("the answer cannot be written as JSON: {error}");
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "io", words))
        }
    }
}

/// Does blocking work beside the server's own threads.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Problem> {
    let Ok(done) = tokio::task::spawn_blocking(work).await else {
        let words = "the twin failed inside; what was committed is safe";
        return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "io", words));
    };
    done.map_err(Problem::from)
}

async fn state(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Response, Problem> {
    let behind = shared.asker.behind.clone();
    let session = shared.gate.is_in(&headers);
    let standing = behind.standing();
    let mut answer = AuthState { state: standing.into(), session, passkeys: 0, did: None, name: None };
    if let Ok(keeper) = behind.keeper() {
        let (passkeys, (did, name)) = aside(move || Ok((keeper.passkeys()?, who(&keeper, session)))).await?;
        answer.passkeys = count_here(&passkeys, &headers);
        (answer.did, answer.name) = (did, name);
    }
    written(&answer)
}

fn who(keeper: &Keeper, session: bool) -> (Option<Did>, Option<String>) {
    match keeper.who() {
        Ok((did, name)) if session => (Some(did), name),
        _ => (None, None),
    }
}

/// Tries a key. A wrong one is answered the later the more of them came before; few may wait at once.
pub(crate) async fn try_key(
    shared: &Shared,
    work: impl FnOnce() -> Result<(), Failure> + Send + 'static,
) -> Result<Response, Problem> {
    let gate = &shared.gate;
    let Ok(_slot) = gate.held_back.try_acquire() else {
        let words = "too many wrong tries: wait a minute and try again";
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "busy", words));
    };
    let tried = tokio::task::spawn_blocking(work).await;
    match tried {
        Ok(Ok(())) => {
            let cookie = gate.admit()?;
            Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
        }
        Ok(Err(failure)) => {
            if failure.code == FailureCode::Denied {
                let delay = gate.sessions().wrong_keys.count(Instant::now());
                tokio::time::sleep(delay).await;
            }
            Err(failure.into())
        }
        Err(_) => {
            let words = "the twin failed inside while unlocking; run `twin doctor`";
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "io", words))
        }
    }
}

async fn unlock(State(shared): State<Arc<Shared>>, body: Body) -> Result<Response, Problem> {
    let keeper = shared.asker.behind.keeper()?;
    let Unlock { passphrase } = parameters(body).await?;
    try_key(&shared, move || keeper.unlock(&passphrase.0)).await
}

async fn lock(State(shared): State<Arc<Shared>>) -> Result<Response, Problem> {
    let keeper = shared.asker.behind.keeper()?;
    // Nobody comes in while the last answers end.
    shared.gate.end_all();
    aside(move || {
        keeper.lock();
        Ok(())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn delete(State(shared): State<Arc<Shared>>, body: Body) -> Result<Response, Problem> {
    let keeper = shared.asker.behind.keeper()?;
    let Delete { confirm } = parameters(body).await?;
    aside(move || keeper.erase(&confirm)).await?;
    // Whoever was in was in the twin that is gone; only who deleted it may begin another one.
    shared.gate.end_all();
    let cookie = shared.gate.admit()?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

async fn phrase_check(State(shared): State<Arc<Shared>>, body: Body) -> Result<Response, Problem> {
    let keeper = shared.asker.behind.keeper()?;
    let PhraseCheck { phrase } = parameters(body).await?;
    aside(move || keeper.check_phrase(&phrase.0)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn setup_begin(State(shared): State<Arc<Shared>>) -> Result<Response, Problem> {
    let keeper = shared.asker.behind.keeper()?;
    let words = keeper.setup_words()?;
    written(&SetupWords { words: words.split(' ').map(str::to_owned).collect() })
}

async fn setup_check(State(shared): State<Arc<Shared>>, body: Body) -> Result<Response, Problem> {
    let keeper = shared.asker.behind.keeper()?;
    let SetupCheck { words } = parameters(body).await?;
    let words = words.into_iter().map(|(place, word)| (place, word.0)).collect();
    keeper.setup_check(&words)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn setup_finish(State(shared): State<Arc<Shared>>, body: Body) -> Result<Response, Problem> {
    let keeper = shared.asker.behind.keeper()?;
    let SetupFinish { name, passphrase } = parameters(body).await?;
    let did = aside(move || keeper.setup_finish(&name, passphrase.as_ref().map(|text| text.0.as_str()))).await?;
    written(&SetupDone { did })
}
