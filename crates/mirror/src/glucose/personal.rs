//! Fits the UVA/Padova body to one person: readings of a sensor, insulin and meals of some days in, a virtual twin
//! out.
//!
//! The body has more parameters than a week of readings can tell. So the fit begins with what other people are like:
//! each parameter has the mean and the spread that it has among them (on a log scale), and moves from there only as
//! far as the data pull (maximum a posteriori). What is at rest stays at rest: liver output, tissue glucose and
//! insulin-independent uptake follow from the others, so that the person's basal rate holds the person's fasting
//! glucose, as it does in the papers.

use super::equations::Minute;
use super::mersenne::Mersenne;
use super::patient::{Patient, Therapy};
use crate::body::elementary::{exp, ln};
use crate::body::{Body, Refusal, least_squares};

/// What happened in a few minutes: what went in, and what the sensor showed at the end, if it did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record {
    /// Carbohydrate of meals that began.
    pub carbs_g: f64,
    /// Insulin given.
    pub insulin_u: f64,
    /// The reading.
    pub cgm_mg_dl: Option<f64>,
}

/// Readings before this are not compared: the state in which the record begins is unknown.
const WARM_UP_MIN: usize = 6 * 60;
/// It takes this many days with readings.
const DAYS_NEEDED: usize = 2;
/// How far readings lie from a good model (mg/dL): the sensor's wandering error. Readings are taken every 15 minutes,
/// because those between say the same again.
const NOISE_MG_DL: f64 = 12.0;
const READ_EVERY_MIN: usize = 15;
/// No parameter's spread is taken to be smaller than this, nor larger (natural logarithms).
const SPREAD: std::ops::RangeInclusive<f64> = 0.05..=1.0;

/// How far drawn people are from whom they resemble, in shares of the group's spread.
const DRAWN: f64 = 0.5;

/// What people are like: mean and spread of each free parameter, on a log scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Population {
    people: Vec<Patient>,
    mean: Vec<f64>,
    spread: Vec<f64>,
}

impl Population {
    /// The mean and the spread of these people.
    pub fn of(people: &[Patient]) -> Result<Self, Refusal> {
        if people.len() < 3 {
            return Err(Refusal::TooFew { what: "people to learn from", have: people.len(), need: 3 });
        }
        let all: Vec<Vec<f64>> = people.iter().map(free).collect();
        let n = all.len() as f64;
        let column = |i: usize| all.iter().map(move |row| row[i]);
        let mean: Vec<f64> = (0..all[0].len()).map(|i| column(i).sum::<f64>() / n).collect();
        let spread = mean
            .iter()
            .enumerate()
            .map(|(i, mean)| (column(i).map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0)).sqrt())
            .map(|sd| sd.clamp(*SPREAD.start(), *SPREAD.end()))
            .collect();
        Ok(Population { people: people.to_vec(), mean, spread })
    }

    /// The person in the middle, with this person's therapy.
    pub fn middle(&self, therapy: &Therapy) -> Result<Patient, Refusal> {
        with(&self.people[0], therapy, &self.mean)
            .ok_or_else(|| Refusal::senseless("the therapy", "no body is at rest with such a basal rate"))
    }

    /// Draws a virtual person: weight and basal rate of one of these people, a body around theirs, and the ratios that
    /// suit that body (see [`Therapy::titrated`]).
    pub fn draw(&self, random: &mut Mersenne) -> Result<Patient, Refusal> {
        for _ in 0..1000 {
            let like = &self.people[random.below(self.people.len())];
            let theta: Vec<f64> =
                free(like).iter().zip(&self.spread).map(|(x, sd)| x + DRAWN * sd * random.normal()).collect();
            if let Some(mut person) = with(like, &like.therapy, &theta)
                && let Some(therapy) = Therapy::titrated(&person)
            {
                person.name = format!("like {}", like.name);
                person.therapy = therapy;
                return Ok(person);
            }
        }
        Err(Refusal::undetermined("a virtual person", "bodies drawn around these people cannot be treated"))
    }

    /// Fits a body to `records`, each of `step_min` minutes, of a person with this therapy.
    pub fn fit(&self, therapy: &Therapy, step_min: u32, records: &[Record]) -> Result<Patient, Refusal> {
        let watched = Watched::new(step_min, records, DAYS_NEEDED)?;
        let (middle, found) = self.found(therapy, &watched)?;
        with(&middle, therapy, &found.parameters).ok_or_else(no_body)
    }

    /// The same, and `draws` bodies around it that the readings would allow too (Laplace's approximation). Errors of
    /// neighbouring readings go together, so they count for less than so many.
    pub fn fit_with_draws(
        &self,
        therapy: &Therapy,
        step_min: u32,
        records: &[Record],
        draws: usize,
        seed: u32,
    ) -> Result<(Patient, Vec<Patient>), Refusal> {
        let watched = Watched::new(step_min, records, DAYS_NEEDED)?;
        let (middle, found) = self.found(therapy, &watched)?;
        let best = with(&middle, therapy, &found.parameters).ok_or_else(no_body)?;
        let wider = watched.wider(&best);
        let factor = found.spread.as_deref().and_then(least_squares::cholesky);
        let mut random = Mersenne::new(seed);
        let bodies = (0..draws)
            .map(|_| {
                let lots: Vec<f64> = found.parameters.iter().map(|_| random.normal()).collect();
                let Some(factor) = &factor else { return best.clone() };
                // What the readings left open stays within what people are like.
                let theta: Vec<f64> = factor
                    .iter()
                    .zip(&found.parameters)
                    .zip(&self.spread)
                    .map(|((row, x), sd)| {
                        let away: f64 = row.iter().zip(&lots).map(|(l, z)| l * z).sum();
                        x + (wider * away).clamp(-2.0 * sd, 2.0 * sd)
                    })
                    .collect();
                with(&middle, therapy, &theta).unwrap_or_else(|| best.clone())
            })
            .collect();
        Ok((best, bodies))
    }

    fn found(&self, therapy: &Therapy, watched: &Watched) -> Result<(Patient, least_squares::Fitted), Refusal> {
        let middle = self.middle(therapy)?;
        let error = |theta: &[f64]| {
            let person = with(&middle, therapy, theta)?;
            let mut residuals = watched.residuals(&person);
            let pulls = theta.iter().zip(&self.mean).zip(&self.spread);
            residuals.extend(pulls.map(|((x, mean), sd)| (x - mean) / sd));
            Some(residuals)
        };
        let found = least_squares::fit(&self.mean, 40, error).ok_or_else(|| {
            Refusal::undetermined("the body", "no parameters near other people's explain the readings")
        })?;
        Ok((middle, found))
    }
}

fn no_body() -> Refusal {
    Refusal::undetermined("the body", "the readings lead to parameters that no body has")
}

/// The parameters that are free in their own right.
fn knobs(p: &mut Patient) -> [&mut f64; 22] {
    [
        &mut p.kabs,
        &mut p.kmax,
        &mut p.kmin,
        &mut p.b,
        &mut p.d,
        &mut p.vg,
        &mut p.vi,
        &mut p.vmx,
        &mut p.km0,
        &mut p.k1,
        &mut p.k2,
        &mut p.p2u,
        &mut p.m1,
        &mut p.m2,
        &mut p.m4,
        &mut p.m30,
        &mut p.ki,
        &mut p.kp2,
        &mut p.kp3,
        &mut p.kd,
        &mut p.ka1,
        &mut p.ka2,
    ]
}

/// Logarithms of all free parameters: fasting glucose, the liver's output then, and the knobs.
fn free(person: &Patient) -> Vec<f64> {
    let mut p = person.clone();
    let liver = p.kp1 - p.kp2 * p.start[3] - p.kp3 * p.start[8];
    let rest = [ln(p.start[3] / p.vg), ln(liver.max(1e-9))];
    rest.into_iter().chain(knobs(&mut p).map(|knob| ln(knob.max(1e-9)))).collect()
}

/// The person with these free parameters, at rest under this basal rate; None when nobody can be so.
fn with(like: &Patient, therapy: &Therapy, theta: &[f64]) -> Option<Patient> {
    let mut p = like.clone();
    p.therapy = therapy.clone();
    p.bw = therapy.weight_kg;
    p.u2ss = therapy.basal_u_per_min * 6000.0 / p.bw;
    for (knob, log) in knobs(&mut p).into_iter().zip(&theta[2..]) {
        *knob = exp(*log);
    }
    let (fasting, liver) = (exp(theta[0]), exp(theta[1]));
    // Insulin at rest: what is given flows through skin, plasma and liver.
    let skin = p.u2ss / (p.ka1 + p.kd);
    let to_liver = p.m2 / (p.m1 + p.m30);
    let insulin = p.u2ss / (p.m2 + p.m4 - p.m1 * to_liver);
    p.ib = insulin / p.vi;
    // Glucose at rest: what the liver makes, brain, tissue and kidney take.
    let plasma = fasting * p.vg;
    let kidney = p.ke1 * (plasma - p.ke2).max(0.0);
    let uptake = liver - p.fsnc - kidney;
    let tissue = (p.k1 * plasma - uptake) / p.k2;
    p.kp1 = liver + p.kp2 * plasma + p.kp3 * p.ib;
    p.vm0 = uptake * (p.km0 + tissue) / tissue;
    let possible = p.b < 1.0 && p.d < 1.0 && p.kmin < p.kmax && uptake > 0.0 && tissue > 0.0 && insulin > 0.0;
    p.start = [0.0, 0.0, 0.0, plasma, tissue, insulin, 0.0, p.ib, p.ib, insulin * to_liver, skin, 0.0, plasma];
    p.start[11] = p.kd * skin / p.ka2;
    possible.then_some(p)
}

impl Therapy {
    /// What suits this body, found as a clinic does: the carbohydrate ratio brings glucose back to where it was five
    /// hours after 50 g, and the correction factor is how far one unit lowers it. None where no ratio does.
    #[must_use]
    pub fn titrated(person: &Patient) -> Option<Therapy> {
        let after = |carbs_g: f64, bolus_u: f64| {
            let mut state = person.state();
            let mut lowest = f64::INFINITY;
            for minute in 0..300 {
                let (carbs_g, bolus_u) = if minute == 0 { (carbs_g, bolus_u) } else { (0.0, 0.0) };
                let input = Minute::new(carbs_g, person.basal_u_per_min() + bolus_u).ok()?;
                person.step(&mut state, &input);
                lowest = person.observe(&state).min(lowest);
            }
            Some((person.observe(&state), lowest))
        };
        let rest = person.observe(&person.state());
        let (mut few, mut many) = (0.2, 50.0);
        if after(50.0, few)?.0 < rest || after(50.0, many)?.0 > rest {
            return None;
        }
        for _ in 0..40 {
            let middle = 0.5 * (few + many);
            *if after(50.0, middle)?.0 > rest { &mut few } else { &mut many } = middle;
        }
        let correction_mg_dl_per_u = rest - after(0.0, 1.0)?.1;
        let possible = correction_mg_dl_per_u > 1.0 && (90.0..=170.0).contains(&rest);
        possible.then(|| Therapy { carb_ratio_g_per_u: 50.0 / many, correction_mg_dl_per_u, ..person.therapy.clone() })
    }
}

/// Records of a person, minute by minute.
pub(super) struct Watched {
    minutes: Vec<Minute>,
    /// After how many minutes which reading was taken.
    readings: Vec<(usize, f64)>,
}

impl Watched {
    pub(super) fn new(step_min: u32, records: &[Record], days_needed: usize) -> Result<Self, Refusal> {
        let step = step_min.max(1);
        let mut minutes = Vec::with_capacity(records.len() * step as usize);
        let mut readings: Vec<(usize, f64)> = Vec::new();
        for record in records {
            let rate = record.insulin_u / f64::from(step);
            minutes.push(Minute::new(record.carbs_g, rate)?);
            for _ in 1..step {
                minutes.push(Minute::new(0.0, rate)?);
            }
            if let Some(cgm) = record.cgm_mg_dl {
                if !(20.0..=1000.0).contains(&cgm) {
                    return Err(Refusal::senseless("a reading", format!("{cgm} is no glucose in mg/dL")));
                }
                let due = readings.last().map_or(WARM_UP_MIN, |(last, _)| last + READ_EVERY_MIN);
                if minutes.len() >= due {
                    readings.push((minutes.len(), cgm));
                }
            }
        }
        let need = (days_needed * 24 * 60 - WARM_UP_MIN) / READ_EVERY_MIN;
        if readings.len() < need {
            return Err(Refusal::TooFew { what: "quarters of an hour with a reading", have: readings.len(), need });
        }
        let first = readings[0].1;
        if readings.iter().all(|(_, cgm)| *cgm == first) {
            return Err(Refusal::senseless("the readings", "they never change"));
        }
        Ok(Watched { minutes, readings })
    }

    /// How far the body is from each reading, in units of the noise.
    pub(super) fn residuals<B: Body<Input = Minute, Seen = f64>>(&self, person: &B) -> Vec<f64> {
        let mut state = person.state();
        let mut readings = self.readings.iter().peekable();
        let mut residuals = Vec::with_capacity(self.readings.len() + 32);
        for (minute, input) in self.minutes.iter().enumerate() {
            person.step(&mut state, input);
            if let Some((_, cgm)) = readings.next_if(|(at, _)| *at == minute + 1) {
                residuals.push((person.observe(&state) - cgm) / NOISE_MG_DL);
            }
        }
        residuals
    }

    /// By how much errors that go together widen what is known, beside errors that do not: the square root of
    /// (1 + ρ) / (1 − ρ) for neighbours' correlation ρ, and of how much larger than the noise they are.
    pub(super) fn wider<B: Body<Input = Minute, Seen = f64>>(&self, person: &B) -> f64 {
        let residuals = self.residuals(person);
        let squares: f64 = residuals.iter().map(|r| r * r).sum();
        let next: f64 = residuals.windows(2).map(|pair| pair[0] * pair[1]).sum();
        let together = (next / squares.max(f64::MIN_POSITIVE)).clamp(0.0, 0.95);
        let larger = (squares / residuals.len().max(1) as f64).max(1.0);
        (larger * (1.0 + together) / (1.0 - together)).sqrt()
    }

    /// The root mean square of that, in mg/dL.
    pub(super) fn off_mg_dl<B: Body<Input = Minute, Seen = f64>>(&self, person: &B) -> f64 {
        let residuals = self.residuals(person);
        let squares: f64 = residuals.iter().map(|r| r * r).sum();
        NOISE_MG_DL * (squares / residuals.len().max(1) as f64).sqrt()
    }
}
