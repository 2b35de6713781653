//! The decision, as a table and as properties.

use didymos_base::{Did, Digest, StreamId, Timestamp};
use didymos_consent::{
    Act, Asked, Basis, Contract, Decision, Owner, Period, Principal, Reason, Spent, Streams, decide,
};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp(1_000);

fn did(name: &str) -> Did {
    format!("did:key:z{name}").parse().expect("a DID")
}

fn stream(name: &str) -> StreamId {
    name.parse().expect("a stream")
}

/// The friend may view two streams from 100 to 200, until 2000.
fn contract() -> Contract {
    Contract {
        id: Digest::of(b"contract"),
        assigner: did("owner"),
        assignee: did("friend"),
        acts: vec![Act::View, Act::Message],
        streams: Streams::Only(vec![stream("steps"), stream("heart_rate")]),
        period: Period { from: Some(Timestamp(100)), to: Some(Timestamp(200)) },
        resolution_ms: None,
        rate: None,
        space: None,
        purpose: "training together".to_owned(),
        starts: Timestamp(500),
        expires: Timestamp(2_000),
        ended: None,
    }
}

fn view(streams: &[&str]) -> Asked {
    Asked::new("timeline.query@1", Act::View)
        .on(streams.iter().map(|name| stream(name)))
        .during(Some(Timestamp(100)), Some(Timestamp(200)))
}

fn friend() -> Principal {
    Principal::Twin(did("friend"))
}

fn ask(principal: &Principal, asked: &Asked, contracts: &[Contract], now: Timestamp) -> Decision {
    let owner = Owner {
        did: &did("owner"),
        devices: &[did("phone"), did("laptop"), did("lost")],
        revoked: &[did("lost"), did("older")],
    };
    decide(principal, asked, contracts, &[], &owner, now)
}

fn deny(because: Reason) -> Decision {
    Decision::Deny { because }
}

#[test]
fn an_owners_device_may_do_everything_and_any_other_device_nothing() {
    let device = |owner: &str, device: &str| Principal::Device { owner: did(owner), device: did(device) };
    let cases = [
        (device("owner", "phone"), None),
        (device("owner", "laptop"), None),
        (device("owner", "lost"), Some(Reason::RevokedDevice)),
        (device("owner", "older"), Some(Reason::RevokedDevice)),
        (device("owner", "stranger"), Some(Reason::UnknownDevice)),
        (device("owner", "owner"), Some(Reason::UnknownDevice)),
        (device("friend", "phone"), Some(Reason::AnotherOwner)),
        (device("friend", "friend"), Some(Reason::AnotherOwner)),
        (Principal::Anonymous, Some(Reason::NotAuthenticated)),
    ];
    for (principal, reason) in cases {
        for act in Act::ALL {
            for asked in [Asked::new("x@1", act), Asked::new("x@1", act).on_all(), Asked { act, ..view(&["steps"]) }] {
                let decision = ask(&principal, &asked, &[contract()], NOW);
                assert_eq!(decision.is_allowed(), reason.is_none(), "{principal} {act:?}");
                match reason {
                    Some(because) => assert_eq!(decision, deny(because), "{principal} {act:?}"),
                    None => assert!(matches!(decision, Decision::Allow { because: Basis::OwnersDevice, .. })),
                }
            }
        }
    }
}

#[test]
fn the_owners_own_identity_asks_through_a_device() {
    assert_eq!(ask(&Principal::Twin(did("owner")), &view(&["steps"]), &[], NOW), deny(Reason::NoContract));
}

/// Everything that makes or breaks a contract, with one rule each, against the decision.
#[test]
fn a_contract_grants_exactly_what_it_covers() {
    let contracts = [
        (None, Some(Reason::NoContract)),
        (Some(contract()), None),
        (Some(Contract { assignee: did("other"), ..contract() }), Some(Reason::NoContract)),
        (Some(Contract { assigner: did("other"), ..contract() }), Some(Reason::NoContract)),
        (Some(Contract { starts: Timestamp(1_001), ..contract() }), Some(Reason::NotInForce)),
        (Some(Contract { expires: Timestamp(1_000), ..contract() }), Some(Reason::NotInForce)),
        (Some(Contract { ended: Some(Timestamp(5_000)), ..contract() }), Some(Reason::NotInForce)),
    ];
    let streams = [
        (Streams::Only(vec![stream("steps")]), true),
        (Streams::Only(vec![stream("heart_rate"), stream("steps")]), true),
        (Streams::Only(vec![stream("steps"), stream("glucose")]), false),
        (Streams::Only(vec![stream("glucose")]), false),
        (Streams::All, false),
    ];
    let periods = [
        ((Some(100), Some(200)), true),
        ((Some(150), Some(160)), true),
        ((Some(99), Some(200)), false),
        ((Some(100), Some(201)), false),
        ((None, Some(200)), false),
        ((Some(100), None), false),
        ((None, None), false),
    ];
    for (contract, missing) in &contracts {
        for act in Act::ALL {
            for (streams, streams_covered) in &streams {
                for ((from, to), period_covered) in periods {
                    let asked = Asked {
                        request: "timeline.query@1",
                        act,
                        streams: streams.clone(),
                        from: from.map(Timestamp),
                        to: to.map(Timestamp),
                        bytes: 0,
                    };
                    let expected = if act == Act::Manage {
                        Some(Reason::OwnerOnly)
                    } else if missing.is_some() {
                        *missing
                    } else if !matches!(act, Act::View | Act::Message) {
                        Some(Reason::ActNotCovered)
                    } else if !streams_covered {
                        Some(Reason::StreamNotCovered)
                    } else if !period_covered {
                        Some(Reason::PeriodNotCovered)
                    } else {
                        None
                    };
                    let contracts: Vec<Contract> = contract.iter().cloned().collect();
                    let decision = ask(&friend(), &asked, &contracts, NOW);
                    match expected {
                        Some(because) => assert_eq!(decision, deny(because), "{asked:?}"),
                        None => assert!(
                            matches!(decision, Decision::Allow { because: Basis::Contract(id), .. } if id == contracts[0].id)
                        ),
                    }
                }
            }
        }
    }
}

#[test]
fn what_names_no_stream_is_the_owners_alone_but_messages_and_what_is_kept_for_others_are_not() {
    let all = Contract { acts: Act::ALL.to_vec(), streams: Streams::All, period: Period::ALWAYS, ..contract() };
    for act in Act::ALL {
        let decision = ask(&friend(), &Asked::new("x@1", act), std::slice::from_ref(&all), NOW);
        match act {
            Act::Message | Act::Store | Act::Fetch => assert!(decision.is_allowed()),
            _ => assert_eq!(decision, deny(Reason::OwnerOnly), "{act:?}"),
        }
    }
}

#[test]
fn two_contracts_do_not_add_up_and_the_nearest_one_gives_the_reason() {
    let steps = Contract { streams: Streams::Only(vec![stream("steps")]), ..contract() };
    let heart = Contract { streams: Streams::Only(vec![stream("heart_rate")]), ..contract() };
    let both = [steps, heart, Contract { expires: NOW, ..contract() }];
    assert_eq!(ask(&friend(), &view(&["steps", "heart_rate"]), &both, NOW), deny(Reason::StreamNotCovered));
    assert!(ask(&friend(), &view(&["heart_rate"]), &both, NOW).is_allowed());
}

#[test]
fn a_contract_is_in_force_from_its_first_to_before_its_last_instant() {
    let at = |now| ask(&friend(), &view(&["steps"]), &[contract()], Timestamp(now)).is_allowed();
    assert_eq!([at(499), at(500), at(1_999), at(2_000)], [false, true, true, false]);
}

fn any_principal() -> impl Strategy<Value = Principal> {
    let name = || prop::sample::select(vec!["owner", "friend", "phone", "lost", "stranger"]);
    prop_oneof![
        (name(), name()).prop_map(|(owner, device)| Principal::Device { owner: did(owner), device: did(device) }),
        name().prop_map(|name| Principal::Twin(did(name))),
        Just(Principal::Anonymous),
    ]
}

fn any_streams() -> impl Strategy<Value = Streams> {
    let name = prop::sample::select(vec!["steps", "heart_rate", "glucose"]);
    prop_oneof![Just(Streams::All), prop::collection::vec(name.prop_map(stream), 0..3).prop_map(Streams::Only),]
}

fn any_asked() -> impl Strategy<Value = Asked> {
    let time = || prop::option::of((0i64..300).prop_map(Timestamp));
    (prop::sample::select(Act::ALL.to_vec()), any_streams(), time(), time())
        .prop_map(|(act, streams, from, to)| Asked { request: "timeline.query@1", act, streams, from, to, bytes: 0 })
}

fn any_contract() -> impl Strategy<Value = Contract> {
    let party = || prop::sample::select(vec!["owner", "friend", "stranger"]).prop_map(did);
    let acts = prop::collection::vec(prop::sample::select(Act::ALL.to_vec()), 0..6);
    let period = prop::option::of((0i64..150, 150i64..300));
    (party(), party(), acts, any_streams(), period, 0i64..2_000, 0i64..3_000, any::<bool>()).prop_map(
        |(assigner, assignee, acts, streams, period, starts, expires, ended)| Contract {
            assigner,
            assignee,
            acts,
            streams,
            period: period
                .map_or(Period::ALWAYS, |(from, to)| Period { from: Some(Timestamp(from)), to: Some(Timestamp(to)) }),
            starts: Timestamp(starts),
            expires: Timestamp(expires),
            ended: ended.then_some(NOW),
            ..contract()
        },
    )
}

fn is_owners_device(principal: &Principal) -> bool {
    matches!(principal, Principal::Device { owner, device } if *owner == did("owner") && *device == did("phone"))
}

proptest! {
    #[test]
    fn without_a_contract_nobody_but_the_owner_may_do_anything(principal in any_principal(), asked in any_asked()) {
        prop_assert_eq!(ask(&principal, &asked, &[], NOW).is_allowed(), is_owners_device(&principal));
    }

    #[test]
    fn an_expired_or_ended_contract_is_no_contract(
        principal in any_principal(), asked in any_asked(), mut contracts in prop::collection::vec(any_contract(), 0..5),
    ) {
        for contract in &mut contracts {
            match contract.ended {
                None => contract.expires = contract.expires.min(NOW),
                Some(_) => contract.expires = Timestamp(i64::MAX),
            }
        }
        prop_assert_eq!(ask(&principal, &asked, &contracts, NOW).is_allowed(), is_owners_device(&principal));
    }

    #[test]
    fn a_revoked_device_may_nothing(asked in any_asked(), contracts in prop::collection::vec(any_contract(), 0..5)) {
        let lost = Principal::Device { owner: did("owner"), device: did("lost") };
        prop_assert_eq!(ask(&lost, &asked, &contracts, NOW), deny(Reason::RevokedDevice));
    }

    #[test]
    fn every_yes_to_another_names_a_contract_that_covers_it(
        principal in any_principal(), asked in any_asked(), contracts in prop::collection::vec(any_contract(), 0..6),
    ) {
        let decision = ask(&principal, &asked, &contracts, NOW);
        let granted = contracts.iter().any(|contract| {
            contract.is_in_force(NOW)
                && contract.covers(&asked)
                && contract.assigner == did("owner")
                && principal == Principal::Twin(contract.assignee.clone())
                && (asked.act.needs_no_stream() || !asked.streams.is_none())
        });
        prop_assert_eq!(decision.is_allowed(), granted || is_owners_device(&principal));
    }

    #[test]
    fn asking_for_less_is_never_refused_where_more_was_allowed(
        asked in any_asked(), contracts in prop::collection::vec(any_contract(), 0..6),
    ) {
        let narrower = Asked {
            streams: Streams::Only(vec![match &asked.streams {
                Streams::Only(streams) if !streams.is_empty() => streams[0].clone(),
                _ => stream("steps"),
            }]),
            from: asked.from.or(Some(Timestamp(0))),
            to: asked.to.or(Some(Timestamp(300))),
            ..asked.clone()
        };
        if ask(&friend(), &asked, &contracts, NOW).is_allowed() && !asked.streams.is_none() {
            prop_assert!(ask(&friend(), &narrower, &contracts, NOW).is_allowed());
        }
    }
}

#[test]
fn no_more_is_kept_than_the_contract_gives_room_for() {
    let room = Contract {
        acts: vec![Act::Store],
        streams: Streams::NONE,
        period: Period::ALWAYS,
        space: Some(100),
        ..contract()
    };
    let owner = Owner { did: &did("owner"), devices: &[], revoked: &[] };
    let put = |kept, more| {
        let spent = [Spent { contract: room.id, uses: 0, bytes: kept }];
        decide(
            &friend(),
            &Asked::new("share.put@1", Act::Store).keeping(more),
            std::slice::from_ref(&room),
            &spent,
            &owner,
            NOW,
        )
    };
    assert!(put(0, 100).is_allowed() && put(99, 1).is_allowed());
    for (kept, more) in [(0, 101), (100, 1), (50, u64::MAX), (u64::MAX, 1)] {
        assert_eq!(put(kept, more), deny(Reason::NoRoom), "{kept} {more}");
    }
    // A contract that gives no room keeps nothing, whatever acts it names.
    let none = Contract { space: None, ..room.clone() };
    let asked = Asked::new("share.put@1", Act::Store).keeping(1);
    assert_eq!(decide(&friend(), &asked, &[none], &[], &owner, NOW), deny(Reason::NoRoom));
}
