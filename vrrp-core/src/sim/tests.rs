use super::*;

#[test]
fn random_scenarios_keep_the_invariants() {
    let mut bad = 0;
    for seed in 0..2000 {
        if let Err(failure) = Scenario::random(seed).run() {
            bad += 1;
            if bad < 3 {
                std::println!("{failure}");
            } else {
                std::println!("seed {seed}: {}", failure.breach);
            }
        }
    }
    assert_eq!(bad, 0);
}
