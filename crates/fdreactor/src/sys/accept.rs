//! accept(2) on a listener that is not ours.
#![expect(unsafe_code, reason = "accept4(2) on a borrowed number, and taking the new one into ownership")]

use super::check;
use socket2::SockAddr;
use std::{
    io,
    os::fd::{FromRawFd, OwnedFd, RawFd},
    ptr,
};

/// How many failed connections are passed over at a time. More than any queue holds (`net.core.somaxconn`), so each of them is
/// gone; but an error that never ends must not be asked for again for ever.
const PASSED_OVER: u32 = 8192;

/// Whether the connection at the head of the queue failed while the listener is well, so that the next one should be tried
/// at once. Linux passes the network's errors on the new socket to accept(2); its manual page asks to retry after these.
fn is_transient(error: &io::Error) -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if error.raw_os_error() == Some(libc::ENONET) {
        return true;
    }
    matches!(
        error.raw_os_error(),
        Some(
            libc::EINTR
                | libc::ECONNABORTED
                | libc::EPROTO
                | libc::ENETDOWN
                | libc::ENOPROTOOPT
                | libc::EHOSTDOWN
                | libc::EHOSTUNREACH
                | libc::ENETUNREACH
        )
    )
}

/// Calls `accept` until it does not fail because of one connection.
pub(crate) fn pass_over<T>(mut accept: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 1..PASSED_OVER {
        match accept() {
            Err(error) if is_transient(&error) => {}
            outcome => return outcome,
        }
    }
    accept()
}

/// Takes the next connection as a descriptor that is non-blocking and close-on-exec.
pub(crate) fn accept(listener: RawFd) -> io::Result<OwnedFd> {
    pass_over(|| accept_once(listener, ptr::null_mut(), ptr::null_mut()))
}

/// As [`accept`], with the peer's address. Counts its system calls in `calls`.
pub(crate) fn accept_from(listener: RawFd, calls: &mut u64) -> io::Result<(OwnedFd, SockAddr)> {
    pass_over(|| {
        *calls += 1;
        // SAFETY: the kernel writes an address of at most the length that the storage has, and its length.
        unsafe { SockAddr::try_init(|storage, length| accept_once(listener, storage.cast(), length)) }
    })
}

#[cfg(not(target_vendor = "apple"))]
fn accept_once(
    listener: RawFd,
    address: *mut libc::sockaddr,
    length: *mut libc::socklen_t,
) -> io::Result<OwnedFd> {
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: both pointers are null, or storage and its length; the kernel checks the number.
    let fd = unsafe { libc::accept4(listener, address, length, flags) };
    check(fd)?;
    // SAFETY: the call succeeded, so this is a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(target_vendor = "apple")]
fn accept_once(
    listener: RawFd,
    address: *mut libc::sockaddr,
    length: *mut libc::socklen_t,
) -> io::Result<OwnedFd> {
    // SAFETY: both pointers are null, or storage and its length; the kernel checks the number.
    let fd = unsafe { libc::accept(listener, address, length) };
    check(fd)?;
    // SAFETY: the call succeeded, so this is a new descriptor that nobody else owns.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    // There is no accept4 here: a child spawned between the two calls would inherit the descriptor.
    let socket = socket2::Socket::from(fd);
    socket.set_cloexec(true)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
