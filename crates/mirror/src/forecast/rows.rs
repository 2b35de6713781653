//! One row of features per (origin, steps ahead), from nothing that lies after the origin.
//!
//! The same features for every stream: what it was just now, how it moved, what it was at this time on earlier days, how
//! today differs from those, the calendar of the target's time, and what other streams say. Which number the models
//! predict a difference *from* (the anchor) depends on the stream: the last value where it moves slowly against the step
//! (glucose every five minutes), the time of day's mean where the day decides (steps per hour).

use crate::features::{Column, DAY_MS, Grid};

/// Differences between neighbours that are features.
const DIFFERENCES: usize = 11;
/// Other streams that are features at most.
pub(crate) const OTHERS: usize = 3;

/// What models predict a difference from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// The last value.
    Last,
    /// The mean at this time of day on earlier days.
    Profile,
}

/// What a stream was at the same phase of its season before; index is the target's bucket.
struct Cycles {
    last: Vec<f32>,
    before_last: Vec<f32>,
    mean3: Vec<f32>,
    mean7: Vec<f32>,
    mean28: Vec<f32>,
    median14: Vec<f32>,
    same_kind_of_day: Vec<f32>,
}

/// Running means of what has been, index is the origin's bucket.
struct Trailing {
    value: Vec<f32>,
    short: Vec<f32>,
    middle: Vec<f32>,
    season: Vec<f32>,
    week: Vec<f32>,
}

/// All that rows are made from.
pub(crate) struct Rows {
    grid: Grid,
    season: usize,
    pub(crate) anchor: Anchor,
    own: (Trailing, Cycles),
    /// How the recent past differed from its profile: short, a quarter of a season, a season.
    away: [Vec<f32>; 3],
    others: Vec<(Trailing, Cycles)>,
    /// Mean of everything up to a bucket, for want of anything better.
    overall: Vec<f32>,
}

fn mean_of(values: impl Iterator<Item = f32>) -> f32 {
    let (sum, count) = values.filter(|x| x.is_finite()).fold((0.0, 0.0), |all, x| (all.0 + x, all.1 + 1.0));
    if count > 0.0 { sum / count } else { f32::NAN }
}

fn as_floats(column: &Column) -> Vec<f32> {
    column.iter().map(|y| y.map_or(f32::NAN, |y| y as f32)).collect()
}

/// Mean over the last `width` buckets, where at least one is known.
fn trailing(values: &[f32], width: usize) -> Vec<f32> {
    let (mut sum, mut count) = (0.0f64, 0u32);
    let mut means = Vec::with_capacity(values.len());
    for (i, x) in values.iter().enumerate() {
        if x.is_finite() {
            sum += f64::from(*x);
            count += 1;
        }
        if let Some(old) = i.checked_sub(width).map(|j| values[j]).filter(|x| x.is_finite()) {
            sum -= f64::from(old);
            count -= 1;
        }
        means.push(if count > 0 { (sum / f64::from(count)) as f32 } else { f32::NAN });
    }
    means
}

impl Trailing {
    fn of(values: Vec<f32>, season: usize) -> Self {
        let mean = |width: usize| trailing(&values, width);
        let (short, middle, in_season, week) =
            (mean(3), mean((season / 4).max(6)), mean(season.max(2)), mean(7 * season));
        Self { value: values, short, middle, season: in_season, week }
    }
}

impl Cycles {
    fn of(values: &[f32], season: usize, reach: usize, grid: &Grid) -> Self {
        // Neighbours in time are averaged where a season has many buckets: one reading of five minutes is noise.
        let blur = season / 96;
        let at = |i: usize, back: usize| -> f32 {
            let Some(middle) = i.checked_sub(back * season) else { return f32::NAN };
            if blur == 0 {
                return values.get(middle).copied().unwrap_or(f32::NAN);
            }
            // Never beyond what was known when the cycle ended one season before the target.
            mean_of(
                values.iter().take(i + 1 - season).take(middle + blur + 1).skip(middle.saturating_sub(blur)).copied(),
            )
        };
        let weekend = |i: usize| is_weekend(grid.time(i));
        let n = values.len() + reach;
        let mut cycles = Self {
            last: Vec::with_capacity(n),
            before_last: Vec::with_capacity(n),
            mean3: Vec::with_capacity(n),
            mean7: Vec::with_capacity(n),
            mean28: Vec::with_capacity(n),
            median14: Vec::with_capacity(n),
            same_kind_of_day: Vec::with_capacity(n),
        };
        let mut back: Vec<f32> = Vec::with_capacity(28);
        for i in 0..n {
            back.clear();
            back.extend((1..=28).map(|j| at(i, j)));
            cycles.last.push(back[0]);
            cycles.before_last.push(back[1]);
            cycles.mean3.push(mean_of(back[..3].iter().copied()));
            cycles.mean7.push(mean_of(back[..7].iter().copied()));
            cycles.mean28.push(mean_of(back.iter().copied()));
            let mut known: Vec<f64> = back[..14].iter().filter(|x| x.is_finite()).map(|x| f64::from(*x)).collect();
            let median = if known.is_empty() { f32::NAN } else { super::gbm::median(&mut known) as f32 };
            cycles.median14.push(median);
            let like = |(j, x): (usize, &f32)| {
                let then = i.checked_sub((j + 1) * season)?;
                (weekend(then) == weekend(i)).then_some(*x)
            };
            cycles.same_kind_of_day.push(mean_of(back.iter().enumerate().filter_map(like)));
        }
        cycles
    }
}

fn is_weekend(wall: i64) -> bool {
    // 1970-01-01 was a Thursday.
    (wall.div_euclid(DAY_MS) + 3).rem_euclid(7) >= 5
}

impl Rows {
    /// Prepares the features of `column`, up to `reach` buckets beyond its end.
    pub(crate) fn of(column: &Column, others: &[&Column], grid: &Grid, season: usize, reach: usize) -> Self {
        let prepare = |column: &Column| {
            let values = as_floats(column);
            let cycles = Cycles::of(&values, season, reach, grid);
            (Trailing::of(values, season), cycles)
        };
        let own = prepare(column);
        let away: Vec<f32> = own.0.value.iter().zip(&own.1.mean28).map(|(x, usual)| x - usual).collect();
        let away = [trailing(&away, 3), trailing(&away, (season / 4).max(6)), trailing(&away, season.max(2))];
        let overall = trailing(&own.0.value, usize::MAX);
        let others = others.iter().take(OTHERS).map(|other| prepare(other)).collect();
        let mut rows = Self { grid: *grid, season, anchor: Anchor::Profile, own, away, others, overall };
        rows.anchor = rows.nearer_anchor(reach);
        rows
    }

    /// The anchor that the first half of what is known was nearer to, over all steps ahead.
    fn nearer_anchor(&self, reach: usize) -> Anchor {
        let value = &self.own.0.value;
        let (mut last, mut profile) = (0.0, 0.0);
        for origin in 0..value.len() / 2 {
            for ahead in [1, reach.div_ceil(2), reach] {
                let truth = value.get(origin + ahead).copied().unwrap_or(f32::NAN);
                let usual = self.cycle(&self.own.1.mean28, origin, ahead);
                let (by_last, by_profile) = ((truth - value[origin]).abs(), (truth - usual).abs());
                if by_last.is_finite() && by_profile.is_finite() {
                    last += f64::from(by_last);
                    profile += f64::from(by_profile);
                }
            }
        }
        if last < profile { Anchor::Last } else { Anchor::Profile }
    }

    /// The target's bucket, moved back by whole seasons until its last cycle lies before the origin.
    fn phase(&self, origin: usize, ahead: usize) -> usize {
        origin + ahead - (ahead - 1) / self.season * self.season
    }

    fn cycle(&self, of: &[f32], origin: usize, ahead: usize) -> f32 {
        of.get(self.phase(origin, ahead)).copied().unwrap_or(f32::NAN)
    }

    /// The first of these that is known; the mean so far in the worst case.
    fn first_known(&self, origin: usize, choices: &[f32]) -> f64 {
        let overall = self.overall.get(origin).copied().filter(|x| x.is_finite()).unwrap_or(0.0);
        f64::from(choices.iter().copied().find(|x| x.is_finite()).unwrap_or(overall))
    }

    /// What was one season before the target; the next older cycle where that is unknown.
    pub(crate) fn seasonal_naive(&self, origin: usize, ahead: usize) -> f64 {
        let season = self.season;
        let phase = self.phase(origin, ahead);
        let values = &self.own.0.value;
        let back = (1..=7).filter_map(|j| values.get(phase.checked_sub(j * season)?).copied());
        let known = back.into_iter().find(|x| x.is_finite()).unwrap_or(f32::NAN);
        self.first_known(origin, &[known, values[origin]])
    }

    /// The mean at this phase of the season.
    pub(crate) fn seasonal_mean(&self, origin: usize, ahead: usize) -> f64 {
        let usual = self.cycle(&self.own.1.mean28, origin, ahead);
        self.first_known(origin, &[usual, self.own.0.season[origin]])
    }

    /// The median at this phase of the season.
    pub(crate) fn seasonal_median(&self, origin: usize, ahead: usize) -> f64 {
        let usual = self.cycle(&self.own.1.median14, origin, ahead);
        self.first_known(origin, &[usual, self.own.0.season[origin]])
    }

    /// The last value.
    pub(crate) fn last(&self, origin: usize) -> f64 {
        self.first_known(origin, &[self.own.0.value[origin], self.own.0.short[origin], self.own.0.season[origin]])
    }

    /// What the models predict a difference from.
    pub(crate) fn anchor_value(&self, origin: usize, ahead: usize) -> f64 {
        match self.anchor {
            Anchor::Last => self.last(origin),
            Anchor::Profile => self.seasonal_mean(origin, ahead),
        }
    }

    /// The features for a forecast made in bucket `origin` for `ahead` ≥ 1 buckets later.
    pub(crate) fn row(&self, origin: usize, ahead: usize) -> Vec<f32> {
        let base = match self.anchor {
            Anchor::Last => self.last(origin) as f32,
            Anchor::Profile => 0.0,
        };
        let (trailing, cycles) = &self.own;
        let at = |of: &[f32]| self.cycle(of, origin, ahead);
        let mut row = Vec::with_capacity(40 + 5 * self.others.len());
        let target = self.grid.time(origin + ahead);
        let day = target.rem_euclid(DAY_MS) as f64 / DAY_MS as f64;
        let turn = day * std::f64::consts::TAU;
        row.extend([turn.sin(), turn.cos(), (2.0 * turn).sin(), (2.0 * turn).cos(), day].map(|x| x as f32));
        row.push((target.div_euclid(DAY_MS) + 3).rem_euclid(7) as f32);
        row.push(f32::from(u8::from(is_weekend(target))));
        row.push(ahead as f32);
        row.push(trailing.value[origin]);
        for back in 0..DIFFERENCES {
            let pair =
                origin.checked_sub(back + 1).map(|before| trailing.value[origin - back] - trailing.value[before]);
            row.push(pair.unwrap_or(f32::NAN));
        }
        let week = self.phase(origin, ahead).checked_sub(7 * self.season);
        row.push(week.map_or(f32::NAN, |i| trailing.value[i.min(origin)] - base));
        row.extend([&trailing.short, &trailing.middle, &trailing.season, &trailing.week].map(|of| of[origin] - base));
        let seasonal = [
            &cycles.last,
            &cycles.before_last,
            &cycles.mean3,
            &cycles.mean7,
            &cycles.mean28,
            &cycles.median14,
            &cycles.same_kind_of_day,
        ];
        row.extend(seasonal.map(|of| at(of) - base));
        row.extend([&self.away[0], &self.away[1], &self.away[2]].map(|of| of[origin]));
        for (trailing, cycles) in &self.others {
            row.extend([&trailing.value, &trailing.short, &trailing.season].map(|of| of[origin]));
            row.extend([at(&cycles.last), at(&cycles.mean28)]);
        }
        row
    }
}
