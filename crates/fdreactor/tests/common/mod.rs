//! What the tests of the reactor's own rules share.
#![allow(dead_code, reason = "each test binary uses its part")]

use fdreactor::{Backend, Config, Event, Reactor};
use std::{
    net::TcpStream,
    os::{fd::AsRawFd, unix::net::UnixStream},
    time::Duration,
};

pub(crate) fn reactors() -> impl Iterator<Item = Reactor> {
    let backends = Backend::ALL.iter().filter(|backend| backend.is_supported());
    backends.map(|&backend| Reactor::new(&Config { backend, ..Config::default() }).unwrap())
}

pub(crate) fn poll(reactor: &mut Reactor) -> Vec<Event> {
    let mut batch = Vec::new();
    reactor.turn(Some(Duration::ZERO), &mut batch).unwrap();
    batch
}

pub(crate) fn pair() -> (UnixStream, UnixStream) {
    UnixStream::pair().unwrap()
}

/// Puts `source`'s file under `target`'s number.
pub(crate) fn replace(source: &UnixStream, target: &UnixStream) {
    put(source, target.as_raw_fd());
}

/// Puts `source`'s file under `number`.
#[expect(unsafe_code, reason = "dup2(2)")]
pub(crate) fn put(source: &impl AsRawFd, number: i32) {
    // SAFETY: `source` is open, and whoever owned the number goes on owning it.
    let result = unsafe { libc::dup2(source.as_raw_fd(), number) };
    assert_eq!(result, number);
}

/// A duplicate under a number that nothing reopens while the other tests run: each caller has its own `floor`.
#[expect(unsafe_code, reason = "fcntl(2)")]
pub(crate) fn high_number(stream: &UnixStream, floor: i32) -> i32 {
    // SAFETY: it only makes a new number for an open file.
    let fd = unsafe { libc::fcntl(stream.as_raw_fd(), libc::F_DUPFD_CLOEXEC, floor) };
    assert!(fd >= floor);
    fd
}

#[expect(unsafe_code, reason = "close(2)")]
pub(crate) fn close(fd: i32) {
    // SAFETY: the number came from high_number(), and nobody else owns it.
    assert_eq!(unsafe { libc::close(fd) }, 0);
}

#[expect(unsafe_code, reason = "send(2) with MSG_OOB")]
pub(crate) fn send_urgent(stream: &TcpStream) {
    // SAFETY: the stream is open, and one byte is read from a string that lives for ever.
    assert_eq!(unsafe { libc::send(stream.as_raw_fd(), b"!".as_ptr().cast(), 1, libc::MSG_OOB) }, 1);
}

#[expect(unsafe_code, reason = "recv(2) with MSG_OOB")]
pub(crate) fn receive_urgent(stream: &TcpStream) {
    let mut byte = 0_u8;
    // SAFETY: the stream is open, and one byte is written to a local.
    assert_eq!(unsafe { libc::recv(stream.as_raw_fd(), (&raw mut byte).cast(), 1, libc::MSG_OOB) }, 1);
}
