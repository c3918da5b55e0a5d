//! Questions about a connection or listener, and the options of its socket.

use super::{connection::Connection, endpoint::set_keep_alive, traffic::Traffic};
use crate::error::{Error, Result, Syscall};
use socket2::SockAddr;
use std::{io, os::fd::AsRawFd, time::Duration};

impl Traffic {
    /// How many bytes a connection has read and written; also of one that is closed, until the next turn.
    pub fn moved(&mut self, id: u32) -> Option<(u64, u64)> {
        match self.table.connection(id) {
            Some(connection) => Some((connection.read, connection.written)),
            None => self.table.remains(id).map(|remains| (remains.read, remains.written)),
        }
    }

    /// The peer's address: it was learned when the connection began. Also of one that is closed, until the next turn.
    ///
    /// # Errors
    /// Those of getpeername(2); [`Error::Closed`].
    pub fn peer(&mut self, id: u32) -> Result<SockAddr> {
        if let Some(peer) = self.table.remains(id).and_then(|remains| remains.peer) {
            return Ok(peer.into());
        }
        self.ask(id, Syscall::Getpeername, |connection| match connection.peer {
            Some(peer) => Ok(peer.into()),
            None => connection.socket.peer_addr(),
        })
    }

    /// The address of this end, of a connection or a listener.
    ///
    /// # Errors
    /// Those of getsockname(2); [`Error::Closed`].
    pub fn local(&mut self, id: u32) -> Result<SockAddr> {
        if let Some(listener) = self.table.listener(id) {
            return listener.socket.local_addr().map_err(|error| Error::system(Syscall::Getsockname, &error));
        }
        self.ask(id, Syscall::Getsockname, |connection| connection.socket.local_addr())
    }

    /// `TCP_NODELAY`.
    ///
    /// # Errors
    /// Those of setsockopt(2); [`Error::Closed`].
    pub fn set_no_delay(&mut self, id: u32, on: bool) -> Result<()> {
        self.ask(id, Syscall::Setsockopt, |connection| connection.socket.set_tcp_nodelay(on))
    }

    /// `SO_KEEPALIVE`, and the idle time before the first probe, rounded up to seconds.
    ///
    /// # Errors
    /// Those of setsockopt(2); [`Error::Closed`].
    pub fn set_keep_alive(&mut self, id: u32, on: bool, idle: Option<Duration>) -> Result<()> {
        let connection = self.table.connection(id).ok_or(Error::Closed)?;
        set_keep_alive(&connection.socket, on, idle)
    }

    /// The descriptor of a connection or listener.
    ///
    /// # Errors
    /// [`Error::Closed`]
    pub fn descriptor(&mut self, id: u32) -> Result<i32> {
        if let Some(listener) = self.table.listener(id) {
            return Ok(listener.socket.as_raw_fd());
        }
        self.table.connection(id).map(|connection| connection.socket.as_raw_fd()).ok_or(Error::Closed)
    }

    fn ask<T>(
        &mut self,
        id: u32,
        syscall: Syscall,
        ask: impl FnOnce(&Connection) -> io::Result<T>,
    ) -> Result<T> {
        let connection = self.table.connection(id).ok_or(Error::Closed)?;
        ask(connection).map_err(|error| Error::system(syscall, &error))
    }
}
