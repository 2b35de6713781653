//! The ledger under whatever friends do: they come, go, are away, lose things and lie; the journal grows meanwhile.

use didymos_base::time::DAY_MS;
use didymos_base::{Did, Digest, Timestamp};
use didymos_copies::ledger::{AUDIT_EVERY_MS, AWAY_MS, Ledger, STRIKES_MAX};
use didymos_copies::{Manifest, Parcel, Shown, Span, Step, Wish, code, cut, leaf, parcel};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const LEN_MAX: usize = 600_000;

/// What a friend really has.
#[derive(Clone, Default)]
struct Real {
    shares: BTreeMap<Digest, Vec<u8>>,
    manifest: Option<Manifest>,
    away: bool,
    lies: bool,
    left: bool,
}

struct World {
    ledger: Ledger,
    friends: BTreeMap<Did, Real>,
    journal: Vec<u8>,
    now: Timestamp,
    wish: Wish,
    seed: u8,
}

fn did(number: u8) -> Did {
    format!("did:key:z6Mk{number}").parse().expect("a DID")
}

impl World {
    fn new(friends: u8, wish: Wish) -> Self {
        let friends = (0..friends).map(|number| (did(number), Real::default())).collect();
        Self { ledger: Ledger::default(), friends, journal: vec![1; 1_000], now: Timestamp(0), wish, seed: 0 }
    }

    /// Shares here are made of the plain bytes: sealing is another test's.
    fn shares(&self, span: Span, need: u8, numbers: &[u8]) -> Vec<Vec<u8>> {
        let mut bytes = self.journal[span.begins as usize..span.ends() as usize].to_vec();
        bytes.resize(parcel::sealed_len(span), 0);
        code::encode(&bytes, need, numbers).expect("within bounds")
    }

    fn draft(&mut self) {
        let here = self.friends.iter().filter(|(_, real)| !real.left);
        let giving: Vec<_> = here.map(|(did, _)| (did.clone(), Digest::of(b"contract"), 1 << 30)).collect();
        self.ledger.friends(&giving, self.now);
        let holders = self.ledger.placement(self.wish, 1_000_000, self.now);
        let end = self.journal.len() as u64;
        let same = self.ledger.goal().is_some_and(|goal| goal.holders == holders && goal.end() == end);
        if holders.is_empty() || same {
            return;
        }
        let mut numbers: Vec<u8> = holders.iter().flat_map(|holder| holder.numbers.clone()).collect();
        numbers.sort_unstable();
        let lay_out = |span: Span| {
            let shares = self.shares(span, self.wish.need, &numbers);
            let digest = Digest::of(&self.journal[span.begins as usize..span.ends() as usize]);
            Parcel { span, digest, shares: shares.iter().map(|share| leaf::name_of(share)).collect() }
        };
        let manifest = Manifest {
            version: 1,
            owner: did(200),
            number: self.ledger.next_number(self.now),
            at: self.now,
            seq: end,
            commit: Digest::of(&self.journal),
            need: self.wish.need,
            parcels: cut(end).into_iter().map(lay_out).collect(),
            numbers: numbers.clone(),
            holders,
        };
        manifest.check().expect("sound");
        self.ledger.begin(manifest);
    }

    /// Goes on with a friend for at most so many steps.
    fn meet(&mut self, number: u8, steps: usize) {
        let who = did(number);
        for _ in 0..steps {
            self.ledger.publish();
            self.ledger.settle(self.now);
            let Some(real) = self.friends.get(&who).filter(|real| !real.away && !real.left) else { return };
            let Some(step) = self.ledger.next(&who, self.now) else { return };
            match step {
                Step::List => {
                    let has = real.shares.keys().copied().collect();
                    let manifest = real.manifest.as_ref().map(|manifest| manifest.number);
                    self.ledger.listed(&who, has, manifest, self.now);
                }
                Step::Put { span, need, number, name } => {
                    let share = self.shares(span, need, &[number]).remove(0);
                    assert_eq!(leaf::name_of(&share), name);
                    let real = self.friends.get_mut(&who).expect("a friend");
                    let kept = if real.lies { vec![0; share.len()] } else { share };
                    real.shares.insert(name, kept);
                    self.ledger.took(&who, name, self.now);
                }
                Step::Manifest => {
                    let published = self.ledger.published.clone().expect("published");
                    self.ledger.took_manifest(&who, published.number, self.now);
                    self.friends.get_mut(&who).expect("a friend").manifest = Some(published);
                }
                Step::Drop(names) => {
                    let real = self.friends.get_mut(&who).expect("a friend");
                    for name in &names {
                        real.shares.remove(name);
                    }
                    self.ledger.dropped(&who, &names);
                }
                Step::Audit => {
                    self.seed = self.seed.wrapping_add(1);
                    let wanted = self.ledger.challenge(&who, &[self.seed; 32]);
                    let show = |share, leaf| leaf::prove(real.shares.get(share)?, leaf);
                    let shown: Vec<Shown> = wanted.iter().map(|wanted| show(&wanted.share, wanted.leaf)).collect();
                    self.ledger.judge(&who, &wanted, &shown, self.now);
                }
            }
        }
    }

    /// How much of the journal these friends bring back, byte for byte, by the newest manifest for which they can.
    fn restore(&self, from: &[Did]) -> Option<u64> {
        let mut manifests: Vec<&Manifest> = from.iter().filter_map(|did| self.friends[did].manifest.as_ref()).collect();
        manifests.sort_by_key(|manifest| std::cmp::Reverse(manifest.number));
        let comes_back = |manifest: &Manifest, parcel: &Parcel| {
            let mut shares = Vec::new();
            for did in from {
                for number in manifest.numbers_of(did) {
                    let name = manifest.share(parcel, number).expect("named");
                    let share = self.friends[did].shares.get(&name).filter(|share| leaf::name_of(share) == name);
                    shares.extend(share.map(|share| (number, share.clone())));
                }
            }
            let plain = code::decode(parcel::sealed_len(parcel.span), manifest.need, &shares);
            plain.is_ok_and(|plain| Digest::of(&plain[..parcel.span.len as usize]) == parcel.digest)
        };
        let whole = |manifest: &&&Manifest| manifest.parcels.iter().all(|parcel| comes_back(manifest, parcel));
        manifests.iter().find(whole).map(|manifest| manifest.end())
    }

    fn friend(&mut self, who: u8, change: impl FnOnce(&mut Real)) {
        self.friends.get_mut(&did(who)).map(change);
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::Grow(bytes) => {
                let fill = (self.journal.len() % 251) as u8;
                let len = (self.journal.len() + *bytes as usize).min(LEN_MAX);
                self.journal.resize(len, fill);
            }
            Event::Draft => self.draft(),
            Event::Meet(who, steps) => self.meet(*who, usize::from(*steps)),
            Event::Away(who, away) => self.friend(*who, |real| real.away = *away),
            Event::Leave(who) => self.friend(*who, |real| real.left = true),
            Event::Lie(who) => self.friend(*who, |real| real.lies = true),
            Event::Rot(who, which) => self.friend(*who, |real| {
                let name = real.shares.keys().nth(usize::from(*which) % real.shares.len().max(1)).copied();
                name.map(|name| real.shares.remove(&name));
            }),
            // The ledger is lost with its file.
            Event::Forget => {
                self.ledger = Ledger::default();
                self.now.0 += 1_000_000;
            }
            Event::Wait(days) => self.now.0 += i64::from(*days) * DAY_MS,
        }
    }
}

#[derive(Clone, Debug)]
enum Event {
    Grow(u32),
    Draft,
    Meet(u8, u8),
    Away(u8, bool),
    Leave(u8),
    Rot(u8, u16),
    Lie(u8),
    Forget,
    Wait(u8),
}

fn event() -> impl Strategy<Value = Event> {
    let who = || 0u8..6;
    prop_oneof![
        3 => (1u32..200_000).prop_map(Event::Grow),
        3 => Just(Event::Draft),
        8 => (who(), 1u8..30).prop_map(|(who, steps)| Event::Meet(who, steps)),
        2 => (who(), any::<bool>()).prop_map(|(who, away)| Event::Away(who, away)),
        1 => who().prop_map(Event::Leave),
        1 => (who(), any::<u16>()).prop_map(|(who, which)| Event::Rot(who, which)),
        1 => who().prop_map(Event::Lie),
        1 => Just(Event::Forget),
        2 => (0u8..3).prop_map(Event::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    // Rot and lies are known from the next audit on and not before: the tests below.
    #[test]
    fn as_many_friends_as_the_margin_says_may_be_lost_whichever_they_are(
        friends in 1u8..=6,
        need in 1u8..=4,
        lose in 0u8..=3,
        events in prop::collection::vec(event(), 1..50),
        order in prop::collection::vec(any::<u16>(), 6),
    ) {
        let mut world = World::new(friends, Wish { need, lose });
        for event in events.iter().filter(|event| !matches!(event, Event::Rot(..) | Event::Lie(_))) {
            world.happen(event);
            let Some(margin) = world.ledger.margin(world.now) else { continue };
            let published = world.ledger.published.clone().expect("there is a margin");
            let counts = |did: &Did| world.ledger.book(did).is_some_and(|book| Ledger::counts(book, world.now));
            let mut left: Vec<(u16, Did)> = published.holders.iter().map(|holder| &holder.did).filter(|did| counts(did))
                .enumerate().map(|(at, did)| (order[at % 6], did.clone())).collect();
            left.sort();
            let left: Vec<Did> = left.into_iter().skip(margin as usize).map(|(_, did)| did).collect();
            prop_assert_eq!(world.restore(&left), Some(published.end()), "{} may be lost", margin);
        }
    }

    #[test]
    fn what_was_complete_once_comes_back_from_any_of_its_holders_that_are_enough(
        friends in 2u8..=6,
        events in prop::collection::vec(event(), 1..50),
    ) {
        let mut world = World::new(friends, Wish { need: 2, lose: 2 });
        let harmless = |event: &&Event| matches!(event, Event::Grow(_) | Event::Draft | Event::Meet(..) | Event::Away(..));
        for event in events.iter().filter(harmless) {
            world.happen(event);
            let Some(complete) = world.ledger.complete.clone() else { continue };
            let holders: Vec<Did> = complete.holders.iter().map(|holder| holder.did.clone()).collect();
            let lost = 2.min(holders.len() - 1);
            for first in 0..holders.len() {
                let left: Vec<Did> = (lost..holders.len()).map(|at| holders[(first + at) % holders.len()].clone()).collect();
                prop_assert!(world.restore(&left).is_some_and(|end| end >= complete.end()));
            }
        }
    }

    #[test]
    fn left_alone_everything_settles(friends in 1u8..=6, events in prop::collection::vec(event(), 1..40)) {
        let mut world = World::new(friends, Wish::default());
        for event in events.iter().filter(|event| !matches!(event, Event::Leave(_) | Event::Lie(_) | Event::Rot(..))) {
            world.happen(event);
        }
        world.friends.values_mut().for_each(|real| real.away = false);
        for _ in 0..4 {
            world.now.0 += AUDIT_EVERY_MS;
            world.draft();
            (0..2).for_each(|_| (0..friends).for_each(|who| world.meet(who, 10_000)));
        }
        let margin = world.ledger.margin(world.now);
        prop_assert!(margin.is_some_and(|margin| margin >= u32::from(2.min(friends - 1))), "{:?}", margin);
        let all: Vec<Did> = world.friends.keys().cloned().collect();
        prop_assert_eq!(world.restore(&all), Some(world.journal.len() as u64));
        // Nobody keeps what nobody needs.
        let complete = world.ledger.complete.clone().expect("settled");
        let named: BTreeSet<Digest> = complete.parcels.iter().flat_map(|parcel| parcel.shares.clone()).collect();
        prop_assert!(world.friends.values().all(|real| real.shares.keys().all(|name| named.contains(name))));
    }
}

#[test]
fn a_liar_is_caught_at_the_first_audit_and_made_up_for() {
    let mut world = World::new(5, Wish::default());
    world.journal = vec![3; 500_000];
    world.friends.get_mut(&did(2)).expect("a friend").lies = true;
    for _ in 0..3 {
        world.draft();
        (0..5).for_each(|who| world.meet(who, 1_000));
    }
    assert!(world.ledger.book(&did(2)).expect("known").caught);
    assert_eq!(world.ledger.margin(world.now), Some(2), "four honest friends with two shares each");
    assert_eq!(world.restore(&[did(0), did(4)]), Some(500_000));
}

#[test]
fn who_loses_things_again_and_again_is_not_counted_on() {
    let mut world = World::new(3, Wish { need: 1, lose: 1 });
    world.draft();
    (0..2).for_each(|_| (0..3).for_each(|who| world.meet(who, 1_000)));
    for strike in 1..=STRIKES_MAX {
        world.friends.get_mut(&did(1)).expect("a friend").shares.clear();
        world.now.0 += AUDIT_EVERY_MS;
        world.meet(1, 1_000);
        let book = world.ledger.book(&did(1)).expect("known");
        assert_eq!((book.strikes, book.caught), (strike, strike == STRIKES_MAX));
    }
    assert_eq!(world.ledger.placement(world.wish, 1_000, world.now).len(), 2);
}

#[test]
fn who_is_away_for_long_is_not_counted_on_and_is_again_when_back() {
    let mut world = World::new(3, Wish { need: 1, lose: 1 });
    world.draft();
    (0..3).for_each(|who| world.meet(who, 1_000));
    world.friends.get_mut(&did(1)).expect("a friend").away = true;
    for _ in 0..2 {
        world.now.0 += AWAY_MS / 2 + 1;
        (0..3).for_each(|who| world.meet(who, 1_000));
    }
    assert!(!Ledger::counts(world.ledger.book(&did(1)).expect("known"), world.now));
    assert_eq!(world.ledger.placement(world.wish, 1_000, world.now).len(), 2);
    world.friends.get_mut(&did(1)).expect("a friend").away = false;
    world.meet(1, 1);
    assert_eq!(world.ledger.placement(world.wish, 1_000, world.now).len(), 3);
}
