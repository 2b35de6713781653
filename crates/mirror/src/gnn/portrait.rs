//! What the learnt methods are asked.

use super::diary::{Days, Diary};
use super::judge::{METHODS, Method, Methods, Task, Verdict, nearest};
use super::learner::Learner;
use super::pca::Patterns;
use crate::body::Refusal;
use serde::{Deserialize, Serialize};

/// A learnt portrait: plain data, to be stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Portrait {
    learner: Learner,
    patterns: Patterns,
    verdicts: Vec<Verdict>,
    /// Half width of a stream's 90 % band for values filled in, in spreads.
    bands: Vec<f64>,
}

/// A day that is like another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SimilarDay {
    /// Which day of the diary, from 0.
    pub day: usize,
    /// Distance of descriptions, 0 for the same; 1 is about that of two days drawn by lot, over √2.
    pub distance: f64,
}

/// A value that was not measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Filled {
    /// Place in the diary's list of streams.
    pub stream: usize,
    /// Bucket of the grid.
    pub bucket: usize,
    /// What it would have been, in the stream's unit.
    pub value: f64,
    /// Lower end of the 90 % band.
    pub low: f64,
    /// Upper end of the 90 % band.
    pub high: f64,
}

/// How unlike the others a day is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Unusual {
    /// Which day of the diary, from 0.
    pub day: usize,
    /// Mean square of what its values miss by when told from the rest, in spreads; about 1 or less on usual days.
    pub score: f64,
    /// Share of the other days that are less unlike, 0 to 1.
    pub above: f64,
    /// Place in the diary's list of the stream that misses by most.
    pub stream: usize,
}

impl Portrait {
    pub(super) fn judged(learner: Learner, diary: &Diary<'_>) -> Result<Self, Refusal> {
        let days = diary.days_in_units(&learner.usable.used, &learner.scales);
        let seed = learner.settings.seed;
        let patterns = Patterns::learn(&days, learner.until, seed);
        let mut portrait = Self { learner, patterns, verdicts: Vec::new(), bands: Vec::new() };
        let (verdicts, bands) = portrait.methods().judge(&days, portrait.learner.until, seed);
        if verdicts.iter().flat_map(|verdict| &verdict.figures).any(|(_, figure)| !figure.is_finite()) {
            return Err(Refusal::undetermined("a portrait", "what was learnt tells nothing finite"));
        }
        (portrait.verdicts, portrait.bands) = (verdicts, bands);
        Ok(portrait)
    }

    fn methods(&self) -> Methods<'_> {
        Methods { net: &self.learner.net, parameters: &self.learner.best, patterns: &self.patterns }
    }

    /// How each task was done by each method, and which is used for it.
    #[must_use]
    pub fn verdicts(&self) -> &[Verdict] {
        &self.verdicts
    }

    /// Which streams were learnt from, and why others were not.
    #[must_use]
    pub fn usable(&self) -> &super::Usable {
        &self.learner.usable
    }

    fn best(&self, task: Task) -> Method {
        self.verdicts.iter().find(|verdict| verdict.task == task).map_or(METHODS[2], |verdict| verdict.best)
    }

    fn days(&self, diary: &Diary<'_>) -> Result<Days, Refusal> {
        diary.check()?;
        let most = self.learner.usable.used.iter().max().copied().unwrap_or(0);
        if diary.streams.len() <= most || diary.grid.per_day() != self.learner.scales[0].usual[0].len() {
            return Err(Refusal::senseless("the diary", "it has not the streams or the step that were learnt from"));
        }
        let days = diary.days_in_units(&self.learner.usable.used, &self.learner.scales);
        if (0..days.days).all(|day| !days.any(day)) {
            return Err(Refusal::TooFew { what: "days with values", have: 0, need: 1 });
        }
        Ok(days)
    }

    /// A state per bucket, 16 numbers each, told by the network from all that is known.
    pub fn hours(&self, diary: &Diary<'_>) -> Result<Vec<Vec<f32>>, Refusal> {
        let days = self.days(diary)?;
        Ok(self.methods().states(&days))
    }

    /// How each day is described by the method that finds similar days best. Days of which nothing is known have none.
    pub fn describe(&self, diary: &Diary<'_>) -> Result<Vec<Option<Vec<f64>>>, Refusal> {
        let days = self.days(diary)?;
        let told = self.methods().tell(self.best(Task::SimilarDays), &days, &days.z, &days.known, 0, days.days);
        Ok(told.day.into_iter().enumerate().map(|(day, description)| days.any(day).then_some(description)).collect())
    }

    /// The days most like `day`, nearest first.
    pub fn similar(&self, diary: &Diary<'_>, day: usize, count: usize) -> Result<Vec<SimilarDay>, Refusal> {
        let days = self.days(diary)?;
        if day >= days.days || !days.any(day) {
            return Err(Refusal::undetermined("similar days", format!("nothing is known of day {day}")));
        }
        let told = |method| self.methods().tell(method, &days, &days.z, &days.known, 0, days.days).day;
        let among: Vec<usize> = (0..days.days).filter(|other| days.any(*other)).collect();
        let mut near = nearest(&told(self.best(Task::SimilarDays)), day, &among, among.len());
        // To a method that knows the weekday only, many days are equally near: among those it counts what they looked like.
        let looks = nearest(&told(Method::PrincipalComponents), day, &among, among.len());
        let look = |day: usize| looks.iter().position(|(other, _)| *other == day);
        near.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| look(a.0).cmp(&look(b.0))));
        near.truncate(count);
        Ok(near.into_iter().map(|(day, distance)| SimilarDay { day, distance }).collect())
    }

    /// What the unknown buckets of each stream would have been, between the first and the last day of which anything is
    /// known. Nothing measured is changed.
    pub fn fill(&self, diary: &Diary<'_>) -> Result<Vec<Filled>, Refusal> {
        let days = self.days(diary)?;
        let first = (0..days.days).find(|day| days.any(*day)).unwrap_or(0);
        let last = (0..days.days).rfind(|day| days.any(*day)).unwrap_or(0);
        let told = self.methods().tell(self.best(Task::Imputation), &days, &days.z, &days.known, first, last + 1);
        let width = days.per_day * days.streams;
        let mut filled = Vec::new();
        for (i, z) in told.z.iter().enumerate() {
            let cell = first * width + i;
            let (bucket, place) = (cell / days.streams, cell % days.streams);
            if days.known[cell] || bucket >= diary.grid.len || !z.is_finite() {
                continue;
            }
            let (scale, half) = (&self.learner.scales[place], self.bands[place]);
            let (slot, weekday) = (bucket % days.per_day, days.weekday(bucket / days.per_day));
            let at = |z: f64| scale.value(z, slot, weekday);
            let z = f64::from(*z);
            let stream = self.learner.usable.used[place];
            filled.push(Filled { stream, bucket, value: at(z), low: at(z - half), high: at(z + half) });
        }
        Ok(filled)
    }

    /// How unlike the others each day is of which anything is known, in order of time.
    pub fn unusual(&self, diary: &Diary<'_>) -> Result<Vec<Unusual>, Refusal> {
        let days = self.days(diary)?;
        let scores = self.methods().unlike(self.best(Task::Anomaly), &days, &days.z, 0, days.days);
        let mut sorted: Vec<f64> = scores.iter().flatten().map(|(score, _)| *score).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let others = (sorted.len().max(2) - 1) as f64;
        let one = |(day, score): (usize, Option<(f64, usize)>)| {
            let (score, place) = score?;
            let above = sorted.partition_point(|other| *other < score) as f64 / others;
            Some(Unusual { day, score, above, stream: self.learner.usable.used[place] })
        };
        Ok(scores.into_iter().enumerate().filter_map(one).collect())
    }
}
