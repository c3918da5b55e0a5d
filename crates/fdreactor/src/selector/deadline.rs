//! Waits that a signal interrupts, or that the kernel cuts short, go on until their own deadline.

use crate::error::{Error, Result, Syscall};
use std::{
    io,
    time::{Duration, Instant},
};

/// Calls `wait` with what is left of `timeout` until it finds something or the time is really over.
///
/// A timeout too large for the clock waits for ever.
pub(super) fn until(
    timeout: Option<Duration>,
    syscall: Syscall,
    mut wait: impl FnMut(Option<Duration>) -> io::Result<usize>,
) -> Result<()> {
    // A zero timeout is the hot path of the loop driver: it needs no clock.
    let deadline = match timeout {
        Some(Duration::ZERO) | None => None,
        Some(timeout) => Instant::now().checked_add(timeout),
    };
    let mut left = if timeout == Some(Duration::ZERO) { timeout } else { deadline.and(timeout) };
    loop {
        match wait(left) {
            Ok(0) if left != Some(Duration::ZERO) => {}
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::system(syscall, &error)),
        }
        if let Some(deadline) = deadline {
            left = Some(deadline.saturating_duration_since(Instant::now()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_no_error_and_the_wait_goes_on_with_what_is_left() {
        let mut given = Vec::new();
        let outcome = until(Some(Duration::from_secs(3600)), Syscall::Poll, |left| {
            given.push(left);
            if given.len() < 3 { Err(io::ErrorKind::Interrupted.into()) } else { Ok(1) }
        });
        assert_eq!(outcome, Ok(()));
        assert_eq!(given.len(), 3);
        assert!(given.windows(2).all(|pair| pair[1] <= pair[0]), "{given:?}");
    }

    #[test]
    fn a_wait_cut_short_is_taken_up_again_until_the_deadline() {
        let mut calls = 0;
        let timeout = Duration::from_millis(5);
        let start = Instant::now();
        assert_eq!(
            until(Some(timeout), Syscall::Poll, |_| {
                calls += 1;
                Ok(0)
            }),
            Ok(())
        );
        assert!(start.elapsed() >= timeout);
        assert!(calls > 1);
    }

    #[test]
    fn an_interrupted_wait_of_no_time_is_tried_again() {
        let mut calls = 0;
        let outcome = until(Some(Duration::ZERO), Syscall::Poll, |left| {
            assert_eq!(left, Some(Duration::ZERO));
            calls += 1;
            if calls == 1 { Err(io::ErrorKind::Interrupted.into()) } else { Ok(0) }
        });
        assert_eq!((outcome, calls), (Ok(()), 2));
    }

    #[test]
    fn a_timeout_beyond_the_clock_waits_for_ever() {
        let outcome = until(Some(Duration::MAX), Syscall::Poll, |left| {
            assert_eq!(left, None);
            Ok(1)
        });
        assert_eq!(outcome, Ok(()));
    }
}
