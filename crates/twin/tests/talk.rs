//! People write to each other: twins on the loopback interface.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Person, pair, until};
use didymos_twin::request::{
    CircleNew, CircleWhich, CircleWho, FileSave, FileStage, FileTake, Find, MessageNew, MessageRead, Messages,
};
use didymos_twin::response::{CircleShown, CircleState, Delivery, FileState, MessageShown, MessagesAnswer};
use didymos_twin::{FailureCode, Request, Response};

fn send(from: &Person, to: &str, text: &str) -> MessageShown {
    let asked = MessageNew { to: to.to_owned(), text: text.to_owned(), ..MessageNew::default() };
    let Response::Messages(mut answer) = from.ask(Request::MessageSend(asked)).unwrap() else { panic!() };
    answer.messages.remove(0)
}

fn page(of: &Person, circle: &str) -> Option<MessagesAnswer> {
    match of.ask(Request::Messages(Messages { circle: circle.to_owned(), ..Messages::default() })) {
        Ok(Response::Messages(answer)) => Some(*answer),
        Err(failure) if failure.code == FailureCode::NotFound => None,
        other => panic!("{other:?}"),
    }
}

fn texts(of: &Person, circle: &str) -> Vec<String> {
    let messages = page(of, circle).map(|page| page.messages).unwrap_or_default();
    messages.into_iter().filter(|message| message.event.is_none()).map(|message| message.text).collect()
}

fn circles(of: &Person) -> Vec<CircleShown> {
    let Response::Circles(circles) = of.ask(Request::Circles).unwrap() else { panic!() };
    circles
}

fn circle(by: &Person, name: &str, invite: &[&Person]) -> CircleShown {
    let invite = invite.iter().map(|person| person.did().to_string()).collect();
    let asked = CircleNew { name: name.to_owned(), invite };
    let Response::Circles(mut circles) = by.ask(Request::CircleCreate(asked)).unwrap() else { panic!() };
    circles.remove(0)
}

#[test]
fn two_people_write_to_each_other_and_see_how_far_it_came() {
    let (ann, ben) = (Person::new(1), Person::new(2));
    pair(&ann, &ben);
    let to_ben = ben.did().to_string();
    let to_ann = ann.did().to_string();
    send(&ann, &to_ben, "hello ben");
    until(|| texts(&ben, &to_ann) == ["hello ben"]);
    let answer = send(&ben, &to_ann, "hello ann");
    until(|| texts(&ann, &to_ben) == ["hello ben", "hello ann"]);
    assert_eq!(circles(&ann).len(), 1);
    assert_eq!(circles(&ben)[0].with, Some(ann.did()));
    let delivery = || page(&ben, &to_ann).unwrap().messages.pop().unwrap().delivery;
    until(|| delivery() == Some(Delivery::Delivered));
    assert_eq!(circles(&ann)[0].unread, 1);
    let read = MessageRead { circle: to_ben.clone(), message: answer.message };
    ann.ask(Request::MessageRead(read)).unwrap();
    assert_eq!(circles(&ann)[0].unread, 0);
    until(|| delivery() == Some(Delivery::Read));
    // All of it is there after a restart, and goes on.
    let (ann, ben) = (ann.reopen(), ben.reopen());
    ben.twin.listen_for_contacts().unwrap();
    assert_eq!(texts(&ann, &to_ben), ["hello ben", "hello ann"]);
    send(&ann, &to_ben, "after a restart");
    until(|| texts(&ben, &to_ann).len() == 3);
    let Response::Find(found) = ben.ask(Request::Find(Find { text: "restart".into(), limit: 10 })).unwrap() else {
        panic!()
    };
    assert!(
        found.groups.iter().any(|group| group.results.iter().any(|result| result.label.contains("after a restart")))
    );
}

#[test]
fn whoever_was_away_gets_messages_from_somebody_else_than_their_author() {
    let (ann, ben, cleo) = (Person::new(1), Person::new(2), Person::new(3));
    pair(&ann, &ben);
    pair(&ann, &cleo);
    pair(&ben, &cleo);
    let trip = circle(&ann, "trip", &[&ben, &cleo]).circle.to_string();
    until(|| page(&ben, &trip).is_some() && page(&cleo, &trip).is_some());
    until(|| circles(&ann)[0].members.iter().all(|member| !member.invited));
    let cleo = cleo.close();
    let sent = send(&ann, &trip, "meet at nine");
    until(|| texts(&ben, &trip) == ["meet at nine"]);
    assert_eq!(sent.from, ann.did());
    drop(ann.close());
    let cleo = cleo.back();
    cleo.twin.listen_for_contacts().unwrap();
    until(|| texts(&cleo, &trip) == ["meet at nine"]);
}

#[test]
fn a_removed_member_reads_nothing_new_and_a_contact_outside_learns_nothing() {
    let (ann, ben, eve) = (Person::new(1), Person::new(2), Person::new(3));
    pair(&ann, &ben);
    pair(&ann, &eve);
    let club = circle(&ann, "club", &[&ben, &eve]).circle.to_string();
    until(|| page(&ben, &club).is_some() && page(&eve, &club).is_some());
    send(&ann, &club, "with eve");
    until(|| texts(&eve, &club) == ["with eve"] && texts(&ben, &club) == ["with eve"]);
    let out = CircleWho { circle: club.clone(), who: eve.did().to_string() };
    ann.ask(Request::CircleRemove(out)).unwrap();
    send(&ann, &club, "without eve");
    until(|| texts(&ben, &club) == ["with eve", "without eve"]);
    // She is told, without asking for anything.
    until(|| circles(&eve)[0].state == CircleState::Out);
    assert_eq!(texts(&eve, &club), ["with eve"]);
    assert_eq!(circles(&ben)[0].state, CircleState::Member, "whoever is out says nothing of others");
    let refused =
        eve.ask(Request::MessageSend(MessageNew { to: club.clone(), text: "me".into(), ..MessageNew::default() }));
    assert_eq!(refused.unwrap_err().code, FailureCode::Denied);
    // Ben may not put Ann out.
    let denied = CircleWho { circle: club, who: ann.did().to_string() };
    assert_eq!(ben.ask(Request::CircleRemove(denied)).unwrap_err().code, FailureCode::Denied);
}

#[test]
fn a_file_arrives_whole_and_is_the_same() {
    let (ann, ben) = (Person::new(1), Person::new(2));
    pair(&ann, &ben);
    let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let path = ann.dir.path().join("photo.jpg");
    std::fs::write(&path, &bytes).unwrap();
    let Response::FileStaged(staged) = ann.ask(Request::FileTake(FileTake { path })).unwrap() else { panic!() };
    let asked = MessageNew { to: ben.did().to_string(), staged: Some(staged.staged), ..MessageNew::default() };
    ann.ask(Request::MessageSend(asked)).unwrap();
    let to_ann = ann.did().to_string();
    let file = || page(&ben, &to_ann).and_then(|page| page.messages.last().cloned()).and_then(|message| message.file);
    until(|| file().is_some_and(|file| file.state == FileState::Here));
    let shown = file().unwrap();
    assert_eq!((shown.name.as_str(), shown.media.as_str(), shown.bytes), ("photo.jpg", "image/jpeg", 3_000_000));
    let message = page(&ben, &to_ann).unwrap().messages.last().unwrap().message;
    let path = ben.dir.path().to_owned();
    let save = FileSave { circle: to_ann.clone(), message, path };
    let Response::FileSaved(saved) = ben.ask(Request::FileSave(save.clone())).unwrap() else { panic!() };
    assert_eq!(std::fs::read(&saved.path).unwrap(), bytes);
    // What is there already is not written over.
    assert!(ben.ask(Request::FileSave(save)).is_err());
    // A browser brings a file in parts.
    let part = FileStage { name: "note.txt".into(), bytes: "bm90ZQ".into(), last: true, ..FileStage::default() };
    let Response::FileStaged(staged) = ben.ask(Request::FileStage(part)).unwrap() else { panic!() };
    let asked = MessageNew { to: to_ann, staged: Some(staged.staged), text: "a note".into(), ..MessageNew::default() };
    ben.ask(Request::MessageSend(asked)).unwrap();
    until(|| texts(&ann, &ben.did().to_string()).last().is_some_and(|text| text == "a note"));
}

#[test]
fn what_was_written_while_the_other_was_away_waits_for_them() {
    let (ann, ben) = (Person::new(1), Person::new(2));
    pair(&ann, &ben);
    let (to_ann, to_ben) = (ann.did().to_string(), ben.did().to_string());
    let ben = ben.close();
    send(&ann, &to_ben, "one");
    send(&ann, &to_ben, "two");
    assert_eq!(page(&ann, &to_ben).unwrap().messages.pop().unwrap().delivery, Some(Delivery::Waiting));
    let ben = ben.back();
    ben.twin.listen_for_contacts().unwrap();
    until(|| texts(&ben, &to_ann) == ["one", "two"]);
    assert_eq!(texts(&ann, &to_ben), ["one", "two"]);
}

#[test]
fn whoever_leaves_is_out_at_once_and_the_others_go_on() {
    let (ann, ben) = (Person::new(1), Person::new(2));
    pair(&ann, &ben);
    let club = circle(&ann, "club", &[&ben]).circle.to_string();
    until(|| page(&ben, &club).is_some());
    send(&ann, &club, "hello");
    until(|| texts(&ben, &club) == ["hello"]);
    // Ann is away: nobody is there to take note of it.
    let ann = ann.close();
    let Response::Circles(left) = ben.ask(Request::CircleLeave(CircleWhich { circle: club.clone() })).unwrap() else {
        panic!()
    };
    assert_eq!(left[0].state, CircleState::Out);
    let more = MessageNew { to: club.clone(), text: "one more".into(), ..MessageNew::default() };
    assert_eq!(ben.ask(Request::MessageSend(more)).unwrap_err().code, FailureCode::Denied);
    let ann = ann.back();
    ann.twin.listen_for_contacts().unwrap();
    until(|| circles(&ann)[0].members.len() == 1);
    assert_eq!((circles(&ann)[0].state, circles(&ben)[0].state), (CircleState::Member, CircleState::Out));
    // Let in again, Ben is told anew when he is put out again.
    let who = || CircleWho { circle: club.clone(), who: ben.did().to_string() };
    ann.ask(Request::CircleInvite(who())).unwrap();
    until(|| circles(&ben)[0].state == CircleState::Member);
    ann.ask(Request::CircleRemove(who())).unwrap();
    until(|| circles(&ben)[0].state == CircleState::Out);
}

#[test]
fn whoever_comes_later_is_told_that_what_was_written_before_is_not_there() {
    let (ann, ben, cleo) = (Person::new(1), Person::new(2), Person::new(3));
    pair(&ann, &ben);
    pair(&ann, &cleo);
    let club = circle(&ann, "club", &[&ben]).circle.to_string();
    until(|| page(&ben, &club).is_some());
    send(&ann, &club, "before cleo");
    ann.ask(Request::CircleInvite(CircleWho { circle: club.clone(), who: cleo.did().to_string() })).unwrap();
    until(|| page(&cleo, &club).is_some());
    send(&ann, &club, "with cleo");
    until(|| texts(&cleo, &club) == ["with cleo"]);
    assert!(circles(&cleo)[0].begins_later && !circles(&ann)[0].begins_later);
    assert!(!circles(&ben)[0].begins_later, "nothing was written before he came");
    // In a conversation of two all of it is there for both.
    let to_ben = ben.did().to_string();
    send(&ann, &to_ben, "hello");
    until(|| texts(&ben, &ann.did().to_string()) == ["hello"]);
    assert!(!page(&ben, &ann.did().to_string()).unwrap().circle.begins_later);
}

#[test]
fn two_who_begin_a_conversation_at_the_same_time_end_up_in_one() {
    let (ann, ben) = (Person::new(1), Person::new(2));
    pair(&ann, &ben);
    let (to_ann, to_ben) = (ann.did().to_string(), ben.did().to_string());
    // Neither reaches the other meanwhile.
    let ben = ben.close();
    send(&ann, &to_ben, "from ann");
    let ann = ann.close();
    let ben = ben.back();
    send(&ben, &to_ann, "from ben");
    let ann = ann.back();
    for person in [&ann, &ben] {
        person.twin.listen_for_contacts().unwrap();
    }
    let both = |of: &Person, to: &str| {
        let mut texts = texts(of, to);
        texts.sort();
        texts == ["from ann", "from ben"]
    };
    until(|| both(&ann, &to_ben) && both(&ben, &to_ann));
    until(|| circles(&ann).len() == 1 && circles(&ben).len() == 1);
    assert_eq!(circles(&ann)[0].circle, circles(&ben)[0].circle);
    send(&ben, &to_ann, "and on");
    until(|| texts(&ann, &to_ben).last().is_some_and(|text| text == "and on"));
    assert_eq!(texts(&ann, &to_ben).len(), 3);
}

#[test]
fn whoever_is_put_out_hears_of_it_and_let_in_again_reads_nothing_from_between() {
    let (ann, ben, eve) = (Person::new(1), Person::new(2), Person::new(3));
    pair(&ann, &ben);
    pair(&ann, &eve);
    let club = circle(&ann, "club", &[&ben, &eve]).circle.to_string();
    until(|| page(&ben, &club).is_some() && page(&eve, &club).is_some());
    send(&ann, &club, "before");
    until(|| texts(&eve, &club) == ["before"]);
    let who = CircleWho { circle: club.clone(), who: eve.did().to_string() };
    ann.ask(Request::CircleRemove(who.clone())).unwrap();
    // Eve's twin asks for nothing.
    until(|| {
        ann.twin.carry_to(&eve.did()).unwrap();
        circles(&eve)[0].state == CircleState::Out
    });
    send(&ann, &club, "between");
    ann.ask(Request::CircleInvite(who)).unwrap();
    until(|| {
        let _ = ann.twin.carry_to(&eve.did());
        circles(&eve)[0].state == CircleState::Member
    });
    send(&ann, &club, "after");
    until(|| texts(&eve, &club).last().is_some_and(|text| text == "after"));
    let _ = eve.twin.carry_to(&ann.did());
    assert_eq!(texts(&eve, &club), ["before", "after"]);
    until(|| texts(&ben, &club) == ["before", "between", "after"]);
}

#[test]
fn whoever_has_left_puts_nobody_else_out() {
    let (ann, ben, cyd) = (Person::new(1), Person::new(2), Person::new(3));
    for (inviter, joiner) in [(&ann, &ben), (&ann, &cyd), (&ben, &cyd)] {
        pair(inviter, joiner);
    }
    let trip = circle(&ann, "trip", &[&ben, &cyd]).circle.to_string();
    until(|| page(&ben, &trip).is_some() && page(&cyd, &trip).is_some());
    let away = cyd.close();
    ben.ask(Request::CircleLeave(CircleWhich { circle: trip.clone() })).unwrap();
    until(|| {
        let _ = ben.twin.carry_to(&ann.did());
        circles(&ben)[0].state == CircleState::Out
    });
    // Cyd has not heard of it, and asks Ben for news.
    let cyd = away.back();
    let _ = cyd.twin.carry_to(&ben.did());
    assert_eq!(circles(&cyd)[0].state, CircleState::Member);
}
