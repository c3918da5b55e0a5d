//! Sockets that wait for connections.

use super::{failed, open, stream::TcpStream};
use crate::{
    error::{Result, Syscall},
    sys::accept::pass_over,
};
use std::{
    net::SocketAddr,
    os::fd::{AsRawFd, OwnedFd, RawFd},
};

/// How a listener is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BindOptions {
    /// The most connections that may wait to be accepted. The system caps it (`net.core.somaxconn` on Linux).
    pub backlog: i32,
    /// `SO_REUSEADDR`: binds although closed connections of the address linger.
    pub reuse_address: bool,
    /// `SO_REUSEPORT`: several listeners may share the address. Linux spreads connections over them.
    pub reuse_port: bool,
    /// `IPV6_V6ONLY`: an IPv6 listener takes no IPv4 connections. `None` leaves the system's default.
    pub ipv6_only: Option<bool>,
}

impl Default for BindOptions {
    fn default() -> Self {
        Self { backlog: 511, reuse_address: true, reuse_port: false, ipv6_only: None }
    }
}

/// A listening TCP socket.
#[derive(Debug)]
pub struct TcpListener(mio::net::TcpListener);

impl TcpListener {
    /// Binds to `address` and listens.
    ///
    /// # Errors
    /// What socket(2), setsockopt(2), bind(2) or listen(2) say: `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`, `EMFILE`, ...
    pub fn bind(address: SocketAddr, options: BindOptions) -> Result<Self> {
        let socket = open(address)?;
        let set = || {
            socket.set_reuse_address(options.reuse_address)?;
            if options.reuse_port {
                socket.set_reuse_port(true)?;
            }
            match options.ipv6_only {
                Some(only) if address.is_ipv6() => socket.set_only_v6(only),
                _ => Ok(()),
            }
        };
        set().map_err(failed(Syscall::Setsockopt))?;
        socket.bind(&address.into()).map_err(failed(Syscall::Bind))?;
        socket.listen(options.backlog).map_err(failed(Syscall::Listen))?;
        Ok(Self(mio::net::TcpListener::from_std(socket.into())))
    }

    /// Takes the next connection. One that failed while it waited is passed over.
    ///
    /// # Errors
    /// `EAGAIN` when none waits; `EMFILE`, `ENFILE`, `ENOBUFS` or `ENOMEM` when there is no room for it: then it goes on
    /// waiting.
    pub fn accept(&self) -> Result<(TcpStream, SocketAddr)> {
        let (stream, address) = pass_over(|| self.0.accept()).map_err(failed(Syscall::Accept))?;
        Ok((TcpStream::from(OwnedFd::from(stream)), address))
    }

    /// The address it is bound to, with the port that the system chose if 0 was asked.
    ///
    /// # Errors
    /// Those of getsockname(2).
    pub fn local_address(&self) -> Result<SocketAddr> {
        self.0.local_addr().map_err(failed(Syscall::Getsockname))
    }
}

impl AsRawFd for TcpListener {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
