//! Known truth: planted effects are found with honest intervals, nothing is found in chance, and what has never been is
//! refused.
#![allow(clippy::unwrap_used)]

use didymos_mirror::body::Refusal;
use didymos_mirror::features::Column;
use didymos_mirror::glucose::Mersenne;
use didymos_mirror::what_if::{Change, Question};

struct Life {
    changed: Column,
    outcome: Column,
    other: Column,
}

/// Days of a person whose outcome follows the changed thing by `effect` on the same day and keeps 0.4 of itself; the
/// other thing drives both, `confounding` strong.
fn life(seed: u32, days: usize, effect: f64, confounding: f64, missing: f64) -> Life {
    let mut random = Mersenne::new(seed);
    let (mut days_told, mut days_changed, mut days_other) = (Vec::new(), Vec::new(), Vec::new());
    let (mut outcome, mut other) = (0.0, 0.0);
    for day in 0..days {
        let weekend = f64::from(u8::from(day % 7 >= 5));
        let change = random.normal() + 0.8 * weekend + confounding * other;
        outcome = 0.4 * outcome + effect * change + confounding * other - weekend + random.normal();
        other = 0.5 * other + random.normal();
        let mut read = |x: f64| (random.uniform() >= missing).then_some(100.0 + 10.0 * x);
        days_changed.push(read(change));
        days_told.push(read(outcome));
        days_other.push(read(other));
    }
    let [changed, outcome, other] = [days_changed, days_told, days_other].map(Column::from_options);
    Life { changed, outcome, other }
}

impl Life {
    fn ask<'a>(&'a self, others: &'a [&'a Column], change: Change) -> Question<'a> {
        Question { others, days: 1, ..Question::of(&self.outcome, &self.changed, change) }
    }
}

#[test]
fn intervals_hold_planted_effects_as_often_as_they_say_and_nothing_is_found_in_chance() {
    for (days, missing, effect) in [(24, 0.0, 0.6), (60, 0.0, 0.6), (120, 0.2, 0.6), (90, 0.1, 0.0), (24, 0.0, 0.0)] {
        let (mut held_95, mut held_50, mut clear, mut lives) = (0, 0, 0, 0);
        for seed in 0..130 {
            let life = life(seed + 1, days, effect, 0.4, missing);
            let others = [&life.other];
            // Of few days too few may be like the asked one.
            let Ok(answer) = life.ask(&others, Change::Add(5.0)).answer() else { continue };
            let told = answer.effect;
            let within = |[low, high]: [f64; 2]| i32::from((low..=high).contains(&(5.0 * effect)));
            lives += 1;
            held_95 += within(told.interval_95);
            held_50 += within(told.interval_50);
            clear += i32::from(told.clear());
        }
        assert!(lives > 100, "{days} days: only {lives} answered");
        let share = |count: i32| f64::from(count) / f64::from(lives);
        assert!(share(held_95) >= 0.9, "{days} days: {held_95} of {lives} intervals hold");
        assert!((0.36..=0.68).contains(&share(held_50)), "{days} days: {held_50} of {lives} at 50 %");
        if effect == 0.0 {
            assert!(share(clear) <= 0.1, "{clear} of {lives} found something in chance");
        } else {
            // Of three weeks much is answered and little is clear, which is what the wide intervals say.
            assert!(share(clear) > if days < 30 { 0.2 } else { 0.9 }, "{days} days: only {clear} of {lives} found it");
        }
    }
}

#[test]
fn an_effect_that_keeps_builds_up_over_the_days_and_both_futures_share_their_noise() {
    let life = life(5, 400, 0.6, 0.0, 0.0);
    let answer = Question { days: 14, ..life.ask(&[], Change::Add(10.0)) }.answer().unwrap();
    let median = |step: usize| answer.difference.steps[step][3];
    assert!((median(0) - 6.0).abs() < 1.0 && (median(13) - 10.0).abs() < 2.0, "{} {}", median(0), median(13));
    // The futures are wide, their difference is not.
    let width = |steps: &[[f64; 7]]| steps[0][6] - steps[0][0];
    assert!(width(&answer.difference.steps) < 0.2 * width(&answer.baseline.steps));
    assert_eq!(answer, Question { days: 14, ..life.ask(&[], Change::Add(10.0)) }.answer().unwrap());
}

#[test]
fn the_record_says_how_much_it_helps_to_know_the_change() {
    let told = |effect: f64| {
        let life = life(9, 300, effect, 0.0, 0.1);
        life.ask(&[], Change::Add(5.0)).answer().unwrap().record.unwrap()
    };
    let (strong, none) = (told(1.0), told(0.0));
    assert!(strong.skill() > 0.15 && strong.direction_right > 0.7, "{strong:?}");
    assert!(none.skill() < 0.03 && none.direction_right < 0.65, "{none:?}");
    for (covered, share) in strong.coverage.into_iter().zip([0.5, 0.8, 0.95]) {
        assert!((covered - share).abs() < 0.1, "{strong:?}");
    }
}

#[test]
fn days_like_the_asked_one_are_shown_nearest_first() {
    let life = life(2, 200, 0.5, 0.0, 0.0);
    let answer = life.ask(&[], Change::Add(10.0)).answer().unwrap();
    let support = answer.support;
    assert!(!answer.alike.is_empty() && support.days_like >= answer.alike.len());
    for pair in answer.alike.windows(2) {
        assert!(pair[0].distance <= pair[1].distance);
    }
    for day in &answer.alike {
        assert!((day.changed - support.asked).abs() <= support.about);
        assert_eq!(life.outcome.get(day.day), Some(day.outcome));
    }
}

#[test]
fn what_has_never_been_or_cannot_be_told_is_refused() {
    let life = life(3, 120, 0.5, 0.0, 0.0);
    let refused = |change| life.ask(&[], change).answer().unwrap_err();
    assert!(refused(Change::Add(200.0)).to_string().contains("only 0 came near"), "{}", refused(Change::Add(200.0)));
    assert!(matches!(refused(Change::Set(-5.0)), Refusal::Undetermined { .. }));
    assert!(matches!(refused(Change::Times(9.0)), Refusal::Undetermined { .. }));
    assert!(matches!(refused(Change::Add(f64::NAN)), Refusal::Senseless { .. }));
    let few = Column::from_options((0..40).map(|day| (day % 2 == 0).then_some(f64::from(day))));
    assert!(matches!(
        Question::of(&few, &few, Change::Add(1.0)).answer(),
        Err(Refusal::TooFew { have: 20, need: 21, .. })
    ));
    let same = Column::from_options((0..60).map(|_| Some(1.0)));
    let moving = Column::from_options((0..60).map(|day| Some(f64::from(day % 5))));
    for (outcome, changed) in [(&same, &moving), (&moving, &same)] {
        let told = Question::of(outcome, changed, Change::Add(1.0)).answer().unwrap_err();
        assert!(told.to_string().contains("same on every day"), "{told}");
    }
    let huge = Column::from_options((0..60).map(|day| Some(1e300 * f64::from(day % 5))));
    assert!(matches!(Question::of(&moving, &huge, Change::Add(1.0)).answer(), Err(Refusal::Senseless { .. })));
    assert!(Question { days: 0, ..Question::of(&moving, &moving, Change::Add(1.0)) }.answer().is_err());
}
