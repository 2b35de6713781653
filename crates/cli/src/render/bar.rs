//! Bars beside numbers: a length for sums, a range for readings.

const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// A bar of `share` (0 to 1) of `columns`, to an eighth of a column.
pub(crate) fn length(share: f64, columns: usize) -> String {
    let eighths = (share.clamp(0.0, 1.0) * columns as f64 * 8.0).round() as usize;
    let mut bar = "█".repeat(eighths / 8);
    if let Some(part) = (eighths % 8).checked_sub(1) {
        bar.push(EIGHTHS[part]);
    }
    bar
}

/// From the smallest to the largest with a mark at the mean, on a scale from `scale.0` to `scale.1`.
pub(crate) fn range(low: f64, mean: f64, high: f64, scale: (f64, f64), columns: usize) -> String {
    let width = scale.1 - scale.0;
    let place = |value: f64| {
        let share = if width > 0.0 { (value - scale.0) / width } else { 0.5 };
        (share.clamp(0.0, 1.0) * (columns.max(1) - 1) as f64).round() as usize
    };
    let (low, mean, high) = (place(low), place(mean), place(high));
    (0..=high)
        .map(|at| match at {
            at if at == mean => '●',
            at if (low..=high).contains(&at) => '─',
            _ => ' ',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_values() {
        assert_eq!(length(0.5, 4), "██");
        assert_eq!(length(0.53125, 4), "██▏");
        assert_eq!(length(7.0, 2), "██");
        assert_eq!(range(60.0, 80.0, 100.0, (40.0, 120.0), 9), "  ──●──");
        assert_eq!(range(5.0, 5.0, 5.0, (5.0, 5.0), 3), " ●");
    }
}
