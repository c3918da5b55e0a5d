//! Sockets of the kinds that the library does not make itself, or makes in its own way.

use crate::{Call, answer, answers, lent, number};
use napi_derive::napi;
use rustix::{
    io::{Errno, FdFlags, fcntl_setfd, ioctl_fionbio},
    net::{
        AddressFamily, Ipv4Addr, SendFlags, SocketAddrV4, SocketType, accept, bind, connect, getsockname,
        listen, send, socket, sockopt,
    },
};
use std::os::fd::{AsFd, IntoRawFd, OwnedFd};

/// The loopback address; the system chooses the port.
const LOOPBACK: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0);

/// A fresh socket, non-blocking and close-on-exec.
pub(crate) fn fresh(family: AddressFamily, kind: SocketType) -> Call<OwnedFd> {
    let made = socket(family, kind, None)?;
    ioctl_fionbio(&made, true)?;
    fcntl_setfd(&made, FdFlags::CLOEXEC)?;
    Ok(made)
}

fn bound(kind: SocketType) -> Call<OwnedFd> {
    let made = fresh(AddressFamily::INET, kind)?;
    bind(&made, &LOOPBACK)?;
    Ok(made)
}

/// Connects to where `target` is bound. A connection that is under way is what was asked.
fn approach(socket: impl AsFd, target: impl AsFd) -> Call<()> {
    match connect(socket, &getsockname(target)?) {
        Err(Errno::INPROGRESS) => Ok(()),
        outcome => outcome,
    }
}

/// A TCP socket that is neither bound nor connected.
#[napi]
pub fn tcp_socket() -> i32 {
    answer(fresh(AddressFamily::INET, SocketType::STREAM).map(IntoRawFd::into_raw_fd))
}

/// A TCP socket that has a port on the loopback address and does not listen: who connects to it is refused.
#[napi]
pub fn tcp_bound() -> i32 {
    answer(bound(SocketType::STREAM).map(IntoRawFd::into_raw_fd))
}

/// A UDP socket that has a port on the loopback address.
#[napi]
pub fn udp() -> i32 {
    answer(bound(SocketType::DGRAM).map(IntoRawFd::into_raw_fd))
}

#[napi]
pub fn tcp_listener() -> i32 {
    let make = || {
        let made = bound(SocketType::STREAM)?;
        listen(&made, 16)?;
        Ok(made)
    };
    answer(make().map(IntoRawFd::into_raw_fd))
}

/// A connected pair that sends small writes at once.
#[napi]
pub fn tcp_pair() -> Vec<i32> {
    let make = || {
        let listener = bound(SocketType::STREAM)?;
        listen(&listener, 1)?;
        let client = fresh(AddressFamily::INET, SocketType::STREAM)?;
        // The handshake needs nobody's help: with connect(2) and accept(2) blocking, both are over when they return.
        for socket in [&listener, &client] {
            ioctl_fionbio(socket, false)?;
        }
        approach(&client, &listener)?;
        let server = accept(&listener)?;
        for socket in [&client, &server] {
            sockopt::set_tcp_nodelay(socket, true)?;
            ioctl_fionbio(socket, true)?;
        }
        fcntl_setfd(&server, FdFlags::CLOEXEC)?;
        Ok((client, server))
    };
    answers(make())
}

/// Two UDP sockets, the second connected to the first.
#[napi]
pub fn udp_pair() -> Vec<i32> {
    let make = || {
        let receiver = bound(SocketType::DGRAM)?;
        let sender = fresh(AddressFamily::INET, SocketType::DGRAM)?;
        approach(&sender, &receiver)?;
        Ok((receiver, sender))
    };
    answers(make())
}

/// Begins to connect one socket to where another is bound.
#[napi]
pub fn connect_to(fd: i32, target: i32) -> i32 {
    answer(lent(fd).and_then(|fd| approach(fd, lent(target)?)).map(|()| 0))
}

/// Sends a text whose last byte is urgent.
#[napi]
pub fn send_urgent_text(fd: i32, text: String) -> i32 {
    answer(lent(fd).and_then(|fd| send(fd, &text.into_bytes(), SendFlags::OOB)).map(number))
}
