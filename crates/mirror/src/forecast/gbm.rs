//! Gradient-boosted trees on histograms (Friedman 2001; the histogram split search is that of `LightGBM`, Ke et al. 2017).
//!
//! Features are cut into at most 63 bins at their quantiles; a missing feature has a bin of its own and goes to the side
//! where it does least harm. Trees are small, slow and see half of the rows and of the features each: with weeks of one
//! person's data, variance is what hurts.

use super::seeded::Seeded;

/// What is minimised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Squares: the forecast is a mean.
    Squared,
    /// Absolute values: the forecast is a median.
    Absolute,
}

const BINS: usize = 64;
/// The bin of what is missing.
const MISSING: u8 = 0;
const TREES: usize = 100;
const RATE: f64 = 0.07;
const DEPTH: usize = 4;
/// Added to each leaf's count: pulls small leaves towards 0.
const LAMBDA: f64 = 5.0;

/// Features in bins, column by column, once for all trees and losses.
pub(crate) struct Binned {
    /// Upper edges of the bins from 1 on, per column.
    edges: Vec<Vec<f32>>,
    columns: Vec<Vec<u8>>,
    rows: usize,
}

fn bin(edges: &[f32], x: f32) -> u8 {
    if x.is_finite() { (edges.partition_point(|edge| *edge < x) + 1) as u8 } else { MISSING }
}

impl Binned {
    pub(crate) fn of(rows: &[&[f32]]) -> Self {
        let width = rows.first().map_or(0, |row| row.len());
        let mut edges = Vec::with_capacity(width);
        let mut columns = Vec::with_capacity(width);
        for j in 0..width {
            let mut values: Vec<f32> = rows.iter().map(|row| row[j]).filter(|x| x.is_finite()).collect();
            values.sort_unstable_by(f32::total_cmp);
            let last = values.len().saturating_sub(1);
            let mut own: Vec<f32> = (1..BINS - 1).filter_map(|i| values.get(i * last / (BINS - 1)).copied()).collect();
            own.dedup();
            columns.push(rows.iter().map(|row| bin(&own, row[j])).collect());
            edges.push(own);
        }
        Self { edges, columns, rows: rows.len() }
    }
}

/// A question at a node: is the feature's bin at most this one?
#[derive(Clone, Copy)]
struct Split {
    feature: u32,
    /// Bins up to this one go left; an edge is the value that belongs to it.
    bin: u8,
    edge: f32,
    missing_left: bool,
}

/// A complete tree: node `i` has children `2i + 1` and `2i + 2`; a node without a split sends all to the left.
struct Tree {
    splits: [Option<Split>; (1 << DEPTH) - 1],
    leaves: [f64; 1 << DEPTH],
}

/// The boosted trees.
pub(crate) struct Boosted {
    start: f64,
    trees: Vec<Tree>,
}

impl Boosted {
    pub(crate) fn fit(data: &Binned, target: &[f64], loss: Loss, seed: u64) -> Self {
        let mut random = Seeded::new(seed);
        let start = match loss {
            Loss::Squared => target.iter().sum::<f64>() / target.len().max(1) as f64,
            Loss::Absolute => median(&mut target.to_vec()),
        };
        let mut score = vec![start; data.rows];
        let mut trees = Vec::with_capacity(TREES);
        let smallest = (data.rows / 250).max(20);
        let mut gradient = vec![0.0; data.rows];
        for _ in 0..TREES {
            for ((gradient, y), f) in gradient.iter_mut().zip(target).zip(&score) {
                *gradient = match loss {
                    Loss::Squared => y - f,
                    // What is hit exactly pulls neither way; `signum` of 0 would be 1.
                    Loss::Absolute if y == f => 0.0,
                    Loss::Absolute => (y - f).signum(),
                };
            }
            let sample: Vec<u32> = (0..data.rows as u32).filter(|_| random.next() & 1 == 0).collect();
            let features: Vec<usize> = (0..data.columns.len()).filter(|_| random.next() & 1 == 0).collect();
            let (mut tree, leaf_of) = Tree::grow(data, &gradient, &sample, &features, smallest);
            tree.set_leaves(target, &score, &sample, &leaf_of, loss);
            for (i, f) in score.iter_mut().enumerate() {
                *f += tree.leaves[tree.leaf(|split| data.columns[split.feature as usize][i])];
            }
            trees.push(tree);
        }
        Self { start, trees }
    }

    pub(crate) fn predict(&self, row: &[f32]) -> f64 {
        let value = |tree: &Tree| tree.leaves[tree.leaf_of_row(row)];
        self.start + self.trees.iter().map(value).sum::<f64>()
    }
}

/// Gradients gathered per bin.
type Histogram = [(f64, f64); BINS];

impl Tree {
    /// Grows the questions level by level; also says which leaf each row of the sample fell into.
    fn grow(data: &Binned, gradient: &[f64], sample: &[u32], features: &[usize], smallest: usize) -> (Self, Vec<u8>) {
        let mut tree = Self { splits: [None; (1 << DEPTH) - 1], leaves: [0.0; 1 << DEPTH] };
        let mut node = vec![0u8; sample.len()];
        for level in 0..DEPTH {
            let first = (1 << level) - 1;
            let width = 1 << level;
            let mut best: Vec<Option<(f64, Split)>> = vec![None; width];
            for feature in features {
                let column = &data.columns[*feature];
                let mut histograms: Vec<Histogram> = vec![[(0.0, 0.0); BINS]; width];
                for (at, row) in node.iter().zip(sample) {
                    let cell = &mut histograms[*at as usize][column[*row as usize] as usize];
                    cell.0 += gradient[*row as usize];
                    cell.1 += 1.0;
                }
                for (best, histogram) in best.iter_mut().zip(&histograms) {
                    let found = best_split(histogram, &data.edges[*feature], *feature as u32, smallest as f64);
                    if found.is_some_and(|(gain, _)| best.is_none_or(|(known, _)| gain > known)) {
                        *best = found;
                    }
                }
            }
            for (i, best) in best.iter().enumerate() {
                tree.splits[first + i] = best.map(|(_, split)| split);
            }
            for (at, row) in node.iter_mut().zip(sample) {
                let right = tree.splits[first + *at as usize]
                    .is_some_and(|split| !split.left(data.columns[split.feature as usize][*row as usize]));
                *at = 2 * *at + u8::from(right);
            }
        }
        (tree, node)
    }

    fn set_leaves(&mut self, target: &[f64], score: &[f64], sample: &[u32], leaf_of: &[u8], loss: Loss) {
        let mut residuals: Vec<Vec<f64>> = vec![Vec::new(); 1 << DEPTH];
        for (leaf, row) in leaf_of.iter().zip(sample) {
            residuals[*leaf as usize].push(target[*row as usize] - score[*row as usize]);
        }
        for (leaf, residuals) in self.leaves.iter_mut().zip(&mut residuals) {
            let count = residuals.len() as f64;
            let shrunk = RATE * count / (count + LAMBDA);
            *leaf = shrunk
                * match loss {
                    Loss::Squared => residuals.iter().sum::<f64>() / count.max(1.0),
                    Loss::Absolute => median(residuals),
                };
        }
    }

    fn leaf(&self, bin_of: impl Fn(&Split) -> u8) -> usize {
        let mut at = 0;
        for _ in 0..DEPTH {
            let right = self.splits[at].as_ref().is_some_and(|split| !split.left(bin_of(split)));
            at = 2 * at + 1 + usize::from(right);
        }
        at + 1 - (1 << DEPTH)
    }

    fn leaf_of_row(&self, row: &[f32]) -> usize {
        let mut at = 0;
        for _ in 0..DEPTH {
            let right = self.splits[at].as_ref().is_some_and(|split| {
                let x = row[split.feature as usize];
                if x.is_finite() { x > split.edge } else { !split.missing_left }
            });
            at = 2 * at + 1 + usize::from(right);
        }
        at + 1 - (1 << DEPTH)
    }
}

impl Split {
    fn left(&self, bin: u8) -> bool {
        if bin == MISSING { self.missing_left } else { bin <= self.bin }
    }
}

fn best_split(histogram: &Histogram, edges: &[f32], feature: u32, smallest: f64) -> Option<(f64, Split)> {
    let (sum, count) = histogram.iter().fold((0.0, 0.0), |all, cell| (all.0 + cell.0, all.1 + cell.1));
    if count < 2.0 * smallest {
        return None;
    }
    let score = |sum: f64, count: f64| sum * sum / (count + LAMBDA);
    let whole = score(sum, count);
    let (missing_sum, missing_count) = histogram[MISSING as usize];
    let mut best: Option<(f64, Split)> = None;
    let (mut left_sum, mut left_count) = (0.0, 0.0);
    // Last of all: everything that is known against what is missing.
    for (i, edge) in edges.iter().chain([&f32::INFINITY]).enumerate() {
        left_sum += histogram[i + 1].0;
        left_count += histogram[i + 1].1;
        for missing_left in [false, true] {
            if missing_left && missing_count == 0.0 {
                continue;
            }
            let add = if missing_left { (missing_sum, missing_count) } else { (0.0, 0.0) };
            let left = (left_sum + add.0, left_count + add.1);
            let right = (sum - left.0, count - left.1);
            if left.1 < smallest || right.1 < smallest {
                continue;
            }
            let gain = score(left.0, left.1) + score(right.0, right.1) - whole;
            if gain > 1e-12 && best.is_none_or(|(known, _)| gain > known) {
                best = Some((gain, Split { feature, bin: (i + 1) as u8, edge: *edge, missing_left }));
            }
        }
    }
    best
}

/// The middle value, the upper of two; 0 of nothing.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_and_a_missing_value_are_learnt() {
        let table: Vec<[f32; 2]> =
            (0..2_000).map(|i| [if i % 5 == 0 { f32::NAN } else { (i % 100) as f32 }, (i * 7 % 13) as f32]).collect();
        let rows: Vec<&[f32]> = table.iter().map(|row| &row[..]).collect();
        let truth = |x: f32| {
            if x.is_nan() {
                50.0
            } else if x > 40.0 {
                10.0
            } else {
                -10.0
            }
        };
        let target: Vec<f64> = table.iter().map(|row| truth(row[0])).collect();
        for loss in [Loss::Squared, Loss::Absolute] {
            let trees = Boosted::fit(&Binned::of(&rows), &target, loss, 1);
            for x in [5.0, 90.0, f32::NAN] {
                let found = trees.predict(&[x, 3.0]);
                assert!((found - truth(x)).abs() < 4.0, "{loss:?} at {x}: {found}");
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_trees() {
        let table: Vec<[f32; 1]> = (0..500).map(|i| [(i * 31 % 97) as f32]).collect();
        let rows: Vec<&[f32]> = table.iter().map(|row| &row[..]).collect();
        let target: Vec<f64> = table.iter().map(|row| f64::from(row[0]).sin()).collect();
        let fit = |seed| Boosted::fit(&Binned::of(&rows), &target, Loss::Squared, seed).predict(&[40.0]);
        assert_eq!(fit(3).to_bits(), fit(3).to_bits());
        assert_ne!(fit(3).to_bits(), fit(4).to_bits());
    }
}
