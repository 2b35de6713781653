//! The API's own description: `OpenAPI` 3.1, generated from the door's types, so that it cannot say anything else.

use crate::catalog::{CATALOG, Entry, Lane};
use crate::outside;
use crate::problem::Problem;
use didymos_twin::Request;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

/// The document for a server whose session cookie has this name.
#[must_use]
pub fn document(cookie: &str) -> Value {
    // A type with defaults has two schemas: what may come in, and what goes out.
    let settings = || SchemaSettings::draft2020_12().with(|s| s.definitions_path = "/components/schemas".into());
    let mut taken = settings().for_deserialize().into_generator();
    let mut given = settings().for_serialize().into_generator();

    let problem = given.subschema_for::<Problem>();
    let words = descriptions();
    let mut paths = Map::new();
    for entry in CATALOG {
        let summary = words.get(entry.name).cloned().unwrap_or_default();
        paths.insert(format!("/api/{}", entry.name), path(entry, &summary, &mut taken, &mut given));
    }
    outside::describe(&mut paths, &mut taken, &mut given);

    let mut schemas = taken.take_definitions(true);
    for (name, schema) in given.take_definitions(true) {
        schemas.entry(name).or_insert(schema);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Didymos",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT" },
            "description": "What can be asked of a twin. Each path is one request of its door, named with its version; \
                the body holds the request's parameters. Times in charts are milliseconds on the owner's wall clock."
        },
        "servers": [{ "url": "/", "description": "The twin that served this document" }],
        "security": [{ "session": [] }],
        "tags": [{ "name": "door", "description": "The twin's requests" }, { "name": "session", "description": "Of this server" }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "session": {
                    "type": "apiKey", "in": "cookie", "name": cookie,
                    "description": "Set by a one-time link of `twin up`, by the passphrase or by a passkey"
                },
                "token": {
                    "type": "http", "scheme": "bearer",
                    "description": "A live source's token of `tokens.create@1`, which may deliver files and nothing else"
                }
            },
            "schemas": schemas,
            "responses": {
                "Problem": {
                    "description": "No answer; the code and the message say why and what to do next",
                    "content": { "application/json": { "schema": problem } }
                }
            }
        }
    })
}

fn path(entry: &Entry, summary: &str, taken: &mut SchemaGenerator, given: &mut SchemaGenerator) -> Value {
    let refused = json!({ "$ref": "#/components/responses/Problem" });
    let mut responses = Map::new();
    for status in ["400", "401", "403", "404", "409", "413", "415", "423", "500", "503"] {
        responses.insert(status.into(), refused.clone());
    }
    let mut description = summary.to_owned();
    let answer = (entry.answer)(given);
    if entry.lane == Lane::Closed {
        description.push_str(
            "\n\nNot over HTTP: it names paths of the twin's own machine, so it is always refused here with 403. \
             Use the `twin` command.",
        );
    } else {
        responses.insert(
            "200".into(),
            json!({ "description": "The answer", "content": { "application/json": { "schema": answer } } }),
        );
    }
    let params = match entry.params {
        Some(params) => params(taken).to_value(),
        None => json!({ "type": "object", "additionalProperties": false }),
    };
    json!({
        "post": {
            "operationId": entry.name.replace('.', "_").replace('@', "_v"),
            "tags": ["door"],
            "summary": summary,
            "description": description,
            "requestBody": { "required": true, "content": { "application/json": { "schema": params } } },
            "responses": responses
        }
    })
}

/// What the door's own documentation says of each request.
fn descriptions() -> std::collections::BTreeMap<String, String> {
    let schema = schemars::schema_for!(Request).to_value();
    let variants = schema.get("oneOf").and_then(Value::as_array).cloned().unwrap_or_default();
    variants
        .iter()
        .filter_map(|variant| {
            let name = variant.pointer("/properties/request/const")?.as_str()?;
            let words = variant.get("description")?.as_str()?;
            Some((name.to_owned(), words.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refs(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    match (key.as_str(), value) {
                        ("$ref", Value::String(to)) => found.push(to.clone()),
                        _ => refs(value, found),
                    }
                }
            }
            Value::Array(list) => list.iter().for_each(|value| refs(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_request_of_the_door_has_a_documented_path() {
        let names = descriptions();
        assert!(names.len() >= 16, "the enum's schema still lists its variants: {names:?}");
        let document = document("twin_session_1");
        for (name, words) in &names {
            let post = &document["paths"][format!("/api/{name}")]["post"];
            assert_eq!(post["summary"], Value::String(words.clone()), "{name}");
        }
        assert_eq!(names.len(), CATALOG.len());
    }

    #[test]
    fn every_reference_resolves() {
        let document = document("twin_session_1");
        let mut found = Vec::new();
        refs(&document, &mut found);
        assert!(found.len() > 40);
        for to in found {
            let pointer = to.strip_prefix('#').expect("a reference into this document");
            assert!(document.pointer(pointer).is_some(), "{to}");
        }
    }

    #[test]
    fn a_name_used_both_ways_means_one_thing() {
        let settings = || SchemaSettings::draft2020_12().with(|s| s.definitions_path = "/components/schemas".into());
        let (mut taken, mut given) =
            (settings().for_deserialize().into_generator(), settings().for_serialize().into_generator());
        for entry in CATALOG {
            entry.params.map(|params| params(&mut taken));
            (entry.answer)(&mut given);
        }
        let given = given.definitions();
        for (name, schema) in taken.definitions() {
            assert!(given.get(name).is_none_or(|other| other == schema), "{name}");
        }
    }
}
