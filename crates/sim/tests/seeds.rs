//! Some seeds. `cargo xtask sim` runs thousands.

use didymos_sim::{STEPS, run};

#[test]
fn whatever_happens_on_the_way_both_sides_agree_in_the_end() {
    for seed in 0..12 {
        if let Err(failed) = run(seed, STEPS) {
            panic!("{failed}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let traces = [7, 7, 8].map(|seed| run(seed, STEPS).expect("everything holds").trace);
    assert_eq!(traces[0], traces[1]);
    assert_ne!(traces[0], traces[2]);
}
