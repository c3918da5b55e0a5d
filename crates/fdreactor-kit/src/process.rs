//! What happens beside JavaScript's thread: children that nobody else waits for, and a write while that thread blocks.

use crate::{Call, answer, lent};
use napi_derive::napi;
use rustix::{
    io::{Errno, FdFlags, fcntl_dupfd_cloexec, fcntl_getfd, fcntl_setfd, write},
    process::{Pid, Resource, WaitId, WaitIdOptions, WaitOptions, getrlimit, waitid, waitpid},
};
use std::{
    os::fd::IntoRawFd,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

fn failure(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

/// Runs a shell command with pipes for its input and output: its process, what writes to it and what it writes to. Nobody
/// reaps it but `reap`, which Node does at once for its own.
#[napi]
pub fn spawn_shell(script: String) -> Vec<i32> {
    let mut shell = Command::new("sh");
    match shell.arg("-c").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() {
        Ok(mut child) => {
            let pid = i32::try_from(child.id()).unwrap_or(-1);
            let input = child.stdin.take().map_or(-1, IntoRawFd::into_raw_fd);
            let output = child.stdout.take().map_or(-1, IntoRawFd::into_raw_fd);
            vec![pid, input, output]
        }
        Err(error) => vec![-failure(&error).raw_os_error()],
    }
}

fn process(pid: i32) -> Call<Pid> {
    Pid::from_raw(pid).ok_or(Errno::SRCH)
}

/// Waits until a child is over, and leaves it to be reaped.
#[napi]
pub fn await_exit(pid: i32) -> i32 {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    answer(process(pid).and_then(|pid| waitid(WaitId::Pid(pid), options)).map(|_| 0))
}

#[napi]
pub fn reap(pid: i32) -> i32 {
    answer(process(pid).and_then(|pid| waitpid(Some(pid), WaitOptions::empty())).map(|_| 0))
}

/// Writes so many bytes after a while, from a thread of its own.
#[napi]
pub fn write_later(fd: i32, delay_ms: u32, count: u32) -> i32 {
    // A duplicate: it stays open however the test ends.
    answer(lent(fd).and_then(|fd| fcntl_dupfd_cloexec(fd, 0)).map(|target| {
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(delay_ms.into()));
            // If it fails, nothing comes, and the test says so.
            let _ = write(&target, &vec![b'.'; count as usize]);
        });
        0
    }))
}

/// The hard limit of open files.
#[napi]
pub fn most_files() -> i32 {
    let most = getrlimit(Resource::Nofile).maximum;
    most.and_then(|most| i32::try_from(most).ok()).unwrap_or(i32::MAX)
}

/// Lets programs that are started later have a descriptor, or not.
#[napi]
pub fn set_inherited(fd: i32, is_inherited: bool) -> i32 {
    answer(lent(fd).and_then(|fd| {
        let mut flags = fcntl_getfd(fd)?;
        flags.set(FdFlags::CLOEXEC, !is_inherited);
        fcntl_setfd(fd, flags).map(|()| 0)
    }))
}
