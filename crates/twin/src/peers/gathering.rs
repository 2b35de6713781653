//! Parcels from friends: as many shares of each as are needed, from whoever is there, and what a journal that has rotted
//! takes from them.

use super::look;
use super::online::ask_with;
use super::spreading;
use crate::door::{Failure, FailureCode};
use crate::request::ShareWhich;
use crate::{Request, Twin};
use didymos_base::{Did, Digest};
use didymos_copies::leaf::{self, SHARE_BYTES_MAX};
use didymos_copies::{CopyKeys, Manifest, Parcel, code, parcel};
use didymos_vault::Copies;
use didymos_vault::frame::{FILE_HEAD, FrameKind, HEAD_LEN, Head};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::mpsc;
use std::time::Duration;

/// Parcels that are kept in memory while a journal is healed.
const KEPT: usize = 8;
/// So often, on the whole, a parcel is fetched for a repair.
const FETCHES_EACH: usize = 4;

/// How often, and how long apart, a friend who is busy is asked again.
const TRIES: usize = 60;
const PAUSE: Duration = Duration::from_millis(500);

/// A friend from whom shares can be had.
pub(crate) struct Source {
    pub(crate) did: Did,
    /// Shares that they gave wrong, or do not have.
    lacking: BTreeSet<Digest>,
    /// They cannot be reached any more.
    gone: bool,
}

impl Source {
    pub(crate) fn new(did: Did) -> Self {
        Self { did, lacking: BTreeSet::new(), gone: false }
    }
}

/// Gets a share from a friend.
pub(crate) type Get<'a> = &'a (dyn Fn(&Did, Digest) -> Result<Vec<u8>, Failure> + Sync);

/// The journal's bytes of one parcel, from whichever friends have enough of its shares. `turn` spreads the asking over
/// them. What does not have its name is as good as not there: it is asked of somebody else.
pub(crate) fn parcel_from(
    sources: &mut [Source],
    get: Get<'_>,
    keys: &CopyKeys,
    manifest: &Manifest,
    parcel: &Parcel,
    turn: usize,
) -> Result<Vec<u8>, Failure> {
    let need = usize::from(manifest.need);
    let mut have: Vec<(u8, Vec<u8>)> = Vec::new();
    while have.len() < need {
        let wanted = wanted(sources, manifest, parcel, &have, turn);
        if have.len() + wanted.len() < need {
            let words = format!(
                "only {} of {need} shares of a part of your journal are to be had from the friends who were reached: \
                 ask more friends for a ticket",
                have.len() + wanted.len()
            );
            return Err(Failure::new(FailureCode::NotFound, words));
        }
        // From one friend one after the other, from several at once.
        let mut asked: BTreeMap<usize, Vec<(u8, Digest)>> = BTreeMap::new();
        for (at, number, name) in wanted.into_iter().take(need - have.len()) {
            asked.entry(at).or_default().push((number, name));
        }
        let (send, receive) = mpsc::channel();
        let reached: &[Source] = sources;
        std::thread::scope(|scope| {
            for (at, shares) in asked {
                let send = send.clone();
                scope.spawn(move || {
                    for (number, name) in shares {
                        let _ = send.send((at, number, name, patiently(get, &reached[at].did, name)));
                    }
                });
            }
        });
        drop(send);
        for (at, number, name, got) in receive {
            match got {
                Ok(bytes) if leaf::name_of(&bytes) == name => have.push((number, bytes)),
                Ok(_) => drop(sources[at].lacking.insert(name)),
                Err(failure) if failure.code == FailureCode::NotFound => drop(sources[at].lacking.insert(name)),
                Err(_) => sources[at].gone = true,
            }
        }
    }
    let damaged = |words: &str| Failure::new(FailureCode::Damaged, words);
    let len = parcel::sealed_len(parcel.span);
    let sealed = code::decode(len, manifest.need, &have).map_err(|error| damaged(&error.to_string()))?;
    let plain = keys.open(parcel.span, &sealed).map_err(|error| damaged(&error.to_string()))?;
    if Digest::of(&plain) == parcel.digest { Ok(plain) } else { Err(damaged("a parcel is not what its list says")) }
}

/// A friend may have to do with others too: it is asked again for a while.
fn patiently(get: Get<'_>, did: &Did, name: Digest) -> Result<Vec<u8>, Failure> {
    for _ in 0..TRIES {
        match get(did, name) {
            Err(failure) if failure.code == FailureCode::Busy => std::thread::sleep(PAUSE),
            got => return got,
        }
    }
    get(did, name)
}

/// Shares of `parcel` that are not there yet, and who has them: one of each friend, beginning in turn, then a second one.
fn wanted(
    sources: &[Source],
    manifest: &Manifest,
    parcel: &Parcel,
    have: &[(u8, Vec<u8>)],
    turn: usize,
) -> Vec<(usize, u8, Digest)> {
    let mut wanted = Vec::new();
    for at in 0..sources.len() {
        let at = (at + turn) % sources.len();
        let source = &sources[at];
        for (rank, number) in manifest.numbers_of(&source.did).into_iter().enumerate() {
            let Some(name) = manifest.share(parcel, number) else { continue };
            let had = have.iter().any(|(other, _)| *other == number);
            if !source.gone && !had && !source.lacking.contains(&name) {
                wanted.push((rank, (at, number, name)));
            }
        }
    }
    wanted.sort_by_key(|(rank, _)| *rank);
    wanted.into_iter().map(|(_, wanted)| wanted).collect()
}

/// The copies that friends keep, for healing.
pub(crate) struct FromFriends<'a> {
    twin: &'a Twin,
    keys: CopyKeys,
    manifest: Manifest,
    sources: Vec<Source>,
    /// The parcels that were fetched last.
    kept: VecDeque<(usize, Vec<u8>)>,
    /// Parcels that were looked for and are not kept.
    lacking: BTreeSet<usize>,
    /// Parcels that friends cannot give.
    lost: BTreeSet<usize>,
    /// How many more parcels are fetched: nobody makes a repair go on for ever.
    left: usize,
    /// Where objects and commits lie in the journal.
    places: HashMap<Digest, (u64, u32)>,
    /// Ids of the frames of commits, as far as was walked.
    commits: Vec<Digest>,
    /// So far was walked.
    walked: u64,
}

impl<'a> FromFriends<'a> {
    /// What friends keep of `twin`, if they keep something and it can be told who.
    pub(crate) fn of(twin: &'a Twin) -> Option<Self> {
        let manifest = spreading::with(twin, |ledger| ledger.published.clone())?;
        let known =
            look(twin, |book| book.contacts.all().map(|contact| contact.did.clone()).collect::<Vec<_>>()).ok()?;
        let holders = manifest.holders.iter().filter(|holder| known.contains(&holder.did));
        let sources: Vec<Source> = holders.map(|holder| Source::new(holder.did.clone())).collect();
        let places = twin.vault.places().into_iter().map(|(id, at, len)| (id, (at, len))).collect();
        let left = FETCHES_EACH * (manifest.parcels.len() + KEPT);
        (!sources.is_empty()).then(|| Self {
            twin,
            lacking: BTreeSet::new(),
            lost: BTreeSet::new(),
            left,
            keys: spreading::keys(twin),
            manifest,
            sources,
            kept: VecDeque::new(),
            places,
            commits: Vec::new(),
            walked: FILE_HEAD.len() as u64,
        })
    }

    fn parcel(&mut self, at: usize) -> Option<&[u8]> {
        let held = self.kept.iter().position(|(parcel, _)| *parcel == at);
        if held.is_none() && !self.lost.contains(&at) {
            self.lacking.insert(at);
        }
        self.kept.get(held?).map(|(_, bytes)| bytes.as_slice())
    }

    /// Fetches some of the parcels that were lacking; says whether one came. This is done while nobody has the journal in
    /// hand: whoever meets friends reads in it.
    pub(crate) fn fetch(&mut self) -> bool {
        let wanted: Vec<usize> =
            std::mem::take(&mut self.lacking).into_iter().take((KEPT / 2).min(self.left)).collect();
        self.left -= wanted.len();
        let mut came = false;
        for at in wanted {
            let fetched = self.fetch_one(at);
            came |= fetched.is_some();
            match fetched {
                Some(plain) => {
                    if self.kept.len() >= KEPT {
                        self.kept.pop_front();
                    }
                    self.kept.push_back((at, plain));
                }
                None => drop(self.lost.insert(at)),
            }
        }
        came
    }

    fn fetch_one(&mut self, at: usize) -> Option<Vec<u8>> {
        let twin = self.twin;
        let get = |did: &Did, share: Digest| {
            let request = Request::ShareGet(ShareWhich { share });
            let (.., incoming) = ask_with(twin, did, &request, None)?;
            let incoming = incoming.ok_or_else(|| Failure::new(FailureCode::NotFound, "nothing came"))?;
            incoming.all(SHARE_BYTES_MAX as u64).map_err(|error| crate::payload::broken(&error))
        };
        let parcel = self.manifest.parcels.get(at)?;
        parcel_from(&mut self.sources, &get, &self.keys, &self.manifest, parcel, at).ok()
    }

    /// Bytes of the journal file.
    fn bytes(&mut self, at: u64, len: u64) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(usize::try_from(len).ok()?);
        while (bytes.len() as u64) < len {
            let here = at + bytes.len() as u64;
            let which = self
                .manifest
                .parcels
                .iter()
                .position(|parcel| (parcel.span.begins..parcel.span.ends()).contains(&here))?;
            let begins = self.manifest.parcels[which].span.begins;
            let left = len - bytes.len() as u64;
            let parcel = self.parcel(which)?.get((here - begins) as usize..)?;
            bytes.extend_from_slice(&parcel[..parcel.len().min(left as usize)]);
        }
        Some(bytes)
    }

    /// Walks on from frame to frame until `enough`, or to the end.
    fn walk(&mut self, enough: impl Fn(&Self) -> bool) {
        while !enough(self) && self.walked < self.manifest.end() {
            let head = self.bytes(self.walked, HEAD_LEN as u64).and_then(|bytes| bytes.try_into().ok());
            let Some(head) = head.and_then(|head| Head::decode(&head).ok()) else { return };
            self.places.insert(head.id, (self.walked, head.len));
            if head.kind == FrameKind::Commit {
                self.commits.push(head.id);
            }
            self.walked += head.frame_len();
        }
    }
}

impl Copies for FromFriends<'_> {
    fn object(&mut self, id: &Digest) -> Option<Vec<u8>> {
        self.walk(|copies| copies.places.contains_key(id));
        let (at, len) = *self.places.get(id)?;
        self.bytes(at + HEAD_LEN as u64, u64::from(len))
    }

    fn commit(&mut self, seq: u64) -> Option<Digest> {
        let wanted = usize::try_from(seq).ok()?;
        self.walk(|copies| copies.commits.len() > wanted);
        self.commits.get(wanted).copied()
    }

    fn newest(&mut self) -> Option<u64> {
        Some(self.manifest.seq)
    }
}

/// Copies in places first, then at friends.
pub(crate) struct Anywhere<'a> {
    pub(crate) places: didymos_vault::backup::Places,
    pub(crate) friends: Option<FromFriends<'a>>,
}

impl Anywhere<'_> {
    pub(crate) fn is_nowhere(&self) -> bool {
        self.places.0.is_empty() && self.friends.is_none()
    }
}

impl Copies for Anywhere<'_> {
    fn object(&mut self, id: &Digest) -> Option<Vec<u8>> {
        self.places.object(id).or_else(|| self.friends.as_mut()?.object(id))
    }

    fn objects(&mut self, ids: &[Digest]) -> Vec<Option<Vec<u8>>> {
        let mut found = self.places.objects(ids);
        if let Some(friends) = &mut self.friends {
            for (bytes, id) in found.iter_mut().zip(ids).filter(|(bytes, _)| bytes.is_none()) {
                *bytes = friends.object(id);
            }
        }
        found
    }

    fn commit(&mut self, seq: u64) -> Option<Digest> {
        self.places.commit(seq).or_else(|| self.friends.as_mut()?.commit(seq))
    }

    fn newest(&mut self) -> Option<u64> {
        self.places.newest().max(self.friends.as_mut().and_then(Copies::newest))
    }
}
