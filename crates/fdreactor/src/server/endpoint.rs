//! Where a server listens and whom a connection reaches: an IP address and port, or a path.

use crate::error::{Error, Result, Syscall};
use socket2::{Domain, SockAddr, Socket, TcpKeepalive, Type};
use std::{ffi::OsStr, fs, io, net::SocketAddr, os::unix::ffi::OsStrExt, time::Duration};

/// An address, as the kernel takes it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    address: SockAddr,
    is_tcp: bool,
}

fn failed(syscall: Syscall) -> impl Fn(io::Error) -> Error {
    move |error| Error::system(syscall, &error)
}

impl Endpoint {
    /// An IP address and a port.
    pub fn tcp(address: SocketAddr) -> Self {
        Self { address: address.into(), is_tcp: true }
    }

    /// A path of a UNIX socket. One that begins with a null byte is a name outside the file system (Linux, unix(7)).
    ///
    /// # Errors
    /// `ENAMETOOLONG` if it has more bytes than the kernel takes: 107 on Linux, 103 on macOS and FreeBSD.
    pub fn unix(path: &[u8]) -> Result<Self> {
        let address = SockAddr::unix(OsStr::from_bytes(path))
            .map_err(|_| Error::System { syscall: Syscall::Bind, errno: libc::ENAMETOOLONG })?;
        Ok(Self { address, is_tcp: false })
    }

    fn open(&self) -> Result<Socket> {
        let domain = Domain::from(i32::from(self.address.family()));
        #[cfg(not(target_vendor = "apple"))]
        return Socket::new(domain, Type::STREAM.nonblocking(), None).map_err(failed(Syscall::Socket));
        #[cfg(target_vendor = "apple")]
        {
            let socket = Socket::new(domain, Type::STREAM, None).map_err(failed(Syscall::Socket))?;
            socket.set_nonblocking(true).map_err(failed(Syscall::Fcntl))?;
            Ok(socket)
        }
    }

    /// Binds and listens. `TCP_NODELAY` goes over to the connections: what is written is gathered already.
    ///
    /// # Errors
    /// What socket(2), setsockopt(2), bind(2) or listen(2) say.
    pub fn bind(&self, backlog: i32, reuse_port: bool, ipv6_only: Option<bool>) -> Result<Socket> {
        let socket = self.open()?;
        if self.is_tcp {
            let set = || {
                socket.set_reuse_address(true)?;
                socket.set_tcp_nodelay(true)?;
                if reuse_port {
                    socket.set_reuse_port(true)?;
                }
                match ipv6_only {
                    Some(only) if self.address.is_ipv6() => socket.set_only_v6(only),
                    _ => Ok(()),
                }
            };
            set().map_err(failed(Syscall::Setsockopt))?;
        }
        socket.bind(&self.address).map_err(failed(Syscall::Bind))?;
        socket.listen(backlog).map_err(failed(Syscall::Listen)).inspect_err(|_| self.unbind())?;
        Ok(socket)
    }

    /// Removes the file that a bind has made: nobody listens there.
    pub fn unbind(&self) {
        if let Some(path) = self.address.as_pathname() {
            // Nobody can do more about it.
            let _ = fs::remove_file(path);
        }
    }

    /// Begins to connect.
    ///
    /// # Errors
    /// What is wrong at once, of socket(2) or connect(2).
    pub fn connect(&self) -> Result<Socket> {
        let socket = self.open()?;
        if self.is_tcp {
            socket.set_tcp_nodelay(true).map_err(failed(Syscall::Setsockopt))?;
        }
        loop {
            let Err(error) = socket.connect(&self.address) else { return Ok(socket) };
            match error.raw_os_error() {
                // If it has begun before the signal, it says so when it is asked again.
                Some(libc::EINTR) => {}
                Some(libc::EINPROGRESS | libc::EALREADY | libc::EISCONN) => return Ok(socket),
                _ => return Err(Error::system(Syscall::Connect, &error)),
            }
        }
    }
}

/// `SO_KEEPALIVE`, and the idle time before the first probe, rounded up to seconds.
pub(super) fn set_keep_alive(socket: &Socket, on: bool, idle: Option<Duration>) -> Result<()> {
    let outcome = match idle {
        Some(idle) if on => {
            let seconds = u64::try_from(idle.as_nanos().div_ceil(1_000_000_000)).unwrap_or(u64::MAX).max(1);
            socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(Duration::from_secs(seconds)))
        }
        _ => socket.set_keepalive(on),
    };
    outcome.map_err(failed(Syscall::Setsockopt))
}
