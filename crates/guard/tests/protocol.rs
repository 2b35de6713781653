//! The protocol of guardians without a network: everybody's book, and papers handed from one to the other.
#![allow(clippy::unwrap_used)]

use didymos_base::time::{DAY_MS, HOUR_MS};
use didymos_base::{Did, Digest, Timestamp};
use didymos_guard::paper::{Cancel, Dismissal, Heartbeat};
use didymos_guard::quest::{Heard, claim_public};
use didymos_guard::ring::{Founding, found, open_shares};
use didymos_guard::{
    Book, Claim, GuardError, Kind, Legacy, Outcome, Quest, Record, Release, Shares, SignedCharter, Stand, Word,
    lasting_key,
};
use didymos_identity::{DidDocument, RecoveryPhrase, Secret32, SignedDocument, SigningKey, verify_chain};
use proptest::prelude::*;
use std::collections::BTreeMap;

struct Person {
    phrase: RecoveryPhrase,
    device: SigningKey,
    versions: Vec<SignedDocument>,
    book: Book,
}

impl Person {
    fn new(number: u8) -> Self {
        let phrase = RecoveryPhrase::from_entropy([number; 32]);
        let device = SigningKey::from_seed(&Secret32::from_bytes([number + 100; 32]));
        let first = DidDocument::genesis(&phrase.identity_key(), device.did(), Timestamp(0), None);
        Self { phrase, device, versions: vec![first], book: Book::default() }
    }

    fn did(&self) -> Did {
        self.versions[0].document.id.clone()
    }

    fn apply(&mut self, records: Vec<Record>) {
        for record in records {
            self.book.apply(record);
        }
    }

    fn claim(&self, kind: Kind, of: &Did) -> (Claim, Digest) {
        let nonce = Digest([self.device.did().as_str().len() as u8; 32]);
        let key = claim_public(&self.phrase.vault_key(), &nonce);
        (Claim::new(kind, of.to_string(), self.did(), key, Timestamp(1), &self.device), nonce)
    }
}

/// What each guardian of `ward` is given, opened.
fn given(ward: &Person, guardians: &[Person], threshold: u8, round: u64, seed: u8) -> (SignedCharter, Vec<Shares>) {
    given_with(ward, guardians, threshold, round, seed, None)
}

fn given_with(
    ward: &Person,
    guardians: &[Person],
    threshold: u8,
    round: u64,
    seed: u8,
    heir: Option<(&Did, i64)>,
) -> (SignedCharter, Vec<Shares>) {
    let people: Vec<(Did, Vec<Did>)> =
        guardians.iter().map(|one| (one.did(), vec![one.device.did().clone()])).collect();
    let legacy = Legacy::phrase(&ward.phrase.entropy());
    let mut contents = vec![(None, legacy.encode())];
    if let Some((did, _)) = heir {
        contents.push((Some(did.clone()), legacy.encode()));
    }
    let founding = Founding {
        ward: &ward.did(),
        round,
        threshold,
        guardians: &people,
        wait_ms: 4 * DAY_MS,
        silence_ms: heir.map(|(_, silence)| silence),
        contents,
        seed: &Secret32::from_bytes([seed; 32]),
        at: Timestamp(0),
    };
    let (charter, appointments) = found(founding, &ward.device).unwrap();
    let identity = verify_chain(&ward.versions).unwrap();
    charter.check(&identity).unwrap();
    let open = |(one, appointment)| open_shares(appointment, &Person::device(one)).unwrap();
    (charter.clone(), guardians.iter().zip(&appointments).map(open).collect())
}

impl Person {
    fn device(&self) -> SigningKey {
        self.device.clone()
    }
}

fn quest(claimant: &Person, of: Option<Did>, releases: Vec<(Did, Vec<u8>)>, claim: (Claim, Digest)) -> Outcome {
    let mut guardians = BTreeMap::new();
    for (guardian, release) in releases {
        guardians.insert(guardian, Heard { release: Some(release), ..Heard::default() });
    }
    let quest = Quest { claim: claim.0, nonce: claim.1, of, guardians };
    let vault_key = claimant.phrase.vault_key();
    quest.outcome(&vault_key, &lasting_key(&vault_key))
}

fn release(ward: &Person, charter: &SignedCharter, shares: &Shares, claim: &Claim, number: u8) -> Vec<u8> {
    let (charter, versions) = (charter.clone(), ward.versions.clone());
    let release = Release { charter, versions, place: 0, share: shares.0[0].clone() };
    release.seal_to(claim, &Secret32::from_bytes([number; 32])).unwrap()
}

#[test]
fn a_lying_guardian_is_named_and_the_honest_ones_suffice() {
    let (ann, new) = (Person::new(1), Person::new(9));
    let guardians: Vec<Person> = (2..5).map(Person::new).collect();
    let (charter, shares) = given(&ann, &guardians, 2, 1, 50);
    let (_, other) = given(&ann, &guardians, 2, 1, 51);
    let claim = new.claim(Kind::Recovery, &ann.did());
    let mut releases: Vec<(Did, Vec<u8>)> = guardians
        .iter()
        .zip(&shares)
        .map(|(one, shares)| (one.did(), release(&ann, &charter, shares, &claim.0, 60)))
        .collect();
    // The first one hands over a share of another splitting.
    releases[0].1 = release(&ann, &charter, &other[0], &claim.0, 61);
    let outcome = quest(&new, None, releases.clone(), claim.clone());
    assert_eq!((outcome.liars, outcome.sound.len()), (vec![guardians[0].did()], 2));
    assert_eq!(outcome.legacy.unwrap().entropy.unwrap().0, [1; 32]);

    // Two that lie leave too few; garbage is a lie too.
    releases[1].1 = b"garbage".to_vec();
    let outcome = quest(&new, None, releases, claim);
    assert_eq!((outcome.liars.len(), outcome.need, outcome.legacy.is_none()), (2, Some(2), true));
}

#[test]
fn what_guardians_made_up_together_opens_nothing_where_others_say_otherwise() {
    let (ann, eve, new) = (Person::new(1), Person::new(66), Person::new(9));
    let guardians: Vec<Person> = (2..6).map(Person::new).collect();
    let claim = new.claim(Kind::Recovery, &ann.did());
    let (charter, shares) = given(&ann, &guardians[..2], 2, 1, 50);
    let (made_up, theirs) = given(&eve, &guardians[2..], 2, 1, 51);
    let mut releases = Vec::new();
    for (one, shares) in guardians.iter().zip(&shares) {
        releases.push((one.did(), release(&ann, &charter, shares, &claim.0, 60)));
    }
    for (one, shares) in guardians[2..].iter().zip(&theirs) {
        releases.push((one.did(), release(&eve, &made_up, shares, &claim.0, 60)));
    }
    assert!(quest(&new, None, releases.clone(), claim.clone()).legacy.is_none());
    // Who knows the DID is not fooled.
    let outcome = quest(&new, Some(ann.did()), releases, claim);
    assert_eq!((outcome.liars.len(), outcome.legacy.is_some()), (2, true));
}

#[test]
fn a_release_for_one_claim_opens_for_no_other() {
    let (ann, new, thief) = (Person::new(1), Person::new(9), Person::new(10));
    let guardians: Vec<Person> = (2..4).map(Person::new).collect();
    let (charter, shares) = given(&ann, &guardians, 2, 1, 50);
    let (claim, other) = (new.claim(Kind::Recovery, &ann.did()), thief.claim(Kind::Recovery, &ann.did()));
    let releases: Vec<_> = guardians
        .iter()
        .zip(&shares)
        .map(|(one, shares)| (one.did(), release(&ann, &charter, shares, &claim.0, 60)))
        .collect();
    assert!(quest(&thief, None, releases.clone(), other).legacy.is_none());
    assert!(quest(&new, None, releases, claim).legacy.is_some());
}

#[test]
fn a_share_that_does_not_belong_is_not_taken() {
    let ann = Person::new(1);
    let guardians: Vec<Person> = (2..4).map(Person::new).collect();
    let people: Vec<(Did, Vec<Did>)> =
        guardians.iter().map(|one| (one.did(), vec![one.device.did().clone()])).collect();
    let founding = |seed: u8| {
        let seed = Secret32::from_bytes([seed; 32]);
        let founding = Founding {
            ward: &ann.did(),
            round: 1,
            threshold: 2,
            guardians: &people,
            wait_ms: DAY_MS,
            silence_ms: None,
            contents: vec![(None, Legacy::phrase(&ann.phrase.entropy()).encode())],
            seed: &seed,
            at: Timestamp(0),
        };
        found(founding, &ann.device).unwrap()
    };
    let (_, one) = founding(50);
    let (_, other) = founding(51);
    assert!(open_shares(&one[0], &guardians[0].device).is_ok());
    assert_eq!(open_shares(&one[0], &guardians[1].device), Err(GuardError::Share), "sealed to somebody else");
    let mut swapped = one[0].clone();
    swapped.charter = other[0].charter.clone();
    assert_eq!(open_shares(&swapped, &guardians[0].device), Err(GuardError::Share));
    swapped.index = 2;
    assert_eq!(open_shares(&swapped, &guardians[0].device), Err(GuardError::Share));
}

/// The records of keeping a share of a charter.
fn kept(charter: &SignedCharter) -> Vec<Record> {
    let (ward, id) = (charter.charter.ward.clone(), charter.charter.id());
    vec![
        Record::Appointed { charter: Box::new(charter.clone()), index: 1, sealed: Vec::new(), at: Timestamp(0) },
        Record::Said { ward, charter: id, word: Word::Accepted, at: Timestamp(0) },
    ]
}

/// Bob keeps a share of Ann's.
fn keeping(heir: Option<(&Did, i64)>) -> (Person, Person, SignedCharter) {
    let (ann, mut bob, cyd) = (Person::new(1), Person::new(2), Person::new(3));
    let pair = [Person::new(2), cyd];
    let (charter, _) = given_with(&ann, &pair, 2, 1, 50, heir);
    bob.apply(kept(&charter));
    (ann, bob, charter)
}

#[test]
fn what_a_ward_said_once_is_for_ever_and_about_nobody_else() {
    let (ann, mut bob, _) = keeping(None);
    let (eve, new) = (Person::new(66), Person::new(9));
    let (claim, _) = new.claim(Kind::Recovery, &ann.did());
    let id = claim.id();
    let records = bob.book.desk.claimed(&claim, Some(&ann.did()), Timestamp(1)).unwrap();
    bob.apply(records);
    // Somebody else's word about Ann's twin counts for nothing.
    let foreign = Cancel::new(eve.did(), id, new.did(), Timestamp(2), &eve.device);
    assert!(bob.book.desk.cancelled(&foreign, Timestamp(2)).is_empty());
    let own = Cancel::new(ann.did(), id, new.did(), Timestamp(2), &ann.device);
    let records = bob.book.desk.cancelled(&own, Timestamp(2));
    bob.apply(records);
    assert_eq!(bob.book.desk.stand(&id, Timestamp(2)), Stand::Cancelled);
    assert_eq!(bob.book.desk.approve(&id, None, Timestamp(3)), Err(GuardError::Old));
    assert_eq!(bob.book.desk.stand(&id, Timestamp(900 * DAY_MS)), Stand::Cancelled);

    // Whom one ward calls a thief may be another ward's heir.
    assert_eq!(bob.book.desk.stand(&id, Timestamp(2)), Stand::Cancelled);
    let unseen = Cancel::new(eve.did(), Digest::of(b"unseen"), Person::new(8).did(), Timestamp(2), &eve.device);
    let records = bob.book.desk.cancelled(&unseen, Timestamp(2));
    bob.apply(records);
    let (other, _) = Person::new(8).claim(Kind::Recovery, &ann.did());
    let records = bob.book.desk.claimed(&other, Some(&ann.did()), Timestamp(3)).unwrap();
    bob.apply(records);
    assert_eq!(bob.book.desk.stand(&other.id(), Timestamp(3)), Stand::Unapproved);

    // An older round than the one that is over cannot come back.
    let paper = Dismissal::new(ann.did(), bob.did(), 5, Timestamp(4), &ann.device);
    let records = bob.book.desk.dismissed(&paper, Timestamp(4));
    bob.apply(records);
    let (old, _) = given(&ann, &[Person::new(2), Person::new(3)], 2, 5, 52);
    assert_eq!(bob.book.desk.may_take(&old), Err(GuardError::Old));
    let (new, _) = given(&ann, &[Person::new(2), Person::new(3)], 2, 6, 52);
    assert_eq!(bob.book.desk.may_take(&new), Ok(()));
}

#[test]
fn an_old_sign_of_life_says_nothing() {
    let heir = Person::new(7);
    let (ann, mut bob, _) = keeping(Some((&heir.did(), 8 * DAY_MS)));
    let beat = |count, at| Heartbeat::new(ann.did(), count, Timestamp(at), &ann.device);
    let records = bob.book.desk.heard(&beat(2, 0), Timestamp(DAY_MS)).unwrap();
    assert_eq!(records.len(), 1);
    bob.apply(records);
    assert_eq!(bob.book.desk.heard(&beat(1, 5), Timestamp(2 * DAY_MS)), Err(GuardError::Old));
    assert_eq!(bob.book.desk.heard(&beat(2, 0), Timestamp(2 * DAY_MS)), Ok(Vec::new()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nothing_is_ready_before_the_waiting_time_was_seen_to_pass(
        steps in prop::collection::vec((-30i64..30, 0u8..6), 1..80),
    ) {
        let (ann, mut bob, charter) = keeping(None);
        let new = Person::new(9);
        let (claim, _) = new.claim(Kind::Recovery, &ann.did());
        let (id, total) = (claim.id(), charter.charter.wait_ms);
        let (mut now, mut seen, mut passed) = (0i64, false, 0i64);
        let mut journal: Vec<Record> = kept(&charter);
        for (hours, act) in steps {
            now += hours * HOUR_MS;
            if seen {
                passed += (hours * HOUR_MS).clamp(0, total / 4);
            }
            let at = Timestamp(now);
            let records = match act {
                0 => bob.book.desk.claimed(&claim, Some(&ann.did()), at).unwrap(),
                1 => bob.book.desk.approve(&id, None, at).unwrap_or_default(),
                2 => {
                    // A restart: the book is folded anew from what was kept.
                    bob.book = Book::default();
                    bob.apply(journal.clone());
                    Vec::new()
                }
                _ => bob.book.desk.tick(at),
            };
            seen |= act == 0;
            journal.extend(records.clone());
            bob.apply(records);
            let stand = bob.book.desk.stand(&id, at);
            if stand == Stand::Ready {
                prop_assert!(passed >= total, "ready after {} hours", passed / HOUR_MS);
            }
        }
    }
}
