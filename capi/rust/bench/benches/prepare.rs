//! Prints how many times faster costmark attributes and signs a request than serde_json and
//! aws-sigv4.
#![allow(missing_docs)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use costmark_bench::{Ours, Rewrite, Theirs, conversation};

const ROUNDS: usize = 15;

/// Less fails the benchmark.
const WANTED: f64 = 3.0;
const ROUND: Duration = Duration::from_millis(60);

/// The shortest time of a call in one round of many: what else the machine does only adds to it.
fn nanoseconds(mut call: impl FnMut()) -> f64 {
    let began = Instant::now();
    call();
    let calls = (ROUND.as_nanos() / began.elapsed().as_nanos().max(1)).clamp(1, 100_000) as u32;
    let round = |call: &mut dyn FnMut()| {
        let began = Instant::now();
        (0..calls).for_each(|_| call());
        began.elapsed().as_nanos() as f64 / f64::from(calls)
    };
    (0..ROUNDS).map(|_| round(&mut call)).fold(f64::INFINITY, f64::min)
}

fn main() {
    println!(
        "{:>6}  {:>12}  {:>26}  {:>26}",
        "body", "costmark", "Value + aws-sigv4", "RawValue + aws-sigv4"
    );
    for (name, size) in [("10 KB", 10 << 10), ("100 KB", 100 << 10)] {
        let body = conversation(size);
        let (ours, theirs) = (Ours::new().expect("a client"), Theirs::new(None));
        let ours = nanoseconds(|| {
            black_box(ours.prepare(black_box(&body)).expect("it is prepared"));
        });
        let [values, raw] = [Rewrite::Values, Rewrite::RawMembers].map(|rewrite| {
            nanoseconds(|| {
                black_box(theirs.prepare(rewrite, black_box(&body)).expect("it is signed"));
            })
        });
        println!(
            "{name:>6}  {:>9.1} us  {:>9.1} us, {:>4.1} times  {:>9.1} us, {:>4.1} times",
            ours / 1e3,
            values / 1e3,
            values / ours,
            raw / 1e3,
            raw / ours
        );
        assert!(values / ours >= WANTED, "less than {WANTED} times faster with {name}");
    }
}
