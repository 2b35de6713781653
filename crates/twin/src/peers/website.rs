//! What the owner puts on a domain of theirs: `did.json`, which says where this twin is, and `did.jsonl`, the history of
//! the identity as a `did:webvh`.
//!
//! The log is signed by keys of the recovery phrase and gets a line when keys or devices change; nobody forgets a log, so
//! that it says no address. `did.json` is signed by the device and written anew whenever the addresses change.

use crate::devices::controlled_by;
use crate::door::{Failure, FailureCode};
use crate::request::PhoneBookExport;
use crate::response::{OwnDomain, PhoneBookFiles, WebFile};
use crate::{Twin, settings};
use didymos_identity::webvh::Log;
use didymos_identity::{DidDocument, RecoveryPhrase, WebPlace};
use didymos_link::Place;
use didymos_link::book::{is_public, site};
use didymos_link::peer::ADDRS_MAX;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::net::SocketAddr;

const LOG: &str = "did.jsonl";

/// The domain, and the log as it was written last.
#[derive(Clone, Serialize, Deserialize)]
struct Domain {
    web: String,
    log: String,
}

/// The setting. A newer one replaces the older one.
#[derive(Serialize, Deserialize)]
struct Setting {
    own_domain: Domain,
}

fn invalid(error: &impl ToString) -> Failure {
    Failure::new(FailureCode::Invalid, error.to_string())
}

/// The log that was written last, and for where.
fn kept(twin: &Twin) -> Result<Option<(WebPlace, Log)>, Failure> {
    let Some(Setting { own_domain }) = settings::newest::<Setting>(twin)? else { return Ok(None) };
    let damaged = |words: String| Failure::new(FailureCode::Damaged, format!("the kept log of your domain: {words}"));
    let place = own_domain.web.parse().map_err(|_| damaged("not a domain".to_owned()))?;
    let log = Log::read(&own_domain.log).map_err(|error| damaged(error.to_string()))?;
    Ok(Some((place, log)))
}

/// What the identity says of itself under the name `did`.
fn state(document: &DidDocument, place: &WebPlace, did: &str) -> Value {
    document.to_json_as(did, &[place.did().as_str()])
}

fn is_current(log: &Log, document: &DidDocument, place: &WebPlace) -> bool {
    log.state() == Some(&state(document, place, log.did().as_str()))
}

/// The domain that was exported to last.
pub(crate) fn own(twin: &Twin) -> Option<OwnDomain> {
    let (place, log) = kept(twin).ok().flatten()?;
    let current = twin.versions().last().is_some_and(|newest| is_current(&log, &newest.document, &place));
    Some(OwnDomain { web: place.to_string(), did: log.did().clone(), current })
}

pub(crate) fn export(twin: &Twin, asked: &PhoneBookExport) -> Result<PhoneBookFiles, Failure> {
    let place: WebPlace = asked.web.parse().map_err(|error| invalid(&error))?;
    let addrs = addresses(twin, asked)?;
    let newest = twin.versions().pop().ok_or_else(|| Failure::new(FailureCode::Damaged, "there is no identity"))?;
    let document = &newest.document;
    // A log of another domain is another identifier: this one begins anew.
    let before = kept(twin)?.filter(|(kept, _)| *kept == place).map(|(_, log)| log);
    let log = match before {
        Some(log) if is_current(&log, document, &place) => log,
        before => {
            let words = asked.words.as_ref().ok_or_else(|| {
                invalid(&"the log of your identity gets a line, which your 24 words sign: give them with this request")
            })?;
            let phrase = RecoveryPhrase::parse(words.as_str()).map_err(|error| invalid(&error))?;
            controlled_by(twin, &phrase)?;
            let log = extended(before, document, &place, &phrase, twin)?;
            let own_domain = Domain { web: place.to_string(), log: log.text() };
            settings::keep(twin, &Setting { own_domain })?;
            log
        }
    };
    let here = Place { endpoint: twin.link()?.key(), addrs };
    let site = site::write(document, &place, log.did(), &here, twin.device_key(), twin.now());
    Ok(PhoneBookFiles {
        did_web: place.did(),
        did_webvh: log.did().clone(),
        addresses: here.addrs.iter().map(ToString::to_string).collect(),
        files: vec![
            WebFile { path: place.path_of(site::FILE), text: site },
            WebFile { path: place.path_of(LOG), text: log.text() },
        ],
    })
}

/// The log with a line that says what the identity says now.
fn extended(
    before: Option<Log>,
    document: &DidDocument,
    place: &WebPlace,
    phrase: &RecoveryPhrase,
    twin: &Twin,
) -> Result<Log, Failure> {
    let number = before.as_ref().map_or(0, Log::len) as u32;
    let (key, next) = (phrase.web_key(number), phrase.web_key(number + 1));
    let log = match before {
        None => Log::begin(place, &key, &next, |did| state(document, place, did), twin.now()),
        Some(log) => log.followed(&key, &next, state(document, place, log.did().as_str()), twin.now()),
    };
    log.map_err(|error| invalid(&error))
}

/// Where contacts are to try. What only this network reaches is no business of everybody's.
fn addresses(twin: &Twin, asked: &PhoneBookExport) -> Result<Vec<SocketAddr>, Failure> {
    if asked.addresses.is_empty() {
        let mut known = twin.link()?.addrs();
        known.retain(|addr| is_public(addr.ip()));
        if known.is_empty() {
            return Err(invalid(
                &"this machine knows no address at which everybody can reach it: name one, such as 203.0.113.5:7438, that \
                 your router passes on to here",
            ));
        }
        return Ok(known);
    }
    if asked.addresses.len() > ADDRS_MAX {
        return Err(invalid(&format!("at most {ADDRS_MAX} addresses")));
    }
    let parsed = |text: &String| {
        text.trim().parse().map_err(|_| invalid(&format!("{text}: not an address and port, such as 203.0.113.5:7438")))
    };
    asked.addresses.iter().map(parsed).collect()
}
