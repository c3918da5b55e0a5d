//! Questions about a descriptor that is not ours: it may be closed or reused at any moment, and asking changes nothing.
#![expect(unsafe_code, reason = "fcntl(2) and fstat(2) on a borrowed number")]

use super::check;
use crate::error::{Error, Result, Syscall};
use std::{mem::MaybeUninit, os::fd::RawFd};

/// Which open file a number stood for: device and inode. Sockets and pipes have their own; anonymous kinds (eventfd,
/// timerfd, epoll) share one, and are told from sockets and pipes but not from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
}

fn stat(fd: RawFd) -> Result<libc::stat> {
    let mut stat = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the kernel checks the number and writes one `stat` into memory that is large enough for it.
    let result = unsafe { libc::fstat(fd, stat.as_mut_ptr()) };
    check(result).map_err(|error| Error::system(Syscall::Fstat, &error))?;
    // SAFETY: fstat(2) succeeded, so the structure has been written.
    Ok(unsafe { stat.assume_init() })
}

/// Asks which file `fd` stands for.
///
/// # Errors
/// `EBADF` if it is not open.
pub(crate) fn identity(fd: RawFd) -> Result<Identity> {
    let stat = stat(fd)?;
    // The two fields have other widths and signs elsewhere; they are only ever compared with themselves.
    #[allow(clippy::cast_sign_loss, clippy::unnecessary_cast, reason = "see above")]
    Ok(Identity { device: stat.st_dev as u64, inode: stat.st_ino as u64 })
}

/// Whether `fd` is a regular file or a directory: always ready, and so nothing to wait for.
pub(crate) fn is_file(fd: RawFd) -> bool {
    stat(fd).is_ok_and(|stat| matches!(stat.st_mode & libc::S_IFMT, libc::S_IFREG | libc::S_IFDIR))
}

/// Checks that `fd` can be watched by a scan, which would otherwise report a bad number again and again.
///
/// # Errors
/// `EBADF` if it is not open, or was opened with `O_PATH` and so cannot be polled (epoll says the same).
pub(crate) fn probe(fd: RawFd) -> Result<()> {
    // SAFETY: F_GETFL takes no argument and only reads; the kernel checks the number.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    let outcome = check(flags).map(|_| ()).and_then(|()| {
        #[cfg(target_os = "linux")]
        if flags & libc::O_PATH != 0 {
            return Err(std::io::Error::from_raw_os_error(libc::EBADF));
        }
        Ok(())
    });
    outcome.map_err(|error| Error::system(Syscall::Fcntl, &error))
}
