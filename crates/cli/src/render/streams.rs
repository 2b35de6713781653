//! The list of streams.

use super::table::{Side, Table, plain};
use super::{faint, number, spark, words};
use console::measure_text_width;
use didymos_base::time::DAY_MS;
use didymos_twin::Moment;
use didymos_twin::response::{Bucket, StreamInfo};

/// Days that a stream's line shows.
pub(crate) const DAYS: i64 = 60;
const SPARK_MIN: usize = 10;

/// One value per day of the last days of a stream, from its buckets of one day.
pub(crate) fn days(stream: &StreamInfo, buckets: &[Bucket]) -> Vec<Option<f64>> {
    let first = first_day(stream);
    let mut values = vec![None; DAYS as usize];
    for bucket in buckets {
        let Ok(moment) = bucket.time.parse::<Moment>() else { continue };
        let day = moment.wall().div_euclid(DAY_MS) - first;
        if let Some(place) = usize::try_from(day).ok().and_then(|day| values.get_mut(day)) {
            *place = shown_value(stream.kind, bucket);
        }
    }
    values
}

/// The first of the days shown, counted from 1970.
pub(crate) fn first_day(stream: &StreamInfo) -> i64 {
    stream.span.1.saturating_sub(1).max(stream.span.0).div_euclid(DAY_MS) - DAYS + 1
}

/// What a bucket is, in one number: readings have a mean, totals a sum, labels a duration, all else a count.
pub(crate) fn shown_value(kind: didymos_base::Kind, bucket: &Bucket) -> Option<f64> {
    use didymos_base::Kind;
    match kind {
        Kind::Reading => bucket.mean,
        Kind::Total => bucket.sum,
        Kind::Category => bucket.minutes.as_ref().map(|minutes| minutes.values().sum()),
        Kind::Text | Kind::Position | Kind::Event => Some(bucket.count as f64),
    }
}

/// The table. `series` holds each stream's [`days`].
pub(crate) fn render(streams: &[StreamInfo], series: &[Vec<Option<f64>>], width: usize) -> String {
    let widest = |cell: fn(&StreamInfo) -> String, title: &str| {
        streams.iter().map(|s| measure_text_width(&cell(s))).chain([title.len()]).max().unwrap_or(0)
    };
    let name = |s: &StreamInfo| s.id.to_string();
    let label = |s: &StreamInfo| plain(&s.label);
    let count = |s: &StreamInfo| number::count(s.count);
    let unit = |s: &StreamInfo| plain(&words::unit(&s.unit));
    let fixed = widest(name, "stream") + widest(count, "count") + widest(unit, "unit") + 2 * 10 + 5 * 2;
    let with_label = fixed + widest(label, "what it is") + 2 + DAYS as usize / 2 <= width;
    let room = width.saturating_sub(fixed + if with_label { widest(label, "what it is") + 2 } else { 0 });
    let columns = if room < SPARK_MIN { 0 } else { room.min(DAYS as usize) };

    let mut titles = vec![("stream", Side::Left)];
    if with_label {
        titles.push(("what it is", Side::Left));
    }
    titles.extend([("count", Side::Right), ("unit", Side::Left), ("from", Side::Left), ("to", Side::Left)]);
    if columns > 0 {
        titles.push(("last 60 days", Side::Left));
    }
    let mut table = Table::new(titles);
    for (stream, values) in streams.iter().zip(series) {
        let mut cells = vec![name(stream)];
        if with_label {
            cells.push(label(stream));
        }
        let last = stream.span.1.saturating_sub(1).max(stream.span.0);
        cells.extend([count(stream), unit(stream), words::date(stream.span.0), words::date(last)]);
        if columns > 0 {
            cells.push(spark::spark(&spark::squeezed(values, columns)));
        }
        table.row(cells);
    }
    let mut text = table.render(width);
    let observations: u64 = streams.iter().map(|stream| stream.count).sum();
    let sources: std::collections::BTreeSet<_> = streams.iter().flat_map(|stream| &stream.sources).collect();
    let summary = format!(
        "{}, {}, from {}",
        number::counted(streams.len() as u64, "stream"),
        number::counted(observations, "observation"),
        number::counted(sources.len() as u64, "source"),
    );
    text.push_str(&format!("\n{}\n", faint(&summary)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use didymos_base::Kind;

    fn heart_rate() -> StreamInfo {
        StreamInfo {
            id: "heart_rate".parse().expect("a name"),
            label: "Heart rate".into(),
            kind: Kind::Reading,
            unit: "/min".into(),
            code: None,
            count: 45_605,
            first: "2016-04-01T00:00:00".into(),
            last: "2016-05-11T21:42:00".into(),
            span: (1_459_468_800_000, 1_463_002_920_000),
            sources: vec!["Fitbit".into()],
        }
    }

    #[test]
    fn the_line_of_a_stream_ends_with_its_last_day() {
        let stream = heart_rate();
        let day = |time: &str, mean| Bucket {
            time: time.into(),
            count: 1,
            mean: Some(mean),
            min: None,
            max: None,
            sum: None,
            minutes: None,
        };
        let values = days(&stream, &[day("2016-05-10T00:00:00", 1.0), day("2016-05-11T00:00:00", 9.0)]);
        assert_eq!(values.len(), 60);
        assert_eq!(values[58..], [Some(1.0), Some(9.0)]);
        let text = render(std::slice::from_ref(&stream), std::slice::from_ref(&values), 140);
        assert!(text.contains("heart_rate  Heart rate  45,605  /min  2016-04-01  2016-05-11"), "{text}");
        assert!(text.contains("▁█\n"), "{text}");
        let narrow = render(&[stream], &[values], 60);
        assert!(narrow.lines().all(|line| measure_text_width(line) <= 60), "{narrow}");
    }
}
