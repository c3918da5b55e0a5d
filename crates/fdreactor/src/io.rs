//! Non-blocking reads and writes on any descriptor. Whether it blocks is its owner's choice: flags are never changed here.

pub use crate::sys::rw::RawBuffer;
use crate::{
    error::{Error, Result, Syscall},
    sys::{accept, rw},
};
use std::os::fd::{OwnedFd, RawFd};

/// Reads into `buffer`; 0 is the end. `EAGAIN` is an error like any other here.
///
/// # Errors
/// Those of read(2), save `EINTR`, after which it tries again.
pub fn read(fd: RawFd, buffer: RawBuffer) -> Result<usize> {
    rw::read(fd, buffer).map_err(|error| Error::system(Syscall::Read, &error))
}

/// Writes from `buffer` and returns how many bytes were taken, which may be fewer than it has.
///
/// # Errors
/// Those of write(2), save `EINTR`, after which it tries again.
pub fn write(fd: RawFd, buffer: RawBuffer) -> Result<usize> {
    rw::write(fd, buffer).map_err(|error| Error::system(Syscall::Write, &error))
}

/// Reads into several buffers in order, at most the first 1,024 that are not empty.
///
/// # Errors
/// Those of readv(2), save `EINTR`.
pub fn readv(fd: RawFd, buffers: &[RawBuffer]) -> Result<usize> {
    rw::readv(fd, buffers).map_err(|error| Error::system(Syscall::Readv, &error))
}

/// Writes from several buffers in order, at most the first 1,024 that are not empty.
///
/// # Errors
/// Those of writev(2), save `EINTR`.
pub fn writev(fd: RawFd, buffers: &[RawBuffer]) -> Result<usize> {
    rw::writev(fd, buffers).map_err(|error| Error::system(Syscall::Writev, &error))
}

/// Takes the next connection of a listening socket; the new descriptor is non-blocking, close-on-exec and the caller's.
/// A connection that failed while it waited is passed over.
///
/// # Errors
/// Those of accept(2): `EAGAIN` when none waits and the listener is non-blocking; `EMFILE` and its like when there is no
/// room for it: then it goes on waiting.
pub fn accept(listener: RawFd) -> Result<OwnedFd> {
    accept::accept(listener).map_err(|error| Error::system(Syscall::Accept, &error))
}
