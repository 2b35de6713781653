//! Days of the owner: which are alike, which are unlike the others, what hours that nobody measured would have been, and
//! the state of the person hour by hour. For each of these the method answers that did best on days kept from it.

use super::mirror_learn::{Life, Pictured, day_of, learnt, with_diary};
use crate::Twin;
use crate::door::{Failure, FailureCode, Watch};
use crate::request::Days;
use crate::response::{DayAlike, DayStream, DayUnusual, DaysAnswer, HourFilled, MethodFigure, Refused, TaskVerdict};
use didymos_base::time::wall_text;
use didymos_mirror::body::Refusal;
use didymos_mirror::gnn::{Method, Portrait, Task, Verdict};

const COUNT: std::ops::RangeInclusive<u32> = 1..=100;

/// How methods are called.
fn method(method: Method) -> &'static str {
    match method {
        Method::GraphNetwork => "graph_network",
        Method::PrincipalComponents => "principal_components",
        Method::SeasonalMean => "seasonal_mean",
    }
}

fn in_words(method: Method) -> &'static str {
    match method {
        Method::GraphNetwork => "the graph network",
        Method::PrincipalComponents => "principal components of days",
        Method::SeasonalMean => "means of the time of day",
    }
}

fn told(verdict: &Verdict) -> TaskVerdict {
    let (task, what) = match verdict.task {
        Task::Imputation => ("imputation", "hidden hours"),
        Task::SimilarDays => ("similar_days", "second halves of days, told from the days most like their first"),
        Task::Anomaly => ("anomaly", "days tampered with, told from the same days as they were"),
    };
    let own = verdict.figures.iter().find(|(of, _)| *of == verdict.best).map_or(0.0, |(_, figure)| *figure);
    let rest = verdict.figures.iter().filter(|(of, _)| *of != verdict.best);
    let more = verdict.task == Task::Anomaly;
    let next = rest.min_by(|a, b| if more { b.1.total_cmp(&a.1) } else { a.1.total_cmp(&b.1) });
    let better_by = next.filter(|next| next.1 > 0.0).map_or(0.0, |next| (own / next.1 - 1.0).abs());
    let says = match next {
        Some((other, _)) if verdict.judged > 0 => format!(
            "{what}: {} did best, {:.0} % better than {} (judged on {})",
            in_words(verdict.best),
            better_by * 100.0,
            in_words(*other),
            verdict.judged
        ),
        _ => format!("{what}: nothing could be judged, so {} answers", in_words(verdict.best)),
    };
    TaskVerdict {
        task: task.to_owned(),
        figures: verdict
            .figures
            .iter()
            .map(|(of, figure)| MethodFigure { method: method(*of).to_owned(), figure: *figure })
            .collect(),
        best: method(verdict.best).to_owned(),
        better_by,
        judged: verdict.judged as u64,
        says,
    }
}

pub(crate) fn answer(twin: &Twin, asked: &Days, watch: Watch<'_>) -> Result<DaysAnswer, Failure> {
    if let Days::Like { count, .. } | Days::Unusual { count } = asked
        && !COUNT.contains(count)
    {
        return Err(Failure::new(FailureCode::Invalid, "ask for 1 to 100 days"));
    }
    let life = Life::of(twin, watch)?;
    let (from, to) = life.dates();
    let streams = life.hours.iter();
    let streams = streams.map(|stream| DayStream { name: stream.name.clone(), unit: stream.unit.clone() }).collect();
    let mut answer = DaysAnswer { from, to, streams, ..DaysAnswer::default() };
    let portrait = match learnt::<Pictured>(twin, &life, watch)? {
        Ok(portrait) => portrait,
        Err(because) => {
            let missing =
                vec!["14 days of a stream that is measured hour by hour, such as heart rate or steps".to_owned()];
            answer.refused = Some(Refused { because, missing });
            answer.streams.clear();
            return Ok(answer);
        }
    };
    answer.verdicts = portrait.verdicts().iter().map(told).collect();
    for (stream, reason) in &portrait.usable().left_out {
        if let Some(stream) = life.hours.get(*stream) {
            answer.notes.push(format!("`{}` is left out: {reason}", stream.name));
        }
    }
    match asked {
        Days::Like { date, count } => like(&life, &portrait, date.as_deref(), *count as usize, &mut answer)?,
        Days::Unusual { count } => unusual(&life, &portrait, *count as usize, &mut answer)?,
        Days::Filled { date } => filled(&life, &portrait, date.as_deref(), &mut answer)?,
        Days::State { date } => state(&life, &portrait, date.as_deref(), &mut answer)?,
    }
    Ok(answer)
}

fn cannot(refusal: &Refusal) -> Failure {
    Failure::new(FailureCode::Invalid, refusal.to_string())
}

/// The days of the life on which anything is known.
fn known(life: &Life, day: usize) -> bool {
    let hours = day * 24..((day + 1) * 24).min(life.grid.len);
    life.hours.iter().any(|stream| hours.clone().any(|t| stream.column.get(t).is_some()))
}

/// The day that is meant: a date, or the last day of which anything is known.
fn meant(life: &Life, date: Option<&str>) -> Result<usize, Failure> {
    let days = life.grid.len.div_ceil(24);
    let Some(date) = date else {
        let last = (0..days).rfind(|day| known(life, *day));
        return last.ok_or_else(|| Failure::new(FailureCode::NotFound, "no day is known by the hour"));
    };
    let day = life.number(day_of(date)?);
    day.filter(|day| known(life, *day)).ok_or_else(|| {
        let message = format!(
            "nothing of {date} is known by the hour: what there is lies between {} and {}",
            life.date(0),
            life.date(days.saturating_sub(1))
        );
        Failure::new(FailureCode::NotFound, message)
    })
}

fn means(life: &Life, day: usize) -> Vec<Option<f64>> {
    let mean = |column: &didymos_mirror::features::Column| {
        let known = (day * 24..((day + 1) * 24).min(life.grid.len)).filter_map(|t| column.get(t));
        let (sum, count) = known.fold((0.0, 0.0), |all, x| (all.0 + x, all.1 + 1.0));
        (count > 0.0).then(|| sum / count)
    };
    life.hours.iter().map(|stream| mean(&stream.column)).collect()
}

fn like(
    life: &Life,
    portrait: &Portrait,
    date: Option<&str>,
    count: usize,
    answer: &mut DaysAnswer,
) -> Result<(), Failure> {
    let day = meant(life, date)?;
    answer.date = Some(life.date(day));
    let found = with_diary(life, (0, life.grid.len), |diary| portrait.similar(diary, day, count));
    answer.like.push(DayAlike { date: life.date(day), distance: 0.0, means: means(life, day) });
    for other in found.map_err(|refusal| cannot(&refusal))? {
        let told = DayAlike { date: life.date(other.day), distance: other.distance, means: means(life, other.day) };
        answer.like.push(told);
    }
    Ok(())
}

fn unusual(life: &Life, portrait: &Portrait, count: usize, answer: &mut DaysAnswer) -> Result<(), Failure> {
    let found = with_diary(life, (0, life.grid.len), |diary| portrait.unusual(diary));
    let mut found = found.map_err(|refusal| cannot(&refusal))?;
    // A day that is not over is unlike the others because of that.
    let over = life.grid.len / 24;
    found.retain(|day| day.day < over);
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.day.cmp(&a.day)));
    let verdict = answer.verdicts.iter().find(|verdict| verdict.task == "anomaly");
    let figure = verdict.and_then(|verdict| verdict.figures.iter().find(|of| of.method == verdict.best));
    if figure.is_none_or(|figure| figure.figure < 0.6) {
        answer.notes.push(
            "your days differ more from each other than from what was done to them in the test: being unusual says little"
                .to_owned(),
        );
    }
    let told = |day: &didymos_mirror::gnn::Unusual| DayUnusual {
        date: life.date(day.day),
        score: day.score,
        above: day.above,
        stream: life.hours.get(day.stream).map(|stream| stream.name.clone()).unwrap_or_default(),
    };
    answer.unusual = found.iter().take(count).map(told).collect();
    Ok(())
}

fn filled(life: &Life, portrait: &Portrait, date: Option<&str>, answer: &mut DaysAnswer) -> Result<(), Failure> {
    let asked = date.map(|date| meant(life, Some(date))).transpose()?;
    let all = with_diary(life, (0, life.grid.len), |diary| portrait.fill(diary)).map_err(|refusal| cannot(&refusal))?;
    let Some(day) = asked.or_else(|| all.iter().map(|hour| hour.bucket / 24).max()) else {
        answer.notes.push("every hour was measured".to_owned());
        return Ok(());
    };
    answer.date = Some(life.date(day));
    answer.notes.push("these hours were not measured; what is told here is kept nowhere".to_owned());
    for hour in all.iter().filter(|hour| hour.bucket / 24 == day) {
        let Some(stream) = life.hours.get(hour.stream) else { continue };
        answer.filled.push(HourFilled {
            stream: stream.name.clone(),
            time: wall_text(life.grid.time(hour.bucket)),
            value: hour.value,
            low: hour.low,
            high: hour.high,
        });
    }
    Ok(())
}

fn state(life: &Life, portrait: &Portrait, date: Option<&str>, answer: &mut DaysAnswer) -> Result<(), Failure> {
    let day = meant(life, date)?;
    answer.date = Some(life.date(day));
    // The network hears two weeks around a day; more would be told for nothing.
    let (from, to) = (day.saturating_sub(28) * 24, ((day + 29) * 24).min(life.grid.len));
    let hours = with_diary(life, (from, to), |diary| portrait.hours(diary)).map_err(|refusal| cannot(&refusal))?;
    let at = day * 24 - from;
    answer.states = hours.into_iter().skip(at).take(24).collect();
    Ok(())
}
