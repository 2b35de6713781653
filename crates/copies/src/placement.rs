//! Who holds which shares.
//!
//! The owner says how many shares are to be enough (`need`) and how many friends may be lost at once (`lose`). Every
//! friend gets the same number of shares of each parcel: as many as it takes so that whoever is left after `lose` of
//! them are gone has `need` different ones. With five friends and 3 needed, that is one each; with four, two each; with
//! two, one of whom may be lost, each has enough alone.

use crate::code::NUMBERS_MAX;
use crate::manifest::HOLDERS_MAX;
use didymos_base::Did;
use std::collections::BTreeSet;

/// What the owner wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// So many shares are to be enough.
    pub need: u8,
    /// So many friends may be lost at once, if there are more than that.
    pub lose: u8,
}

impl Default for Wish {
    /// Any three of five.
    fn default() -> Self {
        Self { need: 3, lose: 2 }
    }
}

/// A friend who gives room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Friend {
    /// Who.
    pub did: Did,
    /// How many bytes.
    pub room: u64,
    /// Numbers of shares that they hold already.
    pub numbers: Vec<u8>,
}

/// How many shares of each parcel every one of `friends` friends holds.
#[must_use]
pub fn shares_each(friends: usize, wish: Wish) -> usize {
    let lost = usize::from(wish.lose).min(friends.saturating_sub(1));
    usize::from(wish.need).div_ceil((friends - lost).max(1))
}

/// The numbers of each friend, in the order given; none for those whose room is too small. `bytes_each` is what one
/// share of every parcel takes together.
///
/// Who holds something keeps it as far as possible: a friend who comes or goes moves nobody else's shares.
#[must_use]
pub fn place(friends: &[Friend], wish: Wish, bytes_each: u64) -> Vec<Vec<u8>> {
    let mut chosen: Vec<usize> = (0..friends.len()).collect();
    // Who holds something stays before who does not; among these, who gives most room.
    chosen.sort_by_key(|at| (friends[*at].numbers.is_empty(), std::cmp::Reverse(friends[*at].room)));
    chosen.truncate(HOLDERS_MAX);
    // The fewer friends, the more each of them holds: leave out who has too little room for that, until all have.
    let each = loop {
        if chosen.is_empty() {
            return vec![Vec::new(); friends.len()];
        }
        let each = shares_each(chosen.len(), wish);
        let wanted = bytes_each.saturating_mul(each as u64);
        let before = chosen.len();
        let smallest = chosen.iter().copied().min_by_key(|at| friends[*at].room);
        if let Some(smallest) = smallest.filter(|at| friends[*at].room < wanted) {
            chosen.retain(|at| *at != smallest);
        }
        if chosen.len() == before {
            break each;
        }
    };
    let mut placed = vec![Vec::new(); friends.len()];
    let mut taken = BTreeSet::new();
    for at in &chosen {
        let kept = friends[*at].numbers.iter().copied().filter(|number| !taken.contains(number)).take(each);
        placed[*at] = kept.collect::<Vec<_>>();
        taken.extend(placed[*at].iter().copied());
    }
    let mut free = (0..NUMBERS_MAX).filter(|number| !taken.contains(number));
    for at in chosen {
        let numbers: &mut Vec<u8> = &mut placed[at];
        let lacking = each.saturating_sub(numbers.len());
        numbers.extend(free.by_ref().take(lacking));
        numbers.sort_unstable();
    }
    placed
}

/// How many holders may be lost, whichever they are, so that `need` different shares remain; none if there are too few
/// as it is. `counts` says how many shares each holder has; no two have the same one.
#[must_use]
pub fn margin(counts: &[usize], need: u8) -> Option<u32> {
    let mut counts = counts.to_vec();
    counts.sort_unstable();
    let mut left: usize = counts.iter().sum();
    let mut lost = None;
    for next in counts.iter().rev().copied().chain([0]) {
        if left < usize::from(need) {
            return lost;
        }
        lost = Some(lost.map_or(0, |lost: u32| lost + 1));
        left -= next;
        if left == 0 && next == 0 {
            break;
        }
    }
    lost
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn friends(count: usize) -> Vec<Friend> {
        let friend =
            |at| Friend { did: format!("did:key:z6Mk{at}").parse().expect("a DID"), room: 1_000, numbers: Vec::new() };
        (0..count).map(friend).collect()
    }

    #[test]
    fn as_many_shares_each_as_it_takes() {
        let each = |count| shares_each(count, Wish::default());
        assert_eq!([1, 2, 3, 4, 5, 6, 9].map(each), [3, 3, 3, 2, 1, 1, 1]);
        assert_eq!(place(&friends(5), Wish::default(), 100), [[0], [1], [2], [3], [4]]);
        assert_eq!(margin(&[1, 1, 1, 1, 1], 3), Some(2));
        assert_eq!(margin(&[2, 2, 2, 2], 3), Some(2));
        assert_eq!(margin(&[3], 3), Some(0));
        assert_eq!(margin(&[2, 1, 1, 1], 3), Some(1));
        assert_eq!(margin(&[1, 1], 3), None);
        assert_eq!(margin(&[], 1), None);
    }

    #[test]
    fn who_has_too_little_room_is_left_out() {
        let mut five = friends(5);
        five[2].room = 99;
        let placed = place(&five, Wish::default(), 100);
        assert!(placed[2].is_empty());
        assert!(placed.iter().enumerate().all(|(at, numbers)| at == 2 || numbers.len() == 2), "{placed:?}");
        for friend in &mut five {
            friend.room = 99;
        }
        assert!(place(&five, Wish::default(), 100).iter().all(Vec::is_empty));
    }

    proptest! {
        #[test]
        fn whoever_is_lost_enough_is_left(count in 1usize..=12, need in 1u8..=6, lose in 0u8..=6, gone in prop::collection::vec(any::<u16>(), 12)) {
            let wish = Wish { need, lose };
            let placed = place(&friends(count), wish, 1);
            let counts: Vec<usize> = placed.iter().map(Vec::len).collect();
            let may = usize::from(lose).min(count - 1);
            prop_assert!(margin(&counts, need).is_some_and(|margin| margin as usize >= may));
            let mut order: Vec<usize> = (0..count).collect();
            order.sort_by_key(|at| gone[*at]);
            let left: BTreeSet<u8> = order[may..].iter().flat_map(|at| placed[*at].iter().copied()).collect();
            prop_assert!(left.len() >= usize::from(need));
            let all: usize = counts.iter().sum();
            prop_assert_eq!(placed.iter().flatten().collect::<BTreeSet<_>>().len(), all, "no number twice");
        }

        #[test]
        fn who_comes_or_goes_moves_nobody_elses_shares(count in 2usize..=9, leaver: usize) {
            let wish = Wish::default();
            let mut here = friends(count);
            for (friend, numbers) in here.iter_mut().zip(place(&friends(count), wish, 1)) {
                friend.numbers = numbers;
            }
            here.remove(leaver % count);
            let placed = place(&here, wish, 1);
            for (friend, numbers) in here.iter().zip(&placed) {
                let kept = friend.numbers.iter().filter(|number| numbers.contains(number)).count();
                prop_assert_eq!(kept, friend.numbers.len().min(numbers.len()));
            }
        }
    }
}
