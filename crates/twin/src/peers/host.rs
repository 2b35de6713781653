//! The twin as its link sees it.

use super::ask::{ASK_BYTES_MAX, Answer, Ask, CALL, Use, Used};
use crate::devices::{self, Role};
use crate::door::{Failure, FailureCode};
use crate::payload::Payload;
use crate::{Request, Response, Twin, World, unwatched};
use didymos_base::{Did, Timestamp, canonical};
use didymos_consent::{Act, Basis, Decision, Principal};
use didymos_link::{Call, Code, Host, Incoming, Known, Outgoing, Own, Peer, Place, Purpose, Refusal, Reply};
use didymos_vault::ObjectKind;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, Weak};
use zeroize::Zeroizing;

/// A twin that may have been locked since.
pub(crate) struct Behind {
    pub(crate) twin: Weak<Twin>,
    pub(crate) world: World,
}

impl Behind {
    fn twin(&self) -> Option<Arc<Twin>> {
        self.twin.upgrade()
    }
}

impl Host for Behind {
    fn own(&self) -> Option<Own> {
        let twin = self.twin()?;
        let versions = twin.versions();
        let name = crate::capability::profile::name(&twin);
        (!versions.is_empty()).then(|| Own { versions, device: twin.device_key().clone(), name })
    }

    fn contact(&self, did: &Did) -> Option<Known> {
        let twin = self.twin()?;
        if did == twin.did() {
            return Some(devices::own_known(&twin));
        }
        // A copy has no conversations of its own: whoever wants something of its owner meets the device that writes.
        if twin.role() != Role::Writer {
            return None;
        }
        let known = |book: &super::Book| {
            let contact = book.contacts.get(did).filter(|contact| !contact.blocked);
            Some(contact.or_else(|| book.parting(did))?.known())
        };
        super::look(&twin, known).ok().flatten().or_else(|| devices::viewer_known(&twin, did))
    }

    fn look_up(&self, did: &Did, known: &Known) -> Vec<Place> {
        self.twin().map(|twin| super::phonebook::look_up(&twin, did, known)).unwrap_or_default()
    }

    fn met(&self, peer: &Peer) {
        let Some(twin) = self.twin() else { return };
        if peer.did == *twin.did() {
            return devices::replica::met(&twin, peer);
        }
        // What cannot be kept now, on a full disk for example, is shown again at the next meeting.
        let _ = super::change_contacts(&twin, |contacts| {
            Ok(contacts.get(&peer.did).map(|contact| contact.news(peer, twin.now())).unwrap_or_default())
        });
    }

    fn returned(&self, peer: &Peer) {
        let Some(twin) = self.twin() else { return };
        let name = super::look(&twin, |book| book.contacts.get(&peer.did).map(|contact| contact.name.clone()));
        let name = name.ok().flatten().unwrap_or_else(|| peer.did.to_string());
        // What cannot be kept now, on a full disk for example, is no reason to leave a friend without help.
        let _ = twin.act("contacts.returned@1", Act::Manage, peer.did.as_str(), || {
            twin.notice(format!("{name} came back on a new machine, proven by their recovery phrase"));
            Ok(())
        });
    }

    fn connected(&self, peer: &Peer) {
        if let Some(twin) = self.twin() {
            drop(super::online::deliver_soon(&twin, &peer.did));
        }
    }

    fn paired(&self, peer: &Peer) -> Result<(), String> {
        let twin = self.twin().ok_or("the twin was locked meanwhile")?;
        twin.act("contacts.pair@1", Act::Manage, peer.did.as_str(), || {
            super::paired(&twin, peer, twin.now())?;
            twin.listen_for_contacts()
        })
        .map_err(|failure| failure.message)
    }

    fn enrol(&self, purpose: Purpose, peer: &Peer) -> Result<Zeroizing<Vec<u8>>, String> {
        let twin = self.twin().ok_or("the twin was locked meanwhile")?;
        let given = devices::enrol(&twin, purpose, peer).map_err(|failure| failure.message)?;
        twin.listen_for_contacts().map_err(|failure| failure.message)?;
        Ok(given)
    }

    fn tunnel(&self, peer: &Peer) -> Result<SocketAddr, Refusal> {
        let twin = self.twin().ok_or_else(|| Refusal::new(Code::Failed, "this twin is locked: try again later"))?;
        devices::tunnel(&twin, peer).map_err(|failure| refusal(&failure))
    }

    fn answer(&self, peer: &Peer, call: Call) -> Reply {
        self.answer_with(peer, call, None).0
    }

    fn answer_with(&self, peer: &Peer, call: Call, upload: Option<&mut Incoming>) -> (Reply, Option<Outgoing>) {
        let no = |refusal| (Reply::Refused(refusal), None);
        let Some(twin) = self.twin() else {
            return no(Refusal::new(Code::Failed, "this twin is locked: try again later"));
        };
        if call.name != CALL {
            return no(Refusal::new(Code::UnknownCall, format!("this twin answers {CALL}")));
        }
        match asked(&twin, peer, &call.body, upload) {
            Ok((answer, download)) => (Reply::Done(canonical::encode(&answer)), download),
            Err(refusal) => no(refusal),
        }
    }

    fn now(&self) -> Timestamp {
        self.world.now()
    }
}

/// Puts what a contact asks to the door. Nothing of what follows the ask is read before the door has decided.
fn asked(
    twin: &Twin,
    peer: &Peer,
    body: &[u8],
    upload: Option<&mut Incoming>,
) -> Result<(Answer, Option<Outgoing>), Refusal> {
    let malformed = |words: &str| Refusal::new(Code::Malformed, words);
    if body.len() > ASK_BYTES_MAX {
        return Err(malformed("an ask is at most 64 KiB"));
    }
    let ask = Ask::decode(body).map_err(|_| malformed("not an ask"))?;
    ask.check(&peer.device, twin.did()).map_err(|_| Refusal::new(Code::BadProof, "the ask is not signed by you"))?;
    let digest = ask.digest();
    let answered = || twin.peers.answered.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(answer) = answered().again(twin, &peer.did, &digest) {
        return Ok((answer, None));
    }
    let request: Request = serde_json::from_slice(&ask.request)
        .map_err(|_| Refusal::new(Code::UnknownCall, "not a request known here"))?;
    let announced = upload.as_ref().map(|upload| upload.len());
    if request.upload().map(|sent| sent.bytes) != announced {
        return Err(Refusal::new(Code::Invalid, "the request says otherwise how many bytes follow it"));
    }
    let mut payload = match (upload, request.upload()) {
        (Some(upload), Some(sent)) => Payload::with(upload, sent),
        _ => Payload::default(),
    };
    if twin.role() != Role::Writer {
        return Err(Refusal::new(Code::Failed, "this device keeps a copy: ask the one that writes"));
    }
    let principal = if peer.did == *twin.did() {
        Principal::Device { owner: peer.did.clone(), device: peer.device.clone() }
    } else {
        Principal::Twin(peer.did.clone())
    };
    let mut answer = Answer { answer: Vec::new(), used: None };
    let mut witness = |decided: &Decision, response: &Response| {
        answer.answer = serde_json::to_vec(response).unwrap_or_default();
        let Decision::Allow { because: Basis::Contract(contract), .. } = decided else { return None };
        // Papers and messages are signed themselves; shares are the asker's own.
        let none = matches!(
            response,
            Response::Nothing(_)
                | Response::Share(_)
                | Response::ShareNames(_)
                | Response::ShareProofs(_)
                | Response::KeyPackage(_)
                | Response::Synced(_)
                | Response::Piece(_)
        );
        if none {
            return None;
        }
        let used = Used::new(*contract, &ask, &answer.answer, twin.now(), twin.device_key());
        let record = canonical::encode(&Use { ask: ask.clone(), used: used.clone() });
        answer.used = Some(used);
        Some((ObjectKind::Uses, record))
    };
    match twin.put_with(&principal, request, &mut payload, &mut unwatched, Some(&mut witness)) {
        Ok(_) => {
            let download = payload.into_download();
            if download.is_none() {
                answered().keep(&peer.did, digest, &answer, twin.now());
            }
            Ok((answer, download))
        }
        Err(failure) => Err(refusal(&failure)),
    }
}

/// What another person is told of a failure: never more than a contract would show them.
fn refusal(failure: &Failure) -> Refusal {
    match failure.code {
        FailureCode::Denied => Refusal::new(Code::Denied, failure.message.clone()),
        FailureCode::Invalid => Refusal::new(Code::Invalid, failure.message.clone()),
        FailureCode::NotFound => Refusal::new(Code::NotFound, "there is no such thing here, or nothing in it yet"),
        _ => Refusal::new(Code::Failed, "it went wrong there; their owner is told"),
    }
}
