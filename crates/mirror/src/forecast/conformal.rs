//! Bands from past errors: split-conformal prediction, adaptive where the stream drifts.
//!
//! The error of each past window, divided by how large errors usually are that far ahead and at that time of day, is a
//! score; the band around a new forecast takes the scores' quantiles (Lei et al. 2018; normalised scores after
//! Papadopoulos 2008). Because people change, the level is steered by whether recent bands held (Gibbs and Candès 2021,
//! *Adaptive Conformal Inference*), so that the share of hits comes back to 90 % after a drift.

/// Share of windows that a band may miss.
const MISS: f64 = 0.1;
/// How far one hit or miss moves the level.
const STEER: f64 = 0.004;
/// Scores remembered per group of horizons.
const MEMORY: usize = 2_000;
/// Fewer scores than this give no band of their own.
const FEWEST: usize = 30;
const TIMES_OF_DAY: usize = 24;

/// What has been seen of errors so far.
pub(crate) struct Conformal {
    groups: Vec<Group>,
    /// Sum and count of absolute errors per step ahead.
    per_step: Vec<(f64, f64)>,
    /// Sum and count of absolute errors relative to `per_step`, per time of day.
    per_time: [(f64, f64); TIMES_OF_DAY],
    /// Nothing below this has ever been, and nothing can be.
    floor: Option<f64>,
}

#[derive(Clone)]
struct Group {
    scores: Vec<f64>,
    next: usize,
    sorted: Vec<f64>,
    miss: f64,
}

/// Where a forecast stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Group of horizons.
    pub(crate) group: usize,
    /// Steps ahead, from 1.
    pub(crate) ahead: usize,
    /// Time of day of the target, 0 to 1.
    pub(crate) day: f64,
    /// How lively the stream is just now, 1 being usual.
    pub(crate) lively: f64,
}

impl Conformal {
    pub(crate) fn new(groups: usize, horizon: usize, floor: Option<f64>) -> Self {
        let group = Group { scores: Vec::new(), next: 0, sorted: Vec::new(), miss: MISS };
        Self {
            groups: vec![group; groups],
            per_step: vec![(0.0, 0.0); horizon],
            per_time: [(0.0, 0.0); TIMES_OF_DAY],
            floor,
        }
    }

    fn time_of(place: &Place) -> usize {
        ((place.day * TIMES_OF_DAY as f64) as usize).min(TIMES_OF_DAY - 1)
    }

    /// How large an error usually is there.
    fn scale(&self, place: &Place) -> f64 {
        let (sum, count) = self.per_step[place.ahead - 1];
        let (all, all_count) = self.per_step.iter().fold((0.0, 0.0), |all, each| (all.0 + each.0, all.1 + each.1));
        let overall = all / f64::max(all_count, 1.0);
        let step = (sum + 5.0 * overall) / (count + 5.0);
        let (sum, count) = self.per_time[Self::time_of(place)];
        let time = (sum + 20.0) / (count + 20.0);
        (step * (0.1 + 0.9 * time) * (0.4 + 0.6 * place.lively)).max(1e-9 * (1.0 + overall))
    }

    /// The band around `middle`; none before enough windows are over.
    pub(crate) fn band(&mut self, place: &Place, middle: f64) -> Option<(f64, f64)> {
        let scale = self.scale(place);
        let floor = self.floor;
        let group = &mut self.groups[place.group];
        if group.scores.len() < FEWEST {
            return None;
        }
        if group.sorted.is_empty() {
            group.sorted.clone_from(&group.scores);
            group.sorted.sort_unstable_by(f64::total_cmp);
        }
        let n = group.sorted.len() as f64;
        let quantile =
            |level: f64| group.sorted[((level * (n + 1.0)).ceil() as usize).clamp(1, group.sorted.len()) - 1];
        let low = middle + scale * quantile(group.miss / 2.0).min(0.0);
        let high = middle + scale * quantile(1.0 - group.miss / 2.0).max(0.0);
        Some((floor.map_or(low, |floor| low.max(floor).min(middle)), high))
    }

    /// Takes in what came.
    pub(crate) fn learn(&mut self, place: &Place, middle: f64, band: Option<(f64, f64)>, truth: f64) {
        let error = truth - middle;
        let score = error / self.scale(place);
        let step = &mut self.per_step[place.ahead - 1];
        *step = (step.0 + error.abs() / (0.4 + 0.6 * place.lively), step.1 + 1.0);
        let usual = step.0 / step.1;
        if usual > 0.0 {
            let time = &mut self.per_time[Self::time_of(place)];
            *time = (time.0 + error.abs() / usual, time.1 + 1.0);
        }
        let group = &mut self.groups[place.group];
        if let Some((low, high)) = band {
            let missed = truth < low || truth > high;
            group.miss = (group.miss + STEER * (MISS - f64::from(u8::from(missed)))).clamp(0.005, 0.6);
        }
        if group.scores.len() < MEMORY {
            group.scores.push(score);
        } else {
            group.scores[group.next] = score;
            group.next = (group.next + 1) % MEMORY;
        }
        group.sorted.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::seeded::Seeded;

    fn coverage(noise: impl Fn(usize, f64) -> f64) -> f64 {
        let mut conformal = Conformal::new(1, 1, None);
        let mut random = Seeded::new(7);
        let (mut hits, mut count) = (0, 0);
        for i in 0..6_000 {
            let place = Place { group: 0, ahead: 1, day: (i % 24) as f64 / 24.0, lively: 1.0 };
            let truth = noise(i, random.unit() + random.unit() + random.unit() - 1.5);
            let band = conformal.band(&place, 0.0);
            if let Some((low, high)) = band.filter(|_| i > 1_000) {
                count += 1;
                hits += i32::from((low..=high).contains(&truth));
            }
            conformal.learn(&place, 0.0, band, truth);
        }
        f64::from(hits) / f64::from(count)
    }

    #[test]
    fn nine_of_ten_bands_hold_also_when_the_noise_depends_on_the_time_or_drifts() {
        for (what, covered) in [
            ("even", coverage(|_, noise| noise)),
            ("by time of day", coverage(|i, noise| noise * if i % 24 < 8 { 0.1 } else { 4.0 })),
            ("drifting", coverage(|i, noise| noise * (1.0 + i as f64 / 1_000.0) + i as f64 / 3_000.0)),
            ("counts", coverage(|_, noise| (noise * 3.0).max(0.0))),
        ] {
            assert!((0.87..=0.93).contains(&covered), "{what}: {covered}");
        }
    }
}
