//! Streams on one common grid, each with a mask.
//!
//! Devices speak at their own moments: a heart rate every few seconds, steps per minute, a weight now and then. A model
//! wants rows. Here observations are gathered into buckets of equal width on the owner's wall clock, and a bucket is
//! *known* or it is not: nothing is filled in, interpolated or carried forward. What is a level (a heart rate) is
//! averaged; what is a total (steps) is added up. Totals need care:
//!
//! - A device that writes zeros says by silence that it was not worn; one that never writes a zero says by silence that
//!   nothing happened, as long as it spoke at all on that day.
//! - A bucket that is mostly unobserved would give a total that is too small; it counts as unknown.
//! - Two devices count the same steps; the bucket takes the one that counted most.

mod gatherer;

pub use gatherer::Gatherer;

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;

/// Buckets of equal width: bucket `i` begins at `start + i * step`, in wall-clock milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Where bucket 0 begins.
    pub start: i64,
    /// Width in milliseconds.
    pub step: i64,
    /// Number of buckets.
    pub len: usize,
}

impl Grid {
    /// The grid of this step that covers `first..=last`, begun at a midnight so that equal grids meet; none if the
    /// step is not positive, the span is turned round, or it would have more than `most` buckets.
    #[must_use]
    pub fn over(first: i64, last: i64, step: i64, most: usize) -> Option<Self> {
        if step <= 0 || last < first {
            return None;
        }
        let unit = step.max(DAY_MS);
        let start = first.checked_div_euclid(unit)?.checked_mul(unit)?;
        let len = usize::try_from((last.checked_sub(start)? / step).checked_add(1)?).ok()?;
        (len <= most).then_some(Self { start, step, len })
    }

    /// The bucket that holds this moment, if it is on the grid.
    #[must_use]
    pub fn bucket(&self, at: i64) -> Option<usize> {
        let offset = at.checked_sub(self.start).filter(|offset| *offset >= 0)?;
        usize::try_from(offset / self.step).ok().filter(|bucket| *bucket < self.len)
    }

    /// When bucket `i` begins; it may lie beyond the end.
    #[must_use]
    pub fn time(&self, i: usize) -> i64 {
        self.start.saturating_add(self.step.saturating_mul(i as i64))
    }

    /// How many buckets make a day; at least one.
    #[must_use]
    pub fn per_day(&self) -> usize {
        usize::try_from(DAY_MS / self.step).unwrap_or(1).max(1)
    }
}

/// What becomes of the observations of one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Their mean: a level such as a heart rate.
    Mean,
    /// Their sum: a total such as steps.
    Sum,
}

/// Observations of one source, in any order.
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a> {
    /// When each starts, in wall-clock milliseconds.
    pub start: &'a [i64],
    /// Their values.
    pub value: &'a [f64],
}

/// One stream on a grid.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    value: Vec<f64>,
    known: Vec<bool>,
}

impl Column {
    /// A column from values that are there or not. A value that is not finite is not there.
    #[must_use]
    pub fn from_options(values: impl IntoIterator<Item = Option<f64>>) -> Self {
        let mut column = Self::default();
        for value in values {
            column.push(value);
        }
        column
    }

    /// Adds a bucket at the end.
    pub fn push(&mut self, value: Option<f64>) {
        let value = value.filter(|value| value.is_finite());
        self.value.push(value.unwrap_or(0.0));
        self.known.push(value.is_some());
    }

    /// Its value in bucket `i`, if that is known.
    #[must_use]
    pub fn get(&self, i: usize) -> Option<f64> {
        (*self.known.get(i)?).then(|| self.value[i])
    }

    /// Every bucket in order.
    #[must_use = "it only reads"]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Option<f64>> + ExactSizeIterator + '_ {
        self.value.iter().zip(&self.known).map(|(value, known)| known.then_some(*value))
    }

    /// Number of buckets.
    #[must_use]
    pub fn len(&self) -> usize {
        self.value.len()
    }

    /// Whether it has no buckets at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.value.is_empty()
    }

    /// Whether it tells anything that can be calculated with: known values that differ by more than rounding does, and are
    /// of an order that sums of their squares do not overflow.
    #[must_use]
    pub fn tells(&self) -> bool {
        let ends = (f64::INFINITY, f64::NEG_INFINITY);
        let (low, high) = self.iter().flatten().fold(ends, |(low, high), y| (low.min(y), high.max(y)));
        let greatest = low.abs().max(high.abs());
        greatest <= GREATEST && high - low > ROUNDING * greatest
    }

    /// Number of known buckets.
    #[must_use]
    pub fn count(&self) -> usize {
        self.known.iter().filter(|known| **known).count()
    }
}

/// The greatest value that is calculated with.
pub const GREATEST: f64 = 1e15;
/// What differs by less than this share of itself differs by rounding.
const ROUNDING: f64 = 1e-9;

/// A bucket with fewer than this share of the usual number of observations is not known.
const SHARE_MEAN: f64 = 0.25;
/// The same for totals, where a part missing is a number too small.
const SHARE_SUM: f64 = 0.5;

/// Puts one stream, as one or several sources recorded it, on the grid.
///
/// Values that are not finite and observations off the grid are passed over.
#[must_use]
pub fn resample(sources: &[Samples<'_>], grid: &Grid, how: How) -> Column {
    combined(sources.iter().map(|samples| gather(samples, grid)), grid, how)
}

/// One column of what every source gathered.
fn combined(mut parts: impl Iterator<Item = Gathered>, grid: &Grid, how: How) -> Column {
    match how {
        How::Mean => {
            let mut all = parts.next().unwrap_or_else(|| Gathered::empty(grid));
            for part in parts {
                all.add(&part);
            }
            let enough = all.usual() * SHARE_MEAN;
            let mean = |(sum, count): (&f64, &u32)| {
                (*count > 0 && f64::from(*count) >= enough).then(|| sum / f64::from(*count))
            };
            Column::from_options(all.sum.iter().zip(&all.count).map(mean))
        }
        How::Sum => {
            let mut most: Vec<Option<f64>> = vec![None; grid.len];
            for part in parts {
                for (best, own) in most.iter_mut().zip(part.totals(grid)) {
                    *best = match (*best, own) {
                        (Some(best), Some(own)) => Some(f64::max(best, own)),
                        (best, own) => best.or(own),
                    };
                }
            }
            Column::from_options(most)
        }
    }
}

/// Sum and count per bucket.
#[derive(Clone, Debug)]
struct Gathered {
    sum: Vec<f64>,
    count: Vec<u32>,
    zeros: bool,
}

fn gather(samples: &Samples<'_>, grid: &Grid) -> Gathered {
    let mut all = Gathered::empty(grid);
    for (start, value) in samples.start.iter().zip(samples.value) {
        if let Some(bucket) = grid.bucket(*start).filter(|_| value.is_finite()) {
            all.sum[bucket] += value;
            all.count[bucket] += 1;
            all.zeros |= *value == 0.0;
        }
    }
    all
}

impl Gathered {
    fn empty(grid: &Grid) -> Self {
        Self { sum: vec![0.0; grid.len], count: vec![0; grid.len], zeros: false }
    }

    fn add(&mut self, other: &Self) {
        for (own, theirs) in self.sum.iter_mut().zip(&other.sum) {
            *own += theirs;
        }
        for (own, theirs) in self.count.iter_mut().zip(&other.count) {
            *own += theirs;
        }
    }

    /// The median number of observations in buckets that have any.
    fn usual(&self) -> f64 {
        let mut counts: Vec<u32> = self.count.iter().copied().filter(|count| *count > 0).collect();
        if counts.is_empty() {
            return 0.0;
        }
        let middle = counts.len() / 2;
        f64::from(*counts.select_nth_unstable(middle).1)
    }

    fn totals(&self, grid: &Grid) -> Vec<Option<f64>> {
        if self.zeros {
            let enough = self.usual() * SHARE_SUM;
            let total = |(sum, count): (&f64, &u32)| (*count > 0 && f64::from(*count) >= enough).then_some(*sum);
            return self.sum.iter().zip(&self.count).map(total).collect();
        }
        // Silence means zero, on days on which the device spoke, between its first and its last word.
        let first = self.count.iter().position(|count| *count > 0);
        let last = self.count.iter().rposition(|count| *count > 0);
        let mut totals = vec![None; grid.len];
        let (Some(first), Some(last)) = (first, last) else { return totals };
        let per_day = grid.per_day();
        for day in (0..grid.len).step_by(per_day) {
            let buckets = day..(day + per_day).min(grid.len);
            if self.count[buckets.clone()].iter().any(|count| *count > 0) {
                for i in buckets.filter(|i| (first..=last).contains(i)) {
                    totals[i] = Some(self.sum[i]);
                }
            }
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn column(rows: &[(i64, f64)], how: How) -> Vec<Option<f64>> {
        let start: Vec<i64> = rows.iter().map(|row| row.0).collect();
        let value: Vec<f64> = rows.iter().map(|row| row.1).collect();
        let grid = Grid::over(0, 5 * HOUR, HOUR, 100).expect("a grid");
        resample(&[Samples { start: &start, value: &value }], &grid, how).iter().collect()
    }

    #[test]
    fn a_bucket_without_observations_is_unknown() {
        let rows = [(0, 60.0), (HOUR / 2, 70.0), (3 * HOUR, 80.0), (3 * HOUR + 1, f64::NAN)];
        assert_eq!(column(&rows, How::Mean), [Some(65.0), None, None, Some(80.0), None, None]);
    }

    #[test]
    fn silence_of_a_counter_that_writes_zeros_is_not_zero() {
        let rows: Vec<(i64, f64)> = (0..60).map(|minute| (minute * 60_000, 0.0)).chain([(4 * HOUR, 9.0)]).collect();
        // One minute of sixty is too little for an hour's total.
        assert_eq!(column(&rows, How::Sum), [Some(0.0), None, None, None, None, None]);
    }

    #[test]
    fn silence_of_a_counter_that_never_writes_zeros_is_zero_between_its_words() {
        let rows = [(HOUR, 100.0), (4 * HOUR, 9.0)];
        assert_eq!(column(&rows, How::Sum), [None, Some(100.0), Some(0.0), Some(0.0), Some(9.0), None]);
    }

    #[test]
    fn two_counters_of_the_same_steps_are_not_added_up() {
        let grid = Grid::over(0, HOUR, HOUR, 10).expect("a grid");
        let phone = Samples { start: &[0, HOUR], value: &[80.0, 50.0] };
        let watch = Samples { start: &[0, HOUR], value: &[100.0, 20.0] };
        let both = resample(&[phone, watch], &grid, How::Sum);
        assert_eq!(both.iter().collect::<Vec<_>>(), [Some(100.0), Some(50.0)]);
    }

    #[test]
    fn senseless_grids_are_refused() {
        assert_eq!(Grid::over(0, 10, 0, 10), None);
        assert_eq!(Grid::over(10, 0, 5, 10), None);
        assert_eq!(Grid::over(0, i64::MAX, 1, 10), None);
        assert_eq!(Grid::over(i64::MIN, i64::MAX, HOUR, 10), None);
    }
}
