//! A series in one line of text.

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One character per value, from the smallest to the largest; a gap where there is none.
pub(crate) fn spark(values: &[Option<f64>]) -> String {
    let known = || values.iter().flatten().copied().filter(|value| value.is_finite());
    let (low, high) = known().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    values
        .iter()
        .map(|value| match value {
            Some(value) if value.is_finite() => {
                let flat = if *value == 0.0 { 0.0 } else { 0.5 };
                let share = if high > low { (value - low) / (high - low) } else { flat };
                LEVELS[((share * 8.0) as usize).min(7)]
            }
            _ => ' ',
        })
        .collect()
}

/// Fewer values for a narrower place: each is the mean of those it stands for.
pub(crate) fn squeezed(values: &[Option<f64>], columns: usize) -> Vec<Option<f64>> {
    if values.len() <= columns || columns == 0 {
        return values.to_vec();
    }
    (0..columns)
        .map(|column| {
            let part = &values[column * values.len() / columns..(column + 1) * values.len() / columns];
            let known: Vec<_> = part.iter().flatten().copied().collect();
            (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_rises_and_falls_with_its_values() {
        assert_eq!(spark(&[Some(0.0), Some(7.0), None, Some(3.5)]), "▁█ ▅");
        assert_eq!(spark(&[Some(5.0), Some(5.0)]), "▅▅");
        assert_eq!(spark(&[Some(0.0), Some(0.0)]), "▁▁");
        assert_eq!(spark(&[None, Some(f64::NAN)]), "  ");
        assert_eq!(squeezed(&[Some(1.0), Some(3.0), None, None], 2), [Some(2.0), None]);
        assert_eq!(squeezed(&[Some(1.0)], 2), [Some(1.0)]);
    }
}
