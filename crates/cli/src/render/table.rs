//! Columns that line up, whatever alphabet is in them.

use console::{Alignment, measure_text_width, pad_str, style, truncate_str};

/// Where a column's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// Rows under headings.
pub(crate) struct Table {
    columns: Vec<(String, Side)>,
    rows: Vec<Vec<String>>,
}

const GAP: &str = "  ";
/// A column of words is not made narrower than this.
const NARROWEST: usize = 12;

impl Table {
    /// A table with these columns.
    pub(crate) fn new<'a>(columns: impl IntoIterator<Item = (&'a str, Side)>) -> Self {
        Self { columns: columns.into_iter().map(|(title, side)| (title.to_owned(), side)).collect(), rows: Vec::new() }
    }

    /// Adds a row: one text per column.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| on_one_line(&cell)).collect());
    }

    /// The text. Where lines would be longer than `width`, the widest words are cut, and never numbers while there is a choice.
    pub(crate) fn render(&self, width: usize) -> String {
        let mut widths: Vec<_> = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, (title, _))| {
                let cells = self.rows.iter().filter_map(|row| row.get(at)).map(|cell| measure_text_width(cell));
                cells.chain([measure_text_width(title)]).max().unwrap_or(0)
            })
            .collect();
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > width {
            let words = (0..widths.len()).filter(|at| self.columns[*at].1 == Side::Left && widths[*at] > NARROWEST);
            let Some(widest) = words.max_by_key(|at| widths[*at]) else { break };
            widths[widest] -= 1;
        }
        let mut text = String::new();
        if self.columns.iter().any(|(title, _)| !title.is_empty()) {
            let titles: Vec<_> = self.columns.iter().map(|(title, _)| title.to_uppercase()).collect();
            let line = self.line(&titles, &widths, width);
            text.push_str(&style(line).dim().to_string());
            text.push('\n');
        }
        for row in &self.rows {
            text.push_str(&self.line(row, &widths, width));
            text.push('\n');
        }
        text
    }

    fn line(&self, cells: &[String], widths: &[usize], width: usize) -> String {
        let mut line = String::new();
        for (at, ((_, side), cell)) in self.columns.iter().zip(cells).enumerate() {
            if at > 0 {
                line.push_str(GAP);
            }
            let alignment = if *side == Side::Left { Alignment::Left } else { Alignment::Right };
            line.push_str(&pad_str(cell, widths[at], alignment, Some("…")));
        }
        truncate_str(line.trim_end(), width, "…").into_owned()
    }
}

/// What comes from files may hold line breaks and terminal commands; neither belongs into a table.
fn on_one_line(cell: &str) -> String {
    let is_ours = cell.contains('\u{1b}') && console::colors_enabled();
    if is_ours { cell.to_owned() } else { plain(cell) }
}

/// Text from outside, made harmless for a terminal.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_long_lines_are_cut() {
        let mut table = Table::new([("what", Side::Left), ("count", Side::Right), ("from", Side::Left)]);
        table.row(["Zoë’s 心拍".to_owned(), "7".to_owned(), "a very long place\nindeed".to_owned()]);
        table.row(["b".to_owned(), "1,000".to_owned(), String::new()]);
        assert_eq!(
            table.render(34),
            "WHAT        COUNT  FROM\nZoë’s 心拍      7  a very long pl…\nb           1,000\n"
        );
    }

    #[test]
    fn the_widest_words_make_room_for_numbers() {
        let mut table = Table::new([("from", Side::Left), ("to", Side::Left), ("stable", Side::Right)]);
        table.row(["a name that is longer than all".to_owned(), "a short name".to_owned(), "100 %".to_owned()]);
        let text = table.render(40);
        assert!(text.lines().all(|line| measure_text_width(line) <= 40), "{text}");
        assert!(text.contains("100 %") && text.contains("a short name"), "{text}");
    }

    #[test]
    fn nothing_from_a_file_commands_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\r\n"), "a\u{fffd}[2Jb\u{fffd}\u{fffd}");
    }
}
