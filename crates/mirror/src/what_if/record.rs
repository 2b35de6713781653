//! How right such answers have been: each past day told from the days before it alone.

use super::bands::quantile;
use super::model::{Model, Past};

/// Days learnt from before the first is told.
const FIRST: usize = 14;
/// Days told by one fit.
const BLOCK: usize = 7;
/// Errors before bands are judged.
const ERRORS_FIRST: usize = 7;
/// Days checked at least.
const FEWEST: usize = 10;

/// How right such answers have been.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record {
    /// Days checked.
    pub checked: usize,
    /// Mean absolute error, knowing the changed thing.
    pub error: f64,
    /// The same of a model that does not know it.
    pub error_without: f64,
    /// Shares of days whose outcome lay within the 50, 80 and 95 % bands.
    pub coverage: [f64; 3],
    /// Checked days on which the changed thing was more than a standard deviation from usual.
    pub unusual: usize,
    /// Share of those on which the outcome went the way the model said.
    pub direction_right: f64,
}

impl Record {
    /// How much knowing the changed thing helps: 1 − error / error without.
    #[must_use]
    pub fn skill(&self) -> f64 {
        if self.error_without > 0.0 { 1.0 - self.error / self.error_without } else { 0.0 }
    }
}

/// The record, and the errors it comes from.
pub(super) fn of(past: &Past) -> Option<(Record, Vec<f64>)> {
    let (mut errors, mut absolute, mut without, mut inside) = (Vec::new(), 0.0, 0.0, [0.0; 3]);
    let (mut judged, mut unusual, mut right) = (0.0f64, 0, 0.0);
    let spread = spread(past);
    for start in (FIRST..past.rows.len()).step_by(BLOCK) {
        let (Some(model), Some(plain)) = (Model::fit(past, start), Model::fit_without(past, start)) else { continue };
        let usual = past.rows[..start].iter().map(|row| row.changed).sum::<f64>() / start as f64;
        let mut sorted: Vec<f64> = errors.clone();
        sorted.sort_by(f64::total_cmp);
        for row in past.rows.iter().skip(start).take(BLOCK) {
            let said = model.at(&row.features);
            let error: f64 = row.outcome - said;
            absolute += error.abs();
            without += (row.outcome - plain.at(&row.features)).abs();
            if sorted.len() >= ERRORS_FIRST {
                judged += 1.0;
                for (inside, share) in inside.iter_mut().zip([0.5, 0.8, 0.95]) {
                    let within = quantile(&sorted, 0.5 - share / 2.0)..=quantile(&sorted, 0.5 + share / 2.0);
                    *inside += f64::from(u8::from(within.contains(&error)));
                }
            }
            if (row.changed - usual).abs() > spread {
                let as_usual = model.at(&past.without(&row.features));
                unusual += 1;
                right += f64::from(u8::from((said - as_usual) * (row.outcome - as_usual) > 0.0));
            }
            errors.push(error);
        }
    }
    let checked = errors.len();
    (checked >= FEWEST && judged > 0.0).then_some(())?;
    let n = checked as f64;
    let record = Record {
        checked,
        error: absolute / n,
        error_without: without / n,
        coverage: inside.map(|inside| inside / judged),
        unusual,
        direction_right: if unusual > 0 { right / unusual as f64 } else { 0.0 },
    };
    Some((record, errors))
}

fn spread(past: &Past) -> f64 {
    let n = past.rows.len() as f64;
    let mean = past.rows.iter().map(|row| row.changed).sum::<f64>() / n;
    (past.rows.iter().map(|row| (row.changed - mean).powi(2)).sum::<f64>() / n).sqrt()
}
