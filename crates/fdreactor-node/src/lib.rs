//! The Node-API binding of fdreactor: it converts, drives the host's loop, and decides nothing.
//!
//! Every function that can fail returns a number: zero or more is its result, less is a failure in the code of
//! `failure.rs`. TypeScript makes the errors of them; so no exception is ever pending here, and no panic crosses
//! (`catch_unwind` on each export and in each callback).
#![allow(unreachable_pub, reason = "#[napi] exports them")]
#![allow(clippy::needless_pass_by_value, reason = "#[napi] gives the arguments away")]

mod batch;
mod bench;
mod buffer;
mod driver;
mod env;
mod failure;
mod inner;
mod io;
mod reactor;
mod report;
mod server;
mod serving;
mod sockets;
mod wakers;
mod words;

use fdreactor::{Backend, Syscall};
use napi::{Env, JsValue, Unknown};
use napi_derive::napi;

/// What both sides must agree on: compared with TypeScript's own when the addon is loaded.
#[napi(object)]
pub struct Contract {
    /// The version of the package that the addon was built for.
    pub version: String,
    /// The names of system calls, by the index in a failure.
    pub syscalls: Vec<String>,
    /// The library's own errors, by the index in a failure.
    pub errors: Vec<String>,
    /// The backends, by their index.
    pub backends: Vec<String>,
    /// Which of them this system has.
    pub supported: Vec<bool>,
    /// The words of one record of a batch.
    pub record_words: u32,
    /// `EAGAIN` on this system, positive.
    pub would_block: i32,
}

/// What both sides must agree on.
#[napi(catch_unwind)]
pub fn contract() -> Contract {
    Contract {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        syscalls: Syscall::ALL.iter().map(|syscall| syscall.name().to_owned()).collect(),
        errors: failure::NAMES.iter().map(|&name| name.to_owned()).collect(),
        backends: Backend::ALL.iter().map(|backend| backend.name().to_owned()).collect(),
        supported: Backend::ALL.iter().map(|backend| backend.is_supported()).collect(),
        record_words: batch::RECORD_WORDS,
        would_block: libc::EAGAIN,
    }
}

/// Raises `error` as an `uncaughtException`. Returns if a handler takes it.
#[napi(catch_unwind)]
pub fn raise(env: Env, error: Unknown<'_>) {
    env::uncaught(env.raw(), error.value().value);
}

/// So that of any binary, as it is shipped, it can be told that a panic becomes an exception and ends there.
///
/// # Panics
/// Always.
#[napi(catch_unwind)]
#[allow(clippy::panic, reason = "it is what this is for")]
pub fn panic(message: String) {
    panic!("{message}");
}
