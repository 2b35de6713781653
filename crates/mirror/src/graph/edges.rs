//! From sums over days to edges that hold.

use super::{Edge, Graph, Node, student};
use crate::forecast::{Seeded, cholesky_solve};

/// Days with evidence that an edge needs.
const FEWEST_DAYS: usize = 10;
/// Edges into one node that are weighed against each other at most.
const PARENTS: usize = 12;
/// Resampled histories.
const HISTORIES: usize = 100;
const WEEK: usize = 7;

/// One pair of streams at one lag: sums over days of products of innovations.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    days: f64,
    products: f64,
    /// Of each day's product, squared.
    squares: f64,
    from_squares: f64,
    to_squares: f64,
}

impl Sums {
    fn p(&self) -> Option<f64> {
        (self.days as usize >= FEWEST_DAYS && self.squares > 0.0).then_some(())?;
        Some(student::two_sided(self.products / self.squares.sqrt(), self.days - 1.0))
    }

    fn weight(&self) -> f64 {
        let unit = (self.from_squares * self.to_squares).sqrt();
        if unit > 0.0 { (self.products / unit).clamp(-1.0, 1.0) } else { 0.0 }
    }
}

impl Graph {
    /// All lags, with 0 in front.
    fn lags(&self) -> impl Iterator<Item = usize> + '_ {
        [0].into_iter().chain(self.shape.lags.iter().copied())
    }

    fn place(&self, from: usize, to: usize, lag_at: usize) -> usize {
        (from * self.streams.len() + to) * (self.shape.lags.len() + 1) + lag_at
    }

    /// Adds the last day's products to every pair and lag.
    pub(super) fn add_products(&mut self) {
        let per_day = self.shape.per_day();
        let buckets = (self.days - 1) * per_day..self.days * per_day;
        let lags: Vec<usize> = self.lags().collect();
        for from in 0..self.streams.len() {
            for to in (0..self.streams.len()).filter(|to| *to != from) {
                for (lag_at, lag) in lags.iter().enumerate() {
                    // At the same time there is one edge, not two.
                    if *lag == 0 && from > to {
                        continue;
                    }
                    let (mut product, mut of_from, mut of_to, mut count) = (0.0, 0.0, 0.0, 0);
                    for i in buckets.clone() {
                        let cause = i.checked_sub(*lag).and_then(|i| self.streams[from].innovation(i));
                        if let (Some(x), Some(y)) = (cause, self.streams[to].innovation(i)) {
                            product += x * y;
                            of_from += x * x;
                            of_to += y * y;
                            count += 1;
                        }
                    }
                    if count > 0 {
                        let place = self.place(from, to, lag_at);
                        let sums = &mut self.sums[place];
                        sums.days += 1.0;
                        sums.products += product;
                        sums.squares += product * product;
                        sums.from_squares += of_from;
                        sums.to_squares += of_to;
                    }
                }
            }
        }
    }

    /// The edges that hold with a false-discovery rate of `rate`, strongest evidence first.
    #[must_use]
    pub fn edges(&self, rate: f64, seed: u64) -> Vec<Edge> {
        let mut kept = self.calendar_edges();
        let tested = kept.len();
        keep_discoveries(&mut kept, rate, tested);
        let mut between = self.candidates();
        let tested = between.len();
        keep_discoveries(&mut between, rate, tested);
        let mut held: Vec<Edge> = Vec::new();
        for to in 0..self.streams.len() {
            let into = between.iter().filter(|edge| edge.to == Node::Stream(to)).cloned();
            let (lagged, together): (Vec<Edge>, Vec<Edge>) = into.partition(|edge| edge.lag > 0);
            held.extend(together);
            held.extend(self.beside_others(to, lagged));
        }
        // Once more, with what the edges are worth beside each other.
        keep_discoveries(&mut held, rate, tested);
        kept.extend(held);
        for edge in &mut kept {
            if let (Node::Stream(from), Node::Stream(to)) = (edge.from, edge.to) {
                edge.stability = self.stability(from, to, edge, seed);
            }
        }
        kept.sort_by(|a, b| {
            (a.p, b.weight.abs()).partial_cmp(&(b.p, a.weight.abs())).unwrap_or(std::cmp::Ordering::Equal)
        });
        kept
    }

    fn candidates(&self) -> Vec<Edge> {
        let mut candidates = Vec::new();
        for from in 0..self.streams.len() {
            for to in (0..self.streams.len()).filter(|to| *to != from) {
                for (lag_at, lag) in self.lags().enumerate() {
                    let sums = &self.sums[self.place(from, to, lag_at)];
                    let Some(p) = sums.p() else { continue };
                    let (from, to, weight, days) =
                        (Node::Stream(from), Node::Stream(to), sums.weight(), sums.days as usize);
                    candidates.push(Edge { from, to, lag, weight, p, days, stability: 0.0 });
                }
            }
        }
        candidates
    }

    fn calendar_edges(&self) -> Vec<Edge> {
        let mut candidates = Vec::new();
        for (to, calendar) in self.calendars.iter().enumerate() {
            let both = [(Node::TimeOfDay, calendar.time_of_day()), (Node::Weekday, calendar.weekday())];
            for (from, rhythm) in both {
                let Some(rhythm) = rhythm else { continue };
                let (weight, stability) = (rhythm.explained.max(0.0), rhythm.better);
                candidates.push(Edge {
                    from,
                    to: Node::Stream(to),
                    lag: 0,
                    weight,
                    p: rhythm.p,
                    days: rhythm.days,
                    stability,
                });
            }
        }
        candidates
    }

    /// Those of the lagged edges into `to` that still say something when the others are known: joint least squares of
    /// the innovations of `to` on the levels of all it may follow, and on its own last two levels, with errors
    /// clustered by day. A level, unlike an innovation, carries its stream's past, so that one effect does not show
    /// again at every later lag as its echo.
    fn beside_others(&self, to: usize, mut edges: Vec<Edge>) -> Vec<Edge> {
        edges.sort_by(|a, b| a.p.total_cmp(&b.p));
        edges.truncate(PARENTS);
        if edges.len() < 2 {
            return edges;
        }
        let n = edges.len() + 2;
        let own = self.streams[to].levels();
        let parents: Vec<(&[f32], usize)> = edges
            .iter()
            .map(|edge| match edge.from {
                Node::Stream(from) => (self.streams[from].levels(), edge.lag),
                _ => (own, edge.lag),
            })
            .chain([(own, 1), (own, 2)])
            .collect();
        let effect = self.streams[to].innovations();
        let furthest = edges.iter().map(|edge| edge.lag).max().unwrap_or(0).max(2);
        // Only buckets in which all is known: a gap filled in would pass its effect on to the neighbouring lags.
        let row = |i: usize, x: &mut [f64]| -> bool {
            for (x, (cause, lag)) in x.iter_mut().zip(&parents) {
                *x = f64::from(cause[i - lag]);
            }
            effect[i].is_finite() && x.iter().all(|x| x.is_finite())
        };
        let mut gram = vec![0.0; n * (n + 1) / 2];
        let mut with_effect = vec![0.0; n];
        let mut x = vec![0.0; n];
        for (i, effect) in effect.iter().enumerate().skip(furthest) {
            if row(i, &mut x) {
                let mut at = 0;
                for j in 0..n {
                    with_effect[j] += x[j] * f64::from(*effect);
                    for k in 0..=j {
                        gram[at + k] += x[j] * x[k];
                    }
                    at += j + 1;
                }
            }
        }
        for j in 0..n {
            gram[j * (j + 1) / 2 + j] += 1e-9 * (1.0 + gram[j * (j + 1) / 2 + j]);
        }
        let Some(slope) = cholesky_solve(&mut gram.clone(), &with_effect) else { return edges };
        // Row j of the inverse, to weigh each day's score.
        let inverse: Option<Vec<Vec<f64>>> = (0..n)
            .map(|j| {
                cholesky_solve(&mut gram.clone(), &(0..n).map(|k| f64::from(u8::from(k == j))).collect::<Vec<_>>())
            })
            .collect();
        let Some(inverse) = inverse else { return edges };
        let per_day = self.shape.per_day();
        let (mut variance, mut score, mut day, mut days) = (vec![0.0; n], vec![0.0; n], furthest / per_day, 0.0);
        for i in furthest..=effect.len() {
            if i / per_day != day || i == effect.len() {
                for (variance, inverse) in variance.iter_mut().zip(&inverse) {
                    *variance += inverse.iter().zip(&score).map(|(a, b)| a * b).sum::<f64>().powi(2);
                }
                days += f64::from(u8::from(score.iter().any(|x| *x != 0.0)));
                score.fill(0.0);
                day = i / per_day;
            }
            if i < effect.len() && row(i, &mut x) {
                let error = f64::from(effect[i]) - x.iter().zip(&slope).map(|(x, b)| x * b).sum::<f64>();
                for (score, x) in score.iter_mut().zip(&x) {
                    *score += x * error;
                }
            }
        }
        let freedom = f64::max(days - n as f64, 1.0);
        let beside = edges.into_iter().zip(slope.iter().zip(&variance));
        let holds = |(edge, (slope, variance)): (Edge, (&f64, &f64))| {
            let p = student::two_sided(slope / variance.sqrt(), freedom);
            (slope * edge.weight > 0.0).then(|| Edge { p: edge.p.max(p), ..edge })
        };
        beside.filter_map(holds).collect()
    }

    /// Share of histories, resampled in blocks of a week, in which the edge shows at the 5 % level with the same sign.
    fn stability(&self, from: usize, to: usize, edge: &Edge, seed: u64) -> f64 {
        let per_day = self.shape.per_day();
        let (causes, effects) = (self.streams[from].innovations(), self.streams[to].innovations());
        let product = |i: usize| {
            let product = causes[i.checked_sub(edge.lag)?] * effects[i];
            product.is_finite().then_some(f64::from(product))
        };
        let day = |day: usize| (day * per_day..(day + 1) * per_day).filter_map(product).sum::<f64>();
        let days: Vec<f64> = (0..self.days).map(day).collect();
        // Per week, the sum of its days and of their squares.
        let weeks: Vec<(f64, f64)> =
            days.chunks(WEEK).map(|week| (week.iter().sum(), week.iter().map(|day| day * day).sum())).collect();
        let mut random = Seeded::new(seed);
        let shows = (0..HISTORIES).filter(|_| {
            let (sum, squares) = (0..weeks.len()).fold((0.0, 0.0), |all, _| {
                let week = weeks[random.below(weeks.len())];
                (all.0 + week.0, all.1 + week.1)
            });
            sum * edge.weight > 0.0 && sum.abs() > 1.96 * f64::sqrt(squares)
        });
        shows.count() as f64 / HISTORIES as f64
    }
}

/// Benjamini and Hochberg (1995): keeps the largest number of candidates whose share of false ones is at most `rate`,
/// where so many were tested.
fn keep_discoveries(candidates: &mut Vec<Edge>, rate: f64, tested: usize) {
    candidates.sort_by(|a, b| a.p.total_cmp(&b.p));
    let n = tested as f64;
    let holds = |(i, edge): (usize, &Edge)| edge.p <= rate * (i + 1) as f64 / n;
    let keep = candidates.iter().enumerate().rposition(holds).map_or(0, |last| last + 1);
    candidates.truncate(keep);
}
