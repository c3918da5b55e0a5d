//! read(2), write(2) and their vectored forms on memory that belongs to JavaScript.
//!
//! The memory may be shared with other threads, so no Rust reference to it is ever formed: only the kernel touches it.
#![expect(unsafe_code, reason = "the buffers are raw: no reference may be made to shared memory")]

use super::check;
use std::{io, os::fd::RawFd};

/// A stretch of foreign memory.
///
/// Laid out as the kernel's `iovec`, so that a row of them is what a vectored call takes.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
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

    /// `length` of its bytes from `offset` on; `None` if it has not that many.
    pub fn part(&self, offset: usize, length: usize) -> Option<Self> {
        let end = offset.checked_add(length)?;
        (end <= self.length).then(|| Self { pointer: self.pointer.wrapping_add(offset), length })
    }

    /// Grows it by `next` if that begins where it ends.
    pub(crate) fn join(&mut self, next: Self) -> bool {
        let adjacent = self.pointer.wrapping_add(self.length) == next.pointer;
        if adjacent {
            self.length += next.length;
        }
        adjacent
    }

    /// Appends a copy of its bytes. Nobody may write to them meanwhile, other threads included.
    pub(crate) fn copy_to(&self, target: &mut Vec<u8>) {
        if self.is_empty() {
            return;
        }
        // SAFETY: whoever made the buffer promised that it is allocated for its length, and by this function's contract nobody
        // writes to it while the reference lives, which is until the copy is made.
        target.extend_from_slice(unsafe { std::slice::from_raw_parts(self.pointer, self.length) });
    }
}

const _: () = assert!(size_of::<RawBuffer>() == size_of::<libc::iovec>());
const _: () = assert!(align_of::<RawBuffer>() == align_of::<libc::iovec>());
const _: () =
    assert!(std::mem::offset_of!(RawBuffer, pointer) == std::mem::offset_of!(libc::iovec, iov_base));
const _: () = assert!(std::mem::offset_of!(RawBuffer, length) == std::mem::offset_of!(libc::iovec, iov_len));

/// What the kernel takes at most in one vectored call (`UIO_MAXIOV` on Linux, `IOV_MAX` elsewhere).
pub(crate) const VECTORS: usize = 1024;

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

/// Writing to a peer that is gone must not raise SIGPIPE.
#[cfg(not(target_vendor = "apple"))]
pub(crate) const NO_SIGNAL: libc::c_int = libc::MSG_NOSIGNAL;
/// macOS has no such flag: the host ignores the signal, as Node.js and the Rust standard library do.
#[cfg(target_vendor = "apple")]
pub(crate) const NO_SIGNAL: libc::c_int = 0;

/// send(2) of one buffer on a socket.
pub(crate) fn send(fd: RawFd, buffer: RawBuffer) -> io::Result<usize> {
    // SAFETY: whoever made the buffer promised that it is allocated for its length; the kernel checks `fd`.
    retry(|| unsafe { libc::send(fd, buffer.pointer.cast(), buffer.length, NO_SIGNAL) })
}

/// sendmsg(2) of several buffers on a socket, at most the first [`VECTORS`].
pub(crate) fn sendmsg(fd: RawFd, buffers: &[RawBuffer]) -> io::Result<usize> {
    let count = buffers.len().min(VECTORS);
    // SAFETY: all zeros is a message without address, data and control.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = buffers.as_ptr().cast::<libc::iovec>().cast_mut();
    #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "at most VECTORS")]
    {
        message.msg_iovlen = count as _;
    }
    // SAFETY: a row of buffers is a row of `iovec` (asserted above), which the kernel only reads; each was promised to be
    // allocated for its length, and the message outlives the call.
    retry(|| unsafe { libc::sendmsg(fd, &raw const message, NO_SIGNAL) })
}
