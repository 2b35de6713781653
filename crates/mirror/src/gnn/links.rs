//! Who hears whom: the relations between the hours of a span of days.

use super::diary::Days;
use crate::learn::Links;
use std::ops::Range;
use std::rc::Rc;

/// Kinds of relations, each with weights of its own.
pub(super) const RELATIONS: usize = 10;

/// One kind of relation: straight, or through hubs that hear the mean of their members and give it to them.
#[derive(Clone, Debug)]
pub(super) enum Relation {
    Straight(Rc<Links>),
    Hub(Rc<Links>, Rc<Links>),
}

/// Links to each bucket from those at these distances, within the span.
fn at(n: usize, distances: &[i64]) -> Relation {
    let mut pairs = Vec::with_capacity(n * distances.len());
    for to in 0..n as i64 {
        for from in distances.iter().map(|distance| to + distance).filter(|from| (0..n as i64).contains(from)) {
            pairs.push((from as u32, to as u32));
        }
    }
    Relation::Straight(Rc::new(Links::mean(&pairs, n)))
}

/// Members of hubs: (bucket, hub).
fn hubs(n: usize, members: &[(u32, u32)], hubs: usize) -> Relation {
    let back: Vec<(u32, u32)> = members.iter().map(|(bucket, hub)| (*hub, *bucket)).collect();
    Relation::Hub(Rc::new(Links::mean(members, hubs)), Rc::new(Links::mean(&back, n)))
}

/// Numbers without gaps for whatever the caller calls his things.
fn numbered(things: impl Iterator<Item = (u32, u32)>) -> (Vec<(u32, u32)>, usize) {
    let all: Vec<(u32, u32)> = things.collect();
    let mut names: Vec<u32> = all.iter().map(|(_, name)| *name).collect();
    names.sort_unstable();
    names.dedup();
    let of = |(bucket, name): (u32, u32)| (bucket, names.partition_point(|other| *other < name) as u32);
    (all.into_iter().map(of).collect(), names.len())
}

/// All relations within these days.
pub(super) fn relations(days: &Days, span: Range<usize>) -> Vec<Relation> {
    let per_day = days.per_day;
    let n = span.len() * per_day;
    let day = per_day as i64;
    let first = span.start * per_day;
    let slot = |t: usize| {
        let weekend = days.weekday(span.start + t / per_day) >= 5;
        (t as u32, (t % per_day + usize::from(weekend) * per_day) as u32)
    };
    let slots: Vec<(u32, u32)> = (0..n).map(slot).collect();
    let own_day: Vec<(u32, u32)> = (0..n).map(|t| (t as u32, (t / per_day) as u32)).collect();
    let (places, place_count) =
        numbered((0..n).filter_map(|t| Some((t as u32, days.places.get(first + t).copied().flatten()?))));
    let events = days.events.iter().filter(|(t, _)| (first..first + n).contains(t));
    let (events, event_count) = numbered(events.map(|(t, kind)| ((t - first) as u32, *kind)));
    vec![
        at(n, &[-1]),
        at(n, &[1]),
        at(n, &[-3, -2]),
        at(n, &[2, 3]),
        at(n, &[-day]),
        at(n, &[day]),
        at(n, &[-7 * day, 7 * day]),
        hubs(n, &slots, 2 * per_day),
        hubs(n, &own_day, span.len()),
        {
            // Places and events share a kind: both are circumstances of an hour.
            let events: Vec<(u32, u32)> = events.iter().map(|(t, kind)| (*t, kind + place_count as u32)).collect();
            let all: Vec<(u32, u32)> = places.into_iter().chain(events).collect();
            hubs(n, &all, place_count + event_count)
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_hear_their_neighbours_and_their_places() {
        let mut places = vec![None; 48];
        (places[3], places[40]) = (Some(77), Some(77));
        let days = Days {
            per_day: 24,
            days: 2,
            streams: 1,
            z: vec![0.0; 48],
            known: vec![true; 48],
            usual: [vec![0.0; 24], vec![0.0; 24]],
            first_weekday: 0,
            places,
            events: vec![(5, 4_000_000_000)],
        };
        let all = relations(&days, 0..2);
        assert_eq!(all.len(), RELATIONS);
        let Relation::Straight(yesterday) = &all[4] else { panic!("straight") };
        assert!(yesterday.each.contains(&(1, 25, 1.0)) && yesterday.each.len() == 24);
        let Relation::Hub(gather, give) = &all[9] else { panic!("hubs") };
        assert_eq!(gather.rows, 2);
        assert!(gather.each.contains(&(3, 0, 0.5)) && gather.each.contains(&(5, 1, 1.0)));
        assert!(give.each.contains(&(0, 40, 1.0)));
    }
}
