//! "What will my glucose do after this meal and two units less?": two futures of a body that was fitted to the
//! person's own readings, meals and insulin.
//!
//! With days enough it is the UVA/Padova body, with fewer Bergman's minimal model. The body is led along the records up
//! to now, each reading pulling it a little, and goes on from there twice. Bodies that the readings would allow too are
//! led the same way; the spread between them is what is not known of the effect. The errors that such forecasts made
//! on days that were not fitted are the noise of both futures, and the record.

use super::bands::{Effect, Fan, quantile};
use crate::body::{Body, Refusal};
use crate::glucose::{Mersenne, Minimal, MinimalState, Minute, Patient, PatientState, Population, Record, Therapy};

/// Readings and meals for the larger body.
const DAYS_FULL: usize = 3;
const MEALS_FULL: usize = 6;
/// Bodies drawn, and paths of noise for each.
const BODIES: usize = 24;
const PATHS: usize = 20;
/// Which share of what is missing a reading pulls, per minute.
const PULL_PER_MIN: f64 = 0.02;
/// Share of the records that a body is fitted to, to be judged on the rest.
const LEARN: f64 = 0.7;
/// Minutes between the windows that it is judged on.
const WINDOW_EVERY_MIN: usize = 90;
const WINDOWS_NEEDED: usize = 6;
/// Longest and shortest future.
const HOURS: std::ops::RangeInclusive<u32> = 1..=24;

/// What is eaten and injected at the start of a future, beside the basal rate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Serving {
    /// Carbohydrate.
    pub carbs_g: f64,
    /// Units of insulin.
    pub units: f64,
}

/// A question.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// What is known of the treatment.
    pub therapy: &'a Therapy,
    /// Minutes in a record.
    pub step_min: u32,
    /// What was eaten, injected and read, in order of time, without gaps.
    pub records: &'a [Record],
    /// How many of the records lie before the futures.
    pub until: usize,
    /// What is eaten and injected if nothing is changed.
    pub baseline: Serving,
    /// If it is.
    pub intervention: Serving,
    /// How far ahead, 1 to 24.
    pub hours: u32,
    /// Where chance comes from.
    pub seed: u32,
}

/// A body that was fitted.
#[derive(Clone, Debug, PartialEq)]
pub enum Fitted {
    /// The larger one.
    Full(Box<Patient>),
    /// The one for few data.
    Few(Minimal),
}

/// Where it is.
#[derive(Clone, Debug)]
pub enum State {
    /// Of the larger one.
    Full(Box<PatientState>),
    /// Of the smaller one.
    Few(MinimalState),
}

impl Body for Fitted {
    type State = State;
    type Input = Minute;
    type Seen = f64;

    fn state(&self) -> State {
        match self {
            Fitted::Full(body) => State::Full(Box::new(body.state())),
            Fitted::Few(body) => State::Few(body.state()),
        }
    }

    fn step(&self, state: &mut State, minute: &Minute) {
        match (self, state) {
            (Fitted::Full(body), State::Full(state)) => body.step(state, minute),
            (Fitted::Few(body), State::Few(state)) => body.step(state, minute),
            // A state of another body does not move.
            _ => {}
        }
    }

    fn observe(&self, state: &State) -> f64 {
        match (self, state) {
            (Fitted::Full(body), State::Full(state)) => body.observe(state),
            (Fitted::Few(body), State::Few(state)) => body.observe(state),
            _ => 0.0,
        }
    }
}

impl Fitted {
    fn pull(&self, state: &mut State, reading_mg_dl: f64, share: f64) {
        match (self, state) {
            (Fitted::Full(body), State::Full(state)) => body.pull(state, reading_mg_dl, share),
            (Fitted::Few(body), State::Few(state)) => body.pull(state, reading_mg_dl, share),
            _ => {}
        }
    }
}

/// How right such forecasts have been on records that were not fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Told {
    /// Windows checked.
    pub windows: usize,
    /// Mean absolute error in mg/dL over their whole length.
    pub error: f64,
    /// The same if glucose had stayed as it was.
    pub error_without: f64,
    /// Shares of values within the 50, 80 and 95 % bands that the other half of the windows gave.
    pub coverage: [f64; 3],
}

/// Two futures of glucose, in mg/dL, one value per record's step.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The body that answers.
    pub body: Fitted,
    /// Days of records behind it.
    pub days: f64,
    /// Meals in them.
    pub meals: usize,
    /// If nothing is changed.
    pub baseline: Fan,
    /// If it is.
    pub intervention: Fan,
    /// The one less the other.
    pub difference: Fan,
    /// The largest difference, with its sign.
    pub effect: Effect,
    /// Minutes after the start at which the difference is largest.
    pub peak_min: u32,
    /// How right such forecasts have been; none where there is too little to check.
    pub record: Option<Told>,
}

impl Question<'_> {
    /// Answers, or says why not.
    pub fn answer(&self) -> Result<Answer, Refusal> {
        if !HOURS.contains(&self.hours) {
            return Err(Refusal::senseless("the horizon", format!("{} hours are not 1 to 24", self.hours)));
        }
        if !(1..=30).contains(&self.step_min) || self.until > self.records.len() {
            return Err(Refusal::senseless("the records", "their steps are not 1 to 30 minutes"));
        }
        for serving in [self.baseline, self.intervention] {
            if !(0.0..=500.0).contains(&serving.carbs_g) {
                return Err(Refusal::senseless("the meal", format!("{} g is not within 0 and 500 g", serving.carbs_g)));
            }
            if !(0.0..=100.0).contains(&serving.units) {
                let reason = format!("{} units is not within 0 and 100", serving.units);
                return Err(Refusal::senseless("the insulin", reason));
            }
        }
        self.within_experience()?;
        let past = &self.records[..self.until];
        let meals = past.iter().filter(|record| record.carbs_g > 0.0).count();
        let days = past.len() as f64 * f64::from(self.step_min) / 1440.0;
        let (body, bodies) = self.fit(past, BODIES)?;
        let record = self.check();
        let errors = record.as_ref().map(|(_, errors)| errors.as_slice()).unwrap_or_default();
        let steps = (self.hours * 60 / self.step_min) as usize;
        let (mut baseline, mut intervention, mut difference) = (Vec::new(), Vec::new(), Vec::new());
        let mut random = Mersenne::new(self.seed ^ 0x0067_6c75);
        for body in &bodies {
            let state = self.led(body, past);
            let one = self.ahead(body, state.clone(), self.baseline, steps)?;
            let other = self.ahead(body, state, self.intervention, steps)?;
            let apart: Vec<f64> = other.iter().zip(&one).map(|(a, b)| a - b).collect();
            for _ in 0..PATHS {
                let noise = |step: usize| match errors.get(random.clone().below(errors.len())) {
                    Some(path) => path.get(step.min(path.len().saturating_sub(1))).copied().unwrap_or_default(),
                    None => 0.0,
                };
                let with_noise = |path: &[f64]| -> Vec<f64> {
                    path.iter().enumerate().map(|(step, glucose)| (glucose + noise(step)).max(20.0)).collect()
                };
                baseline.push(with_noise(&one));
                intervention.push(with_noise(&other));
                random.uniform();
            }
            difference.push(apart);
        }
        let difference_fan = Fan::of(&difference, steps);
        let peak = (0..steps)
            .max_by(|a, b| difference_fan.steps[*a][3].abs().total_cmp(&difference_fan.steps[*b][3].abs()))
            .unwrap_or_default();
        Ok(Answer {
            body,
            days,
            meals,
            baseline: Fan::of(&baseline, steps),
            intervention: Fan::of(&intervention, steps),
            effect: Effect::of(difference.iter().map(|path| path[peak]).collect()),
            difference: difference_fan,
            peak_min: (peak as u32 + 1) * self.step_min,
            record: record.map(|(told, _)| told),
        })
    }

    /// Refuses meals and doses far beyond those that have been.
    fn within_experience(&self) -> Result<(), Refusal> {
        let most = |of: fn(&Record) -> f64| self.records.iter().map(of).fold(0.0, f64::max);
        let (carbs, units) = (most(|record| record.carbs_g), most(|record| record.insulin_u));
        for serving in [self.baseline, self.intervention] {
            if serving.carbs_g > 1.5 * carbs.max(20.0) {
                let reason = format!("it has {:.0} g, and the largest one recorded {carbs:.0} g", serving.carbs_g);
                return Err(Refusal::undetermined("such a meal", reason));
            }
            if serving.units > 1.5 * units.max(2.0) {
                let reason = format!("it has {:.1} units, and the largest one recorded {units:.1}", serving.units);
                return Err(Refusal::undetermined("such a bolus", reason));
            }
        }
        Ok(())
    }

    /// A body, and bodies that the records would allow too.
    fn fit(&self, past: &[Record], draws: usize) -> Result<(Fitted, Vec<Fitted>), Refusal> {
        let day = (1440 / self.step_min) as usize;
        let readings = past.iter().filter(|record| record.cgm_mg_dl.is_some()).count();
        let meals = past.iter().filter(|record| record.carbs_g > 0.0).count();
        if readings >= DAYS_FULL * day * 7 / 10 && meals >= MEALS_FULL {
            let people: Vec<Patient> = Patient::names()
                .filter(|name| name.starts_with("adult#"))
                .map(Patient::named)
                .collect::<Result<_, _>>()?;
            let population = Population::of(&people)?;
            if let Ok((best, bodies)) = population.fit_with_draws(self.therapy, self.step_min, past, draws, self.seed) {
                let full = |body: Patient| Fitted::Full(Box::new(body));
                return Ok((full(best), bodies.into_iter().map(full).collect()));
            }
        }
        let fit = Minimal::fit(self.therapy.basal_u_per_min, self.therapy.weight_kg, self.step_min, past)?;
        // Of the five numbers only insulin sensitivity has an interval; it is what the effect hangs on.
        let mut random = Mersenne::new(self.seed);
        let [low, high] = fit.sensitivity_90.map(crate::body::elementary::ln);
        let few = (0..draws)
            .map(|_| {
                let log = 0.5 * (low + high) + (high - low) / 3.29 * random.normal();
                let sensitivity_per_min_per_mu_l = crate::body::elementary::exp(log);
                Fitted::Few(Minimal { sensitivity_per_min_per_mu_l, ..fit.person.clone() })
            })
            .collect();
        Ok((Fitted::Few(fit.person), few))
    }

    /// The state after these records.
    fn led(&self, body: &Fitted, records: &[Record]) -> State {
        let mut state = body.state();
        for record in records {
            self.lead(body, &mut state, record);
        }
        state
    }

    fn lead(&self, body: &Fitted, state: &mut State, record: &Record) {
        let rate = record.insulin_u / f64::from(self.step_min);
        for minute in 0..self.step_min {
            let carbs_g = if minute == 0 { record.carbs_g } else { 0.0 };
            body.step(state, &Minute::new(carbs_g, rate).unwrap_or_default());
        }
        if let Some(reading) = record.cgm_mg_dl {
            body.pull(state, reading, 1.0 - (1.0 - PULL_PER_MIN).powi(self.step_min as i32));
        }
    }

    /// Glucose after each step from now.
    fn ahead(&self, body: &Fitted, mut state: State, serving: Serving, steps: usize) -> Result<Vec<f64>, Refusal> {
        let basal = self.therapy.basal_u_per_min;
        let mut seen = Vec::with_capacity(steps);
        for step in 0..steps {
            for minute in 0..self.step_min {
                let now = if step == 0 && minute == 0 { serving } else { Serving::default() };
                body.step(&mut state, &Minute::new(now.carbs_g, basal + now.units)?);
            }
            seen.push(body.observe(&state));
        }
        Ok(seen)
    }

    /// What a body fitted to the first part of the records says of windows in the rest, given what was eaten and
    /// injected; and the errors it made, window by window.
    fn check(&self) -> Option<(Told, Vec<Vec<f64>>)> {
        let past = &self.records[..self.until];
        let learn = (past.len() as f64 * LEARN) as usize;
        let (body, _) = self.fit(&past[..learn], 0).ok()?;
        let steps = (self.hours.min(6) * 60 / self.step_min) as usize;
        let every = (WINDOW_EVERY_MIN / self.step_min as usize).max(1);
        let mut state = self.led(&body, &past[..learn]);
        let (mut errors, mut absolute, mut without, mut count): (Vec<Vec<f64>>, _, _, _) = (Vec::new(), 0.0, 0.0, 0.0);
        for at in learn..past.len().saturating_sub(steps) {
            if (at - learn).is_multiple_of(every)
                && let Some(now) = past[at.saturating_sub(1)].cgm_mg_dl
            {
                let mut future = state.clone();
                let mut path = Vec::with_capacity(steps);
                for record in &past[at..at + steps] {
                    self.lead(&body, &mut future, &Record { cgm_mg_dl: None, ..*record });
                    let error = record.cgm_mg_dl.map(|truth| truth - body.observe(&future));
                    if let (Some(error), Some(truth)) = (error, record.cgm_mg_dl) {
                        absolute += error.abs();
                        without += (truth - now).abs();
                        count += 1.0;
                    }
                    path.push(error.or(path.last().copied()).unwrap_or_default());
                }
                errors.push(path);
            }
            self.lead(&body, &mut state, &past[at]);
        }
        (errors.len() >= WINDOWS_NEEDED && count > 0.0).then(|| {
            let coverage = [0.5, 0.8, 0.95].map(|share| covered(&errors, share));
            let told =
                Told { windows: errors.len(), error: absolute / count, error_without: without / count, coverage };
            (told, errors)
        })
    }
}

/// Share of errors of each half of the windows within the band that the other half gives, step by step.
fn covered(errors: &[Vec<f64>], share: f64) -> f64 {
    let half = errors.len() / 2;
    let (mut hits, mut count) = (0.0, 0.0);
    for (learn, judge) in [(&errors[..half], &errors[half..]), (&errors[half..], &errors[..half])] {
        for step in 0..learn.first().map_or(0, Vec::len) {
            let mut known: Vec<f64> = learn.iter().map(|path| path[step]).collect();
            known.sort_by(f64::total_cmp);
            let band = quantile(&known, 0.5 - share / 2.0)..=quantile(&known, 0.5 + share / 2.0);
            for path in judge {
                hits += f64::from(u8::from(band.contains(&path[step])));
                count += 1.0;
            }
        }
    }
    hits / f64::max(count, 1.0)
}
