//! Papers of contracts: who has to sign what, and what the decision makes of them.

use didymos_base::{Did, StreamId, Timestamp, canonical};
use didymos_consent::{
    Act, Asked, Decision, Ending, Offer, Owner, Paper, PaperError, Principal, Rate, Reason, Spent, Terms, Transform,
    decide,
};
use didymos_identity::{
    DidDocument, RecoveryPhrase, Secret32, SignedDocument, SigningKey, VerifiedIdentity, verify_chain,
};
use proptest::prelude::*;

struct Person {
    did: Did,
    key: SigningKey,
    identity: VerifiedIdentity,
    first: SignedDocument,
    phrase: RecoveryPhrase,
}

fn person(number: u8) -> Person {
    let phrase = RecoveryPhrase::from_entropy([number; 32]);
    let key = SigningKey::from_seed(&Secret32::from_bytes([number ^ 0x80; 32]));
    let first = DidDocument::genesis(&phrase.identity_key(), key.did(), Timestamp(0), None);
    let identity = verify_chain(std::slice::from_ref(&first)).expect("sound");
    Person { did: identity.id().clone(), key, identity, first, phrase }
}

fn stream(name: &str) -> StreamId {
    name.parse().expect("a stream")
}

fn terms(ann: &Person, bob: &Person) -> Terms {
    Terms {
        version: 1,
        assigner: ann.did.clone(),
        assignee: bob.did.clone(),
        streams: vec![stream("heart_rate"), stream("steps")],
        from: Some(Timestamp(100)),
        to: Some(Timestamp(200)),
        resolution_ms: Some(3_600_000),
        rate: Some(Rate { uses: 2, per_ms: 1_000 }),
        purpose: "training together".to_owned(),
        starts: Timestamp(500),
        expires: Timestamp(2_000),
        nonce: [7; 16],
        space: None,
    }
}

#[test]
fn papers_are_signed_by_whom_they_have_to_come_from() {
    let (ann, bob, eve) = (person(1), person(2), person(3));
    let offer = terms(&ann, &bob).offer(&ann.key);
    assert_eq!(offer.check(&ann.identity), Ok(()));
    assert_eq!(offer.check(&bob.identity), Err(PaperError::Signer));
    assert_eq!(terms(&ann, &bob).offer(&eve.key).check(&ann.identity), Err(PaperError::Signer));
    let forged = Offer { device: ann.key.did().clone(), ..terms(&ann, &bob).offer(&eve.key) };
    assert_eq!(forged.check(&ann.identity), Err(PaperError::Signature));
    let wider = Terms { resolution_ms: None, ..terms(&ann, &bob) };
    assert_eq!(Offer { terms: wider, ..offer.clone() }.check(&ann.identity), Err(PaperError::Signature));

    let yes = offer.accept(&bob.key, Timestamp(600));
    assert_eq!(yes.check(&offer, &bob.identity), Ok(()));
    assert_eq!(offer.accept(&ann.key, Timestamp(600)).check(&offer, &ann.identity), Err(PaperError::Signer));
    assert_eq!(offer.accept(&eve.key, Timestamp(600)).check(&offer, &bob.identity), Err(PaperError::Signer));
    assert_eq!(offer.accept(&bob.key, Timestamp(2_000)).check(&offer, &bob.identity), Err(PaperError::TooLate));
    let other = Terms { nonce: [8; 16], ..terms(&ann, &bob) }.offer(&ann.key);
    assert_eq!(yes.check(&other, &bob.identity), Err(PaperError::AnotherContract));

    for party in [&ann, &bob] {
        assert_eq!(offer.end(&party.did, &party.key, Timestamp(700)).check(&offer, &party.identity), Ok(()));
    }
    let meddling = offer.end(&eve.did, &eve.key, Timestamp(700));
    assert_eq!(meddling.check(&offer, &eve.identity), Err(PaperError::Signer));
    let pretended = Ending { by: bob.did.clone(), ..offer.end(&eve.did, &eve.key, Timestamp(700)) };
    assert_eq!(pretended.check(&offer, &bob.identity), Err(PaperError::Signer));
    // An acceptance is no end, though both sign the contract's name first.
    let reused = Ending {
        contract: yes.contract,
        at: yes.at,
        by: bob.did.clone(),
        device: yes.device.clone(),
        signature: yes.signature,
    };
    assert_eq!(reused.check(&offer, &bob.identity), Err(PaperError::Signature));
}

#[test]
fn a_revoked_device_signs_no_papers() {
    let (ann, bob) = (person(1), person(2));
    let offer = terms(&ann, &bob).offer(&ann.key);
    let revoked = ann.first.revoke(&ann.phrase.identity_key(), ann.key.did(), Timestamp(5), None).expect("a version");
    let now = verify_chain(&[ann.first.clone(), revoked]).expect("sound");
    assert_eq!(offer.check(&now), Err(PaperError::Signer));
}

#[test]
fn terms_have_bounds() {
    let (ann, bob) = (person(1), person(2));
    let sound = terms(&ann, &bob);
    assert_eq!(sound.check(), Ok(()));
    let with = |change: &dyn Fn(&mut Terms)| {
        let mut terms = sound.clone();
        change(&mut terms);
        terms.check()
    };
    let bad: [&dyn Fn(&mut Terms); 14] = [
        &|terms| terms.version = 2,
        &|terms| terms.assignee = terms.assigner.clone(),
        &|terms| terms.streams.clear(),
        &|terms| terms.streams.reverse(),
        &|terms| terms.streams = vec![stream("steps"), stream("steps")],
        &|terms| terms.to = terms.from,
        &|terms| terms.resolution_ms = Some(0),
        &|terms| terms.resolution_ms = Some(90_000),
        &|terms| terms.resolution_ms = Some(i64::MIN),
        &|terms| terms.rate = Some(Rate { uses: 0, per_ms: 1_000 }),
        &|terms| terms.rate = Some(Rate { uses: 1, per_ms: i64::MAX }),
        &|terms| terms.purpose = " \n".to_owned(),
        &|terms| terms.purpose = "x".repeat(201),
        &|terms| terms.expires = terms.starts,
    ];
    for (number, change) in bad.into_iter().enumerate() {
        assert_eq!(with(change), Err(PaperError::Terms), "{number}");
    }
}

#[test]
fn the_decision_coarsens_and_counts() {
    let (ann, bob) = (person(1), person(2));
    let offer = terms(&ann, &bob).offer(&ann.key);
    let contract = offer.contract(None);
    let asked = Asked::new("timeline.query@1", Act::View)
        .on([stream("steps")])
        .during(Some(Timestamp(100)), Some(Timestamp(200)));
    let owner = Owner { did: &ann.did, devices: &[], revoked: &[] };
    let friend = Principal::Twin(bob.did.clone());
    let ask = |uses, asked: &Asked| {
        let spent = [Spent { contract: contract.id, uses, bytes: 0 }];
        decide(&friend, asked, std::slice::from_ref(&contract), &spent, &owner, Timestamp(600))
    };
    for uses in [0, 1] {
        let Decision::Allow { transform, .. } = ask(uses, &asked) else { panic!("{uses}") };
        assert_eq!(transform, Transform::Coarsen { resolution_ms: 3_600_000 });
    }
    for uses in [2, u64::MAX] {
        assert_eq!(ask(uses, &asked), Decision::Deny { because: Reason::RateExceeded });
    }
    for request in ["observation.show@1", "timeline.view@1", "quality.coverage@1"] {
        let other = Asked { request, ..asked.clone() };
        assert_eq!(ask(0, &other), Decision::Deny { because: Reason::OwnerOnly }, "{request}");
    }
    let ended = offer.contract(Some(&offer.end(&bob.did, &bob.key, Timestamp(1))));
    let after = decide(&friend, &asked, &[ended], &[], &owner, Timestamp(600));
    assert_eq!(after, Decision::Deny { because: Reason::NotInForce });
}

#[test]
fn receipts_of_earlier_versions_read_as_they_were() {
    assert_eq!(canonical::encode(&Transform::None), [0]);
    for transform in [Transform::None, Transform::Coarsen { resolution_ms: 60_000 }] {
        assert_eq!(canonical::decode::<Transform>(&canonical::encode(&transform)).expect("ours"), transform);
    }
    for bad in [&[1][..], &[0x82, 0, 0], &[0x82, 2, 0], &[0x83, 1, 0, 0]] {
        assert!(canonical::decode::<Transform>(bad).is_err(), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn papers_read_back_and_no_bytes_panic(bytes: Vec<u8>, at: i64, ours in 0..3u8) {
        if let Ok(paper) = Paper::decode(&bytes) {
            prop_assert_eq!(paper.encode(), bytes);
        }
        let (ann, bob) = (person(1), person(2));
        let offer = terms(&ann, &bob).offer(&ann.key);
        let paper = match ours {
            0 => Paper::Acceptance(offer.accept(&bob.key, Timestamp(at))),
            1 => Paper::Ending(offer.end(&ann.did, &ann.key, Timestamp(at))),
            _ => Paper::Offer(Box::new(offer)),
        };
        prop_assert_eq!(Paper::decode(&paper.encode()).expect("ours"), paper);
    }
}

#[test]
fn room_is_granted_alone_and_view_grants_keep_the_form_that_they_had() {
    let (ann, bob) = (person(1), person(2));
    let view = terms(&ann, &bob);
    assert_eq!(canonical::encode(&view)[0], 0x8c, "twelve parts, as before there was room to give");
    let room = Terms {
        streams: Vec::new(),
        from: None,
        to: None,
        resolution_ms: None,
        rate: None,
        space: Some(5_000_000_000),
        ..view.clone()
    };
    assert_eq!(canonical::encode(&room)[0], 0x8d);
    let offer = room.clone().offer(&ann.key);
    assert_eq!(offer.check(&ann.identity), Ok(()));
    let paper = Paper::Offer(Box::new(offer.clone()));
    assert_eq!(Paper::decode(&paper.encode()).expect("ours"), paper);
    let contract = offer.contract(None);
    assert_eq!((contract.acts.as_slice(), contract.space), (&[Act::Store][..], Some(5_000_000_000)));
    for bad in [
        Terms { space: Some(0), ..room.clone() },
        Terms { space: Some(u64::MAX), ..room.clone() },
        Terms { space: Some(5_000_000_000), ..view.clone() },
        Terms { rate: Some(Rate { uses: 1, per_ms: 1 }), ..room.clone() },
        Terms { space: None, ..room.clone() },
    ] {
        assert_eq!(bad.check(), Err(PaperError::Terms));
    }
}
