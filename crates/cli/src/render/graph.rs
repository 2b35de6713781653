//! The graph as a table of edges.

use super::table::{Side, Table, plain};
use super::{faint, heading, number};
use didymos_twin::response::GraphAnswer;

/// The answer for a person.
pub(crate) fn render(answer: &GraphAnswer, width: usize) -> String {
    let title = format!(
        "{}  {} nodes, {} edges from {} days\n",
        heading("What goes before what"),
        answer.nodes.len(),
        answer.edges.len(),
        number::count(answer.days)
    );
    if answer.edges.is_empty() {
        return format!("{title}nothing holds beyond chance yet; more days make more visible\n");
    }
    let mut table = Table::new([
        ("first", Side::Left),
        ("then", Side::Left),
        ("later", Side::Right),
        ("weight", Side::Right),
        ("p", Side::Right),
        ("days", Side::Right),
        ("stable", Side::Right),
    ]);
    for edge in &answer.edges {
        let chance = if edge.p < 1e-4 { "<0.0001".to_owned() } else { format!("{:.4}", edge.p) };
        table.row([
            plain(&edge.from),
            plain(&edge.to),
            edge.lag.clone(),
            format!("{:+.2}", edge.weight),
            chance,
            edge.days.to_string(),
            format!("{:.0} %", edge.stability * 100.0),
        ]);
    }
    let legend = format!(
        "weight: correlation beyond own past and daily rhythm; from the calendar the share of variance explained.\n\
         At most {:.0} % of the edges are expected to be false. An edge is an order in time; causes need an experiment.",
        answer.rate * 100.0
    );
    format!("{title}{}{}\n", table.render(width), faint(&legend))
}
