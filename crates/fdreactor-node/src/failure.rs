//! Failures as negative numbers.
//!
//! A failed system call is `-(syscall << 16 | errno)`, with the index of [`fdreactor::Syscall::ALL`] plus one; an error of
//! the library's own is `-(LIBRARY << 16 | index)`, by [`NAMES`]. TypeScript decodes them in `ts/errors.ts`.

use fdreactor::{Error, Result};

const LIBRARY: i64 = 0xff;

/// The library's own errors, by index.
pub(crate) const NAMES: &[&str] = &[
    "CLOSED",
    "TRIGGER_UNSUPPORTED",
    "INTEREST_UNSUPPORTED",
    "FD_LIMIT",
    "BACKEND_UNSUPPORTED",
    "REENTRANT",
    "INTERNAL",
    "BUFFER_LIMIT",
    "TIMEOUT",
    "DETACHED",
];

/// Why the binding itself refuses.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusal {
    /// A turn was asked for during a turn.
    Reentrant,
    /// Something that should not be possible: a Node-API call failed, memory of ours was detached, an index was off.
    Internal,
}

fn library(index: i64) -> i64 {
    -(LIBRARY << 16 | index)
}

/// The code of an error.
pub(crate) fn encode(error: Error) -> i64 {
    match error {
        Error::System { syscall, errno } => -((syscall as i64 + 1) << 16 | i64::from(errno)),
        Error::Closed => library(0),
        Error::TriggerUnsupported(_) => library(1),
        Error::InterestUnsupported(_) => library(2),
        Error::FdLimit => library(3),
        Error::BackendUnsupported(_) => library(4),
        Error::BufferLimit => library(7),
        Error::Timeout => library(8),
        _ => Refusal::Internal.into(),
    }
}

impl From<Refusal> for i64 {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Reentrant => library(5),
            Refusal::Internal => library(6),
        }
    }
}

/// A result as one number.
pub(crate) fn number<T>(result: Result<T>, value: impl FnOnce(T) -> i64) -> i64 {
    result.map_or_else(encode, value)
}

/// A count of bytes as a number. No buffer is anywhere near the limit.
pub(crate) fn count(result: Result<usize>) -> i64 {
    number(result, |count| i64::try_from(count).unwrap_or(i64::MAX))
}

/// The result of something that only succeeds or fails.
pub(crate) fn done(result: Result<()>) -> i64 {
    number(result, |()| 0)
}
