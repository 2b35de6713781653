//! Passkeys: the two ceremonies of WebAuthn, from the options that a browser is given to what it brings back.
//!
//! Each ceremony begins with a fresh challenge, which is kept here, good once and for five minutes. What is checked, and
//! why, stands in [`didymos_identity::webauthn`]; what a passkey opens, in [`didymos_twin::Keeper`].

use crate::auth::{aside, parameters, try_key, written};
use crate::http::{Gate, Shared};
use crate::problem::Problem;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use didymos_identity::webauthn::{self, ALGORITHMS, Assertion, Expected};
use didymos_identity::{Passkey, Secret32};
use didymos_twin::{Failure, FailureCode, PasskeyShown};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use zeroize::Zeroize;

/// Ceremonies under way; the oldest makes room.
const PENDING_MAX: usize = 32;
/// A ceremony that has not ended by then is over.
const PENDING_TIME_MAX: Duration = Duration::from_mins(5);

/// A ceremony under way.
struct Pending {
    challenge: [u8; 32],
    begun: Instant,
    purpose: Purpose,
}

enum Purpose {
    SignIn,
    /// For the session that began it.
    Register {
        session: blake3::Hash,
        user: [u8; 32],
        salt: [u8; 32],
    },
}

/// Challenges that were given out.
#[derive(Default)]
pub(crate) struct Ceremonies(Vec<Pending>);

impl Ceremonies {
    fn begin(&mut self, challenge: [u8; 32], purpose: Purpose, now: Instant) {
        self.0.retain(|pending| now.saturating_duration_since(pending.begun) < PENDING_TIME_MAX);
        if self.0.len() == PENDING_MAX {
            self.0.remove(0);
        }
        self.0.push(Pending { challenge, begun: now, purpose });
    }

    /// The ceremony that `challenge` began; it is used up.
    fn take(&mut self, challenge: [u8; 32], now: Instant) -> Option<Pending> {
        let at = self.0.iter().position(|pending| pending.challenge == challenge)?;
        let pending = self.0.remove(at);
        (now.saturating_duration_since(pending.begun) < PENDING_TIME_MAX).then_some(pending)
    }

    pub(crate) fn end_all(&mut self) {
        self.0.clear();
    }
}

/// Bytes as browsers write them in JSON.
struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        URL_SAFE_NO_PAD
            .decode(text.trim_end_matches('='))
            .map(Self)
            .map_err(|_| serde::de::Error::custom("not base64url"))
    }
}

impl JsonSchema for Bytes {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Bytes".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "contentEncoding": "base64url" })
    }
}

/// What `PublicKeyCredential.toJSON()` gives after `get`; further members are passed over.
#[derive(Deserialize, JsonSchema)]
struct SignedCredential {
    #[serde(rename = "rawId")]
    raw_id: Bytes,
    response: SignedResponse,
}

/// See [`SignedCredential`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SignedResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: Bytes,
    authenticator_data: Bytes,
    signature: Bytes,
    #[serde(default)]
    user_handle: Option<Bytes>,
}

/// What `PublicKeyCredential.toJSON()` gives after `create`; further members are passed over.
#[derive(Deserialize, JsonSchema)]
struct MadeCredential {
    #[serde(rename = "rawId")]
    raw_id: Bytes,
    response: MadeResponse,
}

/// See [`MadeCredential`].
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct MadeResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: Bytes,
    attestation_object: Bytes,
}

/// A passkey signs in.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyLogin {
    credential: SignedCredential,
    /// The first output of its PRF: 32 bytes, base64url.
    prf: Bytes,
}

/// A passkey was made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyRegister {
    credential: MadeCredential,
    /// The first output of its PRF: 32 bytes, base64url. Where making it gave none, ask the new passkey once with `get`.
    prf: Bytes,
    /// What the owner calls it.
    #[serde(default)]
    name: String,
}

/// Which passkey.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyWhich {
    id: Bytes,
}

/// The owner's passkeys.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Passkeys {
    passkeys: Vec<PasskeyShown>,
}

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/auth/passkey/login/begin", post(login_begin))
        .route("/auth/passkey/login/finish", post(login_finish))
        .route("/api/passkey/register/begin", post(register_begin))
        .route("/api/passkey/register/finish", post(register_finish))
        .route("/api/passkey/remove", post(remove))
        .route("/api/passkeys", get(list))
}

/// Where the browser is: host name and origin, as it says itself; the gate has checked both.
struct Place {
    rp_id: String,
    origin: String,
}

impl Place {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let host = text(header::HOST).unwrap_or_default();
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => host,
        };
        if name.parse::<IpAddr>().is_ok() || name.starts_with('[') || name.is_empty() {
            let words = "a passkey belongs to a name: open the twin under http://localhost instead of a number";
            return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid", words));
        }
        let origin = text(header::ORIGIN).map_or_else(|| format!("http://{host}"), str::to_owned);
        Ok(Self { rp_id: name.to_ascii_lowercase(), origin })
    }

    fn expected<'a>(&'a self, challenge: &'a [u8; 32]) -> Expected<'a> {
        Expected { challenge, origin: &self.origin, rp_id: &self.rp_id }
    }
}

/// How many passkeys open the twin under the host name that the browser uses.
pub(crate) fn count_here(passkeys: &[Passkey], headers: &HeaderMap) -> usize {
    let Ok(place) = Place::of(headers) else { return 0 };
    let here = place.expected(&[0; 32]).rp_id_hash();
    passkeys.iter().filter(|passkey| passkey.rp_id_hash == here).count()
}

fn random() -> Result<[u8; 32], Problem> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        let words = format!("the operating system gave no random numbers ({error}); try again");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "io", words)
    })?;
    Ok(bytes)
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn descriptors(passkeys: &[Passkey]) -> Vec<Value> {
    passkeys.iter().map(|passkey| json!({ "type": "public-key", "id": text(&passkey.credential) })).collect()
}

fn secret(prf: Bytes) -> Result<Secret32, Problem> {
    let mut bytes = prf.0;
    let secret = <[u8; 32]>::try_from(bytes.as_slice()).map(Secret32::from_bytes);
    bytes.zeroize();
    secret.map_err(|_| {
        let words = "the passkey gave no PRF output of 32 bytes, so it cannot unlock the twin: use another one, or the \
                     passphrase";
        Problem::new(StatusCode::BAD_REQUEST, "invalid", words)
    })
}

fn over() -> Failure {
    Failure::new(FailureCode::Denied, "this sign-in is over or was used already; begin again")
}

async fn login_begin(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Response, Problem> {
    let keeper = shared.asker.behind.keeper()?;
    let place = Place::of(&headers)?;
    let challenge = random()?;
    let here = place.expected(&challenge).rp_id_hash();
    let passkeys = aside(move || keeper.passkeys()).await?;
    let passkeys: Vec<Passkey> = passkeys.into_iter().filter(|passkey| passkey.rp_id_hash == here).collect();
    if passkeys.is_empty() {
        let words = "no passkey opens this twin under this host name: use the passphrase";
        return Err(Problem::new(StatusCode::NOT_FOUND, "not_found", words));
    }
    shared.gate.ceremonies().begin(challenge, Purpose::SignIn, Instant::now());
    let inputs: serde_json::Map<String, Value> =
        passkeys.iter().map(|passkey| (text(&passkey.credential), json!({ "first": text(&passkey.salt) }))).collect();
    written(&json!({
        "challenge": text(challenge),
        "timeout": PENDING_TIME_MAX.as_millis() as u64,
        "rpId": place.rp_id,
        "allowCredentials": descriptors(&passkeys),
        "userVerification": "required",
        "extensions": { "prf": { "evalByCredential": inputs } }
    }))
}

async fn login_finish(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let keeper = shared.asker.behind.keeper()?;
    let place = Place::of(&headers)?;
    let PasskeyLogin { credential, prf } = parameters(body).await?;
    let prf = secret(prf)?;
    let pending = take(&shared.gate, &credential.response.client_data);
    try_key(&shared, move || {
        let Some(Pending { challenge, purpose: Purpose::SignIn, .. }) = pending else { return Err(over()) };
        let id = credential.raw_id.0;
        let passkey = keeper.passkeys()?.into_iter().find(|passkey| passkey.credential == id).ok_or_else(|| {
            Failure::new(
                FailureCode::Denied,
                "this passkey does not open this twin; use another one, or the passphrase",
            )
        })?;
        let response = &credential.response;
        let brought = Assertion {
            client_data: &response.client_data.0,
            authenticator_data: &response.authenticator_data.0,
            signature: &response.signature.0,
            user: response.user_handle.as_ref().map(|user| user.0.as_slice()).filter(|user| !user.is_empty()),
        };
        let sign_count = webauthn::assert(&place.expected(&challenge), &passkey, &brought)
            .map_err(|error| Failure::new(FailureCode::Denied, error.to_string()))?;
        keeper.unlock_with_passkey(&id, &prf, sign_count)
    })
    .await
}

/// The ceremony that the client data belong to.
fn take(gate: &Gate, client_data: &Bytes) -> Option<Pending> {
    let challenge = webauthn::challenge_of(&client_data.0)?;
    gate.ceremonies().take(challenge, Instant::now())
}

fn session_of(gate: &Gate, headers: &HeaderMap) -> Result<blake3::Hash, Problem> {
    gate.brought(headers).map(|cookie| blake3::hash(cookie.as_bytes())).ok_or_else(Problem::no_session)
}

async fn register_begin(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Response, Problem> {
    let keeper = shared.asker.behind.keeper()?;
    let place = Place::of(&headers)?;
    let session = session_of(&shared.gate, &headers)?;
    let (challenge, user, salt) = (random()?, random()?, random()?);
    let (name, known) = aside(move || {
        let (_, name) = keeper.who()?;
        Ok((name.unwrap_or_else(|| "My twin".to_owned()), keeper.passkeys()?))
    })
    .await?;
    shared.gate.ceremonies().begin(challenge, Purpose::Register { session, user, salt }, Instant::now());
    let algorithms: Vec<Value> =
        ALGORITHMS.iter().map(|number| json!({ "type": "public-key", "alg": number })).collect();
    written(&json!({
        "challenge": text(challenge),
        "rp": { "id": place.rp_id, "name": "Didymos" },
        "user": { "id": text(user), "name": name, "displayName": name },
        "pubKeyCredParams": algorithms,
        "timeout": PENDING_TIME_MAX.as_millis() as u64,
        "excludeCredentials": descriptors(&known),
        "authenticatorSelection": {
            "residentKey": "preferred", "requireResidentKey": false, "userVerification": "required"
        },
        "attestation": "none",
        "extensions": { "prf": { "eval": { "first": text(salt) } } }
    }))
}

async fn register_finish(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let keeper = shared.asker.behind.keeper()?;
    let place = Place::of(&headers)?;
    let session = session_of(&shared.gate, &headers)?;
    let PasskeyRegister { credential, prf, name } = parameters(body).await?;
    let prf = secret(prf)?;
    let pending = take(&shared.gate, &credential.response.client_data);
    let done = aside(move || {
        let Some(Pending { challenge, purpose: Purpose::Register { session: begun_by, user, salt }, .. }) = pending
        else {
            return Err(over());
        };
        if begun_by != session {
            return Err(over());
        }
        let response = &credential.response;
        let expected = place.expected(&challenge);
        let made = webauthn::register(&expected, &response.client_data.0, &response.attestation_object.0)
            .map_err(|error| Failure::new(FailureCode::Invalid, error.to_string()))?;
        if made.credential != credential.raw_id.0 {
            return Err(Failure::new(FailureCode::Invalid, "the passkey's two ids differ; try again"));
        }
        let passkey = Passkey {
            credential: made.credential,
            public_key: made.public_key,
            rp_id_hash: expected.rp_id_hash().to_vec(),
            user: user.to_vec(),
            salt: salt.to_vec(),
            backup_eligible: made.backup_eligible,
            sign_count: made.sign_count,
        };
        let id = text(&passkey.credential);
        keeper.add_passkey(passkey, &prf, &name)?;
        let all = keeper.passkeys_named(&expected.rp_id_hash())?;
        all.into_iter().find(|shown| shown.id == id).ok_or_else(over)
    });
    written(&done.await?)
}

async fn list(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Response, Problem> {
    let keeper = shared.asker.behind.keeper()?;
    // Under a number there are no passkeys, but they may still be looked at.
    let here = Place::of(&headers).map(|place| place.expected(&[0; 32]).rp_id_hash()).unwrap_or_default();
    let passkeys = aside(move || keeper.passkeys_named(&here)).await?;
    written(&Passkeys { passkeys })
}

async fn remove(State(shared): State<Arc<Shared>>, body: Body) -> Result<Response, Problem> {
    let keeper = shared.asker.behind.keeper()?;
    let PasskeyWhich { id } = parameters(body).await?;
    aside(move || keeper.remove_passkey(&id.0)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_good_once_and_not_for_long() {
        let (mut ceremonies, now) = (Ceremonies::default(), Instant::now());
        ceremonies.begin([1; 32], Purpose::SignIn, now);
        assert!(ceremonies.take([2; 32], now).is_none());
        assert!(ceremonies.take([1; 32], now).is_some());
        assert!(ceremonies.take([1; 32], now).is_none(), "used up");
        ceremonies.begin([3; 32], Purpose::SignIn, now);
        assert!(ceremonies.take([3; 32], now + PENDING_TIME_MAX).is_none(), "too late");
        for i in 0..=PENDING_MAX as u8 {
            ceremonies.begin([100 + i; 32], Purpose::SignIn, now);
        }
        assert!(ceremonies.take([100; 32], now).is_none(), "the oldest made room");
        assert!(ceremonies.take([101; 32], now).is_some());
    }
}
