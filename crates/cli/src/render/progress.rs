//! Progress of long work, on a terminal only, and only once it has taken more than a moment.

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
    bar: Option<(ProgressBar, String)>,
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
        let Progress { doing, unit, done, of } = progress;
        let kind = format!("{unit}{}", *of > 0);
        if self.bar.as_ref().is_none_or(|(_, drawn)| *drawn != kind) {
            self.finish();
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
            if let Ok(style) = ProgressStyle::with_template(template(unit, *of > 0)) {
                bar.set_style(style.progress_chars("━╸─"));
            }
            // Rate and time left are about all of the work, not about what came after the first second.
            self.bar = Some((bar.with_elapsed(self.begun.elapsed()), kind));
        }
        if let Some((bar, _)) = &self.bar {
            if *of > 0 {
                bar.set_length(*of);
            }
            bar.set_position(*done);
            bar.set_message(super::table::plain(doing));
        }
    }
}

fn template(unit: &str, known: bool) -> &'static str {
    match (unit, known) {
        ("bytes", true) => "{bar:28.cyan} {bytes}/{total_bytes} {bytes_per_sec} {eta} left  {wide_msg:.dim}",
        ("bytes", false) => "{spinner:.cyan} {bytes} {bytes_per_sec} {elapsed}  {wide_msg:.dim}",
        (_, true) => "{bar:28.cyan} {human_pos}/{human_len} {per_sec} {eta} left  {wide_msg:.dim}",
        (_, false) => "{spinner:.cyan} {human_pos} {per_sec} {elapsed}  {wide_msg:.dim}",
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.finish();
    }
}
