//! Circles in memory: two or more people talk, are let in, put out and forked apart.

mod people;

use didymos_base::Timestamp;
use didymos_base::time::DAY_MS;
use didymos_circle::{Circle, Wish};
use people::{meet, person};

#[test]
fn two_people_talk_and_see_what_was_read() {
    let (mut ann, mut ben) = (person("ann", 1), person("ben", 2));
    ann.begin("family");
    ann.say("before");
    ann.invite(&mut ben);
    let first = ann.say("hello ben");
    meet(&mut ann, &mut ben);
    ben.say("hello ann");
    meet(&mut ben, &mut ann);
    assert_eq!(ben.texts(), ["hello ben", "hello ann"]);
    assert_eq!(ann.texts(), ["before", "hello ben", "hello ann"]);
    let (author, seq) = ann.circle().author(&first).map(|(did, seq)| (did.clone(), seq)).expect("known");
    let device = ben.me.device.did().clone();
    assert_eq!(ann.circle().reached(&device, &author, seq, &first), (true, false));
    let effects = ben.circle().see(&first, people::START);
    ben.keep(effects);
    meet(&mut ben, &mut ann);
    assert_eq!(ann.circle().reached(&device, &author, seq, &first), (true, true));
    for one in [&mut ann, &mut ben] {
        one.reopen();
        assert_eq!(one.circle().refused(), 0);
    }
    ben.say("after a restart");
    meet(&mut ann, &mut ben);
    assert_eq!(ann.texts().last().map(String::as_str), Some("after a restart"));
}

#[test]
fn whoever_was_away_gets_messages_from_somebody_else_than_their_author() {
    let (mut ann, mut ben, mut cleo) = (person("ann", 1), person("ben", 2), person("cleo", 3));
    ann.begin("trip");
    ann.invite(&mut ben);
    ann.invite(&mut cleo);
    meet(&mut ann, &mut ben);
    ann.say("meet at nine");
    meet(&mut ann, &mut ben);
    // Ann is away for good; Cleo meets Ben only.
    meet(&mut cleo, &mut ben);
    assert_eq!(cleo.texts(), ["meet at nine"]);
    cleo.say("see you");
    meet(&mut cleo, &mut ben);
    assert_eq!(ben.texts(), ["meet at nine", "see you"]);
}

#[test]
fn a_removed_member_reads_nothing_new_and_cannot_reach_back() {
    let (mut ann, mut ben, mut eve) = (person("ann", 1), person("ben", 2), person("eve", 3));
    ann.begin("club");
    ann.invite(&mut ben);
    ann.invite(&mut eve);
    meet(&mut ann, &mut ben);
    meet(&mut ann, &mut eve);
    ann.wish(Wish::Remove(eve.did().clone()));
    ann.say("without eve");
    meet(&mut ann, &mut ben);
    // Eve gets hold of everything that Ben has, and can open none of it.
    let all: Vec<_> = ben.bytes.values().map(|bytes| didymos_circle::wire::Bytes(bytes.clone())).collect();
    let effects = eve.circle().take(&all, people::START);
    eve.keep(effects);
    let effects = eve.circle().take(&all, people::START);
    eve.keep(effects);
    assert!(!eve.texts().contains(&"without eve".to_owned()));
    // She commits in the epoch in which she was a member, and hands it to Ben: it has no effect.
    eve.reopen();
    let (mut old, tip) = (person("eve", 3), ben.circle().epoch().map(|epoch| epoch.id));
    old.disk = eve.disk.clone();
    old.me.chance = people::chance(99);
    let before: Vec<_> = old.disk.records.clone();
    let until = before
        .iter()
        .position(|record| matches!(record, didymos_circle::Record::Grew { epoch, .. } if !epoch.has_owner(eve.did())));
    old.disk.records.truncate(until.map_or(before.len(), |at| at - 1));
    let (records, keys) = (old.disk.records.clone(), old.disk.keys.clone());
    old.circle = Some(Circle::open(old.me.clone(), ann.circle().id(), records, |epoch| keys.get(epoch).cloned()));
    let effects = old.circle().renew(people::START).expect("in her own view she is in");
    let forged: Vec<_> = effects
        .records
        .iter()
        .filter_map(|record| match record {
            didymos_circle::Record::Taken { envelope, .. } => Some(envelope.clone()),
            _ => None,
        })
        .collect();
    let effects = ben.circle().take(&forged, people::START);
    ben.keep(effects);
    assert_eq!(ben.circle().epoch().map(|epoch| epoch.id), tip);
    meet(&mut ben, &mut eve);
    assert!(!eve.circle().owner_is_in());
    ben.say("still here");
    meet(&mut ann, &mut ben);
    assert_eq!(ann.texts(), ["without eve", "still here"]);
}

#[test]
fn stolen_keys_read_nothing_once_they_are_renewed() {
    let (mut ann, mut ben) = (person("ann", 1), person("ben", 2));
    ann.begin("pair");
    ann.invite(&mut ben);
    meet(&mut ann, &mut ben);
    // Somebody copies Ben's disk, with all keys.
    let mut thief = person("ben", 2);
    thief.disk = ben.disk.clone();
    thief.me.chance = people::chance(98);
    thief.circle = Some(Circle::open(thief.me.clone(), ben.circle().id(), thief.disk.records.clone(), |epoch| {
        ben.disk.keys.get(epoch).cloned()
    }));
    ann.say("seen by the thief");
    let stolen: Vec<_> = ann.bytes.values().map(|bytes| didymos_circle::wire::Bytes(bytes.clone())).collect();
    let effects = thief.circle().take(&stolen, people::START);
    thief.keep(effects);
    assert_eq!(thief.texts(), ["seen by the thief"]);
    ben.now = Timestamp(ben.now.0 + 8 * DAY_MS);
    meet(&mut ben, &mut ann);
    ann.say("after the renewal");
    meet(&mut ben, &mut ann);
    assert_eq!(ben.texts(), ["seen by the thief", "after the renewal"]);
    let all: Vec<_> = ann.bytes.values().map(|bytes| didymos_circle::wire::Bytes(bytes.clone())).collect();
    for _ in 0..3 {
        let effects = thief.circle().take(&all, people::START);
        thief.keep(effects);
    }
    assert_eq!(thief.texts(), ["seen by the thief"]);
}

#[test]
fn commits_in_conflict_converge_and_what_the_loser_wanted_comes_true() {
    let (mut ann, mut ben, mut cleo, mut dan) =
        (person("ann", 1), person("ben", 2), person("cleo", 3), person("dan", 4));
    ann.begin("fork");
    ann.invite(&mut ben);
    ann.invite(&mut cleo);
    ann.wish(Wish::Admin(ben.did().clone(), true));
    meet(&mut ann, &mut ben);
    meet(&mut ann, &mut cleo);
    // Apart: Ben lets Dan in, Ann renames; both write.
    ben.invite(&mut dan);
    ben.say("from the side that loses");
    ann.wish(Wish::Name("won".to_owned()));
    ann.say("from the side that wins");
    cleo.say("from before");
    for _ in 0..3 {
        meet(&mut ann, &mut ben);
        meet(&mut cleo, &mut ben);
        meet(&mut cleo, &mut ann);
    }
    let tips: Vec<_> = [&mut ann, &mut ben, &mut cleo].map(|one| one.circle().epoch().map(|epoch| epoch.id)).into();
    assert!(tips.iter().all(|tip| *tip == tips[0]), "all see the same epoch");
    assert_eq!(ann.circle().epoch().map(|epoch| epoch.charter.name.clone()), Some("won".to_owned()));
    let texts = ann.texts();
    assert_eq!(texts.len(), 3);
    assert_eq!(ben.texts(), texts);
    assert_eq!(cleo.texts(), texts);
    // Ben wishes Dan in again, and lets him in anew.
    assert_eq!(ben.circle().invited(), [dan.did().clone()]);
    ben.invite(&mut dan);
    meet(&mut ben, &mut ann);
    meet(&mut dan, &mut ben);
    ann.say("welcome dan");
    meet(&mut ann, &mut dan);
    assert_eq!(dan.texts().last().map(String::as_str), Some("welcome dan"));
    assert_eq!(ann.circle().epoch().map(|epoch| epoch.owners().len()), Some(4));
}

#[test]
fn a_device_without_keys_is_let_in_anew_and_a_revoked_one_is_put_out() {
    let (mut ann, mut ben) = (person("ann", 1), person("ben", 2));
    ann.begin("restored");
    ann.invite(&mut ben);
    ben.say("one");
    meet(&mut ann, &mut ben);
    // Ben's machine burns down; his journal comes back on another one, which has no keys.
    let mut anew = ben.another("ben anew", 9);
    anew.disk.records = ben.disk.records.clone();
    anew.circle = Some(Circle::open(anew.me.clone(), ann.circle().id(), anew.disk.records.clone(), |_| None));
    anew.reopen();
    assert!(anew.circle().needs_in());
    meet(&mut anew, &mut ann);
    assert!(anew.circle().is_in());
    anew.say("two");
    meet(&mut anew, &mut ann);
    assert_eq!(ann.texts(), ["one", "two"]);
    assert_eq!(ann.circle().epoch().map(|epoch| epoch.seats.len()), Some(3));
    // The old device is revoked: whoever hears of it puts it out.
    let revoked =
        anew.versions.last().expect("a version").revoke(&ben.identity, ben.me.device.did(), people::START, None);
    anew.versions.push(revoked.expect("revoked"));
    meet(&mut anew, &mut ann);
    meet(&mut anew, &mut ann);
    let seats = |one: &mut people::Device| one.circle().epoch().map(|epoch| epoch.seats.len());
    assert_eq!((seats(&mut ann), seats(&mut anew)), (Some(2), Some(2)));
    ann.say("three");
    meet(&mut anew, &mut ann);
    assert_eq!(anew.texts(), ["one", "two", "three"]);
}

#[test]
fn whoever_leaves_is_out_and_reads_nothing_new() {
    let (mut ann, mut ben, mut cleo) = (person("ann", 1), person("ben", 2), person("cleo", 3));
    ann.begin("leave");
    ann.invite(&mut ben);
    ann.invite(&mut cleo);
    meet(&mut ann, &mut ben);
    cleo.wish(Wish::Leave);
    meet(&mut cleo, &mut ben);
    meet(&mut ben, &mut ann);
    assert_eq!(ann.circle().epoch().map(|epoch| epoch.owners().len()), Some(2));
    ann.say("without cleo");
    meet(&mut cleo, &mut ben);
    assert!(!cleo.circle().owner_is_in());
    assert!(cleo.texts().is_empty());
}

#[test]
fn a_crash_between_any_two_writes_loses_nothing_that_left_and_seals_nothing_twice() {
    for cut in 0..3 {
        let (mut ann, mut ben) = (person("ann", 1), person("ben", 2));
        ann.begin("crash");
        ann.invite(&mut ben);
        ann.say("one");
        meet(&mut ann, &mut ben);
        let content = didymos_circle::Content { text: "two".into(), file: None, answers: None, again: None };
        let (_, effects) = ann.circle().say(&content, people::START).expect("said");
        ann.keep_until(effects, cut);
        ann.reopen();
        ann.say("three");
        meet(&mut ann, &mut ben);
        let wanted: &[&str] = if cut > 1 { &["one", "two", "three"] } else { &["one", "three"] };
        assert_eq!(ben.texts(), wanted, "cut {cut}");
        assert_eq!(ann.texts(), wanted);
        // What was opened is kept before its key is gone.
        ann.say("four");
        let bytes: Vec<_> = ann.bytes.values().map(|bytes| didymos_circle::wire::Bytes(bytes.clone())).collect();
        let effects = ben.circle().take(&bytes, people::START);
        ben.keep_until(effects, cut);
        ben.reopen();
        meet(&mut ben, &mut ann);
        assert_eq!(ben.texts(), [wanted, &["four"]].concat());
    }
}

#[test]
fn keys_from_an_older_copy_of_the_machine_are_renewed_before_they_seal() {
    let (mut ann, mut ben) = (person("ann", 1), person("ben", 2));
    ann.begin("older");
    ann.invite(&mut ben);
    meet(&mut ann, &mut ben);
    let older = ann.disk.keys.clone();
    ann.say("one");
    meet(&mut ann, &mut ben);
    let epoch = ann.circle().epoch().map(|epoch| epoch.number);
    // The keys come back as they were before, the journal does not.
    ann.disk.keys = older.clone();
    ann.reopen();
    ann.say("two");
    assert_eq!(ann.circle().epoch().map(|epoch| epoch.number), epoch.map(|number| number + 1));
    meet(&mut ann, &mut ben);
    assert_eq!(ben.texts(), ["one", "two"]);
    // Both come back as they were before; others know better.
    let mut set_back = person("ann", 1);
    set_back.disk = ann.disk.clone();
    let last = set_back.disk.records.len() - 2;
    set_back.disk.records.truncate(last);
    let (records, keys) = (set_back.disk.records.clone(), set_back.disk.keys.clone());
    set_back.circle =
        Some(Circle::open(set_back.me.clone(), ann.circle().id(), records, |epoch| keys.get(epoch).cloned()));
    set_back.reopen();
    meet(&mut set_back, &mut ben);
    set_back.say("three");
    meet(&mut set_back, &mut ben);
    assert_eq!(ben.texts(), ["one", "two", "three"]);
}
