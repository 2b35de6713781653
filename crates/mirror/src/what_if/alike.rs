//! Past days on which the changed thing was about as asked, the ones most like the present first.

use super::Support;
use super::model::Past;

/// Days shown.
const SHOWN: usize = 5;

/// A past day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alike {
    /// Which, from the columns' first.
    pub day: usize,
    /// What the changed thing was.
    pub changed: f64,
    /// What the outcome was.
    pub outcome: f64,
    /// How far its circumstances were from the present: root mean square over standardised features.
    pub distance: f64,
}

pub(super) fn days(past: &Past, support: &Support) -> Vec<Alike> {
    // The present: the circumstances of the last day, without the changed thing.
    let Some(present) = past.rows.last().map(|row| past.without(&row.features)) else { return Vec::new() };
    let distance = |features: &[f64]| {
        let squares: f64 = past.without(features).iter().zip(&present).map(|(a, b)| (a - b).powi(2)).sum();
        (squares / present.len().max(1) as f64).sqrt()
    };
    let like = past.rows.iter().filter(|row| (row.changed - support.asked).abs() <= support.about);
    let mut days: Vec<Alike> = like
        .map(|row| Alike {
            day: row.day,
            changed: row.changed,
            outcome: row.outcome,
            distance: distance(&row.features),
        })
        .collect();
    days.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(b.day.cmp(&a.day)));
    days.truncate(SHOWN);
    days
}
