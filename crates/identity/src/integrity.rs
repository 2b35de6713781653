//! Signed JSON: W3C Data Integrity 1.0 with the cryptosuite `eddsa-jcs-2022`.
//!
//! What is signed is SHA-256 of the proof's options beside SHA-256 of the document, both as canonical JSON
//! ([`jcs`](crate::jcs)). The 64 bytes carry no context of this project; all else that its keys sign begins with
//! `didymos/`, which no one finds a digest to begin with.

use crate::{BadSignature, SigningKey, VerifyingKey, jcs, resolve_key};
use didymos_base::Did;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

const SUITE: &str = "eddsa-jcs-2022";
/// 64 bytes of base58 are never longer than this.
const PROOF_VALUE_MAX: usize = 89;

/// Puts the proof of `key` into `document`, made at `created` (RFC 3339), in place of one that is there.
pub fn seal(document: &mut Map<String, Value>, key: &SigningKey, created: &str) {
    document.remove("proof");
    let multikey = key.did().specific_id();
    let mut proof = json!({
        "type": "DataIntegrityProof",
        "cryptosuite": SUITE,
        "created": created,
        "verificationMethod": format!("did:key:{multikey}#{multikey}"),
        "proofPurpose": "assertionMethod",
    });
    if let Some(context) = document.get("@context") {
        proof["@context"] = context.clone();
    }
    // Documents that are made here have no number at all.
    if let Some(message) = message(document, &proof) {
        proof["proofValue"] = format!("z{}", bs58::encode(key.sign_digests(&message)).into_string()).into();
        document.insert("proof".to_owned(), proof);
    }
}

/// Whose key signed `document` as it stands. It has exactly one proof, for assertion, by a key that names itself.
pub fn signer(document: &Map<String, Value>) -> Result<Did, BadSignature> {
    let proof = match document.get("proof") {
        Some(Value::Array(proofs)) if proofs.len() == 1 => &proofs[0],
        Some(proof) => proof,
        None => return Err(BadSignature),
    };
    let text = |name: &str| proof.get(name).and_then(Value::as_str).ok_or(BadSignature);
    let is = |name: &str, wanted: &str| text(name).is_ok_and(|said| said == wanted);
    if !is("type", "DataIntegrityProof") || !is("cryptosuite", SUITE) || !is("proofPurpose", "assertionMethod") {
        return Err(BadSignature);
    }
    let (key, did) = method(text("verificationMethod")?)?;
    let value = text("proofValue")?.strip_prefix('z').ok_or(BadSignature)?;
    let mut signature = [0; 64];
    if value.len() > PROOF_VALUE_MAX || bs58::decode(value).onto(&mut signature) != Ok(64) {
        return Err(BadSignature);
    }
    let mut options = proof.clone();
    options.as_object_mut().ok_or(BadSignature)?.remove("proofValue");
    // The proof speaks for the meaning of words that the document has.
    if proof.get("@context").is_some_and(|context| document.get("@context") != Some(context)) {
        return Err(BadSignature);
    }
    let mut unsigned = document.clone();
    unsigned.remove("proof");
    key.verify_digests(&message(&unsigned, &options).ok_or(BadSignature)?, &signature)?;
    Ok(did)
}

/// `did:key:z…#z…`: the key, said twice.
fn method(url: &str) -> Result<(VerifyingKey, Did), BadSignature> {
    let (did, fragment) = url.split_once('#').ok_or(BadSignature)?;
    let did: Did = did.parse().map_err(|_| BadSignature)?;
    if did.specific_id() != fragment {
        return Err(BadSignature);
    }
    Ok((resolve_key(&did).map_err(|_| BadSignature)?, did))
}

fn message(document: &Map<String, Value>, options: &Value) -> Option<[u8; 64]> {
    let mut message = [0; 64];
    message[..32].copy_from_slice(&Sha256::digest(jcs::encode(options).ok()?));
    message[32..].copy_from_slice(&Sha256::digest(jcs::encode(&Value::Object(document.clone())).ok()?));
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret32;

    fn sealed() -> (Map<String, Value>, SigningKey) {
        let key = SigningKey::from_seed(&Secret32::from_bytes([3; 32]));
        let Value::Object(mut document) = json!({ "@context": ["a", "b"], "id": "did:web:example.org" }) else {
            unreachable!("an object was written")
        };
        seal(&mut document, &key, "2026-01-01T00:00:00Z");
        (document, key)
    }

    #[test]
    fn a_proof_holds_for_the_document_as_it_was_signed_and_for_no_other() {
        let (document, key) = sealed();
        assert_eq!(signer(&document), Ok(key.did().clone()));
        let changed = |change: &dyn Fn(&mut Map<String, Value>)| {
            let mut document = document.clone();
            change(&mut document);
            signer(&document)
        };
        assert!(changed(&|document| drop(document.insert("id".into(), json!("did:web:example.com")))).is_err());
        assert!(changed(&|document| drop(document.insert("more".into(), json!(1)))).is_err());
        assert!(changed(&|document| drop(document.insert("odd".into(), json!(1.5)))).is_err());
        assert!(changed(&|document| drop(document.remove("proof"))).is_err());
        for (name, value) in [
            ("created", "2026-01-02T00:00:00Z"),
            ("cryptosuite", "ecdsa-jcs-2019"),
            ("proofPurpose", "authentication"),
            ("type", "Ed25519Signature2020"),
            ("proofValue", "z"),
            ("proofValue", ""),
            ("verificationMethod", "did:web:example.org#key-1"),
        ] {
            assert!(changed(&|document| document["proof"][name] = json!(value)).is_err(), "{name}");
        }
        let other = SigningKey::from_seed(&Secret32::from_bytes([4; 32]));
        let multikey = other.did().specific_id();
        let named = json!(format!("did:key:{multikey}#{multikey}"));
        assert!(changed(&|document| document["proof"]["verificationMethod"] = named.clone()).is_err());
        assert!(changed(&|document| document["proof"]["@context"] = json!(["a"])).is_err());
        let twice = json!([document["proof"], document["proof"]]);
        assert!(changed(&|document| drop(document.insert("proof".into(), twice.clone()))).is_err());
    }
}
