//! HTTP/1.1 onto the door: routing, sessions, and the bounds that keep one caller from starving the rest.

use crate::access::{Access, BodyKind, Unheard};
use crate::catalog::{self, Lane};
use crate::passkey::Ceremonies;
use crate::problem::Problem;
use crate::session::{NoRandomness, Sessions, new_token};
use crate::{ask, auth, delivery, openapi, page, passkey, upload};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// The longest path and query. The longest of ours is a link, 50 bytes.
const URI_BYTES_MAX: usize = 1024;
/// The longest request body. The longest of ours is a query, 300 bytes.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;
/// A body has to be here by then.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);
/// Wrong links whose answers are held back at the same time; more are refused unread.
const HELD_BACK_MAX: usize = 8;

/// The gatekeeper of one server: who may call, which links are open, who is in.
pub struct Gate {
    access: Access,
    local: SocketAddr,
    cookie: String,
    sessions: Mutex<Sessions>,
    pub(crate) held_back: Semaphore,
    ceremonies: Mutex<Ceremonies>,
}

impl Gate {
    /// A gatekeeper for a server that listens on `local`.
    #[must_use]
    pub fn new(local: SocketAddr, access: Access) -> Self {
        // Cookies know no ports: two twins on one machine need two names.
        let cookie = format!("twin_session_{}", local.port());
        Self {
            access,
            local,
            cookie,
            sessions: Mutex::default(),
            held_back: Semaphore::new(HELD_BACK_MAX),
            ceremonies: Mutex::default(),
        }
    }

    /// A new link that lets one browser in, once.
    pub fn new_url(&self) -> Result<String, NoRandomness> {
        let token = new_token()?;
        self.sessions().open_link(&token);
        // Passkeys belong to a name, never to a number.
        let here = self.local.ip().is_unspecified() || self.local.ip().to_canonical().is_loopback();
        let shown = if here { format!("localhost:{}", self.local.port()) } else { self.local.to_string() };
        Ok(format!("http://{shown}/enter/{token}"))
    }

    /// Ends every session and every open link.
    pub fn end_all(&self) {
        self.sessions().end_all();
        self.ceremonies().end_all();
    }

    pub(crate) fn ceremonies(&self) -> MutexGuard<'_, Ceremonies> {
        self.ceremonies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        // Nothing in there can be left half done by a panic.
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session token that the request brings, if it brings one.
    pub(crate) fn brought<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .find_map(|pair| {
                let (name, value) = pair.trim().split_once('=')?;
                (name == self.cookie).then_some(value)
            })
    }

    pub(crate) fn is_in(&self, headers: &HeaderMap) -> bool {
        self.brought(headers).is_some_and(|cookie| self.sessions().is_live(cookie, Instant::now()))
    }
}

impl Gate {
    /// Begins a session for somebody who has proved to be the owner, and returns the cookie that names it.
    pub(crate) fn admit(&self) -> Result<HeaderValue, Problem> {
        let token = fresh_token()?;
        self.sessions().admit(&token, Instant::now());
        self.cookie_of(&token)
    }

    fn cookie_of(&self, token: &str) -> Result<HeaderValue, Problem> {
        // No `Secure`: it would keep the cookie off plain http on loopback in some browsers.
        let cookie = format!("{}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000", self.cookie);
        HeaderValue::from_str(&cookie)
            .map_err(|_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "io", "the session could not be written down"))
    }
}

fn fresh_token() -> Result<String, Problem> {
    new_token().map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "io", error.to_string()))
}

/// What every handler sees.
pub(crate) struct Shared {
    pub(crate) gate: Arc<Gate>,
    pub(crate) asker: ask::Asker,
    /// Room for uploads.
    pub(crate) uploads: Semaphore,
}

/// All routes, behind all checks.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/enter/{token}", get(enter))
        .route("/api/openapi.json", get(describe))
        .route("/api/session/end", post(end_session))
        .merge(auth::routes())
        .merge(passkey::routes())
        .merge(upload::routes())
        .merge(delivery::routes())
        .route("/api/{name}", post(answer))
        .fallback(elsewhere)
        .method_not_allowed_fallback(|| async {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "refused", "this path answers another method")
        })
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard))
        .with_state(shared)
}

/// Hears a caller or not, and dresses every answer, refusals too.
async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let mut response = match check(&shared.gate, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    page::protect(response.headers_mut());
    response
}

fn check(gate: &Gate, request: &Request) -> Result<(), Problem> {
    let refused = |status, words: &str| Err(Problem::new(status, "refused", words));
    if request.uri().path_and_query().map_or(0, |uri| uri.as_str().len()) > URI_BYTES_MAX {
        return refused(StatusCode::URI_TOO_LONG, "this address is longer than any of this server's");
    }
    if ![Method::GET, Method::HEAD, Method::POST].contains(request.method()) {
        return refused(StatusCode::METHOD_NOT_ALLOWED, "only GET, HEAD and POST are answered here");
    }
    let kind = match request.uri().path() {
        upload::PATH => BodyKind::Bytes,
        delivery::PATH => BodyKind::Any,
        _ => BodyKind::Json,
    };
    match gate.access.hear(gate.local, request.method(), request.headers(), kind) {
        Ok(()) => {}
        Err(Unheard::Host) => {
            return refused(
                StatusCode::MISDIRECTED_REQUEST,
                "this server is not known by that host name: use the address that `twin up` prints",
            );
        }
        Err(Unheard::Origin) => return refused(StatusCode::FORBIDDEN, "requests from other sites' pages are refused"),
        Err(Unheard::ContentType) => {
            let words = format!("send the body as {}", kind.content_type());
            return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, &words);
        }
    }
    if request.uri().path().starts_with("/api/") && !gate.is_in(request.headers()) {
        return Err(Problem::no_session());
    }
    Ok(())
}

/// Turns a link into a session.
async fn enter(
    State(shared): State<Arc<Shared>>,
    method: Method,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // A link is used up by a person who opens it: not by a preview, a prefetch or an image on some page.
    let looked_ahead = headers.contains_key("sec-purpose") || headers.contains_key("purpose");
    let embedded = headers.get("sec-fetch-dest").is_some_and(|dest| dest != "document");
    if method == Method::HEAD || looked_ahead || embedded {
        return Err(Problem::new(StatusCode::FORBIDDEN, "refused", "open this link in a browser window of its own"));
    }
    let gate = &shared.gate;
    let Ok(_slot) = gate.held_back.try_acquire() else {
        return Err(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "busy",
            "too many wrong links: wait a minute and try again",
        ));
    };
    let cookie = fresh_token()?;
    let entered = gate.sessions().enter(&token, &cookie, Instant::now());
    if let Err(delay) = entered {
        tokio::time::sleep(delay).await;
        let mut response = page::file("/", &headers).unwrap_or_default();
        // The page itself says that there is no session; a person sees words, not JSON.
        *response.status_mut() = StatusCode::FORBIDDEN;
        return Ok(response);
    }
    let value = gate.cookie_of(&cookie)?;
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response();
    response.headers_mut().insert(header::SET_COOKIE, value);
    Ok(response)
}

async fn end_session(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let gate = &shared.gate;
    if let Some(cookie) = gate.brought(&headers) {
        gate.sessions().end(cookie);
    }
    let gone = format!("{}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0", gate.cookie);
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Ok(value) = HeaderValue::from_str(&gone) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

async fn describe(State(shared): State<Arc<Shared>>) -> Response {
    json(openapi::document(&shared.gate.cookie).to_string())
}

async fn answer(State(shared): State<Arc<Shared>>, Path(name): Path<String>, body: Body) -> Result<Response, Problem> {
    let Some(entry) = catalog::find(&name) else {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is no such request; /api/openapi.json lists them all",
        ));
    };
    if entry.lane == Lane::Closed {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "refused",
            format!("{name} names paths of the twin's own machine and is not taken over HTTP: use the `twin` command"),
        ));
    }
    let body = read(body).await?;
    let request = ask::parse(entry, &body)?;
    shared.asker.ask(entry.lane, request).await.map(json)
}

pub(crate) async fn read(body: Body) -> Result<Bytes, Problem> {
    let too_large = || {
        let words = format!("the body broke off or is longer than {} KiB", BODY_BYTES_MAX / 1024);
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", words)
    };
    // What is announced too long need not come.
    if axum::body::HttpBody::size_hint(&body).lower() > BODY_BYTES_MAX as u64 {
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_TIME_MAX, axum::body::to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(too_large()),
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "the body did not arrive in time")),
    }
}

async fn elsewhere(method: Method, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    if method == Method::POST {
        return Err(Problem::not_found());
    }
    page::file(uri.path(), &headers).ok_or_else(Problem::not_found)
}

pub(crate) fn json(text: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text.into()).into_response()
}
