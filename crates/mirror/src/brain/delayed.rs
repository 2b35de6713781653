//! What each region hears: the sum over its fibres of what their origins said one delay ago.
//!
//! Written naively this is a gather of one number per fibre and step, and nearly all of a simulation's time. But a
//! fibre of `d` steps carries into the next `d` steps nothing that is not known now. So time is cut into blocks of
//! [`BLOCK`] steps; fibres at least that long are added for a whole block at once, sixteen neighbouring numbers times
//! one weight, which is what vector units like; shorter ones in blocks of four; the shortest step by step. Fibres are
//! sorted by tiles of origins, so that the pasts that are read stay in the first-level cache.

use super::connectome::Connectome;
use crate::body::Refusal;

/// Steps that are taken at once.
pub const BLOCK: usize = 16;
const MIDDLE: usize = 4;
/// Origins whose past is read together.
const TILE: usize = 16;
/// Steps that are written before the past is moved to the front.
const WINDOW: usize = 16 * BLOCK;
/// The longest delay taken, in steps.
const DELAY_MAX: f64 = 1e5;

/// Fibres of one class of delay, sorted by tile of origins, then by target.
#[derive(Clone, Debug, Default)]
struct Fibres {
    /// For tile `t` and target `i`, fibres `starts[t * n + i]..starts[t * n + i + 1]`.
    starts: Vec<u32>,
    /// Where in the past a fibre reads when the writing place is at its lowest.
    at: Vec<u32>,
    weight: Vec<f64>,
}

/// The fibres of a connectome, ready to run.
#[derive(Clone, Debug)]
pub(super) struct Delayed {
    regions: usize,
    /// Steps of past that are needed.
    back: usize,
    long: Fibres,
    middle: Fibres,
    short: Fibres,
    /// Weights of fibres of one step, origin by origin, when they are so many that a whole matrix is cheaper.
    instant: Option<Vec<f64>>,
}

/// What every region said, over the last steps, for one or more fields.
#[derive(Clone, Debug)]
pub(super) struct Past {
    values: Vec<f64>,
    /// Numbers per region and field.
    span: usize,
    /// Where the next step is written.
    now: usize,
}

impl Delayed {
    /// Fibres of `connectome`, times `strength`, at `speed` m/s (0: no delays) in steps of `step_ms`.
    pub(super) fn new(connectome: &Connectome, strength: f64, speed: f64, step_ms: f64) -> Result<Delayed, Refusal> {
        if !(0.0..=1e6).contains(&strength) {
            return Err(Refusal::senseless("the global coupling", format!("{strength} is not from 0 to a million")));
        }
        if !(0.0..=1e6).contains(&speed) {
            return Err(Refusal::senseless("the signal speed", format!("{speed} m/s; 0 stands for no delay")));
        }
        let n = connectome.regions();
        let mut fibres = Vec::new();
        for (k, (&weight, &length)) in connectome.weights().iter().zip(connectome.lengths_mm()).enumerate() {
            if weight <= 0.0 {
                continue;
            }
            // Millimetres over metres per second are milliseconds. A step reads the step before it at the latest.
            let steps = if speed > 0.0 { (length / speed / step_ms).round_ties_even() } else { 0.0 };
            if steps > DELAY_MAX {
                let reason = format!("a fibre of {length} mm at {speed} m/s takes {steps} steps of {step_ms} ms");
                return Err(Refusal::senseless("the signal speed", reason));
            }
            fibres.push((k / n, k % n, steps as usize + 1, weight * strength));
        }
        let back = fibres.iter().map(|fibre| fibre.2).max().unwrap_or(1).max(BLOCK);
        let span = back + WINDOW;
        if n * span > u32::MAX as usize / 4 {
            return Err(Refusal::senseless(
                "the signal speed",
                format!("{n} regions with {back} steps of past are too many"),
            ));
        }
        let ones = fibres.iter().filter(|fibre| fibre.2 == 1).count();
        let instant = (ones * 4 > n * n).then(|| {
            let mut matrix = vec![0.0; n * n];
            for &(target, origin, steps, weight) in &fibres {
                if steps == 1 {
                    matrix[origin * n + target] = weight;
                }
            }
            matrix
        });
        if instant.is_some() {
            fibres.retain(|fibre| fibre.2 > 1);
        }
        let class = |least: usize, most: usize, tile: usize| {
            let mut chosen: Vec<_> = fibres.iter().filter(|fibre| (least..most).contains(&fibre.2)).copied().collect();
            chosen.sort_by_key(|&(target, origin, _, _)| (origin / tile, target, origin));
            let slot = |fibre: &(usize, usize, usize, f64)| fibre.1 / tile * n + fibre.0;
            let starts = (0..=n.div_ceil(tile) * n)
                .map(|place| chosen.partition_point(|fibre| slot(fibre) < place) as u32)
                .collect();
            Fibres {
                starts,
                at: chosen.iter().map(|fibre| (fibre.1 * span + back - fibre.2) as u32).collect(),
                weight: chosen.iter().map(|fibre| fibre.3).collect(),
            }
        };
        Ok(Delayed {
            regions: n,
            back,
            long: class(BLOCK, usize::MAX, TILE),
            middle: class(MIDDLE, BLOCK, n),
            short: class(1, MIDDLE, n),
            instant,
        })
    }

    /// A past in which every region has always said what `said` holds (field by field).
    pub(super) fn past(&self, said: &[f64]) -> Past {
        let span = self.back + WINDOW;
        let mut values = vec![0.0; said.len() * span];
        for (row, &value) in values.chunks_exact_mut(span).zip(said) {
            row[..self.back].fill(value);
        }
        Past { values, span, now: self.back }
    }

    /// What the long fibres bring during the whole coming block: sets `heard[step][field * n + region]`.
    #[inline(always)]
    pub(super) fn block(&self, past: &Past, fields: usize, sums: &mut [[f64; BLOCK]], heard: &mut [f64]) {
        let n = self.regions;
        let width = fields * n;
        for field in 0..fields {
            sums.fill([0.0; BLOCK]);
            self.long.add(past, field * n * past.span, past.now - self.back, n, sums);
            for (region, sum) in sums.iter().enumerate() {
                for (step, value) in sum.iter().enumerate() {
                    heard[step * width + field * n + region] = *value;
                }
            }
        }
    }

    /// What the shorter fibres bring at `step` of the block (each fourth step for four at once): adds to `heard`.
    #[inline(always)]
    pub(super) fn step(
        &self,
        past: &Past,
        fields: usize,
        step: usize,
        said: &[f64],
        quad: &mut [[f64; MIDDLE]],
        heard: &mut [f64],
    ) {
        let n = self.regions;
        let width = fields * n;
        for field in 0..fields {
            let (shift, row) = (past.now - self.back, field * n * past.span);
            if step.is_multiple_of(MIDDLE) && !self.middle.at.is_empty() {
                quad.fill([0.0; MIDDLE]);
                self.middle.add(past, row, shift, n, quad);
                for (k, line) in heard[step * width..].chunks_exact_mut(width).take(MIDDLE).enumerate() {
                    for (place, sum) in line[field * n..][..n].iter_mut().zip(quad.iter()) {
                        *place += sum[k];
                    }
                }
            }
            let line = &mut heard[step * width + field * n..][..n];
            if !self.short.at.is_empty() {
                self.short.add_one(past, row, shift, line);
            }
            if let Some(matrix) = &self.instant {
                for (weights, &value) in matrix.chunks_exact(n).zip(&said[field * n..][..n]) {
                    for (place, weight) in line.iter_mut().zip(weights) {
                        *place += weight * value;
                    }
                }
            }
        }
    }

    /// Keeps what is said now; every [`WINDOW`] steps the past moves to the front.
    #[inline(always)]
    pub(super) fn push(&self, past: &mut Past, said: &[f64]) {
        for (row, value) in past.values.chunks_exact_mut(past.span).zip(said) {
            row[past.now] = *value;
        }
        past.now += 1;
        if past.now == past.span {
            for row in past.values.chunks_exact_mut(past.span) {
                row.copy_within(WINDOW.., 0);
            }
            past.now = self.back;
        }
    }
}

/// Room for the sums of four steps.
pub(super) type Quad = [f64; MIDDLE];

impl Fibres {
    /// Adds what the fibres bring over the `B` steps from the past's now on, which none of them is shorter than.
    #[inline(always)]
    fn add<const B: usize>(&self, past: &Past, row: usize, shift: usize, n: usize, sums: &mut [[f64; B]]) {
        let values = &past.values[row + shift..];
        for tile in self.starts[..self.starts.len() - 1].chunks_exact(n).zip(0..) {
            let (starts, number): (&[u32], usize) = tile;
            let ends = &self.starts[number * n + 1..];
            for ((sum, &start), &end) in sums.iter_mut().zip(starts).zip(ends) {
                let (start, end) = (start as usize, end as usize);
                let mut total = *sum;
                for (&at, &weight) in self.at[start..end].iter().zip(&self.weight[start..end]) {
                    if let Some(said) = values[at as usize..].first_chunk::<B>() {
                        for k in 0..B {
                            total[k] += weight * said[k];
                        }
                    }
                }
                *sum = total;
            }
        }
    }

    /// Adds what the fibres bring at one step.
    #[inline(always)]
    fn add_one(&self, past: &Past, row: usize, shift: usize, line: &mut [f64]) {
        let (n, values) = (line.len(), &past.values[row + shift..]);
        for (slot, pair) in self.starts.windows(2).enumerate() {
            let mut total = 0.0;
            for k in pair[0] as usize..pair[1] as usize {
                total += self.weight[k] * values[self.at[k] as usize];
            }
            line[slot % n] += total;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::brain::noise::Normals;

    /// Runs a random network for 400 steps and compares with the sum written as it is defined.
    fn check(regions: usize, fields: usize, speed: f64, longest_mm: f64) {
        let mut noise = Normals::new(3);
        let (mut weights, mut lengths) = (vec![0.0; regions * regions], vec![0.0; regions * regions]);
        noise.uniform(&mut weights);
        noise.uniform(&mut lengths);
        for length in &mut lengths {
            *length *= longest_mm;
        }
        let connectome = Connectome::new(weights, lengths).unwrap();
        let delayed = Delayed::new(&connectome, 2.0, speed, 0.1).unwrap();

        let width = fields * regions;
        let mut said = vec![vec![0.0; width]];
        noise.fill(&mut said[0]);
        let mut past = delayed.past(&said[0]);
        let (mut sums, mut quad) = (vec![[0.0; BLOCK]; regions], vec![[0.0; MIDDLE]; regions]);
        let mut heard = vec![0.0; BLOCK * width];
        for _ in 0..25 {
            delayed.block(&past, fields, &mut sums, &mut heard);
            for step in 0..BLOCK {
                delayed.step(&past, fields, step, said.last().unwrap(), &mut quad, &mut heard);
                for field in 0..fields {
                    for target in 0..regions {
                        let expected: f64 = (0..regions)
                            .map(|origin| {
                                let k = target * regions + origin;
                                let length = connectome.lengths_mm()[k];
                                let delay = if speed > 0.0 { (length / speed / 0.1).round_ties_even() } else { 0.0 };
                                let then = said.len().saturating_sub(delay as usize + 1);
                                2.0 * connectome.weights()[k] * said[then][field * regions + origin]
                            })
                            .sum();
                        let ours = heard[step * width + field * regions + target];
                        assert!((ours - expected).abs() < 1e-12, "{ours} is not {expected} at step {step}");
                    }
                }
                let mut next = vec![0.0; width];
                noise.fill(&mut next);
                delayed.push(&mut past, &next);
                said.push(next);
            }
        }
    }

    #[test]
    fn blocks_hear_what_the_definition_says() {
        check(5, 1, 20.0, 60.0);
        check(37, 2, 20.0, 60.0);
        check(20, 1, 0.0, 60.0);
        check(20, 1, 20.0, 10.0);
        check(3, 1, 1.0, 600.0);
        check(1, 2, 20.0, 10.0);
    }

    #[test]
    fn impossible_speeds_are_refused() {
        let connectome = Connectome::new(vec![0.0, 1.0, 1.0, 0.0], vec![0.0, 100.0, 100.0, 0.0]).unwrap();
        assert!(Delayed::new(&connectome, 1.0, f64::NAN, 0.1).is_err());
        assert!(Delayed::new(&connectome, 1.0, -1.0, 0.1).is_err());
        assert!(Delayed::new(&connectome, -1.0, 1.0, 0.1).is_err());
        let slow = Delayed::new(&connectome, 1.0, 1e-3, 0.1).unwrap_err().to_string();
        assert!(slow.contains("100 mm at 0.001 m/s"), "{slow}");
    }
}
