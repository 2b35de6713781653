//! The regression behind a "what if": a day's outcome from its own past, the weekday, the changed thing, and what else
//! was there the day before.

use super::{DAYS_NEEDED, Question};
use crate::body::Refusal;
use crate::forecast::{Seeded, cholesky_solve};

/// Lags of the changed thing beside the same day.
const LAGS: [usize; 2] = [1, 2];
/// Features before those of the changed thing: constant, weekend, yesterday's outcome, the week's.
const OWN: usize = 4;
/// Penalty on what is only held equal, as a share of the rows, on standardised features. The changed thing has none:
/// shrinking it would make its effect look smaller and surer than it is.
const PENALTY: f64 = 0.02;
/// Rows for each feature, at least.
const ROWS_EACH: usize = 3;
const WEEK: usize = 7;

/// A day on which both are known.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) day: usize,
    /// Standardised; what is unknown is 0, its mean.
    pub(super) features: Vec<f64>,
    pub(super) outcome: f64,
    pub(super) changed: f64,
}

/// What has been.
pub(super) struct Past {
    pub(super) rows: Vec<Row>,
    pub(super) origin: usize,
    first_weekday: usize,
    same_day: bool,
    outcome: Vec<Option<f64>>,
    changed: Vec<Option<f64>>,
    /// Mean and one over the standard deviation of each raw feature.
    scale: Vec<(f64, f64)>,
    /// Raw features of what is held equal, on the first day ahead; they stay as they are.
    held: Vec<Option<f64>>,
}

impl Past {
    pub(super) fn of(question: &Question<'_>) -> Result<Self, Refusal> {
        let outcome: Vec<Option<f64>> = question.outcome.iter().collect();
        let changed: Vec<Option<f64>> = question.changed.iter().collect();
        let both: Vec<usize> = (0..outcome.len())
            .filter(|day| outcome[*day].is_some() && changed.get(*day).is_some_and(Option::is_some))
            .collect();
        let have = both.len();
        if have < DAYS_NEEDED {
            return Err(Refusal::TooFew { what: "days on which both are known", have, need: DAYS_NEEDED });
        }
        for (what, column) in [("the outcome", &outcome), ("what is changed", &changed)] {
            let mut known = both.iter().filter_map(|day| column[*day]);
            let first = known.next();
            if known.clone().all(|value| Some(value) == first) {
                return Err(Refusal::undetermined("the effect", format!("{what} is the same on every day")));
            }
            if known.any(|value| value.abs() > 1e12) {
                return Err(Refusal::senseless(what, "values are beyond what can be calculated with"));
            }
        }
        let origin = both[have - 1];
        let room = (have / ROWS_EACH).saturating_sub(OWN + 1 + LAGS.len());
        let others: Vec<Vec<Option<f64>>> =
            question.others.iter().take(room).map(|column| column.iter().collect()).collect();
        let mut past = Past {
            rows: Vec::new(),
            origin,
            first_weekday: question.first_weekday,
            same_day: question.same_day,
            held: others.iter().map(|other| other.get(origin).copied().flatten()).collect(),
            outcome,
            changed,
            scale: Vec::new(),
        };
        let raw: Vec<Vec<Option<f64>>> = both
            .iter()
            .map(|day| {
                let held: Vec<Option<f64>> = others
                    .iter()
                    .map(|other| day.checked_sub(1).and_then(|before| other.get(before).copied().flatten()))
                    .collect();
                past.raw(*day, &held, &|back| past.outcome.get(back).copied().flatten(), &|back| {
                    past.changed.get(back).copied().flatten()
                })
            })
            .collect();
        past.scale = scales(&raw);
        past.rows = both
            .iter()
            .zip(raw)
            .filter_map(|(day, raw)| {
                let features = past.standard(&raw);
                Some(Row { day: *day, features, outcome: past.outcome[*day]?, changed: past.changed[*day]? })
            })
            .collect();
        Ok(past)
    }

    /// Where the features of the changed thing are.
    pub(super) fn of_changed(&self) -> std::ops::Range<usize> {
        OWN..OWN + usize::from(self.same_day) + LAGS.len()
    }

    fn weekend(&self, day: usize) -> f64 {
        f64::from(u8::from((self.first_weekday + day) % WEEK >= 5))
    }

    /// Features of a day, as they are. The constant is not standardised.
    fn raw(
        &self,
        day: usize,
        held: &[Option<f64>],
        outcome: &dyn Fn(usize) -> Option<f64>,
        changed: &dyn Fn(usize) -> Option<f64>,
    ) -> Vec<Option<f64>> {
        let back = |of: &dyn Fn(usize) -> Option<f64>, lag: usize| day.checked_sub(lag).and_then(of);
        let week: Vec<f64> = (1..=WEEK).filter_map(|lag| back(outcome, lag)).collect();
        let level = (!week.is_empty()).then(|| week.iter().sum::<f64>() / week.len() as f64);
        let mut row = vec![Some(1.0), Some(self.weekend(day)), back(outcome, 1), level];
        if self.same_day {
            row.push(back(changed, 0));
        }
        row.extend(LAGS.map(|lag| back(changed, lag)));
        row.extend_from_slice(held);
        row
    }

    fn standard(&self, raw: &[Option<f64>]) -> Vec<f64> {
        raw.iter().zip(&self.scale).map(|(x, (mean, scale))| x.map_or(0.0, |x| (x - mean) * scale)).collect()
    }

    /// The changed thing on the days ahead, as it might be without the change: past days of the same weekdays.
    pub(super) fn changed_ahead(&self, days: usize, random: &mut Seeded) -> Vec<f64> {
        let known: Vec<f64> = self.rows.iter().map(|row| row.changed).collect();
        let weeks = (self.origin / WEEK).clamp(1, 26);
        let mut ahead = Vec::with_capacity(days);
        while ahead.len() < days {
            let back = (1 + random.below(weeks)) * WEEK;
            for _ in 0..WEEK.min(days - ahead.len()) {
                let day = (self.origin + 1 + ahead.len()).checked_sub(back + ahead.len() / WEEK * WEEK);
                let like = day.and_then(|day| self.changed.get(day).copied().flatten());
                ahead.push(like.unwrap_or_else(|| known[known.len() - 1 - random.below(known.len().min(56))]));
            }
        }
        ahead
    }

    /// The outcome on the days ahead, under these values of the changed thing and this noise.
    pub(super) fn future(&self, model: &Model, changed: &[f64], noise: &[f64]) -> Vec<f64> {
        let first = self.origin + 1;
        let mut path: Vec<f64> = Vec::with_capacity(changed.len());
        for (step, noise) in noise.iter().enumerate() {
            let outcome = |day: usize| match day.checked_sub(first) {
                Some(ahead) => path.get(ahead).copied(),
                None => self.outcome.get(day).copied().flatten(),
            };
            let moved = |day: usize| match day.checked_sub(first) {
                Some(ahead) => changed.get(ahead).copied(),
                None => self.changed.get(day).copied().flatten(),
            };
            let features = self.standard(&self.raw(first + step, &self.held, &outcome, &moved));
            path.push(model.at(&features) + noise);
        }
        path
    }

    /// Features with the changed thing as usual.
    pub(super) fn without(&self, features: &[f64]) -> Vec<f64> {
        let mut features = features.to_vec();
        for i in self.of_changed() {
            features[i] = 0.0;
        }
        features
    }
}

fn scales(raw: &[Vec<Option<f64>>]) -> Vec<(f64, f64)> {
    let width = raw.first().map_or(0, Vec::len);
    let scale = |j: usize| {
        let known: Vec<f64> = raw.iter().filter_map(|row| row[j]).collect();
        let n = known.len().max(1) as f64;
        let mean = known.iter().sum::<f64>() / n;
        let spread = (known.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        // The constant stays 1.
        match (j, spread > 1e-9 * (1.0 + mean.abs())) {
            (0, _) => (0.0, 1.0),
            (_, true) => (mean, 1.0 / spread),
            _ => (mean, 0.0),
        }
    };
    (0..width).map(scale).collect()
}

/// A fitted line.
#[derive(Clone, Debug)]
pub(super) struct Model {
    slope: Vec<f64>,
}

impl Model {
    /// Fits the first `count` rows.
    pub(super) fn fit(past: &Past, count: usize) -> Option<Self> {
        let all = Sums::of(past, &past.rows[..count], &|_| true)?;
        all.solve(past, &|_| true)
    }

    /// The same without the changed thing.
    pub(super) fn fit_without(past: &Past, count: usize) -> Option<Self> {
        let keep = |j: usize| !past.of_changed().contains(&j);
        let sums = Sums::of(past, &past.rows[..count], &keep)?;
        sums.solve(past, &keep)
    }

    pub(super) fn at(&self, features: &[f64]) -> f64 {
        self.slope.iter().zip(features).map(|(b, x)| b * x).sum()
    }

    /// A line fitted to weeks drawn from the past, its distance from this one widened as few weeks ask for.
    pub(super) fn resampled(&self, past: &Past, random: &mut Seeded) -> Self {
        let weeks: Vec<&[Row]> = past.rows.chunk_by(|a, b| a.day / WEEK == b.day / WEEK).collect();
        let drawn: Vec<&Row> = (0..weeks.len()).flat_map(|_| weeks[random.below(weeks.len())]).collect();
        let all = |_: usize| true;
        let Some(other) = Sums::of(past, drawn, &all).and_then(|sums| sums.solve(past, &all)) else {
            return self.clone();
        };
        let n = weeks.len() as f64;
        // Student's 97.5 % point over the normal's, by Cornish and Fisher's expansion, and the bootstrap's own bias.
        let freedom = (n - 1.0).max(2.0);
        let wider = (n / (n - 1.0).max(1.0)).sqrt() * (1.0 + 1.21 / freedom + 1.7 / (freedom * freedom));
        let slope = self.slope.iter().zip(&other.slope).map(|(b, o)| b + wider * (o - b)).collect();
        Model { slope }
    }
}

/// Sums of products over rows.
struct Sums {
    gram: Vec<f64>,
    with_outcome: Vec<f64>,
    rows: f64,
}

impl Sums {
    fn of<'r>(past: &Past, rows: impl IntoIterator<Item = &'r Row>, keep: &dyn Fn(usize) -> bool) -> Option<Self> {
        let width = past.scale.len();
        let mut sums = Sums { gram: vec![0.0; width * (width + 1) / 2], with_outcome: vec![0.0; width], rows: 0.0 };
        for row in rows {
            let mut at = 0;
            for (i, x) in row.features.iter().enumerate() {
                if keep(i) {
                    sums.with_outcome[i] += x * row.outcome;
                    for (j, (cell, other)) in sums.gram[at..=at + i].iter_mut().zip(&row.features).enumerate() {
                        if keep(j) {
                            *cell += x * other;
                        }
                    }
                }
                at += i + 1;
            }
            sums.rows += 1.0;
        }
        (sums.rows >= 1.0).then_some(sums)
    }

    fn solve(mut self, past: &Past, keep: &dyn Fn(usize) -> bool) -> Option<Model> {
        let changed = past.of_changed();
        for i in 0..self.with_outcome.len() {
            let penalty = match i {
                _ if !keep(i) => 1.0,
                0 => 1e-9 * self.rows,
                i if changed.contains(&i) => 1e-4 * self.rows,
                _ => PENALTY * self.rows,
            };
            self.gram[i * (i + 1) / 2 + i] += penalty;
        }
        cholesky_solve(&mut self.gram, &self.with_outcome).map(|slope| Model { slope })
    }
}
