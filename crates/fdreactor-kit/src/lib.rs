//! System calls that Node has no name for, for the tests that run in JavaScript: descriptors of every kind, and what is
//! done to them. Everything made here is non-blocking and close-on-exec. No part of the package.
//!
//! A function answers with what the call gave, or with a negative errno; `__test__/helpers/kit.ts` makes errors of them.

#![expect(missing_docs, reason = "the names are those of the manual pages")]

#[cfg(target_os = "linux")]
pub mod linux;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub mod memory;
pub mod net;
pub mod process;

use napi_derive::napi;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{Mode, OFlags, fcntl_getfl, fcntl_setfl, open, unlink},
    io::{
        Errno, FdFlags, dup2, fcntl_dupfd_cloexec, fcntl_getfd, fcntl_setfd, ioctl_fionbio, ioctl_fionread,
    },
    net::{
        AddressFamily, RecvFlags, SendFlags, Shutdown, SocketType, recv, send, shutdown, socketpair, sockopt,
    },
    process::{Resource, Rlimit, getrlimit, setrlimit},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
};
use std::{
    env, mem,
    os::fd::{AsFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

type Call<T = i32> = Result<T, Errno>;

/// What crosses: the number, or the errno made negative.
fn answer(outcome: Call) -> i32 {
    outcome.unwrap_or_else(|error| -error.raw_os_error())
}

/// What crosses of a call that makes two descriptors: both, or the errno alone.
fn answers(outcome: Call<(OwnedFd, OwnedFd)>) -> Vec<i32> {
    match outcome {
        Ok((one, other)) => vec![one.into_raw_fd(), other.into_raw_fd()],
        Err(error) => vec![-error.raw_os_error()],
    }
}

/// The caller's descriptor, lent for one call.
fn lent<'fd>(number: i32) -> Call<BorrowedFd<'fd>> {
    if number < 0 {
        return Err(Errno::BADF);
    }
    // SAFETY: not -1, and used for one system call only, which says EBADF of a number that is not open. Tests do close
    // numbers behind a reactor's back: that is what they are for.
    #[expect(unsafe_code, reason = "a test names descriptors by number")]
    Ok(unsafe { BorrowedFd::borrow_raw(number) })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "tests move a few bytes")]
fn number(count: usize) -> i32 {
    count as i32
}

#[napi]
pub fn dup(fd: i32) -> i32 {
    answer(lent(fd).and_then(|fd| Ok(fcntl_dupfd_cloexec(fd, 0)?.into_raw_fd())))
}

/// dup(2) to the lowest free number that is not below `from`: `fcntl(F_DUPFD_CLOEXEC)`.
#[napi]
pub fn dup_from(fd: i32, from: i32) -> i32 {
    answer(lent(fd).and_then(|fd| Ok(fcntl_dupfd_cloexec(fd, from)?.into_raw_fd())))
}

/// Puts `fd` on the number `onto`, whatever that was.
#[napi]
pub fn dup_onto(fd: i32, onto: i32) -> i32 {
    if onto < 0 {
        return -Errno::BADF.raw_os_error();
    }
    answer(lent(fd).and_then(|fd| {
        // SAFETY: the number is the test's, and stays open: what owns it here is forgotten, not dropped.
        #[expect(unsafe_code, reason = "a test names descriptors by number")]
        let mut place = unsafe { OwnedFd::from_raw_fd(onto) };
        let outcome = dup2(fd, &mut place).and_then(|()| fcntl_setfd(&place, FdFlags::CLOEXEC));
        mem::forget(place);
        outcome.map(|()| onto)
    }))
}

/// close(2).
#[napi]
pub fn close(fd: i32) -> i32 {
    // Asked first: dropping says nothing.
    answer(lent(fd).and_then(fcntl_getfd).map(|_| {
        // SAFETY: it is open, and the test that names it owns it.
        #[expect(unsafe_code, reason = "a test names descriptors by number")]
        drop(unsafe { OwnedFd::from_raw_fd(fd) });
        0
    }))
}

#[napi]
pub fn pipe() -> Vec<i32> {
    answers(rustix::pipe::pipe().and_then(|(reader, writer)| {
        for fd in [&reader, &writer] {
            ioctl_fionbio(fd, true)?;
            fcntl_setfd(fd, FdFlags::CLOEXEC)?;
        }
        Ok((reader, writer))
    }))
}

/// One descriptor that is both ends of a pipe.
#[napi]
pub fn fifo() -> i32 {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("fdreactor-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let path = env::temp_dir().join(name);
    // Not among what rustix has on Apple's systems.
    #[cfg(target_vendor = "apple")]
    let made = std::process::Command::new("mkfifo").arg(&path).status().map(drop).map_err(|_| Errno::NOSYS);
    #[cfg(not(target_vendor = "apple"))]
    let made = rustix::fs::mkfifoat(rustix::fs::CWD, &path, Mode::RUSR | Mode::WUSR);
    answer(made.and_then(|()| {
        let both = open(&path, OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty());
        unlink(&path)?;
        both.map(IntoRawFd::into_raw_fd)
    }))
}

/// open(2) of what exists; close-on-exec, whatever the flags say.
#[napi(js_name = "open")]
pub fn open_file(path: String, flags: u32) -> i32 {
    let flags = OFlags::from_bits_retain(flags) | OFlags::CLOEXEC;
    answer(open(path, flags, Mode::empty()).map(IntoRawFd::into_raw_fd))
}

/// A connected pair of UNIX sockets: streams, or datagrams.
#[napi]
pub fn pair(is_datagram: bool) -> Vec<i32> {
    let kind = if is_datagram { SocketType::DGRAM } else { SocketType::STREAM };
    let made = socketpair(AddressFamily::UNIX, kind, rustix::net::SocketFlags::empty(), None);
    answers(made.and_then(|(one, other)| {
        for fd in [&one, &other] {
            ioctl_fionbio(fd, true)?;
            fcntl_setfd(fd, FdFlags::CLOEXEC)?;
        }
        Ok((one, other))
    }))
}

/// A pseudo terminal: master, other side.
#[napi]
pub fn pty() -> Vec<i32> {
    answers(openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).and_then(|master| {
        grantpt(&master)?;
        unlockpt(&master)?;
        ioctl_fionbio(&master, true)?;
        fcntl_setfd(&master, FdFlags::CLOEXEC)?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let other = open(ptsname(&master, Vec::new())?, flags, Mode::empty())?;
        Ok((master, other))
    }))
}

/// The file status flags, `O_NONBLOCK` and the like.
#[napi]
pub fn flags(fd: i32) -> i32 {
    answer(lent(fd).and_then(fcntl_getfl).map(|flags| flags.bits().cast_signed()))
}

/// The descriptor flags: 1 for `FD_CLOEXEC`.
#[napi]
pub fn descriptor_flags(fd: i32) -> i32 {
    answer(lent(fd).and_then(fcntl_getfd).map(|flags| flags.bits().cast_signed()))
}

#[napi]
pub fn set_blocking(fd: i32, is_blocking: bool) -> i32 {
    answer(lent(fd).and_then(|fd| {
        let mut flags = fcntl_getfl(fd)?;
        flags.set(OFlags::NONBLOCK, !is_blocking);
        fcntl_setfl(fd, flags).map(|()| 0)
    }))
}

/// shutdown(2): 0 reading, 1 writing, 2 both.
#[napi]
pub fn shut(fd: i32, how: i32) -> i32 {
    let how = match how {
        0 => Shutdown::Read,
        1 => Shutdown::Write,
        _ => Shutdown::Both,
    };
    answer(lent(fd).and_then(|fd| shutdown(fd, how)).map(|()| 0))
}

/// Makes the next close(2) reset the connection.
#[napi]
pub fn linger_zero(fd: i32) -> i32 {
    answer(lent(fd).and_then(|fd| sockopt::set_socket_linger(fd, Some(Duration::ZERO))).map(|()| 0))
}

/// Sends one byte as urgent data.
#[napi]
pub fn send_urgent(fd: i32, byte: u8) -> i32 {
    answer(lent(fd).and_then(|fd| send(fd, &[byte], SendFlags::OOB)).map(number))
}

/// recv(2) of up to `length` bytes, thrown away: with `MSG_OOB`, with `MSG_PEEK`, or plainly.
#[napi]
pub fn receive(fd: i32, length: u32, is_urgent: bool, is_peek: bool) -> i32 {
    let mut flags = RecvFlags::empty();
    flags.set(RecvFlags::OOB, is_urgent);
    flags.set(RecvFlags::PEEK, is_peek);
    let mut buffer = vec![0; length as usize];
    answer(lent(fd).and_then(|fd| recv(fd, &mut buffer[..], flags)).map(|(_, count)| number(count)))
}

#[napi]
pub fn urgent_inline(fd: i32) -> i32 {
    answer(lent(fd).and_then(|fd| sockopt::set_socket_oobinline(fd, true)).map(|()| 0))
}

/// Fetches `SO_ERROR`: 0, or the errno, positive.
#[napi]
pub fn socket_error(fd: i32) -> i32 {
    answer(lent(fd).and_then(sockopt::socket_error).map(|error| error.err().map_or(0, Errno::raw_os_error)))
}

/// How many bytes can be read: `FIONREAD`.
#[napi]
pub fn readable_bytes(fd: i32) -> i32 {
    answer(lent(fd).and_then(ioctl_fionread).map(|count| i32::try_from(count).unwrap_or(i32::MAX)))
}

/// poll(2) on one descriptor: what it reports of `events`, as its own mask; 0 after `timeout_ms`.
#[napi]
pub fn poll_one(fd: i32, events: u16, timeout_ms: u32) -> i32 {
    answer(lent(fd).and_then(|fd| {
        let mut asked = [PollFd::from_borrowed_fd(fd.as_fd(), PollFlags::from_bits_retain(events))];
        let timeout =
            Timespec::try_from(Duration::from_millis(timeout_ms.into())).map_err(|_| Errno::INVAL)?;
        poll(&mut asked, Some(&timeout))?;
        Ok(asked[0].revents().bits().into())
    }))
}

/// Sets the soft limit of open files, and answers with what it was.
#[napi]
pub fn limit_files(limit: u32) -> i32 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let was = current.and_then(|limit| i32::try_from(limit).ok()).unwrap_or(i32::MAX);
    answer(setrlimit(Resource::Nofile, Rlimit { current: Some(limit.into()), maximum }).map(|()| was))
}
