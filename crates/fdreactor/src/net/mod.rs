//! TCP sockets that are non-blocking and close-on-exec from birth, thin over mio and socket2.

mod listener;
mod stream;

pub use listener::{BindOptions, TcpListener};
pub use stream::{Direction, TcpStream};

use crate::error::{Error, Result, Syscall};
use socket2::{Domain, Socket, Type};
use std::{io, net::SocketAddr};

/// An [`Error`] of `syscall`, for use with `map_err`.
fn failed(syscall: Syscall) -> impl Fn(io::Error) -> Error {
    move |error| Error::system(syscall, &error)
}

/// A socket for `address`, non-blocking and close-on-exec: from birth where the system can do that.
fn open(address: SocketAddr) -> Result<Socket> {
    let domain = Domain::for_address(address);
    #[cfg(not(target_vendor = "apple"))]
    return Socket::new(domain, Type::STREAM.nonblocking(), None).map_err(failed(Syscall::Socket));
    #[cfg(target_vendor = "apple")]
    {
        let socket = Socket::new(domain, Type::STREAM, None).map_err(failed(Syscall::Socket))?;
        socket.set_nonblocking(true).map_err(failed(Syscall::Fcntl))?;
        Ok(socket)
    }
}
