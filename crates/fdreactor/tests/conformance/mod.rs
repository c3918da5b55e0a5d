//! From the table to trials.
//!
//! Each trial runs in a child process: cases close numbers that are still watched, fill the table of descriptors and
//! lower limits, and none of that may be seen by a case that runs beside it. A child that hangs ends itself.

mod act;
mod apart;
mod case;
mod change;
mod column;
mod columns;
mod crowd;
mod end;
mod exchange;
mod expect;
mod fixture;
mod operation;
mod procedure;
mod silence;
mod step;
mod table;
mod time;
mod watch;
mod world;

use case::Case;
use column::Column;
use libtest_mimic::{Arguments, Failed, Trial};
use std::{
    env,
    process::{Command, ExitCode, Stdio},
    thread,
    time::Duration,
};

/// Names the one trial that a child is to run.
const CHILD: &str = "FDREACTOR_CONFORMANCE_TRIAL";
/// No case takes longer than a few seconds, even on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);
/// Trials mostly sleep, so more run at once than there are processors; few enough that a 20 ms timer is not missed.
const THREADS: usize = 4;

/// Runs what the command line asks for, or the one trial that a parent asks for.
pub(super) fn run() -> ExitCode {
    if let Ok(name) = env::var(CHILD) {
        return run_child(&name);
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(THREADS));
    let mut trials = table::trials();
    for case in case::all() {
        for column in Column::all() {
            if case.not_in_core.is_none() && expect::exists(&case, column) {
                let name = format!("{}::{column}", case.id);
                trials.push(Trial::test(name.clone(), move || in_child(&name)));
            }
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The parent's half of a trial.
fn in_child(name: &str) -> Result<(), Failed> {
    let child = env::current_exe().map(Command::new);
    let output = child.and_then(|mut child| child.env(CHILD, name).stdin(Stdio::null()).output())?;
    // The name is asked for as well, so that a child that ends early for whatever reason does not pass.
    if output.status.success() && output.stdout == name.as_bytes() {
        return Ok(());
    }
    Err(format!("{}\n{}", output.status, String::from_utf8_lossy(&output.stderr)).into())
}

/// The child's half.
#[allow(clippy::print_stdout, clippy::print_stderr, reason = "the parent reads it")]
fn run_child(name: &str) -> ExitCode {
    thread::spawn(|| {
        thread::sleep(PATIENCE);
        eprintln!("still not over after {PATIENCE:?}");
        std::process::exit(2)
    });
    match run_trial(name) {
        Ok(()) => {
            print!("{name}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn run_trial(name: &str) -> Result<(), String> {
    let found = case::all().into_iter().find_map(|case| {
        let column = Column::all().into_iter().find(|column| format!("{}::{column}", case.id) == name)?;
        Some((case, column))
    });
    let (case, column) = found.ok_or_else(|| format!("no such trial: {name}"))?;
    match &case.setup {
        None => compare(&case, column, None, &procedure::run(&case.id, column)?),
        Some(setup) => {
            // A case for two kinds of fixture is acted out with each.
            for steps in step::variants(setup)? {
                compare(&case, column, Some(&steps), &world::run(&steps, column)?)?;
            }
            Ok(())
        }
    }
}

fn compare(case: &Case, column: Column, steps: Option<&[step::Step]>, got: &str) -> Result<(), String> {
    let accepted = expect::accepted(case, steps, column)?;
    if accepted.iter().any(|pattern| expect::matches(pattern, got)) {
        return Ok(());
    }
    let setup = case.setup.as_ref().map_or_else(|| "a procedure".to_owned(), |setup| setup.join(", "));
    let exception = expect::exception(case, column).map(|why| format!(", for {why}")).unwrap_or_default();
    let accepted = accepted.join("  or  ");
    Err(format!("{}::{column}: {setup}\n expected {accepted}{exception}\n      got {got}", case.id))
}
