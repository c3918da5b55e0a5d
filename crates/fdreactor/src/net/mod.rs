//! TCP sockets that are non-blocking and close-on-exec from birth, thin over mio and socket2.

mod listener;
mod stream;

pub use listener::{BindOptions, TcpListener};
pub use stream::{Direction, TcpStream};

use crate::error::{Error, Syscall};
use std::io;

/// An [`Error`] of `syscall`, for use with `map_err`.
fn failed(syscall: Syscall) -> impl Fn(io::Error) -> Error {
    move |error| Error::system(syscall, &error)
}
