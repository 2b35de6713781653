//! People whose twins this one knows.

use crate::Twin;
use crate::capability::contracts;
use crate::door::{Failure, FailureCode};
use crate::peers::contacts::{Contact, Record};
use crate::peers::{change_contacts, look, meant};
use crate::request::ContactChange;
use crate::response::{ContactShown, KeysSeen, PlaceShown};
use didymos_base::{Did, ZoneOffset};
use didymos_identity::WebPlace;

fn shown(contact: &Contact, connected: &[Did]) -> ContactShown {
    let utc = |time: didymos_base::Timestamp| time.rfc3339(ZoneOffset::UTC);
    let keys = |(version, seen): &(u32, didymos_base::Timestamp)| {
        let document = &contact.versions.get((*version as usize).checked_sub(1)?)?.document;
        Some(KeysSeen {
            version: *version,
            seen: utc(*seen),
            controller: document.controller.clone(),
            devices: document.active_devices().cloned().collect(),
        })
    };
    ContactShown {
        did: contact.did.clone(),
        name: contact.name.clone(),
        paired: utc(contact.paired),
        blocked: contact.blocked,
        connected: connected.contains(&contact.did),
        keys: contact.learnt.iter().filter_map(keys).collect(),
        places: contact
            .places
            .iter()
            .map(|seen| PlaceShown {
                device: seen.device.clone(),
                addresses: seen.addrs.iter().map(ToString::to_string).collect(),
                seen: utc(seen.at),
            })
            .collect(),
        web: contact.web.as_ref().map(ToString::to_string),
    }
}

pub(crate) fn list(twin: &Twin) -> Result<Vec<ContactShown>, Failure> {
    let connected = twin.peers.online.running().map(|link| link.connected()).unwrap_or_default();
    let mut all: Vec<ContactShown> =
        look(twin, |book| book.contacts.all().map(|contact| shown(contact, &connected)).collect())?;
    all.sort_by_key(|contact| contact.name.to_lowercase());
    Ok(all)
}

pub(crate) fn change(twin: &Twin, asked: &ContactChange) -> Result<Vec<ContactShown>, Failure> {
    let contact = meant(twin, &asked.contact)?;
    let web = asked.web.as_deref().map(str::trim).map(|web| match web {
        "" => Ok(None),
        web => web.parse::<WebPlace>().map(Some),
    });
    let web = web.transpose().map_err(|error| Failure::new(FailureCode::Invalid, error.to_string()))?;
    if asked.forget && (asked.name.is_some() || asked.blocked.is_some() || web.is_some()) {
        let words = "a contact that is forgotten has no name and cannot be blocked: ask for one of these";
        return Err(Failure::new(FailureCode::Invalid, words));
    }
    if asked.forget {
        contracts::end_all(twin, &contact.did)?;
    }
    change_contacts(twin, |contacts| {
        let mut records = Vec::new();
        let Some(contact) = contacts.get(&contact.did) else { return Ok(records) };
        if let Some(name) = &asked.name {
            records.push(contacts.named(contact, name)?);
        }
        if let Some(blocked) = asked.blocked.filter(|blocked| *blocked != contact.blocked) {
            records.push(Record::Blocked { did: contact.did.clone(), blocked, at: twin.now() });
        }
        if let Some(web) = web.as_ref().filter(|web| **web != contact.web) {
            let web = web.as_ref().map(ToString::to_string);
            records.push(Record::Web { did: contact.did.clone(), web });
        }
        if asked.forget {
            records.push(Record::Forgotten { did: contact.did.clone(), at: twin.now() });
        }
        Ok(records)
    })?;
    if (asked.forget || asked.blocked == Some(true))
        && let Some(link) = twin.peers.online.running()
    {
        link.part(Some(&contact.did));
    }
    Ok(list(twin)?.into_iter().filter(|shown| shown.did == contact.did).collect())
}
