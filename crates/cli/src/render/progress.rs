//! Progress of long work, on a terminal only, and only once it has taken more than a moment.

use super::table::plain;
use super::{faint, number};
use crate::interrupt;
use didymos_twin::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(1);

/// Shows how far the work is, and passes on that the owner wants it to stop.
pub(crate) struct Meter {
    begun: Instant,
    visible: bool,
    /// And whether it was drawn for work whose whole is known.
    bar: Option<(ProgressBar, bool)>,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), visible: std::io::stderr().is_terminal(), bar: None }
    }

    /// Takes news from the work; `Break` means that the owner wants it to stop.
    pub(crate) fn show(&mut self, progress: &Progress) -> ControlFlow<()> {
        if interrupt::is_asked() {
            return ControlFlow::Break(());
        }
        if self.visible && self.begun.elapsed() > PATIENCE {
            self.draw(progress);
        }
        ControlFlow::Continue(())
    }

    /// Removes the bar.
    pub(crate) fn finish(&mut self) {
        if let Some((bar, _)) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn draw(&mut self, progress: &Progress) {
        let known = progress.of > 0;
        if self.bar.as_ref().is_none_or(|(_, drawn)| *drawn != known) {
            self.finish();
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
            let template = if known { "{bar:28.cyan} {wide_msg}" } else { "{spinner:.cyan} {wide_msg}" };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("━╸─"));
            }
            self.bar = Some((bar, known));
        }
        if let Some((bar, _)) = &self.bar {
            if known {
                bar.set_length(progress.of);
            }
            bar.set_position(progress.done);
            bar.set_message(words(progress, self.begun.elapsed().as_secs_f64()));
        }
    }
}

/// How much, how fast, how long yet, and what. The rate is that of all the work, since what went on before the bar
/// was drawn counts too.
fn words(progress: &Progress, seconds: f64) -> String {
    let Progress { doing, unit, done, of } = progress;
    let amount = |number: u64| {
        if unit == "bytes" { number::bytes(number) } else { format!("{} {}", number::count(number), plain(unit)) }
    };
    let rate = *done as f64 / seconds.max(0.001);
    let mut text = amount(*done);
    if *of > 0 {
        text.push_str(&format!(" of {}", amount(*of)));
    }
    text.push_str(&format!(", {} a second", amount(rate as u64)));
    if *of > *done && rate > 0.0 {
        let left = ((*of - *done) as f64 / rate).ceil();
        let left = if left < 10.0 { format!("{left:.0} s") } else { number::seconds(left) };
        text.push_str(&format!(", {left} left"));
    }
    format!("{text}  {}", faint(&plain(doing)))
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.finish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_and_time_left_are_of_all_the_work() {
        let progress = |unit: &str, of| Progress { doing: "importing".into(), unit: unit.into(), done: 40_000_000, of };
        assert_eq!(
            words(&progress("bytes", 100_000_000), 2.0),
            "40.0 MB of 100 MB, 20.0 MB a second, 3 s left  importing"
        );
        assert_eq!(words(&progress("objects", 0), 2.0), "40,000,000 objects, 20,000,000 objects a second  importing");
    }
}
