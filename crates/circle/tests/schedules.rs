//! Random schedules: people write, rename and renew while meetings break off, partitions last and power fails. In the
//! end everybody has everything, once, in the same order.

mod people;

use didymos_circle::wire::{Body, Bytes, Header};
use didymos_circle::{Content, Envelope, Wish};
use people::{Device, meet, meet_until, person};
use proptest::prelude::*;

/// A small generator, so that one number is a whole schedule.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

fn two(all: &mut [Device], a: usize, b: usize) -> (&mut Device, &mut Device) {
    let (low, high) = (a.min(b), a.max(b));
    let (left, right) = all.split_at_mut(high);
    if a < b { (&mut left[low], &mut right[0]) } else { (&mut right[0], &mut left[low]) }
}

fn circle_of_four() -> Vec<Device> {
    let mut all = vec![person("ann", 1), person("ben", 2), person("cleo", 3), person("dan", 4)];
    all[0].begin("schedules");
    for other in 1..4 {
        let (ann, other) = two(&mut all, 0, other);
        ann.invite(other);
    }
    let ben = all[1].did().clone();
    all[0].wish(Wish::Admin(ben, true));
    for other in 1..4 {
        let (ann, other) = two(&mut all, 0, other);
        meet(ann, other);
    }
    all
}

fn meet_all(all: &mut [Device]) {
    for _ in 0..4 {
        for a in 0..4 {
            for b in (0..4).filter(|b| *b != a) {
                let (a, b) = two(all, a, b);
                meet(a, b);
            }
        }
    }
}

fn run(seed: u64) {
    let mut dice = Dice(seed);
    let mut all = circle_of_four();
    let mut said = Vec::new();
    for step in 0..40 {
        let who = dice.roll(4) as usize;
        match dice.roll(12) {
            0..=3 => {
                let text = format!("{} {step}", all[who].name);
                let content = Content { text: text.clone(), file: None, answers: None, again: None };
                if dice.roll(5) == 0 {
                    all[who].fails = Some(dice.roll(3) as usize);
                }
                let now = all[who].now;
                if let Ok((_, effects)) = all[who].circle().say(&content, now) {
                    all[who].keep(effects);
                    if all[who].dead {
                        all[who].reopen();
                    }
                    if all[who].opened.iter().any(|(_, known)| *known == text) {
                        said.push(text);
                    }
                }
                all[who].fails = None;
            }
            4 => {
                let now = all[who].now;
                if let Ok(effects) = all[who].circle().renew(now) {
                    all[who].keep(effects);
                }
            }
            5 if who < 2 => {
                let effects = all[who].circle().wish(Wish::Name(format!("name {step}"))).expect("leads");
                all[who].keep(effects);
                all[who].duties();
            }
            6 => all[who].reopen(),
            _ => {
                let other = (who + 1 + dice.roll(3) as usize) % 4;
                // In the first half two and two are apart.
                if step < 20 && who / 2 != other / 2 {
                    continue;
                }
                if dice.roll(4) == 0 {
                    all[who].fails = Some(dice.roll(3) as usize);
                }
                let lossy = dice.roll(3);
                let (a, b) = two(&mut all, who, other);
                meet_until(a, b, &mut || lossy > 0 || dice.roll(3) > 0);
                for one in [a, b] {
                    if one.dead {
                        one.reopen();
                    }
                    one.fails = None;
                }
            }
        }
    }
    meet_all(&mut all);
    // Who is where others are not any more hears of it with the next thing that is written.
    for one in &mut all {
        let text = format!("{} last", one.name);
        let content = Content { text: text.clone(), file: None, answers: None, again: None };
        let now = one.now;
        if let Ok((_, effects)) = one.circle().say(&content, now) {
            one.keep(effects);
            said.push(text);
        }
    }
    meet_all(&mut all);
    let tip = all[0].circle().epoch().map(|epoch| (epoch.id, epoch.charter.clone()));
    let order = all[0].texts();
    let mut sorted = order.clone();
    sorted.sort();
    said.sort();
    assert_eq!(sorted, said, "ann has all of it, once: seed {seed}");
    for one in &mut all {
        assert!(one.circle().is_in(), "{} is in: seed {seed}", one.name);
        assert_eq!(
            one.circle().epoch().map(|epoch| (epoch.id, epoch.charter.clone())),
            tip,
            "{}: seed {seed}",
            one.name
        );
        assert_eq!(one.texts(), order, "{} sees the same order: seed {seed}", one.name);
    }
}

#[test]
fn everybody_has_everything_once_and_in_the_same_order() {
    let seeds = std::env::var("SCHEDULES").ok().and_then(|text| text.parse().ok()).unwrap_or(24);
    for seed in 0..seeds {
        run(seed);
    }
}

#[test]
fn what_does_not_hold_is_refused_and_counted_and_nobody_else_notices() {
    let mut all = circle_of_four();
    let said = all[2].say("good");
    let good = all[2].bytes[&said].clone();
    let mut stranger = person("mallory", 66);
    stranger.begin("schedules");
    stranger.say("from outside");
    let outside = stranger.bytes.values().cloned();
    let mut hostile: Vec<Vec<u8>> = outside.collect();
    for at in (0..good.len()).step_by(7) {
        let mut changed = good.clone();
        changed[at] ^= 0x40;
        hostile.push(changed);
    }
    hostile.extend([Vec::new(), vec![0xff; 100], good[..good.len() / 2].to_vec(), vec![0; 200_000]]);
    let count = hostile.len() as u64;
    let hostile: Vec<Bytes> = hostile.into_iter().map(Bytes).collect();
    let now = all[0].now;
    let before = all[0].circle().len();
    let effects = all[0].circle().take(&hostile, now);
    assert_eq!(effects.refused, count);
    assert!(effects.is_empty());
    assert_eq!((all[0].circle().len(), all[0].circle().refused()), (before, count));
    // The true one is taken all the same, and once.
    for _ in 0..2 {
        let effects = all[0].circle().take(&[Bytes(good.clone())], now);
        all[0].keep(effects);
    }
    assert_eq!(all[0].texts(), ["good"]);
}

#[test]
fn a_flood_is_refused_beyond_its_bounds() {
    let mut all = circle_of_four();
    let said = all[3].say("before the flood");
    let mut last = Envelope::decode(&all[3].bytes[&said]).expect("ours");
    let mut flood = vec![Bytes(last.encode())];
    for _ in 0..4_200 {
        let before = last.header;
        let header = Header {
            seq: before.seq + 1,
            height: before.height + 1,
            parents: vec![didymos_base::Digest::of(&flood.last().expect("one").0)],
            ..before
        };
        last = Envelope::sign(header, Body::Message(vec![0]), &all[3].me.device);
        flood.push(Bytes(last.encode()));
    }
    let now = all[0].now;
    let effects = all[0].circle().take(&flood, now);
    assert!((1..200).contains(&effects.refused), "{} of 4,201 are too many", effects.refused);
    all[0].keep(effects);
    // Somebody else is heard all the same.
    all[1].say("not drowned");
    let (ben, ann) = two(&mut all, 1, 0);
    meet(ben, ann);
    assert_eq!(all[0].texts().len(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_bytes_panic_and_what_reads_has_one_form(bytes: Vec<u8>) {
        use didymos_circle::{Invitation, Record, Sync};
        if let Ok(envelope) = Envelope::decode(&bytes) {
            prop_assert_eq!(envelope.encode(), bytes.clone());
        }
        if let Ok(sync) = Sync::decode(&bytes) {
            prop_assert_eq!(sync.encode(), bytes.clone());
        }
        if let Ok(invitation) = Invitation::decode(&bytes) {
            prop_assert_eq!(invitation.encode(), bytes.clone());
        }
        if let Ok(record) = Record::decode(&bytes) {
            prop_assert_eq!(record.encode(), bytes);
        }
    }
}
