//! From a seed to histories, and from a failure to its shortest form.

mod files;
mod kernel;
mod model;
mod op;
mod refusal;
mod run;

use fdreactor::Backend;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed, TestCaseError, TestError, TestRunner};
use std::{
    cell::Cell,
    env,
    io::{self, Write},
    process,
    sync::{Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

/// Steps on each backend, unless the environment says otherwise.
const STEPS: usize = 40_000;
/// The first seed, unless the environment says otherwise.
const SEED: u64 = 1;
/// Histories in a row of one seed.
const CASES: u32 = 100;

/// How long a row may take, be it made shorter or not: far more than it needs on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// Histories close and reuse numbers of this process, so they take turns.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn setting(name: &str) -> Option<u64> {
    env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name}={value} is no number")))
}

/// Runs histories until enough steps were taken. The next seed follows from the one before.
pub(super) fn check(backend: Backend) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let first = setting("FDREACTOR_HISTORIES_SEED").unwrap_or(SEED);
    let wanted = setting("FDREACTOR_HISTORIES_STEPS").map_or(STEPS, |steps| usize::try_from(steps).unwrap());
    let steps = Cell::new(0);
    let mut seed = first;
    while steps.get() < wanted {
        row(backend, seed, &steps);
        seed += 1;
    }
    assert!(steps.get() >= wanted, "{} steps", steps.get());
    println!("{}: {} steps, seeds {first} to {}", backend.name(), steps.get(), seed - 1);
}

fn row(backend: Backend, seed: u64, steps: &Cell<usize>) {
    let (_done, over) = mpsc::channel::<()>();
    thread::spawn(move || {
        if over.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            // Not by eprintln!: a test's output is kept until it ends, which this one does not.
            let _ = writeln!(io::stderr(), "{}: a history hangs\n{}", backend.name(), replay(backend, seed));
            process::exit(2);
        }
    });
    let config = Config {
        cases: CASES,
        // The default one takes most of the time of an unoptimised build.
        rng_algorithm: RngAlgorithm::XorShift,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 50_000,
        max_shrink_time: 60_000,
        ..Config::default()
    };
    let histories = (run::limits(), op::history(backend));
    let outcome = TestRunner::new(config).run(&histories, |(limit, history)| {
        let taken = run::run(backend, limit, &history).map_err(TestCaseError::fail)?;
        steps.set(steps.get() + taken);
        Ok(())
    });
    if let Err(TestError::Fail(reason, (limit, history))) = outcome {
        let lines: Vec<String> = history.iter().map(|op| format!("  {op}")).collect();
        panic!(
            "{}, {limit} events a turn, after\n{}\n{reason}\n{}",
            backend.name(),
            lines.join("\n"),
            replay(backend, seed),
        );
    } else {
        outcome.unwrap();
    }
}

fn replay(backend: Backend, seed: u64) -> String {
    let backend = backend.name();
    format!(
        "replay: FDREACTOR_HISTORIES_SEED={seed} FDREACTOR_HISTORIES_STEPS=1 cargo test -p fdreactor --test histories {backend}"
    )
}
