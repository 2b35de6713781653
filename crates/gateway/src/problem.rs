//! What a caller gets instead of an answer: a status, a stable code and words that say what to do next.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use didymos_twin::{Failure, FailureCode};

/// The body of every answer that is not one.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Problem {
    /// Stable for programs: a failure code of the door (`denied`, `invalid`, `not_found`, `busy`, `stopped`, `damaged`,
    /// `io`, `locked`), or `no_session`, `refused`, `too_large`, `too_slow`.
    pub code: String,
    /// What happened and what to do next, in words for the owner.
    pub message: String,
    /// HTTP status that goes with it.
    #[serde(skip)]
    pub(crate) status: u16,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), status: status.as_u16() }
    }

    pub(crate) fn no_session() -> Self {
        let words = "no live session: open the link that `twin up` prints; each link works once";
        Self::new(StatusCode::UNAUTHORIZED, "no_session", words)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "nothing is served at this path")
    }

    pub(crate) fn busy() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "too many requests are waiting; try again in a moment")
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let (status, code) = match failure.code {
            FailureCode::Denied => (StatusCode::FORBIDDEN, "denied"),
            FailureCode::Invalid => (StatusCode::BAD_REQUEST, "invalid"),
            FailureCode::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            FailureCode::Busy => (StatusCode::CONFLICT, "busy"),
            FailureCode::Stopped => (StatusCode::CONFLICT, "stopped"),
            FailureCode::Damaged => (StatusCode::INTERNAL_SERVER_ERROR, "damaged"),
            FailureCode::Io => (StatusCode::INTERNAL_SERVER_ERROR, "io"),
            FailureCode::Locked => (StatusCode::LOCKED, "locked"),
        };
        Self::new(status, code, failure.message)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, axum::http::HeaderValue::from_static("2"));
        }
        response
    }
}
