//! Ends a wait from any thread. One piece serves every backend: a socket pair whose reading end is watched.

use crate::error::{Error, Result, Syscall};
use std::{
    io::{ErrorKind, Read, Write},
    os::{
        fd::{AsRawFd, RawFd},
        unix::net::UnixStream,
    },
    sync::atomic::{AtomicBool, Ordering},
};

/// Wakes a reactor. Wakes that come before the next turn are merged into one.
#[derive(Debug)]
pub struct Waker {
    sender: UnixStream,
    receiver: UnixStream,
    pending: AtomicBool,
}

impl Waker {
    pub(crate) fn new() -> Result<Self> {
        let make = || {
            // Both ends are close-on-exec: the standard library sees to that.
            let (sender, receiver) = UnixStream::pair()?;
            sender.set_nonblocking(true)?;
            receiver.set_nonblocking(true)?;
            Ok(Self { sender, receiver, pending: AtomicBool::new(false) })
        };
        make().map_err(|error| Error::system(Syscall::Socketpair, &error))
    }

    /// Makes the wait that is under way return, or the next one if none is.
    pub fn wake(&self) {
        if self.pending.swap(true, Ordering::AcqRel) {
            return;
        }
        while let Err(error) = (&self.sender).write(&[1]) {
            if error.kind() != ErrorKind::Interrupted {
                // Full means that a byte is there already, and nothing else can fail on a socket pair that we hold.
                break;
            }
        }
    }

    /// Takes the byte out. A wake that comes while this runs belongs to the turn that is being taken now.
    pub(crate) fn drain(&self) {
        let mut byte = [0; 8];
        loop {
            match (&self.receiver).read(&mut byte) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(count) if count == byte.len() => {}
                _ => break,
            }
        }
        self.pending.store(false, Ordering::Release);
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.receiver.as_raw_fd()
    }
}
