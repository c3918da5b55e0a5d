//! Random histories: whatever is done in whatever order, a reactor says what a model of it says, and the kernel's poll(2)
//! is the model's witness of what is ready. A history that goes wrong is made as short as it can be and then shown.
//!
//! The seeds are always the same here; scripts/histories.mjs draws others. `FDREACTOR_HISTORIES_SEED` says which one comes
//! first, `FDREACTOR_HISTORIES_STEPS` how many steps are taken on each backend.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "how many steps were taken, and from which seed"
)]

#[path = "histories/mod.rs"]
mod histories;

use fdreactor::Backend;

#[test]
fn histories_on_epoll() {
    histories::check(Backend::Epoll);
}

#[test]
fn histories_on_poll() {
    histories::check(Backend::Poll);
}

#[test]
fn histories_on_select() {
    histories::check(Backend::Select);
}
