//! Friends keep each other's copies, and a burnt-down house costs nothing.
#![allow(clippy::unwrap_used)]

mod common;

use common::{PASSPHRASE, Person, open, pair, until};
use didymos_identity::{KdfCost, RecoveryPhrase};
use didymos_twin::request::{CopiesSet, CopiesWhich, PhoneBookSet, SpaceOffer};
use didymos_twin::response::{ContractState, CopiesShown, HolderShown, HolderState, SpaceShown};
use didymos_twin::{FailureCode, Friends, LookOut, Request, Response, Twin, unwatched};
use std::path::{Path, PathBuf};

const MIB: u64 = 1 << 20;

fn spaces(of: &Person) -> Vec<SpaceShown> {
    let Response::Spaces(spaces) = of.ask(Request::Spaces).unwrap() else { panic!() };
    spaces
}

fn copies(of: &Person, request: Request) -> CopiesShown {
    let Response::Copies(shown) = of.ask(request).unwrap() else { panic!() };
    *shown
}

fn holder<'a>(shown: &'a CopiesShown, of: &Person) -> &'a HolderShown {
    shown.holders.iter().find(|holder| holder.did == of.did()).unwrap()
}

/// `friend` gives `ann` so much room, and she takes it.
fn give(friend: &Person, ann: &Person, bytes: u64) -> String {
    let offer = SpaceOffer { contact: ann.did().to_string(), bytes, days: 100 };
    let Response::Spaces(offered) = friend.ask(Request::SpaceOffer(offer)).unwrap() else { panic!() };
    let id = offered[0].contract.to_string();
    until(|| spaces(ann).iter().any(|space| space.contract.to_string() == id));
    ann.accept(&id).unwrap();
    until(|| spaces(friend).iter().any(|s| s.contract.to_string() == id && s.state == ContractState::InForce));
    id
}

/// Ann, with some days of data, and friends who are in contact with her and give her room.
fn with_friends(count: u8, bytes: u64) -> (Person, Vec<Person>) {
    let ann = Person::new(1).with_data(4);
    let friends: Vec<Person> = (0..count).map(|number| Person::new(10 + number)).collect();
    for friend in &friends {
        pair(&ann, friend);
        give(friend, &ann, bytes);
    }
    (ann, friends)
}

fn ticket(of: &Person) -> String {
    let Response::Help(help) = of.ask(Request::CopiesHelp).unwrap() else { panic!() };
    help.ticket
}

fn restore_in(home: &Path, friends: &[&Person]) -> Result<Twin, didymos_twin::Failure> {
    let tickets: Vec<String> = friends.iter().map(|friend| ticket(friend)).collect();
    let phrase = RecoveryPhrase::from_entropy([1; 32]);
    Twin::restore_from_friends(
        home,
        &Friends::by_tickets(&tickets),
        &phrase,
        PASSPHRASE,
        KdfCost::for_tests(),
        &mut unwatched,
    )
}

fn files(home: &Path) -> Vec<PathBuf> {
    let held = std::fs::read_dir(home.join("held")).unwrap();
    held.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_none()).collect()
}

#[test]
fn any_three_of_five_friends_bring_everything_back_bit_for_bit() {
    let (ann, friends) = with_friends(5, 50 * MIB);
    let shown = copies(&ann, Request::CopiesSpread);
    assert_eq!(shown.notes, [""; 0]);
    assert_eq!(shown.margin, Some(2), "{shown:?}");
    assert!(shown.holders.iter().all(|holder| holder.state == HolderState::Whole), "{shown:?}");
    let covered = shown.covered.unwrap().bytes as usize;
    let journal = std::fs::read(ann.twin.home().join("journal")).unwrap();
    // The house burns down.
    drop(ann);
    for gone in [[0, 1], [1, 3], [3, 4], [0, 4]] {
        let left: Vec<&Person> =
            friends.iter().enumerate().filter(|(at, _)| !gone.contains(at)).map(|(_, friend)| friend).collect();
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("twin");
        let twin = restore_in(&home, &left).unwrap();
        assert!(twin.notices().is_empty(), "{:?}", twin.notices());
        let restored = std::fs::read(home.join("journal")).unwrap();
        assert!(restored[..covered] == journal[..covered], "not the same bytes");
        drop(twin);
        let twin = open(Twin::open(&home, PASSPHRASE).unwrap(), &[]);
        let person = Person { dir, twin };
        let Response::Verify(report) = person.ask(Request::Verify).unwrap() else { panic!() };
        assert!(report.damaged.is_empty(), "{:?}", report.damaged);
        assert_eq!(report.observations, 2 * 4 * 144);
        if gone == [0, 4] {
            // She goes on as the same person on a new device, and her friends as her friends.
            assert_eq!(person.contacts().len(), 5);
            let shown = copies(&person, Request::CopiesSpread);
            assert_eq!((shown.margin, shown.notes.len()), (Some(2), 0), "{shown:?}");
        }
    }
    // Too few are too few, and it is said.
    let dir = tempfile::tempdir().unwrap();
    let failure = restore_in(&dir.path().join("twin"), &[&friends[0], &friends[3]]).map(drop).unwrap_err();
    assert_eq!(failure.code, FailureCode::NotFound);
    assert!(failure.message.contains("ask more friends"), "{failure}");
}

#[test]
fn nothing_of_the_owner_is_readable_at_a_friend() {
    let (ann, friends) = with_friends(3, 50 * MIB);
    copies(&ann, Request::CopiesSpread);
    let journal = std::fs::read(ann.twin.home().join("journal")).unwrap();
    let held = files(friends[0].twin.home());
    assert!(held.len() > 3, "shares and a list: {}", held.len());
    for path in held {
        let bytes = std::fs::read(&path).unwrap();
        for secret in ["heart", "Fitbit", "did:key", ann.did().as_str(), "DIDYMOS JOURNAL"] {
            assert!(
                !bytes.windows(secret.len()).any(|window| window == secret.as_bytes()) || secret.starts_with("did")
            );
        }
        // Not even the sealed objects of the journal can be recognised.
        assert!(!bytes.windows(64).any(|window| window == &journal[1_000..1_064]));
    }
}

#[test]
fn no_more_is_kept_than_was_given_room_for_and_a_contract_that_ended_keeps_no_more() {
    let (ann, friends) = with_friends(1, MIB);
    let shown = copies(&ann, Request::CopiesSpread);
    assert_eq!(shown.holders[0].state, HolderState::Whole);
    let used = spaces(&friends[0])[0].used;
    assert!(used > 0 && used <= MIB);
    let id = spaces(&ann)[0].contract.to_string();
    // Ann writes by hand what her twin would not: more than there is room for.
    let too_much = |bytes: usize| {
        let share = vec![9; bytes];
        let name = didymos_copies::leaf::name_of(&share);
        ann.twin.put_share(&friends[0].did(), name, &share)
    };
    assert!(too_much(700 << 10).is_ok());
    let failure = too_much((700 << 10) + 1).unwrap_err();
    assert!(failure.message.contains("room that your contract gives is full"), "{failure}");
    friends[0].end(&id);
    until(|| spaces(&ann)[0].state == ContractState::Ended);
    let failure = too_much(64).unwrap_err();
    assert_eq!(failure.code, FailureCode::Denied);
    let kept = &spaces(&friends[0])[0];
    assert!(kept.used > 0 && kept.deleted.is_some(), "for a month it stays: {kept:?}");
    let left = copies(&ann, Request::Copies);
    assert_eq!((left.holders[0].state, left.margin), (HolderState::Leaving, None));
}

#[test]
fn a_friend_who_loses_or_spoils_shares_is_found_out_and_made_up_for() {
    let (ann, friends) = with_friends(5, 50 * MIB);
    copies(&ann, Request::CopiesSpread);
    let audited = copies(&ann, Request::CopiesAudit(CopiesWhich::default()));
    assert!(audited.holders.iter().all(|holder| holder.proven.is_some() && holder.wrong.is_none()), "{audited:?}");
    assert!(audited.audit_certainty > 0.998);
    // A disk rots: every file of one friend.
    for path in files(friends[2].twin.home()) {
        let mut bytes = std::fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    }
    let which = CopiesWhich { contact: Some(friends[2].did().to_string()) };
    let audited = copies(&ann, Request::CopiesAudit(which));
    let found = holder(&audited, &friends[2]);
    assert!(found.wrong.as_ref().is_some_and(|wrong| wrong.contains("were not there")), "{found:?}");
    assert_eq!(audited.margin, Some(1));
    let mended = copies(&ann, Request::CopiesSpread);
    assert_eq!((mended.margin, holder(&mended, &friends[2]).missing), (Some(2), 0), "{mended:?}");
}

#[test]
fn a_friend_who_leaves_is_made_up_for_elsewhere() {
    let (ann, friends) = with_friends(5, 50 * MIB);
    let before = copies(&ann, Request::CopiesSpread);
    let numbers = holder(&before, &friends[1]).numbers.clone();
    let space = spaces(&ann).into_iter().find(|space| space.did == friends[1].did()).unwrap();
    friends[1].end(&space.contract.to_string());
    until(|| spaces(&ann).iter().any(|space| space.state == ContractState::Ended));
    let over = spaces(&ann).into_iter().find(|space| space.state == ContractState::Ended).unwrap();
    assert!(over.used > 0 && over.deleted.is_some(), "she is told until when it is kept: {over:?}");
    assert_eq!(copies(&ann, Request::Copies).margin, Some(1));
    let after = copies(&ann, Request::CopiesSpread);
    assert_eq!(after.margin, Some(2), "four friends with two shares each: {after:?}");
    assert!(after.holders.iter().any(|holder| numbers.iter().all(|number| holder.numbers.contains(number))));
    // With a sixth friend there are five again; what each has too much is dropped.
    let frank = Person::new(30);
    pair(&ann, &frank);
    give(&frank, &ann, 50 * MIB);
    let again = copies(&ann, Request::CopiesSpread);
    assert_eq!(again.margin, Some(2), "{again:?}");
    assert!(
        again.holders.iter().filter(|h| h.state != HolderState::Leaving).all(|h| h.numbers.len() == 1),
        "{again:?}"
    );
    let dir = tempfile::tempdir().unwrap();
    drop(ann);
    restore_in(&dir.path().join("twin"), &[&friends[0], &friends[4], &frank]).unwrap();
}

#[test]
fn a_spreading_and_a_restore_that_were_cut_off_go_on_where_they_were() {
    let (ann, friends) = with_friends(3, 50 * MIB);
    // One friend is away; a copy is spread over the others, and enough of it for it to count.
    let mut friends = friends;
    let away = friends.remove(2).close();
    let shown = copies(&ann, Request::CopiesSpread);
    assert_eq!(shown.notes.len(), 1, "{shown:?}");
    assert_eq!(shown.margin, Some(1));
    // The ledger is lost, and the twin restarted.
    let ann = ann.close();
    let ann = ann.back();
    std::fs::remove_file(ann.twin.home().join("copies")).unwrap();
    let ann = ann.reopen();
    let back = away.back();
    back.twin.listen_for_contacts().unwrap();
    ann.twin.listen_for_contacts().unwrap();
    let set = CopiesSet { need: Some(3), lose: Some(2) };
    assert_eq!(copies(&ann, Request::CopiesSet(set)).need, 3);
    let shown = copies(&ann, Request::CopiesSpread);
    assert_eq!((shown.margin, shown.notes.len()), (Some(2), 0), "{shown:?}");
    friends.push(back);
    drop(ann);
    // The restore is broken off after the first parcel, and goes on from there.
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("twin");
    let tickets: Vec<String> = friends.iter().map(ticket).collect();
    let phrase = RecoveryPhrase::from_entropy([1; 32]);
    let mut steps = 0;
    let mut watch = |progress: didymos_twin::Progress| {
        steps += usize::from(progress.doing.contains("fetching"));
        if steps > 0 { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
    };
    let failure = Twin::restore_from_friends(
        &home,
        &Friends::by_tickets(&tickets),
        &phrase,
        PASSPHRASE,
        KdfCost::for_tests(),
        &mut watch,
    );
    let failure = failure.map(drop).unwrap_err();
    assert_eq!(failure.code, FailureCode::Stopped, "{failure}");
    assert!(!didymos_twin::home::exists(&home));
    restore_in(&home, &[&friends[0]]).unwrap();
}

#[test]
fn whoever_has_another_phrase_gets_nothing() {
    let (ann, friends) = with_friends(3, 50 * MIB);
    copies(&ann, Request::CopiesSpread);
    let dir = tempfile::tempdir().unwrap();
    let tickets = [ticket(&friends[0])];
    let eve = RecoveryPhrase::from_entropy([66; 32]);
    let home = dir.path().join("twin");
    let failure = Twin::restore_from_friends(
        &home,
        &Friends::by_tickets(&tickets),
        &eve,
        PASSPHRASE,
        KdfCost::for_tests(),
        &mut unwatched,
    )
    .map(drop);
    assert_eq!(failure.unwrap_err().code, FailureCode::Denied);
}

#[test]
fn whoever_has_nothing_but_the_words_finds_friends_who_say_where_they_are() {
    let network = mainline::Testnet::builder(5).build().unwrap();
    let (ann, friends) = with_friends(3, 50 * MIB);
    copies(&ann, Request::CopiesSet(CopiesSet { need: Some(2), lose: Some(1) }));
    assert!(copies(&ann, Request::CopiesSpread).margin.is_some_and(|margin| margin >= 1));
    drop(ann);
    let look = |phrase: u8| {
        let dir = tempfile::tempdir().unwrap();
        let bootstrap = network.bootstrap.clone();
        let look_out = LookOut { dht: true, bootstrap, loopback: true, ..LookOut::default() };
        let how = Friends { look_out, ..Friends::default() };
        let phrase = RecoveryPhrase::from_entropy([phrase; 32]);
        let cost = KdfCost::for_tests();
        let twin =
            Twin::restore_from_friends(&dir.path().join("twin"), &how, &phrase, PASSPHRASE, cost, &mut unwatched);
        twin.map(|twin| (dir, twin))
    };
    // Nobody says anything before they want it.
    assert_eq!(look(1).map(drop).unwrap_err().code, FailureCode::NotFound);
    for friend in &friends {
        friend.twin.join_dht_through(network.bootstrap.clone());
        let on = PhoneBookSet { dht: Some(true), ..PhoneBookSet::default() };
        let Response::PhoneBook(shown) = friend.ask(Request::PhoneBookSet(on)).unwrap() else { panic!() };
        assert_eq!(shown.troubles, [""; 0]);
    }
    // Where they are now, and not where they were: one has moved since, one has gone.
    let mut friends = friends.into_iter();
    drop(friends.next());
    let moved = friends.next().unwrap().close().elsewhere();
    moved.twin.join_dht_through(network.bootstrap.clone());
    moved.twin.listen_for_contacts().unwrap();
    let mut back = look(1);
    until(|| {
        if back.is_err() {
            back = look(1);
        }
        back.is_ok()
    });
    let (dir, twin) = back.unwrap();
    let person = Person { dir, twin: open(twin, &[]) };
    assert_eq!(person.contacts().len(), 3);
    assert_eq!(look(66).map(drop).unwrap_err().code, FailureCode::NotFound, "other words find nobody");
}

#[test]
fn a_journal_that_has_rotted_is_mended_from_friends_shares() {
    let ann = Person::new(1).with_data(4);
    let data_end = std::fs::metadata(ann.twin.home().join("journal")).unwrap().len() as usize;
    let friends: Vec<Person> = (0..3).map(|number| Person::new(10 + number)).collect();
    for friend in &friends {
        pair(&ann, friend);
        give(friend, &ann, 50 * MIB);
    }
    copies(&ann, Request::CopiesSet(CopiesSet { need: Some(2), lose: Some(1) }));
    assert!(copies(&ann, Request::CopiesSpread).margin.is_some_and(|margin| margin >= 1));
    // One friend is away; the others are enough.
    let mut friends = friends.into_iter();
    drop(friends.next().unwrap().close());
    let _there: Vec<Person> = friends.collect();
    let path = ann.twin.home().join("journal");
    let mut ann = ann.close();
    for part in [3, 2] {
        let mut bytes = std::fs::read(&path).unwrap();
        let sound = bytes.clone();
        bytes[data_end / part] ^= 0x10;
        std::fs::write(&path, &bytes).unwrap();
        let person = ann.back();
        person.twin.listen_for_contacts().unwrap();
        let Response::Verify(report) = person.ask(Request::Verify).unwrap() else { panic!() };
        assert!(!report.damaged.is_empty(), "a third of the data lies there");
        let Response::Repair(report) = person.ask(Request::Repair).unwrap() else { panic!() };
        assert!(report.remaining.is_empty() && !report.healed.is_empty(), "{:?}", report.remaining);
        let mended = std::fs::read(&path).unwrap();
        assert!(mended.starts_with(&sound), "bit for bit");
        let Response::Verify(report) = person.ask(Request::Verify).unwrap() else { panic!() };
        assert_eq!((report.observations, report.damaged.len()), (2 * 4 * 144, 0));
        ann = person.close();
    }
}

#[test]
fn guardians_who_keep_shares_are_reached_where_the_machine_that_asked_them_met_them() {
    let (ann, friends) = with_friends(3, 50 * MIB);
    copies(&ann, Request::CopiesSet(CopiesSet { need: Some(2), lose: Some(1) }));
    copies(&ann, Request::CopiesSpread);
    drop(ann);
    // What asks guardians for the phrase is a twin of its own, thrown away afterwards.
    let asking = Person::new(50);
    for friend in &friends {
        pair(&asking, friend);
    }
    let how = Friends { places: asking.twin.contact_places().unwrap(), ..Friends::default() };
    assert_eq!(how.places.len(), 3);
    drop(asking.close());
    let dir = tempfile::tempdir().unwrap();
    let (home, phrase, cost) = (dir.path().join("twin"), RecoveryPhrase::from_entropy([1; 32]), KdfCost::for_tests());
    let twin = Twin::restore_from_friends(&home, &how, &phrase, PASSPHRASE, cost, &mut unwatched).unwrap();
    let person = Person { dir, twin: open(twin, &[]) };
    assert_eq!(person.contacts().len(), 3);
}
