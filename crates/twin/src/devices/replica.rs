//! A replica at work: it follows the writer's journal, passes on what is to be written, and brings its receipts.
//!
//! It asks for what comes after its last commit and is kept waiting where there is nothing; so it is behind by a moment
//! while the writer can be reached, and catches up in one round trip, however much there is. When the writer is away it
//! answers from what it has, and says of everything that is to be written that it cannot.

use super::{Role, invalid, names_paths, sent};
use crate::door::{Failure, FailureCode};
use crate::peers::online;
use crate::request::{CommitNamed, JournalPull, ReceiptsBring};
use crate::{Request, Response, Twin};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::{Did, canonical};
use didymos_consent::{Principal, Receipt};
use didymos_link::{EndpointKey, Peer};
use didymos_vault::ObjectKind;
use minicbor::{Decode, Encode};
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// The file beside the journal that says where the writer was last.
const PLACE: &str = "writer";
/// The file beside the journal with receipts that wait to be brought to the writer.
const RECEIPTS: &str = "receipts";
/// The file beside the journal with an identity that is newer than the journal's: another device took this one's rights.
const SUPERSEDED: &str = "superseded";
/// So many receipts may wait for a writer that is away.
const RECEIPTS_MAX: usize = 20_000;
/// So many are brought at a time.
const BROUGHT_MAX: usize = 100;
/// How long to wait for news in one call.
const NEWS_WAIT_MS: u32 = 15_000;
/// How long to wait before the writer is tried again.
const AGAIN_MIN: Duration = Duration::from_secs(1);
const AGAIN_MAX: Duration = Duration::from_mins(1);

/// Where the writer was last.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct WriterPlace {
    #[n(0)]
    pub(crate) device: Did,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(crate) endpoint: EndpointKey,
    #[n(2)]
    pub(crate) addrs: Vec<SocketAddr>,
}

/// What a replica remembers.
#[derive(Default)]
pub(crate) struct State {
    #[expect(clippy::option_option, reason = "whether it was looked for, and whether there is one")]
    place: Mutex<Option<Option<WriterPlace>>>,
    /// Why it is not up to date.
    waiting: Mutex<Option<String>>,
    /// Held by whoever takes the journal in or brings receipts.
    turn: Mutex<()>,
    followed: AtomicBool,
}

fn unpoisoned<T>(result: Result<T, PoisonError<T>>) -> T {
    result.unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// Where the writer was last.
    pub(crate) fn place(&self, twin: &Twin) -> Option<WriterPlace> {
        let mut place = unpoisoned(self.place.lock());
        place.get_or_insert_with(|| canonical::decode(&twin.vault.read_beside(PLACE)?).ok()).clone()
    }

    fn keep_place(&self, twin: &Twin, new: WriterPlace) {
        let mut place = unpoisoned(self.place.lock());
        if place.as_ref() != Some(&Some(new.clone())) {
            // What cannot be kept now is said again at the next meeting.
            let _ = twin.vault.write_beside(PLACE, &canonical::encode(&new));
            *place = Some(Some(new));
        }
    }
}

/// Keeps where the writer is, for a replica that was just made.
pub(crate) fn keep_place(twin: &Twin, device: Did, endpoint: EndpointKey, addrs: Vec<SocketAddr>) {
    twin.devices.replica.keep_place(twin, WriterPlace { device, endpoint, addrs });
}

/// Another device of the owner's has proved who it is.
pub(crate) fn met(twin: &Twin, peer: &Peer) {
    if peer.versions.len() > twin.versions().len() {
        superseded(twin, peer);
    }
    if twin.role() == Role::Replica && super::writer(twin).as_ref() == Some(&peer.device) && !peer.addrs.is_empty() {
        keep_place(twin, peer.device.clone(), peer.endpoint, peer.addrs.clone());
    }
}

/// The owner has said more of their devices than this journal holds. On a replica the journal brings it; on a writer it
/// means that another device has taken over.
fn superseded(twin: &Twin, peer: &Peer) {
    if peer.identity.is_active(twin.device_key().did()) {
        return;
    }
    let versions: Vec<Vec<u8>> = peer.versions.iter().map(didymos_identity::SignedDocument::encode).collect();
    let versions: Vec<minicbor::bytes::ByteVec> = versions.into_iter().map(Into::into).collect();
    let _ = twin.vault.write_beside(SUPERSEDED, &canonical::encode(&versions));
    let _ = twin.read_identity();
    if let Some(link) = twin.peers.online.running() {
        link.part(None);
    }
}

/// The owner's identity as another device of theirs has shown it, if it is newer than the journal's.
pub(crate) fn newer_versions(
    twin: &Twin,
    known: &[didymos_identity::SignedDocument],
) -> Option<Vec<didymos_identity::SignedDocument>> {
    let bytes = twin.vault.read_beside(SUPERSEDED)?;
    let versions: Vec<minicbor::bytes::ByteVec> = canonical::decode(&bytes).ok()?;
    let versions: Option<Vec<_>> =
        versions.iter().map(|bytes| didymos_identity::SignedDocument::decode(bytes).ok()).collect();
    versions.filter(|versions| versions.len() > known.len() && versions.starts_with(known))
}

/// What a replica waits for, in words.
pub(crate) fn waiting(twin: &Twin) -> Option<String> {
    if twin.is_replica() { unpoisoned(twin.devices.replica.waiting.lock()).clone() } else { None }
}

/// Takes in what the writer has and this device lacks. Returns how many commits came.
pub(crate) fn sync(twin: &Twin, wait_ms: u32) -> Result<u64, Failure> {
    let _turn = unpoisoned(twin.devices.replica.turn.lock());
    let mut all = 0;
    loop {
        let after = twin.vault.tip().map(|tip| CommitNamed { seq: tip.seq, digest: tip.digest });
        let request = Request::JournalPull(JournalPull { after, wait_ms: if all == 0 { wait_ms } else { 0 } });
        let (response, incoming) =
            online::ask_with(twin, twin.did(), &request, None).map(|(_, answer, incoming)| {
                (Response::from_json(&request, serde_json::from_slice(&answer.answer).unwrap_or_default()), incoming)
            })?;
        let (Ok(Response::Pulled(pulled)), Some(mut incoming)) = (response, incoming) else {
            return Err(Failure::from(didymos_link::LinkError::Malformed));
        };
        let brought = twin.vault.follow(&mut incoming, &mut |_| {
            if twin.peers.online.is_ending() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let brought = match brought {
            Ok(brought) => brought,
            Err(error) => {
                twin.journal_moved()?;
                return Err(error.into());
            }
        };
        all += brought.commits;
        if brought.commits > 0 {
            twin.journal_moved()?;
        }
        let here = twin.vault.tip().map_or(0, |tip| tip.seq);
        if here >= pulled.newest.seq || brought.commits == 0 {
            return Ok(all);
        }
    }
}

/// Receipts that wait to be brought to the writer, oldest first.
fn receipts(twin: &Twin) -> Vec<Vec<u8>> {
    let read = || {
        let bytes = twin.vault.read_beside(RECEIPTS)?;
        let receipts: Vec<minicbor::bytes::ByteVec> = canonical::decode(&bytes).ok()?;
        Some(receipts.into_iter().map(|bytes| bytes.to_vec()).collect())
    };
    read().unwrap_or_default()
}

pub(crate) fn keep_receipts(vault: &didymos_vault::Vault, more: &[Vec<u8>]) -> Result<(), Failure> {
    let read = || {
        let bytes = vault.read_beside(RECEIPTS)?;
        canonical::decode::<Vec<minicbor::bytes::ByteVec>>(&bytes).ok()
    };
    let mut all = read().unwrap_or_default();
    if all.len() + more.len() > RECEIPTS_MAX {
        let words = "the device that writes has been away for so long that no more receipts can wait for it: \
                     bring the two together, or make this one the writer with `twin device promote`";
        return Err(Failure::new(FailureCode::Busy, words));
    }
    all.extend(more.iter().cloned().map(Into::into));
    Ok(vault.write_beside(RECEIPTS, &canonical::encode(&all))?)
}

fn drop_receipts(twin: &Twin, count: usize) -> Result<(), Failure> {
    let rest: Vec<minicbor::bytes::ByteVec> = receipts(twin).into_iter().skip(count).map(Into::into).collect();
    Ok(twin.vault.write_beside(RECEIPTS, &canonical::encode(&rest))?)
}

impl Twin {
    /// What this device is.
    pub(crate) fn role(&self) -> Role {
        *unpoisoned(self.role.lock())
    }

    /// Whether this device keeps a copy of a journal that another one writes.
    #[must_use]
    pub fn is_replica(&self) -> bool {
        self.role() == Role::Replica
    }

    /// Commits what waited to be brought to a writer: this device is the writer now.
    pub(crate) fn bring_receipts_home(&self) -> Result<(), Failure> {
        let waiting = self.with_receipts_settled(receipts)?;
        if waiting.is_empty() {
            return Ok(());
        }
        let count = waiting.len();
        self.vault.commit_records(&[(ObjectKind::Receipts, waiting)], self.now())?;
        drop_receipts(self, count)
    }

    /// Takes in what the writer has, now, and brings it what waits: what a replica does by itself from time to time.
    pub fn follow_now(&self) -> Result<u64, Failure> {
        let came = sync(self, 0)?;
        bring(self)?;
        Ok(came)
    }
}

/// Brings the writer what this device has answered by itself.
fn bring(twin: &Twin) -> Result<(), Failure> {
    loop {
        let waiting = twin.with_receipts_settled(receipts)?;
        let part = &waiting[..waiting.len().min(BROUGHT_MAX)];
        if part.is_empty() {
            return Ok(());
        }
        let receipts = part.iter().map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).collect();
        online::ask(twin, twin.did(), &Request::ReceiptsBring(ReceiptsBring { receipts }))?;
        twin.with_receipts_settled(|twin| drop_receipts(twin, part.len()))??;
    }
}

/// Takes receipts that another device of the owner's brings.
pub(crate) fn take_receipts(twin: &Twin, principal: &Principal, brought: &ReceiptsBring) -> Result<(), Failure> {
    if brought.receipts.len() > BROUGHT_MAX * 2 {
        return Err(invalid("200 receipts are the most at a time"));
    }
    let mut records = Vec::new();
    for text in &brought.receipts {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid("not a receipt"))?;
        let receipt = Receipt::decode(&bytes).map_err(|_| invalid("not a receipt"))?;
        if receipt.principal != *principal {
            return Err(invalid("a device brings receipts of its own and of nobody else"));
        }
        records.push(bytes);
    }
    if records.is_empty() {
        return Ok(());
    }
    Ok(twin.vault.commit_records(&[(ObjectKind::Receipts, records)], twin.now())?)
}

/// Passes on to the writer what only it can do.
pub(crate) fn pass_on(twin: &Twin, principal: &Principal, request: &Request) -> Result<Response, Failure> {
    if *principal != twin.principal() {
        return Err(Failure::new(FailureCode::Denied, "this device keeps a copy: ask the device that writes"));
    }
    match request {
        Request::Import(asked) => return sent::import(twin, asked).map(Response::Import),
        Request::ImportUpload(which) => return sent::upload(twin, which).map(Response::Import),
        _ => {}
    }
    if names_paths(request) {
        let words = "this device keeps a copy and writes nothing itself: run this on the device that writes \
                     (`twin device list` names it)";
        return Err(invalid(words));
    }
    let (_, answer) = online::ask(twin, twin.did(), request).map_err(|failure| match failure.code {
        FailureCode::Io => {
            let words = format!("this has to be done by the device that writes, and it cannot be reached: {failure}");
            Failure::new(FailureCode::Io, words)
        }
        _ => failure,
    })?;
    let json = serde_json::from_slice(&answer.answer).map_err(|_| Failure::from(didymos_link::LinkError::Malformed))?;
    let response = Response::from_json(request, json).map_err(|_| Failure::from(didymos_link::LinkError::Malformed))?;
    // What was done is in the journal there; it should be here too when its owner looks. If not now, then in a moment.
    if twin.devices.replica.turn.try_lock().is_ok() {
        let _ = sync(twin, 0);
    }
    Ok(response)
}

/// Begins to follow the writer, if nobody does yet.
pub(crate) fn begin(twin: &Twin, me: &Weak<Twin>) {
    if twin.world.threads && !twin.devices.replica.followed.swap(true, Ordering::SeqCst) {
        let me = Weak::clone(me);
        // Without a thread the next opening catches up.
        let _ = std::thread::Builder::new().name("twin-replica".into()).spawn(move || follow(&me));
    }
}

fn follow(me: &Weak<Twin>) {
    let mut again = AGAIN_MIN;
    loop {
        let Some(twin) = me.upgrade() else { return };
        if !twin.is_replica() || twin.peers.online.is_ending() {
            twin.devices.replica.followed.store(false, Ordering::SeqCst);
            return;
        }
        crate::peers::phonebook::publish(&twin);
        let outcome = sync(&twin, NEWS_WAIT_MS).and_then(|_| bring(&twin));
        let words = outcome.as_ref().err().map(ToString::to_string);
        *unpoisoned(twin.devices.replica.waiting.lock()) = words;
        let ended = Arc::clone(twin.peers.online.ended());
        drop(twin);
        if outcome.is_ok() {
            again = AGAIN_MIN;
            continue;
        }
        if ended.wait(again) {
            return;
        }
        again = (again * 2).min(AGAIN_MAX);
    }
}
