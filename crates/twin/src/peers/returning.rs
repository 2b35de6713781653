//! A twin back from friends: a new machine, the recovery phrase, and as many friends as it takes.
//!
//! Each friend is come back to with the identity key that the phrase gives. They say which versions of the identity they
//! have seen, and give back the list of shares and the shares that they keep. The newest list counts for which enough
//! shares are to be had; of each parcel as many shares are fetched as are needed, from whoever is there, and one that
//! does not have its name is fetched from somebody else. The parcels are put together to the journal's file, bit for
//! bit; what is there from an attempt before stays.

use super::ask::{Answer, Ask, CALL};
use super::gathering::{Source, parcel_from};
use super::phonebook::LookOut;
use crate::door::{Failure, FailureCode, Progress, Watch};
use crate::payload::Checked;
use crate::request::ShareWhich;
use crate::{Request, Response, World};
use didymos_base::{Did, Digest, Timestamp, canonical};
use didymos_copies::leaf::SHARE_BYTES_MAX;
use didymos_copies::manifest::{ENVELOPE_BYTES_MAX, Envelope};
use didymos_copies::{CopyKeys, Manifest};
use didymos_identity::{RecoveryPhrase, Secret32, SignedDocument, SigningKey};
use didymos_link::{
    BadTicket, Call, Claim, Code, Host, Known, LinkError, Own, Peer, Place, Reach, Refusal, Reply, Settings,
};
use didymos_vault::{Rebuilding, VaultKey};
use std::path::Path;
use std::sync::Arc;

/// Whoever has nothing but a phrase: no contacts, nothing to answer.
struct Newcomer(World);

impl Host for Newcomer {
    fn own(&self) -> Option<Own> {
        None
    }

    fn contact(&self, _: &Did) -> Option<Known> {
        None
    }

    fn met(&self, _: &Peer) {}

    fn paired(&self, _: &Peer) -> Result<(), String> {
        Err("this twin is being restored".to_owned())
    }

    fn answer(&self, _: &Peer, _: Call) -> Reply {
        Reply::Refused(Refusal::new(Code::Failed, "this twin is being restored: try again later"))
    }

    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// How friends are reached by whoever comes back.
#[derive(Clone, Debug, Default)]
pub struct Friends {
    /// Tickets that friends made: `twin copies help`.
    pub tickets: Vec<String>,
    /// Places that are known otherwise, such as those of guardians.
    pub places: Vec<Place>,
    /// Where friends who say so are looked for.
    pub look_out: LookOut,
}

impl Friends {
    /// Friends who made these tickets, and nobody else.
    #[must_use]
    pub fn by_tickets(tickets: &[String]) -> Self {
        Self { tickets: tickets.to_vec(), ..Self::default() }
    }

    /// Every place that is known or found.
    fn places(
        &self,
        world: &World,
        phrase: &RecoveryPhrase,
        watch: Watch<'_>,
        notices: &mut Vec<String>,
    ) -> Result<Vec<Place>, Failure> {
        let parsed = self.tickets.iter().map(|ticket| ticket.parse()).collect::<Result<Vec<Place>, BadTicket>>();
        let mut places = parsed.map_err(|_| {
            let words = "not a friend's ticket: it begins with help- and comes from `twin copies help`";
            Failure::new(FailureCode::Invalid, words)
        })?;
        places.extend(self.places.iter().cloned());
        if self.look_out.lan || self.look_out.dht {
            let doing = "looking for friends".to_owned();
            if watch(Progress { doing, unit: "objects".to_owned(), done: 0, of: 0 }).is_break() {
                return Err(stopped());
            }
            let (found, troubles) = self.look_out.look(&phrase.vault_key(), world.now().0);
            places.extend(found);
            notices.extend(troubles);
        }
        if places.is_empty() {
            return Err(Failure::new(
                FailureCode::NotFound,
                "no friend says in the local network or in the DHT where they are: ask friends who keep shares for a \
                 ticket (`twin copies help`), or to switch on `twin phonebook`",
            ));
        }
        Ok(places)
    }
}

/// A friend who was reached.
struct Friend {
    did: Did,
    place: Place,
    /// What they say they have seen of the owner's identity.
    versions: Vec<SignedDocument>,
}

/// What came back beside the journal.
pub(crate) struct Returned {
    /// The longest history of the owner's identity that a friend has seen.
    pub(crate) versions: Vec<SignedDocument>,
    /// The list of shares that the journal was put together by.
    pub(crate) manifest: Manifest,
    /// What the owner should know.
    pub(crate) notices: Vec<String>,
}

/// The way back.
struct Way {
    world: World,
    link: Arc<dyn Reach>,
    claim: Claim,
    device: SigningKey,
}

impl Way {
    fn ask(&self, friend: &Friend, request: &Request, most: u64) -> Result<Vec<u8>, Failure> {
        let malformed = || Failure::from(LinkError::Malformed);
        let json = serde_json::to_vec(request).map_err(|_| malformed())?;
        let ask = Ask::new(json, friend.did.clone(), self.world.now(), self.world.random()?, &self.device);
        let call = || Call::new(CALL, canonical::encode(&ask));
        let called = match self.link.call_with(&friend.did, call(), None) {
            // The connection was lost: come back once more.
            Err(LinkError::NotAContact | LinkError::Closed | LinkError::Unreachable) => {
                self.link.come_back(friend.place.clone(), self.claim.clone())?;
                self.link.call_with(&friend.did, call(), None)
            }
            called => called,
        };
        let (body, incoming) = called?;
        let answer = Answer::decode(&body).map_err(|_| malformed())?;
        let response = serde_json::from_slice(&answer.answer).and_then(|json| Response::from_json(request, json));
        let response = response.map_err(|_| malformed())?;
        match (response.download(), incoming) {
            (Some(sent), Some(incoming)) => {
                Checked::new(incoming, sent).all(most).map_err(|error| crate::payload::broken(&error))
            }
            _ => Err(malformed()),
        }
    }
}

/// Puts the journal together again in `home`, from friends.
pub(crate) fn restore(
    world: &World,
    home: &Path,
    phrase: &RecoveryPhrase,
    device_seed: &Secret32,
    how: &Friends,
    watch: Watch<'_>,
) -> Result<Returned, Failure> {
    let device = SigningKey::from_seed(device_seed);
    let claim = Claim::new(phrase, device.clone(), world.now());
    let owner = phrase.identity_key().did().clone();
    let seed = Secret32::from_bytes(world.random()?);
    let link = world.network.start(&seed, Settings::default(), Arc::new(Newcomer(world.clone())))?;
    let way = Way { world: world.clone(), link, claim, device };
    let keys = CopyKeys::new(&phrase.vault_key());
    let mut notices = Vec::new();
    let places = how.places(world, phrase, watch, &mut notices)?;
    let friends = reach(&way, &places, watch, &mut notices)?;
    let mut manifests = lists(&way, &keys, &owner, &friends, &mut notices);
    manifests.sort_by_key(|manifest| std::cmp::Reverse(manifest.number));
    manifests.dedup_by_key(|manifest| manifest.number);
    let mut failure = Failure::new(
        FailureCode::NotFound,
        "none of the friends who were reached keeps a list of your shares: ask more friends for a ticket",
    );
    for manifest in manifests {
        match fetch(&way, &keys, home, phrase, &manifest, &friends, watch) {
            Ok(()) => {
                let versions = longest(&friends, &mut notices);
                return Ok(Returned { versions, manifest, notices });
            }
            Err(stopped) if stopped.code == FailureCode::Stopped => return Err(stopped),
            Err(error) => {
                notices.push(format!(
                    "what was spread on {} could not be had back; an older state is tried",
                    manifest.at.rfc3339(didymos_base::ZoneOffset::UTC)
                ));
                failure = error;
            }
        }
    }
    Err(failure)
}

/// Comes back to everybody.
fn reach(way: &Way, places: &[Place], watch: Watch<'_>, notices: &mut Vec<String>) -> Result<Vec<Friend>, Failure> {
    let mut friends: Vec<Friend> = Vec::new();
    let mut last = None;
    for (at, place) in places.iter().enumerate() {
        match way.link.come_back(place.clone(), way.claim.clone()) {
            Ok(came) if friends.iter().all(|friend| friend.did != came.did) => {
                friends.push(Friend { did: came.did, place: place.clone(), versions: came.versions });
            }
            Ok(_) => {}
            Err(error) => {
                notices.push(format!("a friend at {} was not reached: {error}", spelt(place)));
                last = Some(error);
            }
        }
        let progress = Progress {
            doing: "reaching friends".to_owned(),
            unit: "objects".to_owned(),
            done: at as u64 + 1,
            of: places.len() as u64,
        };
        if watch(progress).is_break() {
            return Err(stopped());
        }
    }
    match last {
        Some(error) if friends.is_empty() => Err(error.into()),
        _ if friends.is_empty() => Err(Failure::new(FailureCode::Invalid, "name at least one friend by their ticket")),
        _ => Ok(friends),
    }
}

fn spelt(place: &Place) -> String {
    let addrs: Vec<String> = place.addrs.iter().map(ToString::to_string).collect();
    if addrs.is_empty() { "no known address".to_owned() } else { addrs.join(", ") }
}

fn stopped() -> Failure {
    Failure::new(FailureCode::Stopped, "stopped; what was fetched stays, and the same command goes on from there")
}

/// Every list of shares that a friend keeps and that the phrase opens.
fn lists(way: &Way, keys: &CopyKeys, owner: &Did, friends: &[Friend], notices: &mut Vec<String>) -> Vec<Manifest> {
    let mut manifests = Vec::new();
    for friend in friends {
        let got = way.ask(friend, &Request::ManifestGet, ENVELOPE_BYTES_MAX as u64).and_then(|bytes| {
            let opened = Envelope::decode(&bytes).and_then(|envelope| envelope.open(keys));
            opened.map_err(|error| Failure::new(FailureCode::Damaged, error.to_string()))
        });
        match got {
            Ok(manifest) if manifest.owner == *owner => manifests.push(manifest),
            Ok(_) => notices.push(format!("{} keeps a list of somebody else's shares", friend.did)),
            Err(failure) => notices.push(format!("{} gives no list of shares: {}", friend.did, failure.message)),
        }
    }
    manifests
}

/// The longest history of the identity of which the others are beginnings.
fn longest(friends: &[Friend], notices: &mut Vec<String>) -> Vec<SignedDocument> {
    let mut longest: &[SignedDocument] = &[];
    for friend in friends {
        let versions = friend.versions.as_slice();
        let (short, long) = if versions.len() < longest.len() { (versions, longest) } else { (longest, versions) };
        if !long.starts_with(short) {
            notices.push(format!("{} has seen another history of your identity than others have", friend.did));
            continue;
        }
        longest = long;
    }
    longest.to_vec()
}

/// Fetches every parcel of `manifest` that is not there yet, and makes a journal of them.
fn fetch(
    way: &Way,
    keys: &CopyKeys,
    home: &Path,
    phrase: &RecoveryPhrase,
    manifest: &Manifest,
    friends: &[Friend],
    watch: Watch<'_>,
) -> Result<(), Failure> {
    let rebuilding = Rebuilding::begin(home)?;
    let (end, mut begun) = (manifest.end(), 0);
    let mut sources: Vec<Source> = friends.iter().map(|friend| Source::new(friend.did.clone())).collect();
    let get = |did: &Did, share: Digest| {
        let friend = friends.iter().find(|friend| friend.did == *did);
        let friend = friend.ok_or_else(|| Failure::from(LinkError::NotAContact))?;
        way.ask(friend, &Request::ShareGet(ShareWhich { share }), SHARE_BYTES_MAX as u64)
    };
    for parcel in &manifest.parcels {
        let span = parcel.span;
        if rebuilding.digest(span.begins, span.len) != Some(parcel.digest) {
            let plain = parcel_from(&mut sources, &get, keys, manifest, parcel, begun)?;
            rebuilding.put(span.begins, &plain)?;
            begun += 1;
        }
        let doing = "fetching shares from friends".to_owned();
        if watch(Progress { doing, unit: "bytes".to_owned(), done: span.ends(), of: end }).is_break() {
            return Err(stopped());
        }
    }
    rebuilding.finish(&VaultKey::new(phrase.vault_key()), end, manifest.seq, manifest.commit)?;
    Ok(())
}
