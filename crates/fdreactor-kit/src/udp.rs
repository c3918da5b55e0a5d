//! Datagrams on 127.0.0.1: the sockets whose errors pass.

use crate::{Call, answer, lent};
use napi_derive::napi;
use rustix::{
    io::{Errno, FdFlags, fcntl_setfd, ioctl_fionbio},
    net::{AddressFamily, SocketAddrV4, SocketType, bind, connect, getsockname, socket},
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    os::fd::IntoRawFd,
};

fn here(port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)
}

/// A UDP socket bound to a port that the system chooses.
#[napi]
pub fn udp() -> i32 {
    let make = || -> Call {
        let made = socket(AddressFamily::INET, SocketType::DGRAM, None)?;
        ioctl_fionbio(&made, true)?;
        fcntl_setfd(&made, FdFlags::CLOEXEC)?;
        bind(&made, &here(0))?;
        Ok(made.into_raw_fd())
    };
    answer(make())
}

/// Where a socket is bound.
#[napi]
pub fn local_port(fd: i32) -> i32 {
    let address = lent(fd).and_then(getsockname);
    answer(
        address.and_then(|any| Ok(SocketAddr::try_from(any).map_err(|_| Errno::AFNOSUPPORT)?.port().into())),
    )
}

/// connect(2) to a port.
#[napi]
pub fn connect_port(fd: i32, port: u16) -> i32 {
    answer(lent(fd).and_then(|fd| connect(fd, &here(port))).map(|()| 0))
}
