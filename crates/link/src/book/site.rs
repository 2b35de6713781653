//! What lies on a domain: `did.json`, a `did:web` document that says where its owner's twin is.
//!
//! The document is the identity in W3C's words, under the domain's name and known as the lasting DID too, with one service
//! of type `DidymosTwin` that gives an endpoint's key and addresses. One of the owner's devices signs all of it
//! (`eddsa-jcs-2022`): contacts, who know the identity and its devices, believe the signature and not the domain.

use crate::host::Place;
use crate::peer::{ADDRS_MAX, EndpointKey};
use didymos_base::{Did, Timestamp, ZoneOffset};
use didymos_identity::{DidDocument, SigningKey, VerifiedIdentity, VerifyingKey, WebPlace, integrity, resolve_key};
use serde_json::{Map, Value, json};
use std::net::SocketAddr;

/// The file's name.
pub const FILE: &str = "did.json";
/// The longest document that is read, in bytes.
pub const SITE_BYTES_MAX: usize = 256 * 1024;
const SERVICES_MAX: usize = 64;
const SERVICE: &str = "DidymosTwin";

/// The document, for [`WebPlace::path_of`] [`FILE`]. `log` is the `did:webvh` of the same person.
#[must_use]
pub fn write(
    document: &DidDocument,
    place: &WebPlace,
    log: &Did,
    twin: &Place,
    device: &SigningKey,
    now: Timestamp,
) -> String {
    let id = place.did();
    let mut site = document.to_json_as(id.as_str(), &[log.as_str()]);
    let base = place.base_url();
    let addrs: Vec<String> = twin.addrs.iter().take(ADDRS_MAX).map(ToString::to_string).collect();
    let mut services = vec![
        // The two that the method `did:webvh` implies.
        json!({ "id": format!("{id}#files"), "type": "relativeRef", "serviceEndpoint": base }),
        json!({
            "@context": "https://identity.foundation/linked-vp/contexts/v1",
            "id": format!("{id}#whois"),
            "type": "LinkedVerifiablePresentation",
            "serviceEndpoint": format!("{base}whois.vp"),
        }),
    ];
    if let Ok(key) = VerifyingKey::from_bytes(&twin.endpoint) {
        services.push(json!({
            "id": format!("{id}#twin"),
            "type": SERVICE,
            "serviceEndpoint": { "endpoint": key.did().specific_id(), "addresses": addrs },
        }));
    }
    site["service"] = services.into();
    if let Value::Object(members) = &mut site {
        integrity::seal(members, device, &now.rfc3339(ZoneOffset::UTC));
    }
    // Ends like a text file that somebody opens.
    format!("{site:#}\n")
}

/// Where the twin of `identity` is, as its document at `place` says. Nothing where the document is of somebody else, or
/// not signed by a device that may act. From outside, and bounded like everything from there.
#[must_use]
pub fn read(bytes: &[u8], place: &WebPlace, identity: &VerifiedIdentity) -> Vec<Place> {
    written(bytes, place, identity).unwrap_or_default()
}

fn written(bytes: &[u8], place: &WebPlace, identity: &VerifiedIdentity) -> Option<Vec<Place>> {
    if bytes.len() > SITE_BYTES_MAX {
        return None;
    }
    let site: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    let known_as = site.get("alsoKnownAs")?.as_array()?;
    let is_theirs = site.get("id")? == place.did().as_str() && known_as.iter().any(|did| did == identity.id().as_str());
    if !is_theirs || !identity.is_active(&integrity::signer(&site).ok()?) {
        return None;
    }
    let services = site.get("service")?.as_array()?.iter().take(SERVICES_MAX);
    let twins = services.filter(|service| service.get("type").is_some_and(|kind| kind == SERVICE));
    let places =
        twins.filter_map(|service| twin(service.get("serviceEndpoint")?)).filter(|place| !place.addrs.is_empty());
    Some(places.take(ADDRS_MAX).collect())
}

fn twin(endpoint: &Value) -> Option<Place> {
    let key = endpoint.get("endpoint")?.as_str()?;
    let key: EndpointKey = *resolve_key(&format!("did:key:{key}").parse().ok()?).ok()?.as_bytes();
    let addrs = endpoint.get("addresses")?.as_array()?.iter().take(ADDRS_MAX);
    let addrs = addrs.map(|addr| addr.as_str()?.parse().ok()).collect::<Option<Vec<SocketAddr>>>()?;
    Some(Place { endpoint: key, addrs })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::Person;
    use didymos_identity::{Secret32, verify_chain};
    use proptest::prelude::*;

    fn web() -> WebPlace {
        "ann.example.org".parse().expect("a domain")
    }

    fn twin_at() -> Place {
        let key = SigningKey::from_seed(&Secret32::from_bytes([8; 32]));
        let endpoint = *resolve_key(key.did()).expect("a key").as_bytes();
        Place { endpoint, addrs: vec![([203, 0, 113, 5], 7438).into()] }
    }

    fn written_by(person: &Person, device: &SigningKey) -> String {
        let log: Did = "did:webvh:Qm1:ann.example.org".parse().expect("a DID");
        write(&person.own.versions[0].document, &web(), &log, &twin_at(), device, Timestamp(5))
    }

    #[test]
    fn contacts_believe_what_a_device_of_the_identity_signed_for_this_domain_and_nothing_else() {
        let (ann, bob) = (Person::new(1), Person::new(2));
        let identity = verify_chain(&ann.own.versions).expect("sound");
        let site = written_by(&ann, &ann.own.device);
        assert_eq!(read(site.as_bytes(), &web(), &identity), [twin_at()]);

        let elsewhere: WebPlace = "ann.example.com".parse().expect("a domain");
        assert!(read(site.as_bytes(), &elsewhere, &identity).is_empty(), "of another domain");
        let others = verify_chain(&bob.own.versions).expect("sound");
        assert!(read(site.as_bytes(), &web(), &others).is_empty(), "of somebody else");
        let forged = written_by(&ann, &bob.own.device);
        assert!(read(forged.as_bytes(), &web(), &identity).is_empty(), "signed by somebody else");
        let moved = site.replace("203.0.113.5", "203.0.113.6");
        assert!(read(moved.as_bytes(), &web(), &identity).is_empty(), "changed by who keeps the domain");
        let gone =
            ann.own.versions[0].revoke(&ann.identity, ann.own.device.did(), Timestamp(9), None).expect("a version");
        let revoked = verify_chain(&[ann.own.versions[0].clone(), gone]).expect("sound");
        assert!(read(site.as_bytes(), &web(), &revoked).is_empty(), "signed by a device that may act no more");
        let padded = format!("{site}{}", " ".repeat(SITE_BYTES_MAX));
        assert!(read(padded.as_bytes(), &web(), &identity).is_empty(), "too long");
    }

    #[test]
    fn what_is_signed_and_senseless_all_the_same_gives_nothing() {
        let ann = Person::new(1);
        let identity = verify_chain(&ann.own.versions).expect("sound");
        let site: Map<String, Value> = serde_json::from_str(&written_by(&ann, &ann.own.device)).expect("JSON");
        let key = site["service"][2]["serviceEndpoint"]["endpoint"].clone();
        for odd in [
            json!("iroh://somewhere"),
            json!({ "endpoint": "z", "addresses": ["203.0.113.5:1"] }),
            json!({ "endpoint": key, "addresses": ["example.org:1"] }),
            json!({ "endpoint": key, "addresses": [] }),
        ] {
            let mut site = site.clone();
            site["service"][2]["serviceEndpoint"] = odd.clone();
            integrity::seal(&mut site, &ann.own.device, "2026-01-01T00:00:00Z");
            assert!(read(Value::Object(site).to_string().as_bytes(), &web(), &identity).is_empty(), "{odd}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let identity = verify_chain(&Person::new(1).own.versions).expect("sound");
            prop_assert!(read(&bytes, &web(), &identity).is_empty());
        }
    }
}
