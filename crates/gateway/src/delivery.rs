//! Files from live sources: programs and devices of the owner's that deliver by themselves, with a token for a session.
//!
//! A token is sent in a header that no other site's page can set, so cookies play no part here and any type of body is
//! taken. What comes in is received, sealed and imported like an upload, in the source's name and not in the owner's.

use crate::access::single;
use crate::auth::aside;
use crate::http::Shared;
use crate::problem::Problem;
use crate::upload::receive;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::post;
use didymos_twin::FailureCode;
use std::sync::Arc;
use std::time::Instant;
use zeroize::Zeroizing;

/// The path that live sources post to: `POST /deliver?name=today.csv`, with `Authorization: Bearer TOKEN`.
pub(crate) const PATH: &str = "/deliver";

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new().route(PATH, post(deliver))
}

/// What the address says of the file; all of it may be left out.
fn asked(uri: &Uri) -> Result<(Option<String>, Option<String>), Problem> {
    let (mut name, mut zone) = (None, None);
    for (key, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        match &*key {
            "name" => name = Some(value.into_owned()),
            "zone" => zone = Some(value.into_owned()),
            _ => {
                let words = "a delivery is told `name` and `zone`, and nothing else";
                return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid", words));
            }
        }
    }
    Ok((name, zone))
}

async fn deliver(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let token = single(&headers, &header::AUTHORIZATION)
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| Zeroizing::new(token.to_owned()));
    let Some(token) = token else {
        let words = "say who delivers: `Authorization: Bearer`, and a token from the settings or `twin token create`";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "no_session", words));
    };
    let keeper = shared.asker.behind.keeper()?;
    let (name, zone) = asked(&uri)?;
    let Ok(_slot) = shared.uploads.try_acquire() else { return Err(Problem::busy()) };
    let begun = Arc::clone(&keeper);
    let begun = aside(move || Ok(begun.begin_delivery(&token, name.as_deref(), zone.as_deref()))).await?;
    let receiving = match begun {
        Ok(receiving) => receiving,
        Err(failure) if failure.code == FailureCode::Denied => {
            let Ok(_slot) = shared.gate.held_back.try_acquire() else { return Err(Problem::busy()) };
            let delay = shared.gate.sessions().wrong_tokens.count(Instant::now());
            tokio::time::sleep(delay).await;
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "denied", failure.message));
        }
        Err(failure) => return Err(failure.into()),
    };
    receive(receiving, body, &keeper).await
}
