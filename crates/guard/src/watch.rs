//! The witness: it keeps the last checkpoint of each contact, and cosigns what provably continues it.
//!
//! ```text
//! origin                                             witness
//!   checkpoint, consistency proof from the last  ->    Cosign, Prove { the last one it has }, or Fork { evidence }
//! witness                                            another witness of the same origin
//!   the last checkpoint it cosigned              ->    the last one it cosigned itself
//!                       each then asks the origin to connect the two, where they differ in size
//! ```
//!
//! One round trip catches up with any number of commits, since a consistency proof is logarithmic.

use crate::checkpoint::{Checkpoint, Cosignature, PROOF_MAX};
use crate::evidence::Evidence;
use crate::paper::GuardError;
use didymos_base::{Did, Digest, Timestamp, merkle};
use didymos_identity::{SignedDocument, VerifiedIdentity};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// The most witnesses that a twin names.
pub const WITNESSES_MAX: usize = 16;
/// The most forks that are remembered.
pub const FORKS_MAX: usize = 256;

/// A change, as it lies in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
#[allow(missing_docs, clippy::large_enum_variant)]
pub enum WitnessRecord {
    /// As witness: this checkpoint was cosigned.
    #[n(0)]
    Cosigned {
        #[n(0)]
        checkpoint: Checkpoint,
        #[n(1)]
        fellows: Vec<Did>,
        #[n(2)]
        at: Timestamp,
    },
    /// As witness: a fellow has seen this one, and it is not connected yet with what was seen here.
    #[n(1)]
    Apart {
        #[n(0)]
        fellow: Did,
        #[n(1)]
        checkpoint: Checkpoint,
    },
    /// As witness: what a fellow has seen goes together with what was seen here.
    #[n(2)]
    Together {
        #[n(0)]
        origin: Did,
        #[n(1)]
        fellow: Did,
    },
    /// As witness: a fellow knows what was seen here, up to so many commits.
    #[n(3)]
    Shown {
        #[n(0)]
        origin: Did,
        #[n(1)]
        fellow: Did,
        #[n(2)]
        size: u64,
    },
    /// A twin was caught.
    #[n(4)]
    Caught {
        #[n(0)]
        evidence: Box<Evidence>,
        #[n(1)]
        by: Option<Did>,
        #[n(2)]
        at: Timestamp,
    },
    /// As origin: this contact is a witness.
    #[n(5)]
    Named {
        #[n(0)]
        witness: Did,
        #[n(1)]
        at: Timestamp,
    },
    /// As origin: not any more.
    #[n(6)]
    Unnamed {
        #[n(0)]
        witness: Did,
        #[n(1)]
        at: Timestamp,
    },
    /// As origin: a witness cosigned.
    #[n(7)]
    Got {
        #[n(0)]
        checkpoint: Checkpoint,
        #[n(1)]
        cosignature: Cosignature,
    },
    /// As origin: a witness did not, and what it said.
    #[n(8)]
    Objected {
        #[n(0)]
        witness: Did,
        #[n(1)]
        words: String,
        #[n(2)]
        at: Timestamp,
    },
}

/// What is known of a contact's journal.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The last checkpoint that was cosigned.
    pub last: Checkpoint,
    /// When.
    pub at: Timestamp,
    /// The origin's other witnesses.
    pub fellows: Vec<Did>,
    /// What fellows have seen that is not connected yet.
    pub apart: BTreeMap<Did, Checkpoint>,
    /// Up to how many commits each fellow knows what was seen here.
    pub shown: BTreeMap<Did, u64>,
}

/// A twin that was caught.
#[derive(Clone, Debug)]
pub struct Fork {
    /// The evidence.
    pub evidence: Evidence,
    /// Who showed it; none: it came to light here.
    pub by: Option<Did>,
    /// When it came to light here.
    pub at: Timestamp,
}

/// A witness of the owner's.
#[derive(Clone, Debug, Default)]
pub struct Named {
    /// What they cosigned last.
    pub cosigned: Option<(Checkpoint, Cosignature)>,
    /// What they said last, where it was no cosignature.
    pub words: Option<String>,
}

/// What a witness says to a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It continues what was seen before.
    Cosign,
    /// Something else was seen before: prove from there.
    Prove(Box<Checkpoint>),
    /// It does not go together with what was seen before.
    Fork(Box<Evidence>),
}

/// How two checkpoints of one twin stand to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compared {
    /// They say the same.
    Same,
    /// They contradict each other.
    Fork(Box<Evidence>),
    /// The origin has to connect them: from the smaller to the larger.
    Ask(Box<Checkpoint>, Box<Checkpoint>),
}

/// A proof that comes with a checkpoint.
#[derive(Clone, Copy, Debug)]
pub struct Continues<'a> {
    /// Size of the last checkpoint that the origin believes the witness has.
    pub old_size: u64,
    /// The root at that size, by the origin.
    pub old_root: Option<Digest>,
    /// The hashes between.
    pub proof: &'a [Digest],
}

/// Compares two signed checkpoints of one twin.
#[must_use]
pub fn compare(one: &Checkpoint, other: &Checkpoint, versions: &[SignedDocument]) -> Compared {
    if one.says_the_same(other) {
        return Compared::Same;
    }
    if one.size == other.size {
        let evidence = Evidence::new(versions.to_vec(), one.clone(), other.clone(), other.root, Vec::new());
        return Compared::Fork(Box::new(evidence));
    }
    let (small, large) = if one.size < other.size { (one, other) } else { (other, one) };
    Compared::Ask(Box::new(small.clone()), Box::new(large.clone()))
}

/// What a consistency proof says about two checkpoints: nothing is wrong, or here is the evidence.
pub fn connect(
    small: &Checkpoint,
    large: &Checkpoint,
    old_root: Digest,
    proof: &[Digest],
    versions: &[SignedDocument],
) -> Result<Option<Evidence>, GuardError> {
    let holds = proof.len() <= PROOF_MAX && merkle::is_consistent(small.size, old_root, large.size, large.root, proof);
    if !holds {
        return Err(GuardError::Signature);
    }
    let forked = old_root != small.root;
    Ok(forked.then(|| Evidence::new(versions.to_vec(), small.clone(), large.clone(), old_root, proof.to_vec())))
}

/// Everything about witnesses, of both kinds.
#[derive(Default)]
pub struct Watch {
    watched: BTreeMap<Did, Watched>,
    forks: BTreeMap<Digest, Fork>,
    caught: BTreeMap<Did, Digest>,
    named: BTreeMap<Did, Named>,
}

impl Watch {
    /// Takes in a record.
    pub fn apply(&mut self, record: WitnessRecord) {
        match record {
            WitnessRecord::Cosigned { checkpoint, fellows, at } => {
                let fresh = || Watched {
                    last: checkpoint.clone(),
                    at,
                    fellows: Vec::new(),
                    apart: BTreeMap::new(),
                    shown: BTreeMap::new(),
                };
                let watched = self.watched.entry(checkpoint.origin.clone()).or_insert_with(fresh);
                (watched.last, watched.at, watched.fellows) = (checkpoint, at, fellows);
            }
            WitnessRecord::Apart { fellow, checkpoint } => {
                if let Some(watched) = self.watched.get_mut(&checkpoint.origin) {
                    watched.apart.insert(fellow, checkpoint);
                }
            }
            WitnessRecord::Together { origin, fellow } => {
                if let Some(watched) = self.watched.get_mut(&origin) {
                    watched.apart.remove(&fellow);
                }
            }
            WitnessRecord::Shown { origin, fellow, size } => {
                if let Some(watched) = self.watched.get_mut(&origin) {
                    watched.shown.insert(fellow, size);
                }
            }
            WitnessRecord::Caught { evidence, by, at } => {
                let id = evidence.id();
                self.caught.entry(evidence.first.origin.clone()).or_insert(id);
                if let Some(watched) = self.watched.get_mut(&evidence.first.origin) {
                    // Fellows are to hear of it, also those that know the checkpoint.
                    watched.apart.clear();
                    watched.shown.clear();
                }
                self.forks.entry(id).or_insert(Fork { evidence: *evidence, by, at });
            }
            WitnessRecord::Named { witness, .. } => {
                self.named.entry(witness).or_default();
            }
            WitnessRecord::Unnamed { witness, .. } => {
                self.named.remove(&witness);
            }
            WitnessRecord::Got { checkpoint, cosignature } => {
                if let Some(named) = self.named.get_mut(&cosignature.witness) {
                    (named.cosigned, named.words) = (Some((checkpoint, cosignature)), None);
                }
            }
            WitnessRecord::Objected { witness, words, .. } => {
                if let Some(named) = self.named.get_mut(&witness) {
                    named.words = Some(words);
                }
            }
        }
    }

    /// Whose journals were witnessed.
    pub fn watched(&self) -> impl Iterator<Item = (&Did, &Watched)> {
        self.watched.iter()
    }

    /// One of them.
    #[must_use]
    pub fn last(&self, origin: &Did) -> Option<&Watched> {
        self.watched.get(origin)
    }

    /// Twins that were caught.
    pub fn forks(&self) -> impl Iterator<Item = (&Digest, &Fork)> {
        self.forks.iter()
    }

    /// The evidence against `origin`.
    #[must_use]
    pub fn fork_of(&self, origin: &Did) -> Option<&Fork> {
        self.forks.get(self.caught.get(origin)?)
    }

    /// The owner's witnesses.
    pub fn named(&self) -> impl Iterator<Item = (&Did, &Named)> {
        self.named.iter()
    }

    /// One of them.
    #[must_use]
    pub fn is_named(&self, witness: &Did) -> Option<&Named> {
        self.named.get(witness)
    }

    /// What the witness says to a checkpoint that `origin` brings.
    pub fn submitted(
        &self,
        checkpoint: &Checkpoint,
        continues: Continues<'_>,
        origin: &VerifiedIdentity,
        versions: &[SignedDocument],
    ) -> Result<Verdict, GuardError> {
        checkpoint.check(origin)?;
        if let Some(fork) = self.fork_of(origin.id()) {
            return Ok(Verdict::Fork(Box::new(fork.evidence.clone())));
        }
        let Some(watched) = self.watched.get(origin.id()) else { return Ok(Verdict::Cosign) };
        let last = &watched.last;
        match compare(last, checkpoint, versions) {
            Compared::Same => return Ok(Verdict::Cosign),
            Compared::Fork(evidence) => return Ok(Verdict::Fork(evidence)),
            Compared::Ask(..) => {}
        }
        let prove = || Ok(Verdict::Prove(Box::new(last.clone())));
        let Some(old_root) = continues.old_root else { return prove() };
        if continues.old_size != last.size || checkpoint.size < last.size {
            return prove();
        }
        let evidence = connect(last, checkpoint, old_root, continues.proof, versions)?;
        Ok(evidence.map_or(Verdict::Cosign, |evidence| Verdict::Fork(Box::new(evidence))))
    }

    /// A fellow witness shows what it has seen of a twin that is watched here too. Says how the two stand to each other;
    /// none where that twin is not watched here, or the fellow is none.
    pub fn shown(
        &self,
        fellow: &Did,
        checkpoint: &Checkpoint,
        origin: &VerifiedIdentity,
        versions: &[SignedDocument],
    ) -> Result<Option<Compared>, GuardError> {
        let Some(watched) = self.watched.get(&checkpoint.origin) else { return Ok(None) };
        if !watched.fellows.contains(fellow) {
            return Err(GuardError::Unknown);
        }
        checkpoint.check(origin)?;
        Ok(Some(compare(&watched.last, checkpoint, versions)))
    }

    /// Twins of which `fellow` is to be shown something.
    pub fn to_show<'a>(&'a self, fellow: &'a Did) -> impl Iterator<Item = (&'a Did, &'a Watched)> {
        self.watched.iter().filter(move |(_, watched)| {
            let shown = watched.shown.get(fellow).copied().unwrap_or_default();
            watched.fellows.contains(fellow) && shown < watched.last.size
        })
    }

    /// Checkpoints of `origin` that fellows have seen and that are not connected yet with the last one here.
    #[must_use]
    pub fn apart(&self, origin: &Did) -> Vec<(Did, Checkpoint)> {
        let watched = self.watched.get(origin).filter(|_| self.fork_of(origin).is_none());
        watched.map(|watched| watched.apart.clone().into_iter().collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence;
    use didymos_identity::{DidDocument, RecoveryPhrase, Secret32, SigningKey, verify_chain};

    struct Ann {
        key: SigningKey,
        versions: Vec<SignedDocument>,
    }

    impl Ann {
        fn new() -> Self {
            let phrase = RecoveryPhrase::from_entropy([1; 32]);
            let key = SigningKey::from_seed(&Secret32::from_bytes([2; 32]));
            let first = DidDocument::genesis(&phrase.identity_key(), key.did(), Timestamp(0), None);
            Self { key, versions: vec![first] }
        }

        fn checkpoint(&self, leaves: &[Digest]) -> Checkpoint {
            let origin = self.versions[0].document.id.clone();
            Checkpoint::new(origin, leaves.len() as u64, merkle::root(leaves), Timestamp(1), &self.key)
        }

        fn brings(&self, watch: &Watch, old: u64, leaves: &[Digest]) -> Result<Verdict, GuardError> {
            let proof = merkle::consistency(leaves, old as usize).unwrap_or_default();
            let old_root = (old > 0 && old as usize <= leaves.len()).then(|| merkle::root(&leaves[..old as usize]));
            let identity = verify_chain(&self.versions).expect("sound");
            let continues = Continues { old_size: old, old_root, proof: &proof };
            watch.submitted(&self.checkpoint(leaves), continues, &identity, &self.versions)
        }
    }

    fn leaves(count: u16, changed_from: Option<u16>) -> Vec<Digest> {
        let one =
            |at: u16| Digest::of(&[u8::from(changed_from.is_some_and(|from| at >= from)), at as u8, (at >> 8) as u8]);
        (0..count).map(one).collect()
    }

    fn seen(ann: &Ann, leaves: &[Digest]) -> Watch {
        let mut watch = Watch::default();
        let checkpoint = ann.checkpoint(leaves);
        watch.apply(WitnessRecord::Cosigned { checkpoint, fellows: Vec::new(), at: Timestamp(2) });
        watch
    }

    #[test]
    fn a_thousand_commits_are_caught_up_with_in_one_round_trip() {
        let ann = Ann::new();
        let watch = seen(&ann, &leaves(37, None));
        let all = leaves(1_037, None);
        assert_eq!(ann.brings(&watch, 37, &all), Ok(Verdict::Cosign));
        assert!(merkle::consistency(&all, 37).expect("inside").len() <= 16);
    }

    #[test]
    fn a_witness_that_knows_another_size_says_from_where_to_prove() {
        let ann = Ann::new();
        let watch = seen(&ann, &leaves(37, None));
        let last = Verdict::Prove(Box::new(ann.checkpoint(&leaves(37, None))));
        assert_eq!(ann.brings(&watch, 0, &leaves(50, None)), Ok(last.clone()));
        assert_eq!(ann.brings(&watch, 12, &leaves(50, None)), Ok(last.clone()));
        assert_eq!(ann.brings(&watch, 12, &leaves(20, None)), Ok(last), "an older copy of the journal");
    }

    #[test]
    fn every_fork_gives_evidence_that_convinces_alone() {
        let ann = Ann::new();
        for (known, now, changed) in [(37, 37, 36), (37, 50, 36), (37, 50, 0), (32, 1_000, 31), (1, 2, 0)] {
            let watch = seen(&ann, &leaves(known, None));
            let Ok(Verdict::Fork(found)) = ann.brings(&watch, u64::from(known), &leaves(now, Some(changed))) else {
                panic!("{known} {now} {changed}")
            };
            let bytes = Evidence::encode(&found);
            assert!(evidence::is_evidence(&bytes));
            let caught = evidence::check(&bytes).expect("it holds");
            assert_eq!((caught.commits, &caught.origin), (u64::from(known), &ann.versions[0].document.id));
            for at in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[at] ^= 1;
                assert!(evidence::check(&changed).is_err(), "byte {at} of {}", bytes.len());
            }
        }
        // A fork after what was seen is none: nobody was shown anything else.
        let watch = seen(&ann, &leaves(37, None));
        assert_eq!(ann.brings(&watch, 37, &leaves(50, Some(37))), Ok(Verdict::Cosign));
    }

    #[test]
    fn nobody_can_make_evidence_against_an_honest_twin() {
        let ann = Ann::new();
        let (small, large) = (leaves(37, None), leaves(50, None));
        let (first, second) = (ann.checkpoint(&small), ann.checkpoint(&large));
        let proof = merkle::consistency(&large, 37).expect("inside");
        let honest = Evidence::new(ann.versions.clone(), first.clone(), second.clone(), first.root, proof.clone());
        assert!(honest.check().is_err());
        let lying = Evidence::new(ann.versions.clone(), first.clone(), second.clone(), Digest::of(b"other"), proof);
        assert!(lying.check().is_err());
        // Somebody else's checkpoint in Ann's name.
        let eve = SigningKey::from_seed(&Secret32::from_bytes([66; 32]));
        let forged = Checkpoint::new(first.origin.clone(), 37, Digest::of(b"forged"), Timestamp(1), &eve);
        let forged = Evidence::new(ann.versions.clone(), first, forged.clone(), forged.root, Vec::new());
        assert!(forged.check().is_err());
    }

    #[test]
    fn a_proof_that_leads_nowhere_is_refused_and_is_no_evidence() {
        let ann = Ann::new();
        let watch = seen(&ann, &leaves(37, None));
        let identity = verify_chain(&ann.versions).expect("sound");
        let continues = Continues { old_size: 37, old_root: Some(Digest::of(b"x")), proof: &[Digest::of(b"y")] };
        let all = ann.checkpoint(&leaves(50, None));
        assert_eq!(watch.submitted(&all, continues, &identity, &ann.versions), Err(GuardError::Signature));
    }
}
