//! read(2), write(2) and their vectored forms on memory that belongs to JavaScript.
//!
//! The memory may be shared with other threads, so no Rust reference to it is ever formed: only the kernel touches it.
#![expect(unsafe_code, reason = "the buffers are raw: no reference may be made to shared memory")]

use super::check;
use std::{io, os::fd::RawFd};

/// A stretch of foreign memory.
#[derive(Clone, Copy, Debug)]
pub struct RawBuffer {
    pointer: *mut u8,
    length: usize,
}

impl RawBuffer {
    /// Describes `length` bytes at `pointer`.
    ///
    /// # Safety
    /// The bytes must stay allocated until the last call that takes this buffer has returned, and be writable if it is
    /// read into. Other threads may write to them meanwhile: then the bytes transferred are unspecified, nothing worse.
    pub const unsafe fn new(pointer: *mut u8, length: usize) -> Self {
        Self { pointer, length }
    }

    /// How many bytes it has.
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether it has none.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }
}

/// What the kernel takes at most in one vectored call (`UIO_MAXIOV` on Linux, `IOV_MAX` elsewhere).
const VECTORS: usize = 1024;

fn vectors(buffers: &[RawBuffer]) -> Vec<libc::iovec> {
    let full = buffers.iter().filter(|buffer| !buffer.is_empty()).take(VECTORS);
    full.map(|buffer| libc::iovec { iov_base: buffer.pointer.cast(), iov_len: buffer.length }).collect()
}

fn retry(mut call: impl FnMut() -> libc::ssize_t) -> io::Result<usize> {
    loop {
        match check(call() as i64) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

pub(crate) fn read(fd: RawFd, buffer: RawBuffer) -> io::Result<usize> {
    // SAFETY: whoever made the buffer promised that it is allocated and writable for its length; the kernel checks `fd`.
    retry(|| unsafe { libc::read(fd, buffer.pointer.cast(), buffer.length) })
}

pub(crate) fn write(fd: RawFd, buffer: RawBuffer) -> io::Result<usize> {
    // SAFETY: whoever made the buffer promised that it is allocated for its length; the kernel checks `fd`.
    retry(|| unsafe { libc::write(fd, buffer.pointer.cast(), buffer.length) })
}

#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "at most VECTORS")]
pub(crate) fn readv(fd: RawFd, buffers: &[RawBuffer]) -> io::Result<usize> {
    let vectors = vectors(buffers);
    // SAFETY: each vector is a buffer whose maker promised that it is allocated and writable for its length.
    retry(|| unsafe { libc::readv(fd, vectors.as_ptr(), vectors.len() as libc::c_int) })
}

#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "at most VECTORS")]
pub(crate) fn writev(fd: RawFd, buffers: &[RawBuffer]) -> io::Result<usize> {
    let vectors = vectors(buffers);
    // SAFETY: each vector is a buffer whose maker promised that it is allocated for its length.
    retry(|| unsafe { libc::writev(fd, vectors.as_ptr(), vectors.len() as libc::c_int) })
}
