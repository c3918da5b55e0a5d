//! Connections over the loopback.

use super::pulse::{BEAT, Pulse};
use super::{Fault, Result};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream as StdStream};
use std::time::{Duration, Instant};

/// Connections that are begun at once: fewer than any listener lets wait.
const WAVE: usize = 64;
/// What one address has ports for, with some to spare: 32,768 to 60,999 by default.
const MOST_PORTS: usize = 25_000;

/// Begins a connection, without waiting. Connections come from 127.0.0.1 until its ports run
/// short, then 127.0.0.2, and so on. Closing one resets it, so that its port is free at once.
pub(super) fn begin(port: u16, number: usize) -> Result<TcpStream> {
    let failed = |call| move |error| Fault::System(call, error);
    let to = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).map_err(failed("socket"))?;
    socket.set_nonblocking(true).map_err(failed("fcntl"))?;
    if let Some(address) = address_of(number) {
        socket.bind(&SocketAddrV4::new(address, 0).into()).map_err(failed("bind"))?;
    }
    match socket.connect(&to.into()) {
        Err(error) if !is_in_progress(&error) => return Err(Fault::System("connect", error)),
        _ => {}
    }
    socket.set_tcp_nodelay(true).map_err(failed("setsockopt"))?;
    socket.set_linger(Some(Duration::ZERO)).map_err(failed("setsockopt"))?;
    Ok(TcpStream::from_std(StdStream::from(socket)))
}

fn is_in_progress(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
        || error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

fn address_of(number: usize) -> Option<Ipv4Addr> {
    let last = u8::try_from(1 + number / MOST_PORTS).unwrap_or(u8::MAX);
    (last > 1).then(|| Ipv4Addr::new(127, 0, 0, last))
}

/// Why a connection was not made, once it is writable.
pub(super) fn made(stream: &TcpStream) -> Result<()> {
    match SockRef::from(stream).take_error() {
        Ok(None) => Ok(()),
        Ok(Some(error)) | Err(error) => Err(Fault::System("connect", error)),
    }
}

/// Makes `count` connections, a few at once. `from` is how many there are already.
pub(super) fn connect(port: u16, from: usize, count: usize) -> Result<Vec<TcpStream>> {
    let mut poll = Poll::new().map_err(|error| Fault::System("epoll_create1", error))?;
    let mut events = Events::with_capacity(WAVE);
    let mut streams: Vec<TcpStream> = Vec::with_capacity(count);
    while streams.len() < count {
        let first = streams.len();
        for number in first..count.min(first + WAVE) {
            let mut stream = begin(port, from + number)?;
            poll.registry()
                .register(&mut stream, Token(number), Interest::WRITABLE)
                .map_err(|error| Fault::System("epoll_ctl", error))?;
            streams.push(stream);
        }
        let mut waiting = streams.len() - first;
        let mut pulse = Pulse::new();
        while waiting > 0 {
            wait(&mut poll, &mut events, BEAT)?;
            let now = Instant::now();
            for event in &events {
                let stream = &mut streams[event.token().0];
                made(stream)?;
                poll.registry().deregister(stream).map_err(|error| Fault::System("epoll_ctl", error))?;
                waiting -= 1;
                pulse.beat(now);
            }
            pulse.check(now, waiting)?;
        }
    }
    Ok(streams)
}

/// Waits for events; a signal is none.
pub(super) fn wait(poll: &mut Poll, events: &mut Events, timeout: Duration) -> Result<()> {
    match poll.poll(events, Some(timeout)) {
        Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(Fault::System("epoll_wait", error)),
        _ => Ok(()),
    }
}
