//! Ends a wait from any thread. One piece serves every backend: a socket pair whose reading end is watched.

use crate::error::{Error, Result, Syscall};
use std::{
    io::{ErrorKind, Read, Write},
    net::Shutdown,
    os::{
        fd::{AsRawFd, RawFd},
        unix::net::UnixStream,
    },
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

/// How often a wake is tried that the system has no memory for.
const ATTEMPTS: u32 = 16;

/// Wakes a reactor. Wakes that come before the next turn are merged into one.
#[derive(Debug)]
pub struct Waker {
    sender: UnixStream,
    receiver: UnixStream,
    pending: AtomicBool,
    /// Whether somebody outside the reactor has woken it since the last turn.
    asked: AtomicBool,
}

impl Waker {
    pub(crate) fn new() -> Result<Self> {
        let make = || {
            // Both ends are close-on-exec: the standard library sees to that.
            let (sender, receiver) = UnixStream::pair()?;
            sender.set_nonblocking(true)?;
            receiver.set_nonblocking(true)?;
            Ok(Self { sender, receiver, pending: AtomicBool::new(false), asked: AtomicBool::new(false) })
        };
        make().map_err(|error| Error::system(Syscall::Socketpair, &error))
    }

    /// Makes the wait that is under way return, or the next one if none is.
    ///
    /// # Errors
    /// `ENOBUFS` or `ENOMEM` when the system has no memory for one byte; then nobody is woken, and the next wake tries again.
    pub fn wake(&self) -> Result<()> {
        // Before the ring: whoever drains that sees this.
        self.asked.store(true, Ordering::Release);
        self.ring()
    }

    /// The same by the reactor itself, to have its wait begin anew.
    pub(crate) fn ring(&self) -> Result<()> {
        if self.pending.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let mut outcome = Ok(());
        let mut left = ATTEMPTS;
        while left > 0 {
            match (&self.sender).write(&[1]) {
                Ok(_) => return Ok(()),
                // Full: a byte is there already.
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    outcome = Err(Error::system(Syscall::Write, &error));
                    left -= 1;
                    thread::yield_now();
                }
            }
        }
        self.pending.store(false, Ordering::Release);
        outcome
    }

    /// Wakes for the last time, whatever is short: the end of the stream takes no memory, and every wait hears of it from now
    /// on.
    pub fn wake_for_good(&self) {
        if self.wake().is_err() {
            // It fails only for a number that was closed behind our back.
            let _ = self.sender.shutdown(Shutdown::Both);
        }
    }

    /// Takes the byte out, and says whether somebody has called [`wake`](Self::wake). A wake that comes while this runs belongs to
    /// the turn that is being taken now.
    pub(crate) fn drain(&self) -> bool {
        let mut byte = [0; 8];
        loop {
            match (&self.receiver).read(&mut byte) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(count) if count == byte.len() => {}
                _ => break,
            }
        }
        self.pending.swap(false, Ordering::AcqRel);
        self.asked.swap(false, Ordering::AcqRel)
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.receiver.as_raw_fd()
    }
}
