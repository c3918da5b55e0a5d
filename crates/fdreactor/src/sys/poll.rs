//! poll(2).
#![expect(unsafe_code, reason = "poll(2) takes a pointer and a length")]

use super::check;
use std::{io, time::Duration};

/// Waits until one of `fds` is ready or `timeout` is over; `None` waits for ever. Returns how many are ready.
///
/// Fractions of a millisecond round up. A timeout beyond the C type's range waits for that range (24.8 days): the caller
/// watches its own deadline.
pub(crate) fn poll(fds: &mut [libc::pollfd], timeout: Option<Duration>) -> io::Result<usize> {
    let timeout = timeout.map_or(-1, |timeout| {
        libc::c_int::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(libc::c_int::MAX)
    });
    #[allow(clippy::cast_possible_truncation, reason = "more descriptors than a process can have")]
    let count = fds.len() as libc::nfds_t;
    // SAFETY: the pointer and the count describe one exclusive slice, which outlives the call; the kernel writes only `revents`.
    let ready = unsafe { libc::poll(fds.as_mut_ptr(), count, timeout) };
    check(ready)
}
