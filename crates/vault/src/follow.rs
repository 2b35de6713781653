//! Following the journal of another machine of the same owner, commit by commit.
//!
//! A journal has one writer. Other devices keep it whole and live: they ask for everything after the last commit that
//! they have and get the bytes of the writer's file from there on. Since all that a journal is lies in a known order,
//! what grows here is the same file, bit for bit.
//!
//! Two threads share the work: one takes frames from the network and holds each against its digest, the other checks
//! commits and writes. A third makes durable what is written while more comes. So neither the network nor the disk waits
//! for the other.
//!
//! Nothing is believed. Each frame is held against its digest before it is written, each commit against its list, its
//! signature, the owner's certificate for who signed, the commit before and the root over the whole history. What does
//! not hold is dropped, and everything before it stays. A journal that was written to by two machines is found out at
//! the first commit in which they differ: [`VaultError::Forked`].

use crate::commit::{CommitFrame, ObjectKind};
use crate::disk::{Disk, DiskFile, RealDisk};
use crate::error::{Damage, Damaged, VaultError};
use crate::frame::{FILE_HEAD, FrameKind, HEAD_LEN, Head};
use crate::journal::{JOURNAL, Journal, Placed};
use crate::records::decode_records;
use crate::turn::acknowledged;
use crate::vault::{Opening, Vault, unpoisoned};
use didymos_base::{Digest, canonical, merkle};
use didymos_identity::{SignedDocument, VerifiedIdentity, verify_chain};
use std::io::{self, ErrorKind, Read};
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

/// So many bytes are made durable together.
const DURABLE_EVERY: u64 = 64 << 20;
/// After so many bytes a thread begins to make durable what is there, while more comes: the disk works meanwhile, and
/// the last sync finds little left to do.
const AHEAD_EVERY: u64 = 8 << 20;
/// So many bytes of the file are read under one lock.
const STEP: usize = 1 << 20;
/// Frames that have come and are not written yet.
const CAME_MAX: usize = 64;

/// A commit, by its place and digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its number.
    pub seq: u64,
    /// Its digest.
    pub digest: Digest,
}

/// Whole commits of a journal, as they lie in the file.
pub struct Stretch {
    vault: Arc<Vault>,
    at: u64,
    end: u64,
    /// How many commits.
    pub commits: u64,
}

impl Stretch {
    /// Bytes of it that were not read yet.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.end - self.at
    }
}

impl Read for Stretch {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = into.len().min(STEP).min(usize::try_from(self.left()).unwrap_or(usize::MAX));
        unpoisoned(self.vault.journal.read()).copy(&mut into[..n], self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

/// What following brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Commits that were taken in.
    pub commits: u64,
    /// Bytes of them.
    pub bytes: u64,
}

impl Vault {
    /// The newest commit.
    #[must_use]
    pub fn tip(&self) -> Option<Tip> {
        self.index().commits.last().map(|last| Tip { seq: last.seq, digest: last.digest })
    }

    /// The commits after `after`: as many whole ones as fit into `most` bytes, and at least one if there is any.
    pub fn after(self: &Arc<Self>, after: Option<Tip>, most: u64) -> Result<Stretch, VaultError> {
        self.ensure_whole()?;
        let index = self.index();
        let from = match after {
            None => 0,
            Some(tip) => {
                let same = index.commits.get(tip.seq as usize).is_some_and(|commit| commit.digest == tip.digest);
                if !same {
                    return Err(VaultError::Forked { seq: tip.seq });
                }
                tip.seq as usize + 1
            }
        };
        let ends = |commit: &crate::CommitRef| commit.at + HEAD_LEN as u64 + u64::from(commit.len);
        let at = from.checked_sub(1).and_then(|last| index.commits.get(last)).map_or(FILE_HEAD.len() as u64, ends);
        let rest = index.commits.get(from..).unwrap_or_default();
        let fitting = rest.partition_point(|commit| ends(commit) - at <= most).max(rest.len().min(1));
        let end = fitting.checked_sub(1).and_then(|last| rest.get(last)).map_or(at, ends);
        Ok(Stretch { vault: Arc::clone(self), at, end, commits: fitting as u64 })
    }

    /// Makes an empty vault that follows another one.
    pub fn begin_following(opening: Opening<'_>) -> Result<Self, VaultError> {
        Self::begin_following_on(Arc::new(RealDisk), opening)
    }

    /// The same on another disk.
    pub fn begin_following_on(disk: Arc<dyn Disk>, opening: Opening<'_>) -> Result<Self, VaultError> {
        let journal = Journal::create(&*disk, opening.dir)?;
        Ok(Self::with(disk, opening, journal, &[], crate::Found::default()))
    }

    /// Takes in commits as they come, until `from` ends. What was taken in before something went wrong is durable and
    /// stays. `watch` gets the bytes that were taken in; `Break` stops after the commit that is under way.
    pub fn follow(
        &self,
        from: &mut (dyn Read + Send),
        watch: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Followed, VaultError> {
        let _alone = self.alone();
        self.ensure_whole()?;
        let file = unpoisoned(self.journal.read()).file();
        let ahead = Ahead::default();
        let mut following = Following::new(self, &ahead)?;
        let begin = following.end;
        let result = std::thread::scope(|scope| {
            let (give, came) = sync_channel(CAME_MAX);
            scope.spawn(move || take_frames(from, begin, &give));
            let (tell, told) = sync_channel::<()>(1);
            let mut told = Some(told);
            let result = following.run(&came, watch, &mut || {
                // A thread only where there is so much that it is worth one.
                if let Some(told) = told.take() {
                    let (file, ahead) = (&file, &ahead);
                    scope.spawn(move || ahead.work(&**file, &told));
                }
                let _ = tell.try_send(());
            });
            // Both threads end with the ends of their channels.
            drop((tell, came));
            result
        });
        // Whatever happened, the whole commits before it count.
        let kept = following.settle();
        let (brought, retracted) = (following.brought, following.retracted);
        drop(following);
        let settled = kept.and_then(|()| if retracted { self.apply_retractions() } else { Ok(()) });
        result.and(settled).map(|()| brought)
    }
}

/// A frame that came, head and payload, whose payload has the digest that its head names.
struct Came {
    head: Head,
    bytes: Vec<u8>,
}

/// Takes frames from `from`, where the first would lie at `at`, until it ends, something is wrong, or nobody takes them
/// any more.
fn take_frames(from: &mut dyn Read, mut at: u64, give: &SyncSender<Result<Came, VaultError>>) {
    while let Some(came) = take_frame(from, at).transpose() {
        at += came.as_ref().map_or(0, |came| came.head.frame_len());
        let wrong = came.is_err();
        if give.send(came).is_err() || wrong {
            return;
        }
    }
}

/// The next frame, if there is one more.
fn take_frame(from: &mut dyn Read, at: u64) -> Result<Option<Came>, VaultError> {
    let mut head = [0; HEAD_LEN];
    match first_byte(from, &mut head) {
        Ok(false) => return Ok(None),
        Ok(true) => {}
        Err(error) => return Err(broken(at, error.to_string())),
    }
    let mut bytes = head.to_vec();
    let head = Head::decode(&head).map_err(|what| broken(at, what.0))?;
    bytes.resize(HEAD_LEN + head.len as usize, 0);
    from.read_exact(&mut bytes[HEAD_LEN..]).map_err(|error| broken(at, error.to_string()))?;
    if Digest::of(&bytes[HEAD_LEN..]) != head.id {
        return Err(broken(at, "a frame's bytes do not have its digest"));
    }
    Ok(Some(Came { head, bytes }))
}

/// A thread that makes durable what is written while more is.
#[derive(Default)]
struct Ahead(Mutex<Option<io::Error>>);

impl Ahead {
    fn work(&self, file: &dyn DiskFile, told: &Receiver<()>) {
        while told.recv().is_ok() {
            if let Err(error) = file.sync() {
                // The system says it once: whoever commits has to hear of it.
                *unpoisoned(self.0.lock()) = Some(error);
                return;
            }
        }
    }

    fn failure(&self) -> Option<io::Error> {
        unpoisoned(self.0.lock()).take()
    }
}

/// Commits that were checked and written, and are not durable yet.
struct Following<'v> {
    vault: &'v Vault,
    ahead: &'v Ahead,
    pending: Vec<Placed>,
    pending_bytes: u64,
    versions: Vec<SignedDocument>,
    identity: Option<VerifiedIdentity>,
    history: merkle::Frontier,
    last: Option<(Tip, u32)>,
    /// Where the whole commits end.
    end: u64,
    brought: Followed,
    /// Whether imports were taken back in it.
    retracted: bool,
}

fn broken(at: u64, what: impl Into<String>) -> VaultError {
    VaultError::Incoming(Damage { file: JOURNAL.into(), at, object: None, what: what.into() })
}

impl<'v> Following<'v> {
    fn new(vault: &'v Vault, ahead: &'v Ahead) -> Result<Self, VaultError> {
        let versions = vault.identity()?;
        let identity = verify_chain(&versions).ok();
        let (history, last) = {
            let index = vault.index();
            let last = index
                .commits
                .last()
                .map(|commit| (Tip { seq: commit.seq, digest: commit.digest }, HEAD_LEN as u32 + commit.len));
            (index.history.clone(), last)
        };
        let end = unpoisoned(vault.journal.read()).end;
        let (pending, brought) = (Vec::new(), Followed::default());
        let retracted = false;
        Ok(Self { vault, ahead, pending, pending_bytes: 0, versions, identity, history, last, end, brought, retracted })
    }

    fn run(
        &mut self,
        came: &Receiver<Result<Came, VaultError>>,
        watch: &mut dyn FnMut(u64) -> ControlFlow<()>,
        ahead: &mut dyn FnMut(),
    ) -> Result<(), VaultError> {
        let mut staged: Vec<(Digest, u32)> = Vec::new();
        let (mut at, mut taken) = (self.end, 0);
        for came in came {
            let Came { head, bytes } = came?;
            unpoisoned(self.vault.journal.write()).stage_frame(&bytes)?;
            if head.kind == FrameKind::Object {
                staged.push((head.id, head.len));
                if staged.len() > crate::commit::MAX_OBJECTS {
                    return Err(broken(at, "more objects than a commit may have"));
                }
            } else {
                let placed = self.check(at, &head, &bytes[HEAD_LEN..], &staged).map_err(|what| broken(at, what.0))?;
                self.take(placed);
                staged.clear();
            }
            at += head.frame_len();
            if taken / AHEAD_EVERY < (taken + head.frame_len()) / AHEAD_EVERY {
                ahead();
            }
            taken += head.frame_len();
            if self.pending_bytes >= DURABLE_EVERY {
                self.settle()?;
            }
            if watch(taken).is_break() && staged.is_empty() {
                return Err(VaultError::Stopped);
            }
        }
        if staged.is_empty() { Ok(()) } else { Err(broken(at, "it ends within a commit")) }
    }

    /// A commit, if it is the next one and everything about it holds.
    fn check(&mut self, at: u64, head: &Head, sealed: &[u8], staged: &[(Digest, u32)]) -> Result<Placed, Damaged> {
        let plain = self.vault.seal.open_commit(sealed)?;
        let frame: CommitFrame = canonical::decode(&plain).map_err(|_| Damaged("a commit is malformed"))?;
        let commit = &frame.commit;
        let (seq, previous, previous_len) =
            self.last.map_or((0, Digest([0; 32]), 0), |(tip, len)| (tip.seq + 1, tip.digest, len));
        let follows = commit.seq == seq
            && commit.previous == previous
            && commit.history == self.history.root()
            && frame.begins == self.end
            && frame.previous_len == previous_len
            && frame.entries.iter().map(|entry| (entry.id, entry.len)).eq(staged.iter().copied());
        if !follows {
            return Err(Damaged("a commit does not follow the one before"));
        }
        if let Some(identity) = &self.identity
            && identity.document().revocation(&commit.device).is_some()
        {
            return Err(Damaged("a commit is signed by a device that the owner has revoked"));
        }
        self.learn(&frame)?;
        let controllers = self.identity.as_ref().map(VerifiedIdentity::controllers).unwrap_or_default();
        frame.check(&self.vault.owner, controllers)?;
        Ok(Placed { at, id: head.id, len: head.len, frame })
    }

    /// Takes in the versions of the owner's identity that a commit brings.
    fn learn(&mut self, frame: &CommitFrame) -> Result<(), Damaged> {
        let mut at = frame.begins;
        let before = self.versions.len();
        for entry in &frame.entries {
            if entry.kind == ObjectKind::Identity {
                let sealed = unpoisoned(self.vault.journal.read()).read(at, entry.len, &entry.id);
                let sealed = sealed.map_err(|_| Damaged("an identity document cannot be read back"))?;
                let plain = self.vault.seal.open_records(entry.kind, &sealed)?;
                for record in decode_records(&plain)?.1 {
                    let version = SignedDocument::decode(&record);
                    self.versions.push(version.map_err(|_| Damaged("an identity document is malformed"))?);
                }
            }
            at += crate::index::frame_len(entry);
        }
        if self.versions.len() > before {
            let identity = verify_chain(&self.versions).map_err(|_| Damaged("the owner's identity does not hold"))?;
            // What a device signed after the owner's last word on it, and dated back, does not count.
            let late = |revocation: &didymos_identity::Revocation| {
                let index = self.vault.index();
                let known = index.commits.iter().map(|commit| (commit.seq, &commit.device));
                let pending = self.pending.iter().map(|placed| (placed.frame.commit.seq, &placed.frame.commit.device));
                revocation.after_seq.is_some_and(|last| {
                    known.chain(pending).any(|(seq, device)| seq > last && *device == revocation.device)
                })
            };
            if identity.document().revoked.iter().any(late) {
                return Err(Damaged("the owner has revoked a device from an earlier commit on"));
            }
            self.identity = Some(identity);
        }
        Ok(())
    }

    fn take(&mut self, placed: Placed) {
        let digest = placed.frame.commit.digest();
        self.history.push(digest);
        self.last = Some((Tip { seq: placed.frame.commit.seq, digest }, HEAD_LEN as u32 + placed.len));
        self.pending_bytes += placed.end() - self.end;
        self.end = placed.end();
        self.pending.push(placed);
    }

    /// Makes what is pending durable and visible, and drops what was written behind it.
    fn settle(&mut self) -> Result<(), VaultError> {
        let pending = std::mem::take(&mut self.pending);
        let mut index = self.vault.index_mut();
        let mut journal = unpoisoned(self.vault.journal.write());
        let Some(last) = pending.last() else {
            return journal.roll_back();
        };
        if let Some(error) = self.ahead.failure() {
            return Err(journal.failed(error));
        }
        journal.unstage(last.end())?;
        let slot = acknowledged(last);
        let first = index.commits.is_empty();
        journal.acknowledge(slot.seq, slot.digest, slot.last_len, &self.vault.seal)?;
        if first {
            journal.fill_both_slots(slot, &self.vault.seal)?;
        }
        for placed in &pending {
            self.retracted |= placed.frame.entries.iter().any(|entry| entry.kind == ObjectKind::Retractions);
            index.add(placed);
        }
        self.brought.commits += pending.len() as u64;
        self.brought.bytes += std::mem::take(&mut self.pending_bytes);
        Ok(())
    }
}

/// Fills `head`; false where there is not one byte more.
fn first_byte(from: &mut dyn Read, head: &mut [u8; HEAD_LEN]) -> io::Result<bool> {
    let mut filled = 0;
    while filled < HEAD_LEN {
        match from.read(&mut head[filled..]) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(n) => filled += n,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}
