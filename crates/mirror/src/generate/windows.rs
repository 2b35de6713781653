//! Windows of a day's length, in normal scores: what makers learn from and make.

use crate::body::Refusal;
use crate::body::elementary::{cos_sin_turns, ln};
use crate::features::{Column, DAY_MS, Grid};
use crate::learn::{Chance, Matrix};
use serde::{Deserialize, Serialize};

/// Numbers that say when a bucket is: the time of day on a circle, and whether it is a weekend.
pub(super) const WHEN: usize = 3;
/// Days of which one block of [`KEPT`] is kept from the makers, to judge by.
const CYCLE: usize = 8;
const KEPT: usize = 2;
const POINTS: usize = 200;
/// Days of which at least half is known that it takes.
pub(super) const DAYS_NEEDED: usize = 14;
/// Windows learnt from at most.
const MOST: usize = 4_000;

/// The quantile of the standard normal distribution (Acklam's rational approximation, relative error 1.2e-9).
pub(super) fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -39.696_830_286_653_76,
        220.946_098_424_520_5,
        -275.928_510_446_968_7,
        138.357_751_867_269,
        -30.664_798_066_147_16,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -54.476_098_798_224_06,
        161.585_836_858_040_9,
        -155.698_979_859_886_6,
        66.801_311_887_719_72,
        -13.280_681_552_885_72,
    ];
    const C: [f64; 6] = [
        -0.007_784_894_002_430_293,
        -0.322_396_458_041_136_5,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] =
        [0.007_784_695_709_041_462, 0.322_467_129_070_039_8, 2.445_134_137_142_996, 3.754_408_661_907_416];
    let p = p.clamp(1e-12, 1.0 - 1e-12);
    let horner = |of: &[f64], x: f64| of.iter().fold(0.0, |sum, c| sum * x + c);
    let tail = |q: f64| horner(&C, q) / (horner(&D, q) * q + 1.0);
    if p < 0.024_25 {
        tail((-2.0 * ln(p)).sqrt())
    } else if p > 1.0 - 0.024_25 {
        -tail((-2.0 * ln(1.0 - p)).sqrt())
    } else {
        let q = p - 0.5;
        horner(&A, q * q) * q / (horner(&B, q * q) * q * q + 1.0)
    }
}

/// A stream's values and their normal scores, in step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Scores {
    value: Vec<f64>,
    score: Vec<f64>,
}

impl Scores {
    pub(super) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_unstable_by(f64::total_cmp);
        if values.first()? == values.last()? {
            return None;
        }
        let n = values.len();
        let (mut value, mut score): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
        let points = n.min(POINTS);
        for i in 0..points {
            let at = i * (n - 1) / (points - 1).max(1);
            value.push(values[at]);
            score.push(normal_quantile((at as f64 + 0.5) / n as f64));
        }
        Some(Self { value, score })
    }

    /// The score of a value; the middle one where many values are equal.
    pub(super) fn score(&self, value: f64) -> f64 {
        let low = self.value.partition_point(|v| *v < value);
        let high = self.value.partition_point(|v| *v <= value);
        let last = self.value.len() - 1;
        if low < high {
            return f64::midpoint(self.score[low], self.score[high - 1]);
        }
        if low == 0 || low > last {
            return self.score[low.min(last)];
        }
        let share = (value - self.value[low - 1]) / (self.value[low] - self.value[low - 1]);
        self.score[low - 1] + share * (self.score[low] - self.score[low - 1])
    }

    /// The value of a score, never beyond what was seen.
    pub(super) fn value(&self, score: f64) -> f64 {
        let at = self.score.partition_point(|s| *s < score);
        let last = self.score.len() - 1;
        if at == 0 || at > last {
            return self.value[at.min(last)];
        }
        let share = (score - self.score[at - 1]) / (self.score[at] - self.score[at - 1]);
        self.value[at - 1] + share * (self.value[at] - self.value[at - 1])
    }
}

/// A window: when it begins and its scores, bucket by bucket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Window {
    /// Day it begins in and weekday of that, 0 on a Monday.
    pub(super) day: usize,
    pub(super) weekday: usize,
    /// Bucket of the day it begins in.
    pub(super) slot: usize,
    /// 0 where unknown.
    pub(super) score: Vec<f32>,
    /// 1 where known, 0 elsewhere.
    pub(super) known: Vec<f32>,
}

impl Window {
    /// Weekday and bucket in which it begins.
    pub(super) fn when(&self) -> (usize, usize) {
        (self.weekday, self.slot)
    }

    pub(super) fn dated(&self) -> super::scores::Dated<'_> {
        super::scores::Dated { score: &self.score, known: &self.known, when: self.when() }
    }
}

/// All windows of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Windows {
    pub(super) per_day: usize,
    pub(super) streams: usize,
    pub(super) scores: Vec<Scores>,
    /// What makers learn from.
    pub(super) learnt: Vec<Window>,
    /// What they never see.
    pub(super) kept: Vec<Window>,
}

impl Windows {
    pub(super) fn of(grid: &Grid, streams: &[Column], seed: u64) -> Result<Self, Refusal> {
        let per_day = grid.per_day();
        if grid.step <= 0
            || DAY_MS % grid.step != 0
            || !(4..=48).contains(&per_day)
            || grid.start.rem_euclid(DAY_MS) != 0
        {
            return Err(Refusal::senseless("the grid", "4 to 48 buckets must make a day that begins at midnight"));
        }
        if !(1..=16).contains(&streams.len()) || streams.iter().any(|stream| stream.len() != grid.len) {
            return Err(Refusal::senseless("the streams", "1 to 16 are needed, each as long as the grid"));
        }
        let known = |from: usize| -> usize {
            (from..from + per_day).map(|t| streams.iter().filter(|s| s.get(t).is_some()).count()).sum()
        };
        let enough = |from: usize| 2 * known(from) >= per_day * streams.len();
        let kept_day = |day: usize| day % CYCLE >= CYCLE - KEPT;
        let days = grid.len / per_day;
        let have = (0..days).filter(|day| enough(day * per_day)).count();
        if have < DAYS_NEEDED {
            return Err(Refusal::TooFew { what: "days known at least by half", have, need: DAYS_NEEDED });
        }
        let mut scores = Vec::new();
        for stream in streams {
            let learnt = stream.iter().enumerate().filter(|(t, _)| !kept_day(t / per_day)).filter_map(|(_, y)| y);
            let learnt: Vec<f64> = learnt.collect();
            if learnt.iter().any(|y| y.abs() > 1e15) {
                return Err(Refusal::senseless("the streams", "values beyond 10¹⁵: are units mixed up?"));
            }
            let own = Scores::of(learnt).ok_or_else(|| Refusal::undetermined("a day", "every value is the same"))?;
            scores.push(own);
        }
        let first = grid.start.div_euclid(DAY_MS) + 3;
        let (mut learnt, mut kept) = (Vec::new(), Vec::new());
        for from in 0..=grid.len.saturating_sub(per_day) {
            let (day, last) = (from / per_day, from.div_ceil(per_day));
            // A window that lies on both sides belongs to neither.
            if kept_day(day) != kept_day(last) || !enough(from) {
                continue;
            }
            let cells =
                (from..from + per_day).flat_map(|t| streams.iter().zip(&scores).map(move |(s, all)| (s.get(t), all)));
            let (score, known): (Vec<f32>, Vec<f32>) =
                cells.map(|(y, all)| y.map_or((0.0, 0.0), |y| (all.score(y) as f32, 1.0))).unzip();
            let window = Window {
                day,
                weekday: (first + day as i64).rem_euclid(7) as usize,
                slot: from % per_day,
                score,
                known,
            };
            if kept_day(day) { kept.push(window) } else { learnt.push(window) }
        }
        let mut chance = Chance::new(seed ^ 0x77);
        for windows in [&mut learnt, &mut kept] {
            if windows.len() > MOST {
                let mut which = chance.shuffled(windows.len());
                which.truncate(MOST);
                which.sort_unstable();
                *windows = which.into_iter().map(|i| windows[i].clone()).collect();
            }
        }
        let days_kept = kept.iter().filter(|window| window.slot == 0).count();
        if days_kept < 3 {
            return Err(Refusal::TooFew { what: "days to judge by", have: days_kept, need: 3 });
        }
        Ok(Self { per_day, streams: streams.len(), scores, learnt, kept })
    }

    /// When each bucket of a window is, and of several windows side by side: one matrix per bucket.
    pub(super) fn when(&self, windows: &[(usize, usize)]) -> Vec<Matrix> {
        (0..self.per_day)
            .map(|t| {
                let of = |(weekday, slot): &(usize, usize)| {
                    let at = slot + t;
                    let (c, s) = cos_sin_turns((at % self.per_day) as f64 / self.per_day as f64);
                    let weekend = f32::from(u8::from((weekday + at / self.per_day) % 7 >= 5));
                    [c as f32, s as f32, weekend]
                };
                Matrix::from_vec(windows.len(), WHEN, windows.iter().flat_map(of).collect())
            })
            .collect()
    }

    /// The numbers of bucket `t` of each window.
    pub(super) fn bucket(&self, windows: &[&[f32]], t: usize) -> Matrix {
        let row = |window: &&[f32]| window[t * self.streams..(t + 1) * self.streams].to_vec();
        Matrix::from_vec(windows.len(), self.streams, windows.iter().flat_map(row).collect())
    }
}
