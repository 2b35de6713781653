//! A forecast as a fan: the past, the median, and the band around it.

use super::table::plain;
use super::{faint, good, heading, notable, number, words};
use didymos_base::streams as known_streams;
use didymos_twin::response::{ForecastAnswer, ForecastPoint};

/// Lines of the picture.
const ROWS: usize = 12;
/// Columns beside the picture, for numbers.
const MARGIN: usize = 10;
/// Columns of one step at most.
const WIDEST: usize = 3;

/// The answer for a person.
pub(crate) fn render(answer: &ForecastAnswer, backtest: bool, width: usize) -> String {
    let label = known_streams::label(answer.stream.as_str());
    let unit = plain(&words::unit(&answer.unit));
    let shown = if unit.is_empty() { String::new() } else { format!("  {unit}") };
    let mut text = format!("{}{shown}  per {}\n\n", heading(&label), answer.every);
    text.push_str(&picture(answer, width));
    if let (Some(first), Some(last)) = (answer.points.first(), answer.points.last()) {
        text.push_str(&format!("\n{}\n{}\n", said(first, &unit), said(last, &unit)));
    }
    text.push_str(&format!("\nBy {}\n", answer.model));
    if !answer.learnt_from.is_empty() {
        text.push_str(&faint(&format!("learnt also from {}\n", answer.learnt_from.join(", "))));
    }
    text.push_str(&if backtest { score(answer) } else { short_score(answer) });
    text
}

fn said(point: &ForecastPoint, unit: &str) -> String {
    let [low, middle, high] = [point.q05, point.q50, point.q95].map(number::value);
    let middle = format!("{middle} {unit}");
    format!("{}  {}, nine of ten times from {low} to {high}", point.time.replace('T', " "), middle.trim_end())
}

fn short_score(answer: &ForecastAnswer) -> String {
    let better = answer.skill_vs_naive * 100.0;
    let than = format!(
        "{:.0} % {} than repeating the last season",
        better.abs(),
        if better >= 0.0 { "better" } else { "worse" }
    );
    let than = if better > 0.0 { good(&than) } else { notable(&than) };
    format!(
        "Over {} checked windows {than}; the band held {:.0} %\n",
        number::count(answer.windows),
        answer.coverage_90 * 100.0
    )
}

fn score(answer: &ForecastAnswer) -> String {
    let mut text = short_score(answer);
    for (name, value) in [
        ("mean absolute error", number::value(answer.mae)),
        ("root mean squared error", number::value(answer.rmse)),
        ("mean absolute scaled error", number::value(answer.mase)),
    ] {
        text.push_str(&format!("  {name:<28}{value}\n"));
    }
    text
}

/// The past as dots, the median as a line, the band as shade; one column or more per step.
fn picture(answer: &ForecastAnswer, width: usize) -> String {
    let room = width.saturating_sub(MARGIN + 1).max(16);
    let ahead = answer.points.len();
    // Two parts of three are future, as long as they fit.
    let per_step = (room * 2 / 3 / ahead.max(1)).clamp(1, WIDEST);
    let shown = ahead.min(room * 2 / 3 / per_step);
    let past = answer.recent.len().min((room - shown * per_step) / per_step);
    let past = &answer.recent[answer.recent.len() - past..];
    let points = &answer.points[..shown];
    let values = past.iter().flatten().copied().chain(points.iter().flat_map(|point| [point.q05, point.q95]));
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
    if low >= high || !low.is_finite() || !high.is_finite() {
        return String::new();
    }
    let row = |y: f64| (((y - low) / (high - low) * (ROWS - 1) as f64).round() as usize).min(ROWS - 1);
    let mut text = String::new();
    for line in (0..ROWS).rev() {
        let at = low + (high - low) * line as f64 / (ROWS - 1) as f64;
        let mark = if line % 3 == 2 || line == 0 { number::value(at) } else { String::new() };
        text.push_str(&format!("{mark:>width$} ", width = MARGIN - 1));
        for y in past {
            text.push_str(&(if y.map(row) == Some(line) { "•" } else { " " }).repeat(per_step));
        }
        text.push('│');
        for point in points {
            let shade = match line {
                _ if row(point.q50) == line => "━",
                _ if (row(point.q05)..=row(point.q95)).contains(&line) => "░",
                _ => " ",
            };
            text.push_str(&shade.repeat(per_step));
        }
        text.push('\n');
    }
    let now = format!("{}└ {}", " ".repeat(MARGIN + past.len() * per_step), answer.from.replace('T', " "));
    text.push_str(&faint(&now));
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(points: usize) -> ForecastAnswer {
        let point = |i: usize| ForecastPoint {
            time: format!("2024-05-01T{:02}:00:00", i % 24),
            q05: 50.0 - i as f64,
            q50: 60.0,
            q95: 70.0 + i as f64,
            mean: 60.0,
        };
        ForecastAnswer {
            stream: "heart_rate".parse().expect("a stream"),
            unit: "/min".into(),
            every: "1h".into(),
            model: "seasonal mean".into(),
            parts: Vec::new(),
            learnt_from: Vec::new(),
            from: "2024-04-30T23:00:00".into(),
            points: (0..points).map(point).collect(),
            recent: vec![Some(55.0), None, Some(65.0)],
            skill_vs_naive: 0.25,
            coverage_90: 0.9,
            mase: 0.7,
            mae: 4.0,
            rmse: 5.0,
            windows: 120,
            notes: Vec::new(),
        }
    }

    #[test]
    fn the_fan_opens_to_the_right_and_fits_the_terminal() {
        for (points, width) in [(24, 80), (48, 40), (500, 60), (1, 200)] {
            let text = picture(&answer(points), width);
            assert!(
                text.lines().all(|line| console::measure_text_width(line) <= width.max(40)),
                "{points} in {width}\n{text}"
            );
            assert!(text.contains('━') && text.contains('•') && text.contains('░'), "{text}");
        }
    }

    #[test]
    fn what_is_flat_or_empty_is_not_drawn() {
        let mut flat = answer(0);
        flat.recent = vec![Some(1.0)];
        assert_eq!(picture(&flat, 80), "");
        assert!(render(&answer(3), true, 80).contains("25 % better"));
    }
}
