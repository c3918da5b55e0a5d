//! What only Linux has.

use crate::{Call, answer, answers, lent, net::fresh};
use napi_derive::napi;
use rustix::{
    event::{EventfdFlags, eventfd as make_eventfd},
    fs::{Mode, OFlags, inotify, open},
    io::Errno,
    net::{AddressFamily, SocketAddrUnix, SocketType, bind, connect, listen},
    pipe::{PipeFlags, fcntl_setpipe_size, pipe_with},
    process::{PTracer, Pid, PidfdFlags, pidfd_open, set_ptracer},
    time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime},
};
use std::{os::fd::IntoRawFd, time::Duration};

#[napi]
pub fn eventfd(count: u32) -> i32 {
    let made = make_eventfd(count, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC);
    answer(made.map(IntoRawFd::into_raw_fd))
}

/// A pipe whose buffer is one page of 4,096 bytes.
#[napi]
pub fn page_pipe() -> Vec<i32> {
    answers(pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).and_then(|(reader, writer)| {
        fcntl_setpipe_size(&writer, 4096)?;
        Ok((reader, writer))
    }))
}

/// A timer: milliseconds until it expires first, and between expirations after that (0 for none).
#[napi]
pub fn timerfd(first_ms: u32, every_ms: u32) -> i32 {
    let span = |time: u32| Duration::from_millis(time.into()).try_into().map_err(|_| Errno::INVAL);
    let make = || -> Call {
        let timer =
            timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        let schedule = Itimerspec { it_interval: span(every_ms)?, it_value: span(first_ms)? };
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &schedule)?;
        Ok(timer.into_raw_fd())
    };
    answer(make())
}

/// An inotify instance that watches a directory for new entries.
#[napi]
pub fn inotify_directory(path: String) -> i32 {
    let make = || -> Call {
        let watcher = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC)?;
        inotify::add_watch(&watcher, path, inotify::WatchFlags::CREATE)?;
        Ok(watcher.into_raw_fd())
    };
    answer(make())
}

#[napi]
pub fn pidfd(pid: i32) -> i32 {
    let pid = Pid::from_raw(pid).ok_or(Errno::SRCH);
    answer(pid.and_then(|pid| pidfd_open(pid, PidfdFlags::NONBLOCK)).map(IntoRawFd::into_raw_fd))
}

/// An `O_PATH` descriptor.
#[napi]
pub fn path_only(path: String) -> i32 {
    answer(open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).map(IntoRawFd::into_raw_fd))
}

/// Makes a pipe's buffer smaller or greater.
#[napi]
pub fn pipe_size(fd: i32, bytes: u32) -> i32 {
    answer(lent(fd).and_then(|fd| fcntl_setpipe_size(fd, bytes as usize)).map(crate::number))
}

/// Two UNIX datagram sockets: one bound to an address outside the file system, and one connected to it.
#[napi]
pub fn unix_datagrams(name: String) -> Vec<i32> {
    let make = || {
        let address = SocketAddrUnix::new_abstract_name(&name.into_bytes())?;
        let receiver = fresh(AddressFamily::UNIX, SocketType::DGRAM)?;
        bind(&receiver, &address)?;
        let sender = fresh(AddressFamily::UNIX, SocketType::DGRAM)?;
        connect(&sender, &address)?;
        Ok((receiver, sender))
    };
    answers(make())
}

/// A UNIX listener on an address outside the file system, and a client that it has not accepted yet.
#[napi]
pub fn unix_listener(name: String) -> Vec<i32> {
    let make = || {
        let address = SocketAddrUnix::new_abstract_name(&name.into_bytes())?;
        let listener = fresh(AddressFamily::UNIX, SocketType::STREAM)?;
        bind(&listener, &address)?;
        listen(&listener, 8)?;
        let client = fresh(AddressFamily::UNIX, SocketType::STREAM)?;
        connect(&client, &address)?;
        Ok((listener, client))
    };
    answers(make())
}

/// Lets any process of this user trace this one, also where only a parent may (Yama's `ptrace_scope` 1).
#[napi]
pub fn allow_tracing() -> i32 {
    match set_ptracer(PTracer::Any) {
        // A kernel without Yama does not know the call, and allows it anyway.
        Ok(()) | Err(Errno::INVAL) => 0,
        Err(error) => answer(Err(error)),
    }
}
