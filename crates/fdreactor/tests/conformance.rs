//! The conformance table: every case on every backend and trigger, each as a trial of its own, in a process of its own.
//!
//! `conformance/readiness.json` says what epoll, poll(2) and select(2) were seen to do on Linux. The modules beside it read
//! its notation, act it out on a reactor, and compare what the reactor said with what it should have: exactly, nothing more
//! and nothing less. A trial's name is `CASE::backend::trigger`, and any part of it is a filter:
//! `cargo test --test conformance -- D0 ::poll::`.

#[cfg(target_os = "linux")]
#[path = "conformance/mod.rs"]
mod conformance;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    conformance::run()
}

#[cfg(not(target_os = "linux"))]
#[allow(clippy::print_stdout, reason = "the reason for an empty list")]
fn main() -> std::process::ExitCode {
    println!("no case: the table holds what Linux does, and other systems differ in what they report");
    libtest_mimic::run(&libtest_mimic::Arguments::from_args(), Vec::new()).exit_code()
}
