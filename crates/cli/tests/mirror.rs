//! Forecasts and the graph as typed.

mod typed;

use typed::{Desk, GLUCOSE, sample};

#[test]
fn a_forecast_is_drawn_for_a_person_and_told_to_a_program() {
    let desk = Desk::with_twin();
    desk.twin(&["import", &sample(GLUCOSE)]).ok();
    let ask = ["forecast", "glucose", "--horizon", "3h", "--every", "1h"];
    let drawn = desk.twin(&[&ask[..], &["--backtest"]].concat()).ok();
    for part in ["Glucose", "━", "░", "nine of ten times from", "checked windows", "mean absolute scaled error"] {
        assert!(drawn.out.contains(part), "{part} is missing in\n{}", drawn.out);
    }
    let told = desk.twin(&[&ask[..], &["--backtest", "--json"]].concat()).ok();
    let json: serde_json::Value = serde_json::from_str(&told.out).expect("JSON");
    let points = json["points"].as_array().expect("points");
    assert_eq!(points.len(), 3);
    for point in points {
        let at = |name: &str| point[name].as_f64().expect("a number");
        assert!(at("q05") <= at("q50") && at("q50") <= at("q95") && point["time"].is_string());
    }
    for name in ["skill_vs_naive", "coverage_90", "mase"] {
        assert!(json[name].as_f64().is_some_and(f64::is_finite), "{name}");
    }
    assert!(json["windows"].as_u64().is_some_and(|windows| windows >= 10) && json["model"].is_string());
}

#[test]
fn what_cannot_be_forecast_or_drawn_says_what_is_missing() {
    let desk = Desk::with_twin();
    desk.twin(&["graph"]).exits(5).complains_of(&["import something first"]);
    desk.twin(&["import", &sample(GLUCOSE)]).ok();
    desk.twin(&["forecast", "glucos"]).exits(5).complains_of(&["did you mean glucose?"]);
    desk.twin(&["forecast", "glucose", "--horizon", "2w"]).exits(2).complains_of(&["too few", "more time must pass"]);
    desk.twin(&["forecast", "glucose", "--horizon", "soon"]).exits(2).complains_of(&["1h"]);
    desk.twin(&["forecast", "glucose", "--horizon", "5h", "--every", "7m"]).exits(2).complains_of(&["a part of a day"]);
    desk.twin(&["graph"]).exits(2).complains_of(&["14 days"]);
}
