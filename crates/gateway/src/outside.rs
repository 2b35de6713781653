//! What is asked outside the door, in one table for documentation: sessions, keys, setup, uploads.

use crate::auth::{AuthState, Delete, PhraseCheck, SetupCheck, SetupDone, SetupFinish, SetupWords, Unlock};
use crate::passkey::{PasskeyLogin, PasskeyRegister, PasskeyWhich, Passkeys};
use crate::upload::{UploadRemove, Uploaded};
use didymos_twin::PasskeyShown;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What a body is.
enum Sends {
    Nothing,
    Json(SchemaOf),
    /// A file; the address names it.
    File,
    /// A file from a live source; the address may name it, and the header brings a token.
    Delivery,
}

struct Route {
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    sends: Sends,
    /// Nothing: 204.
    answer: Option<SchemaOf>,
}

fn of<T: JsonSchema>(from: &mut SchemaGenerator) -> Schema {
    from.subschema_for::<T>()
}

fn options(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "description": "Options for `navigator.credentials`, as WebAuthn Level 3 writes them in JSON" })
}

fn any(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
}

const fn get(path: &'static str, summary: &'static str, answer: SchemaOf) -> Route {
    Route { method: "get", path, summary, sends: Sends::Nothing, answer: Some(answer) }
}

const fn post(path: &'static str, summary: &'static str, sends: Sends, answer: Option<SchemaOf>) -> Route {
    Route { method: "post", path, summary, sends, answer }
}

use Sends::{Delivery, File, Json, Nothing};

const ROUTES: &[Route] = &[
    get("/auth/state", "How the twin stands, and whether the caller has a session. Needs none.", of::<AuthState>),
    post(
        "/auth/unlock",
        "Opens the twin with the passphrase, and begins a session. Needs none.",
        Json(of::<Unlock>),
        None,
    ),
    post(
        "/auth/passkey/login/begin",
        "Options for `navigator.credentials.get`, with PRF inputs. Needs no session.",
        Nothing,
        Some(options),
    ),
    post(
        "/auth/passkey/login/finish",
        "Opens the twin with a passkey, and begins a session. Needs none.",
        Json(of::<PasskeyLogin>),
        None,
    ),
    post("/api/lock", "Wipes the keys from memory and ends every session.", Nothing, None),
    post("/api/session/end", "Ends this session.", Nothing, None),
    get("/api/passkeys", "The owner's passkeys.", of::<Passkeys>),
    post(
        "/api/passkey/register/begin",
        "Options for `navigator.credentials.create`, with a PRF input.",
        Nothing,
        Some(options),
    ),
    post(
        "/api/passkey/register/finish",
        "Makes a new passkey a key of the twin.",
        Json(of::<PasskeyRegister>),
        Some(of::<PasskeyShown>),
    ),
    post("/api/passkey/remove", "Removes a passkey; the last key stays.", Json(of::<PasskeyWhich>), None),
    post(
        "/api/phrase/check",
        "Whether these are the twin's 24 words; if so, the day is kept.",
        Json(of::<PhraseCheck>),
        None,
    ),
    post("/api/setup/begin", "The 24 words of a new twin; asked again, the same.", Nothing, Some(of::<SetupWords>)),
    post("/api/setup/check", "Compares words that were typed back.", Json(of::<SetupCheck>), None),
    post("/api/setup/finish", "Makes the twin.", Json(of::<SetupFinish>), Some(of::<SetupDone>)),
    post("/api/upload", "Receives a file; its import begins when its turn comes.", File, Some(of::<Uploaded>)),
    post(
        "/api/upload/remove",
        "Removes an upload that waits or failed, or stops its import.",
        Json(of::<UploadRemove>),
        None,
    ),
    post("/api/delete", "Erases the twin from this machine. Copies elsewhere stay.", Json(of::<Delete>), None),
    post(
        "/deliver",
        "Receives a file from a live source that brings a token of `tokens.create@1`; needs no session.",
        Delivery,
        Some(of::<Uploaded>),
    ),
    get("/api/openapi.json", "This document.", any),
];

/// Adds the routes to a document's paths.
pub(crate) fn describe(paths: &mut Map<String, Value>, taken: &mut SchemaGenerator, given: &mut SchemaGenerator) {
    for route in ROUTES {
        let mut responses = Map::new();
        match route.answer {
            Some(answer) => {
                let answer = json!({ "application/json": { "schema": answer(given) } });
                responses.insert("200".into(), json!({ "description": "The answer", "content": answer }));
            }
            None => {
                responses.insert("204".into(), json!({ "description": "Done" }));
            }
        }
        for status in ["400", "401", "403", "404", "409", "415", "423", "429", "500"] {
            responses.insert(status.into(), json!({ "$ref": "#/components/responses/Problem" }));
        }
        let mut operation = json!({
            "operationId": route.path.trim_start_matches('/').replace(['/', '.'], "_"),
            "tags": ["session"], "summary": route.summary, "responses": responses
        });
        if route.path.starts_with("/auth/") {
            operation["security"] = json!([]);
        }
        let json_body =
            |schema: Value| json!({ "required": true, "content": { "application/json": { "schema": schema } } });
        match route.sends {
            Nothing if route.method == "get" => {}
            Nothing => operation["requestBody"] = json_body(json!({ "type": "object", "additionalProperties": false })),
            Json(schema) => operation["requestBody"] = json_body(schema(taken).to_value()),
            File | Delivery => {
                let delivery = matches!(route.sends, Delivery);
                if delivery {
                    operation["security"] = json!([{ "token": [] }]);
                }
                let all = [("name", !delivery), ("zone", false), ("batch", false)];
                operation["parameters"] = all[..if delivery { 2 } else { 3 }]
                    .iter()
                    .map(|(name, required)| {
                        json!({ "name": name, "in": "query", "required": required, "schema": { "type": "string" } })
                    })
                    .collect();
                let bytes = json!({ "type": "string", "contentMediaType": "application/octet-stream" });
                operation["requestBody"] =
                    json!({ "required": true, "content": { "application/octet-stream": { "schema": bytes } } });
            }
        }
        paths.insert(route.path.into(), json!({ route.method: operation }));
    }
}
