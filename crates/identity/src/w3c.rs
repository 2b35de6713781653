//! The DID document in the form that the rest of the world reads: W3C DID Core 1.0 and Controlled Identifiers 1.0.

use crate::DidDocument;
use didymos_base::Did;
use serde_json::{Value, json};

pub(crate) fn document(document: &DidDocument) -> Value {
    document_as(document, document.id.as_str())
}

/// The same under another identifier of the same person.
pub(crate) fn document_as(document: &DidDocument, id: &str) -> Value {
    let method = |key: &Did| {
        json!({
            "id": url(id, key),
            "type": "Multikey",
            "controller": id,
            // What follows `did:key:` is the Multikey form of the key.
            "publicKeyMultibase": key.specific_id(),
        })
    };
    // Only did:key names its key in itself; a device of any other method never verifies.
    let devices: Vec<&Did> = document.active_devices().filter(|device| device.method() == "key").collect();
    let urls: Vec<String> = devices.iter().map(|device| url(id, device)).collect();
    let methods: Vec<Value> = std::iter::once(&document.controller).chain(devices).map(method).collect();
    json!({
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": id,
        "verificationMethod": methods,
        "authentication": urls,
        "assertionMethod": urls,
        // The identity key changes the document and vouches for devices; it does not act from day to day.
        "capabilityInvocation": [url(id, &document.controller)],
    })
}

/// The DID URL of `key` within the document.
fn url(id: &str, key: &Did) -> String {
    format!("{id}#{}", key.specific_id())
}
