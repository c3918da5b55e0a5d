//! Connections.

use super::{failed, open};
use crate::{
    error::{Error, Result, Syscall},
    io::{self, RawBuffer},
};
use socket2::{Socket, TcpKeepalive};
use std::{
    net::{Shutdown, SocketAddr},
    os::fd::{AsRawFd, OwnedFd, RawFd},
    time::Duration,
};

/// Which half of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// What comes in.
    Read,
    /// What goes out.
    Write,
    /// Both.
    Both,
}

/// A TCP connection, established or on its way.
#[derive(Debug)]
pub struct TcpStream(Socket);

impl TcpStream {
    /// Begins to connect to `address` and returns at once. The stream becomes writable when that has ended;
    /// [`take_error`](Self::take_error) then says how.
    ///
    /// # Errors
    /// What is wrong at once: `EMFILE`, `ENETUNREACH`, `EADDRNOTAVAIL`, ...
    pub fn connect(address: SocketAddr) -> Result<Self> {
        let socket = open(address)?;
        match socket.connect(&address.into()) {
            Ok(()) => Ok(Self(socket)),
            // It goes on by itself, also after a signal.
            Err(error) if matches!(error.raw_os_error(), Some(libc::EINPROGRESS | libc::EINTR)) => {
                Ok(Self(socket))
            }
            Err(error) => Err(Error::system(Syscall::Connect, &error)),
        }
    }

    /// As [`io::read`].
    ///
    /// # Errors
    /// As [`io::read`].
    pub fn read(&self, buffer: RawBuffer) -> Result<usize> {
        io::read(self.as_raw_fd(), buffer)
    }

    /// As [`io::write`].
    ///
    /// # Errors
    /// As [`io::write`].
    pub fn write(&self, buffer: RawBuffer) -> Result<usize> {
        io::write(self.as_raw_fd(), buffer)
    }

    /// Closes one direction or both. The peer of a closed writing half reads its end, after all data.
    ///
    /// # Errors
    /// `ENOTCONN` if it is not connected any more.
    pub fn shutdown(&self, direction: Direction) -> Result<()> {
        let how = match direction {
            Direction::Read => Shutdown::Read,
            Direction::Write => Shutdown::Write,
            Direction::Both => Shutdown::Both,
        };
        self.0.shutdown(how).map_err(failed(Syscall::Shutdown))
    }

    /// Takes the pending error (`SO_ERROR`) off the socket: its `errno`, if there is one.
    ///
    /// # Errors
    /// Those of getsockopt(2).
    pub fn take_error(&self) -> Result<Option<i32>> {
        let pending = self.0.take_error().map_err(failed(Syscall::Getsockopt))?;
        Ok(pending.and_then(|error| error.raw_os_error()))
    }

    /// Sends small writes at once (`TCP_NODELAY`) instead of gathering them.
    ///
    /// # Errors
    /// Those of setsockopt(2).
    pub fn set_no_delay(&self, on: bool) -> Result<()> {
        self.0.set_tcp_nodelay(on).map_err(failed(Syscall::Setsockopt))
    }

    /// Probes an idle connection (`SO_KEEPALIVE`), first after `idle` if given, rounded up to seconds.
    ///
    /// # Errors
    /// Those of setsockopt(2): `EINVAL` for more than 32,767 seconds on Linux.
    pub fn set_keep_alive(&self, on: bool, idle: Option<Duration>) -> Result<()> {
        let outcome = match idle {
            Some(idle) if on => {
                let seconds =
                    u64::try_from(idle.as_nanos().div_ceil(1_000_000_000)).unwrap_or(u64::MAX).max(1);
                self.0.set_tcp_keepalive(&TcpKeepalive::new().with_time(Duration::from_secs(seconds)))
            }
            _ => self.0.set_keepalive(on),
        };
        outcome.map_err(failed(Syscall::Setsockopt))
    }

    /// What happens to unsent data at the close (`SO_LINGER`): `Some(0)` resets the connection, `None` sends it in peace.
    ///
    /// # Errors
    /// Those of setsockopt(2).
    pub fn set_linger(&self, linger: Option<Duration>) -> Result<()> {
        self.0.set_linger(linger).map_err(failed(Syscall::Setsockopt))
    }

    /// This end's address.
    ///
    /// # Errors
    /// Those of getsockname(2).
    pub fn local_address(&self) -> Result<SocketAddr> {
        let address = self.0.local_addr().map_err(failed(Syscall::Getsockname))?;
        address.as_socket().ok_or_else(|| {
            failed(Syscall::Getsockname)(std::io::Error::from_raw_os_error(libc::EAFNOSUPPORT))
        })
    }

    /// The peer's address.
    ///
    /// # Errors
    /// Those of getpeername(2): `ENOTCONN` before the connection is established.
    pub fn remote_address(&self) -> Result<SocketAddr> {
        let address = self.0.peer_addr().map_err(failed(Syscall::Getpeername))?;
        address.as_socket().ok_or_else(|| {
            failed(Syscall::Getpeername)(std::io::Error::from_raw_os_error(libc::EAFNOSUPPORT))
        })
    }
}

impl From<OwnedFd> for TcpStream {
    fn from(fd: OwnedFd) -> Self {
        Self(Socket::from(fd))
    }
}

impl AsRawFd for TcpStream {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
