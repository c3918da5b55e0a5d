//! The system calls that neither mio nor the standard library wraps, each behind a safe function.
//!
//! These files and the two sources on mio's registry (`selector/mio/`) are all of this crate that may be unsafe.

pub(crate) mod accept;
pub(crate) mod fd;
pub(crate) mod poll;
pub(crate) mod rw;
pub(crate) mod select;

use std::io;

/// Turns a C return value into a result: negative means `errno`.
pub(crate) fn check(result: impl Into<i64>) -> io::Result<usize> {
    usize::try_from(result.into()).map_err(|_| io::Error::last_os_error())
}
