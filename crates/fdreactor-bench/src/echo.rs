//! An echo server on mio alone: what no server with more in it can be faster than, on the same calls of the system.

use mio::net::{TcpListener, TcpStream};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use rustix::io::{read, write};
use rustix::stdio::{stdin, stdout};
use slab::Slab;
use socket2::{Domain, SockRef, Socket, Type};
use std::io::{ErrorKind, Read, Result, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, RawFd};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 511;
/// Bytes that are taken at once.
const BUFFER: usize = 64 * 1024;
const MOST_EVENTS: usize = 1024;
const LISTENER: Token = Token(usize::MAX);
const CONTROL: Token = Token(usize::MAX - 1);

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// What comes on it is sent back.
    Echo,
    /// It is closed at once.
    Close,
}

/// The server. It runs until it is told to end.
#[derive(Debug)]
pub struct EchoServer {
    poll: Poll,
    listener: TcpListener,
    manner: Manner,
    connections: Slab<Connection>,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    /// What the peer has not taken. Nothing is read while there is something.
    kept: Vec<u8>,
}

/// Serves in the manner of the benches' other servers: writes the port to standard output, answers whatever comes on standard
/// input with a line, and returns when that ends.
///
/// # Errors
/// What the system says.
pub fn serve(port: u16, manner: Manner) -> Result<()> {
    let mut server = EchoServer::bind(port, manner)?;
    write(stdout(), format!("{}\n", server.port()?).as_bytes())?;
    let input = stdin();
    server.serve(input.as_raw_fd(), || {
        !matches!(read(input, &mut [0; 64]), Ok(1..)) || write(stdout(), b"done\n").is_err()
    })
}

impl EchoServer {
    /// Listens on 127.0.0.1, at a free port if `port` is 0.
    ///
    /// # Errors
    /// What the system says.
    pub fn bind(port: u16, manner: Manner) -> Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SocketAddrV4::new(Ipv4Addr::LOCALHOST, port).into())?;
        socket.listen(BACKLOG)?;
        let mut listener = TcpListener::from_std(socket.into());
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self { poll, listener, manner, connections: Slab::new(), buffer: vec![0; BUFFER] })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn port(&self) -> Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }

    /// Serves until `control` says to end. It is asked whenever the descriptor `told` is readable, and must read it.
    ///
    /// # Errors
    /// What the system says of waiting; a connection that fails is closed.
    pub fn serve(&mut self, told: RawFd, mut control: impl FnMut() -> bool) -> Result<()> {
        self.poll.registry().register(&mut SourceFd(&told), CONTROL, Interest::READABLE)?;
        let mut events = Events::with_capacity(MOST_EVENTS);
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            }
            for event in &events {
                match event.token() {
                    CONTROL => {
                        if control() {
                            return Ok(());
                        }
                    }
                    LISTENER => self.accept(),
                    Token(key) => {
                        let to_the_end = event.is_read_closed() || event.is_error();
                        if self.connections.get(key).is_some() && !self.echo(key, to_the_end) {
                            self.connections.remove(key);
                        }
                    }
                }
            }
        }
    }

    fn accept(&mut self) {
        // Out of descriptors, what waits is accepted with the next that comes.
        while let Ok((mut stream, _)) = self.listener.accept() {
            if self.manner == Manner::Close || SockRef::from(&stream).set_tcp_nodelay(true).is_err() {
                continue;
            }
            let entry = self.connections.vacant_entry();
            let interest = Interest::READABLE | Interest::WRITABLE;
            if self.poll.registry().register(&mut stream, Token(entry.key()), interest).is_ok() {
                entry.insert(Connection { stream, kept: Vec::new() });
            }
        }
    }

    /// Sends back what has come. Returns whether the connection stays. With `to_the_end` reads until nothing is left, otherwise
    /// until less came than there was room for.
    fn echo(&mut self, key: usize, to_the_end: bool) -> bool {
        let Connection { stream, kept } = &mut self.connections[key];
        let Some(count) = send(stream, kept) else { return false };
        if count < kept.len() {
            kept.drain(..count);
            return true;
        }
        // An idle connection should hold nothing.
        *kept = Vec::new();
        loop {
            match stream.read(&mut self.buffer) {
                Ok(0) => return false,
                Ok(count) => {
                    let came = &self.buffer[..count];
                    let Some(taken) = send(stream, came) else { return false };
                    if taken < count {
                        kept.extend_from_slice(&came[taken..]);
                        return true;
                    }
                    if count < self.buffer.len() && !to_the_end {
                        return true;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
    }
}

/// Writes as much as the socket takes, and returns how much; nothing if it failed.
fn send(stream: &mut TcpStream, bytes: &[u8]) -> Option<usize> {
    let mut done = 0;
    while done < bytes.len() {
        match stream.write(&bytes[done..]) {
            Ok(count) => done += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    Some(done)
}
