//! How good the data are: which days are covered, how densely, and whether two devices say the same.
//!
//! Coverage counts days of the owner's wall clock. The sampling interval is the median distance between the starts of
//! neighbours of one source, kept in classes a twentieth of a power of two wide, so that ten years take no more memory
//! than a day. Agreement takes the mean of each source in each minute in which both measured (Bland and Altman 1986).

use crate::Twin;
use crate::capability::timeline::source_of;
use crate::capability::{imports, today::date_text};
use crate::door::Failure;
use crate::request::Quality;
use crate::response::{Agreement, Coverage, Gap, QualityAnswer, SourceQuality, StreamQuality};
use didymos_base::time::{DAY_MS, MINUTE_MS};
use didymos_base::{StreamId, Value, streams as table};
use didymos_vault::timeline::Range;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;

/// Classes of intervals per power of two.
const CLASSES: f64 = 20.0;
/// Sources whose agreement is compared, those with most data first: pairs grow with the square.
const COMPARED_MAX: usize = 8;

pub(crate) fn coverage(twin: &Twin, asked: &Quality) -> Result<QualityAnswer, Failure> {
    twin.vault.ensure_whole()?;
    let ids: Vec<StreamId> = if let Some(stream) = &asked.stream {
        vec![stream.clone()]
    } else {
        let index = twin.vault.index();
        index.streams.iter().filter(|stream| stream.count > 0).map(|stream| stream.stream.id.clone()).collect()
    };
    let duplicates = imports::duplicates_by_stream(twin)?;
    let mut streams = ids
        .iter()
        .map(|id| {
            let mut quality = of_stream(twin, id, asked.stream.is_some())?;
            quality.duplicates = duplicates.get(id.as_str()).copied().unwrap_or_default();
            Ok(quality)
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    let place = |id: &StreamId| table::STREAMS.iter().position(|line| line.id == id.as_str()).unwrap_or(usize::MAX);
    streams.sort_by(|a, b| (place(&a.stream), &a.stream).cmp(&(place(&b.stream), &b.stream)));
    Ok(QualityAnswer { streams })
}

/// What is gathered of one source while reading.
#[derive(Default)]
struct Gathered {
    count: u64,
    days: BTreeSet<i64>,
    previous: Option<i64>,
    /// Number of intervals and their sum in milliseconds, by class.
    intervals: BTreeMap<i32, (u64, i64)>,
}

impl Gathered {
    fn take(&mut self, start: i64, wall: i64) {
        self.count += 1;
        self.days.insert(wall.div_euclid(DAY_MS));
        if let Some(apart) = self.previous.map(|previous| start - previous)
            && (1..=DAY_MS).contains(&apart)
        {
            let class = self.intervals.entry(((apart as f64).log2() * CLASSES).round() as i32).or_default();
            *class = (class.0 + 1, class.1 + apart);
        }
        self.previous = Some(start);
    }

    fn coverage(&self) -> Coverage {
        let (Some(first), Some(last)) = (self.days.first(), self.days.last()) else { return Coverage::default() };
        let mut gaps = 0;
        let mut longest: Option<(i64, i64)> = None;
        let mut previous = *first;
        for day in &self.days {
            let days = day - previous - 1;
            if days > 0 {
                gaps += 1;
                if longest.is_none_or(|(from, to)| to - from < days - 1) {
                    longest = Some((previous + 1, day - 1));
                }
            }
            previous = *day;
        }
        Coverage {
            count: self.count,
            first: date_text(*first),
            last: date_text(*last),
            days: self.days.len() as u32,
            of: (last - first + 1) as u32,
            gaps,
            longest_gap: longest.map(|(from, to)| Gap {
                first: date_text(from),
                last: date_text(to),
                days: (to - from + 1) as u32,
            }),
            every_seconds: self.median_interval(),
        }
    }

    fn median_interval(&self) -> Option<f64> {
        let all: u64 = self.intervals.values().map(|(count, _)| count).sum();
        let mut below = 0;
        self.intervals.values().find_map(|(count, sum)| {
            below += count;
            // The mean of the class that holds the median, which is 3.5 % wide.
            (2 * below >= all).then(|| (*sum as f64 / *count as f64).round() / 1_000.0)
        })
    }
}

/// Differences of two sources.
#[derive(Default)]
struct Differences {
    n: u64,
    mean: f64,
    /// Sum of squared distances from the mean (Welford).
    squares: f64,
}

impl Differences {
    fn take(&mut self, difference: f64) {
        self.n += 1;
        let from_mean = difference - self.mean;
        self.mean += from_mean / self.n as f64;
        self.squares += from_mean * (difference - self.mean);
    }
}

/// One minute's sums by source, until the next minute begins.
struct Minute {
    at: i64,
    sums: BTreeMap<usize, (f64, u64)>,
}

fn of_stream(twin: &Twin, id: &StreamId, compare: bool) -> Result<StreamQuality, Failure> {
    let selection = twin.vault.select(id, Range::default(), None)?;
    let compare = compare && selection.stream.kind.is_number();
    let mut names: Vec<String> = Vec::new();
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut sources: Vec<Gathered> = Vec::new();
    let mut all = Gathered::default();
    let mut pairs: BTreeMap<(usize, usize), Differences> = BTreeMap::new();
    let mut minute = Minute { at: i64::MIN, sums: BTreeMap::new() };
    twin.vault.each(&selection, |found| {
        let source = places.get(found.source()).copied().unwrap_or_else(|| {
            let name = source_of(&found).summary();
            let place = names.iter().position(|known| *known == name).unwrap_or_else(|| {
                names.push(name);
                sources.push(Gathered::default());
                sources.len() - 1
            });
            places.insert(found.source().to_vec(), place);
            place
        });
        let (start, wall) = (found.start().0, found.start().wall(found.zone()));
        sources[source].take(start, wall);
        all.take(start, wall);
        if compare && let Value::Number(number) = found.chunk.front.value(selection.stream.kind, found.index) {
            let at = start.div_euclid(MINUTE_MS);
            if at != minute.at {
                settle(&minute, &mut pairs);
                minute.at = at;
                minute.sums.clear();
            }
            let sum = minute.sums.entry(source).or_default();
            (sum.0, sum.1) = (sum.0 + number, sum.1 + 1);
        }
        ControlFlow::Continue(())
    })?;
    settle(&minute, &mut pairs);
    let mut order: Vec<usize> = (0..sources.len()).collect();
    order.sort_by_key(|i| (std::cmp::Reverse(sources[*i].count), *i));
    let compared = &order[..order.len().min(COMPARED_MAX)];
    let label = table::label(id.as_str()).into_owned();
    Ok(StreamQuality {
        stream: id.clone(),
        label,
        unit: selection.stream.unit.clone(),
        coverage: all.coverage(),
        duplicates: 0,
        agreement: agreement(&pairs, &names, compared),
        sources: order
            .iter()
            .map(|i| SourceQuality { source: names[*i].clone(), coverage: sources[*i].coverage() })
            .collect(),
    })
}

fn settle(minute: &Minute, pairs: &mut BTreeMap<(usize, usize), Differences>) {
    for (a, (sum_a, n_a)) in &minute.sums {
        for (b, (sum_b, n_b)) in minute.sums.range(a + 1..).take(COMPARED_MAX) {
            pairs.entry((*a, *b)).or_default().take(sum_a / *n_a as f64 - sum_b / *n_b as f64);
        }
    }
}

fn agreement(pairs: &BTreeMap<(usize, usize), Differences>, names: &[String], compared: &[usize]) -> Vec<Agreement> {
    let told = pairs.iter().filter(|((a, b), found)| found.n >= 2 && compared.contains(a) && compared.contains(b));
    let mut told: Vec<Agreement> = told
        .map(|((a, b), found)| {
            let deviation = (found.squares / (found.n - 1) as f64).sqrt();
            Agreement {
                a: names[*a].clone(),
                b: names[*b].clone(),
                n: found.n,
                mean_difference: found.mean,
                lower: found.mean - 1.96 * deviation,
                upper: found.mean + 1.96 * deviation,
            }
        })
        .filter(|agreement| agreement.lower.is_finite() && agreement.upper.is_finite())
        .collect();
    told.sort_by_key(|agreement| std::cmp::Reverse(agreement.n));
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_and_intervals_are_counted() {
        let mut gathered = Gathered::default();
        for day in [0, 1, 5, 6, 8] {
            for minute in 0..10 {
                let at = day * DAY_MS + minute * MINUTE_MS;
                gathered.take(at, at);
            }
        }
        let coverage = gathered.coverage();
        assert_eq!((coverage.count, coverage.days, coverage.of, coverage.gaps), (50, 5, 9, 2));
        let gap = coverage.longest_gap.expect("a gap");
        assert_eq!((gap.first.as_str(), gap.last.as_str(), gap.days), ("1970-01-03", "1970-01-05", 3));
        assert_eq!(coverage.every_seconds, Some(60.0));
        assert_eq!(Gathered::default().coverage(), Coverage::default());
    }

    #[test]
    fn limits_of_agreement_are_those_of_the_textbook() {
        let mut differences = Differences::default();
        for difference in [2.0, -1.0, 0.0, 3.0, 1.0] {
            differences.take(difference);
        }
        let names = ["a".to_owned(), "b".to_owned()];
        let told = agreement(&BTreeMap::from([((0, 1), differences)]), &names, &[0, 1]);
        // mean 1, sample standard deviation sqrt(10 / 4)
        let deviation = 2.5f64.sqrt();
        assert!((told[0].mean_difference - 1.0).abs() < 1e-12);
        assert!((told[0].upper - (1.0 + 1.96 * deviation)).abs() < 1e-12);
        assert!((told[0].lower - (1.0 - 1.96 * deviation)).abs() < 1e-12);
    }
}
