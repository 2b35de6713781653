//! The answer to a query: a table with a picture in it, or CSV.

use super::table::{Side, Table, plain};
use super::{bar, faint, heading, number, spark, streams, words};
use didymos_base::time::DAY_MS;
use didymos_base::{Kind, streams as known_streams};
use didymos_twin::response::{Bucket, QueryAnswer};
use std::collections::BTreeSet;

/// A statistic of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Stat {
    Mean,
    Min,
    Max,
    Sum,
    Count,
}

impl Stat {
    /// Its name, as in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Min => "min",
            Self::Max => "max",
            Self::Sum => "sum",
            Self::Count => "count",
        }
    }

    fn of(self, bucket: &Bucket) -> Option<f64> {
        match self {
            Self::Mean => bucket.mean,
            Self::Min => bucket.min,
            Self::Max => bucket.max,
            Self::Sum => bucket.sum,
            Self::Count => Some(bucket.count as f64),
        }
    }

    /// What says most about values of this kind.
    pub(crate) fn usual(kind: Kind) -> &'static [Self] {
        match kind {
            Kind::Reading => &[Self::Mean, Self::Min, Self::Max],
            Kind::Total => &[Self::Sum],
            Kind::Category | Kind::Text | Kind::Position | Kind::Event => &[Self::Count],
        }
    }
}

/// The picture beside a row.
const PICTURE: usize = 28;
/// The picture above all rows.
const OVERVIEW: usize = 72;

/// The answer for a person.
pub(crate) fn render(answer: &QueryAnswer, stats: &[Stat], every_ms: Option<i64>, width: usize) -> String {
    let label = known_streams::label(answer.stream.as_str());
    let mut title = heading(&label);
    for part in [words::unit(&answer.unit), answer.every.as_ref().map_or(String::new(), |every| format!("per {every}"))]
    {
        if !part.is_empty() {
            title.push_str(&format!("  {}", plain(&part)));
        }
    }
    let body = match (&answer.buckets, &answer.points) {
        (Some(buckets), _) => buckets_text(answer, buckets, stats, every_ms, width),
        (None, Some(_)) => points_text(answer, width),
        (None, None) => String::new(),
    };
    if body.is_empty() {
        return format!("{title}\nnothing in this time; `twin streams` shows from when to when there is something\n");
    }
    format!("{title}\n{body}")
}

fn buckets_text(
    answer: &QueryAnswer,
    buckets: &[Bucket],
    stats: &[Stat],
    every_ms: Option<i64>,
    width: usize,
) -> String {
    if buckets.is_empty() {
        return String::new();
    }
    let day = every_ms.is_some_and(|ms| ms % DAY_MS == 0);
    let labels: BTreeSet<&str> =
        buckets.iter().filter_map(|b| b.minutes.as_ref()).flat_map(|m| m.keys().map(String::as_str)).collect();
    let scale = scale_of(answer.kind, buckets);
    let has_picture = answer.kind.is_number();

    let mut titles: Vec<(String, Side)> = vec![("time".into(), Side::Left)];
    titles.extend(stats.iter().map(|stat| (stat.name().to_owned(), Side::Right)));
    titles.extend(labels.iter().map(|label| (format!("{} min", plain(label)), Side::Right)));
    if has_picture {
        titles.push((format!("{} … {}", number::value(scale.0), number::value(scale.1)), Side::Left));
    }
    let mut table = Table::new(titles.iter().map(|(title, side)| (title.as_str(), *side)));
    for bucket in buckets {
        let mut cells = vec![words::bucket_time(&bucket.time, day)];
        cells.extend(stats.iter().map(|stat| stat.of(bucket).map_or_else(|| "–".to_owned(), number::value)));
        cells.extend(labels.iter().map(|label| {
            let minutes = bucket.minutes.as_ref().and_then(|minutes| minutes.get(*label));
            minutes.map_or_else(String::new, |minutes| number::value(*minutes))
        }));
        if has_picture {
            cells.push(picture(answer.kind, bucket, scale));
        }
        table.row(cells);
    }
    let mut text = String::new();
    let series: Vec<_> = buckets.iter().map(|bucket| streams::shown_value(answer.kind, bucket)).collect();
    if has_picture && series.len() > 2 {
        text.push_str(&spark::spark(&spark::squeezed(&series, OVERVIEW.min(width))));
        text.push_str("\n\n");
    }
    text.push_str(&table.render(width));
    text
}

fn scale_of(kind: Kind, buckets: &[Bucket]) -> (f64, f64) {
    let fold = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
    };
    if kind == Kind::Total {
        let (low, high) = fold(&mut buckets.iter().filter_map(|bucket| bucket.sum));
        return (low.min(0.0), high);
    }
    fold(&mut buckets.iter().flat_map(|bucket| [bucket.min, bucket.max]).flatten())
}

fn picture(kind: Kind, bucket: &Bucket, scale: (f64, f64)) -> String {
    match (kind, bucket.sum, bucket.min, bucket.mean, bucket.max) {
        (Kind::Total, Some(sum), ..) if scale.1 > scale.0 => {
            bar::length((sum - scale.0) / (scale.1 - scale.0), PICTURE)
        }
        (Kind::Reading, _, Some(min), Some(mean), Some(max)) => bar::range(min, mean, max, scale, PICTURE),
        _ => String::new(),
    }
}

fn points_text(answer: &QueryAnswer, width: usize) -> String {
    let points = answer.points.as_deref().unwrap_or_default();
    if points.is_empty() {
        return String::new();
    }
    let sources = answer.sources.as_deref().unwrap_or_default();
    let has_end = points.iter().any(|point| point.end.is_some());
    let mut titles = vec![("time", Side::Left)];
    if has_end {
        titles.push(("to", Side::Left));
    }
    let side = if answer.kind.is_number() { Side::Right } else { Side::Left };
    titles.extend([("value", side), ("source", Side::Left)]);
    let mut table = Table::new(titles);
    for point in points {
        let mut cells = vec![words::time(&point.time)];
        if has_end {
            cells.push(point.end.as_deref().map_or_else(String::new, words::time));
        }
        cells.push(words::json_value(&point.value));
        cells.push(sources.get(point.source as usize).cloned().unwrap_or_default());
        table.row(cells);
    }
    table.render(width)
}

/// The answer as CSV, with a line of headings.
pub(crate) fn csv(answer: &QueryAnswer, stats: &[Stat]) -> Result<Vec<u8>, csv::Error> {
    let mut out = csv::Writer::from_writer(Vec::new());
    if let Some(buckets) = &answer.buckets {
        let labels: BTreeSet<&str> =
            buckets.iter().filter_map(|b| b.minutes.as_ref()).flat_map(|m| m.keys().map(String::as_str)).collect();
        let titles = ["time"].into_iter().chain(stats.iter().map(|stat| stat.name())).map(str::to_owned);
        out.write_record(titles.chain(labels.iter().map(|label| format!("minutes_{label}"))))?;
        for bucket in buckets {
            let exact = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
            let minutes = |label: &&str| exact(bucket.minutes.as_ref().and_then(|m| m.get(*label)).copied());
            let cells = std::iter::once(bucket.time.clone())
                .chain(stats.iter().map(|stat| exact(stat.of(bucket))))
                .chain(labels.iter().map(minutes));
            out.write_record(cells)?;
        }
    } else {
        let sources = answer.sources.as_deref().unwrap_or_default();
        out.write_record(["time", "end", "value", "source"])?;
        for point in answer.points.iter().flatten() {
            let value = match &point.value {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let source = sources.get(point.source as usize).map_or("", String::as_str);
            out.write_record([point.time.as_str(), point.end.as_deref().unwrap_or(""), &value, source])?;
        }
    }
    out.into_inner().map_err(|error| error.into_error().into())
}

/// That there would have been more.
pub(crate) fn more(rows: u32) -> String {
    faint(&format!(
        "the first {} rows; there are more: narrow --from and --to, or raise --limit",
        number::count(rows.into())
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(kind: Kind, unit: &str) -> QueryAnswer {
        QueryAnswer {
            stream: "steps".parse().expect("a name"),
            unit: unit.into(),
            kind,
            every: Some("1d".into()),
            buckets: None,
            points: None,
            sources: None,
            more: false,
            notes: Vec::new(),
        }
    }

    fn bucket(time: &str, sum: f64) -> Bucket {
        Bucket {
            time: time.into(),
            count: 2,
            mean: Some(sum / 2.0),
            min: Some(0.0),
            max: Some(sum),
            sum: Some(sum),
            minutes: None,
        }
    }

    #[test]
    fn sums_are_bars_and_csv_is_exact() {
        let buckets = vec![bucket("2024-05-01T00:00:00", 5_000.5), bucket("2024-05-02T00:00:00", 10_001.0)];
        let answer = QueryAnswer { buckets: Some(buckets), ..answer(Kind::Total, "{count}") };
        let text = render(&answer, &[Stat::Sum], Some(DAY_MS), 80);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "Steps  per 1d");
        assert_eq!(lines[1], "TIME           SUM  0 … 10,001");
        assert_eq!(lines[2], "2024-05-01    5000  ██████████████");
        assert_eq!(lines[3], format!("2024-05-02  10,001  {}", "█".repeat(28)));
        let csv = String::from_utf8(csv(&answer, &[Stat::Count, Stat::Sum]).expect("in memory")).expect("text");
        assert_eq!(csv, "time,count,sum\n2024-05-01T00:00:00,2,5000.5\n2024-05-02T00:00:00,2,10001\n");
    }

    #[test]
    fn labels_have_their_minutes() {
        let minutes = [("deep".to_owned(), 62.5), ("rem".to_owned(), 90.0)].into_iter().collect();
        let night = Bucket { minutes: Some(minutes), mean: None, ..bucket("2024-05-01T00:00:00", 1.0) };
        let answer = QueryAnswer { buckets: Some(vec![night]), ..answer(Kind::Category, "1") };
        let text = render(&answer, &[Stat::Count], Some(DAY_MS), 80);
        assert!(text.contains("TIME        COUNT  DEEP MIN  REM MIN"), "{text}");
        assert!(text.contains("2024-05-01      2      62.5       90"), "{text}");
    }
}
