//! TCP sockets as objects that own their descriptor: it is closed by `close`, or when the object is collected.

use crate::{
    buffer::stretch,
    failure::{Refusal, count, done, encode, number},
};
use fdreactor::{
    Error, Result,
    net::{BindOptions, Direction, TcpListener, TcpStream},
};
use napi::{Unknown, bindgen_prelude::Either};
use napi_derive::napi;
use std::{
    cell::{OnceCell, RefCell},
    net::{IpAddr, SocketAddr, SocketAddrV6},
    os::fd::AsRawFd,
    time::Duration,
};

/// An address as numbers and letters.
#[napi(object)]
pub struct NativeAddress {
    /// The IP address in its usual form.
    pub address: String,
    /// 4 or 6.
    pub family: u32,
    /// 0 to 65,535.
    pub port: u32,
    /// The index of the interface of a link-local IPv6 address, or 0.
    pub scope: u32,
}

impl From<SocketAddr> for NativeAddress {
    fn from(socket: SocketAddr) -> Self {
        let (family, scope) = match socket {
            SocketAddr::V4(_) => (4, 0),
            SocketAddr::V6(v6) => (6, v6.scope_id()),
        };
        Self { address: socket.ip().to_string(), family, port: u32::from(socket.port()), scope }
    }
}

/// TypeScript has looked at the address before, so a refusal is a fault of ours.
fn parse(host: &str, port: u32, scope: u32) -> Option<SocketAddr> {
    let port = u16::try_from(port).ok()?;
    Some(match host.parse().ok()? {
        IpAddr::V4(ip) => SocketAddr::from((ip, port)),
        IpAddr::V6(ip) => SocketAddr::V6(SocketAddrV6::new(ip, port, 0, scope)),
    })
}

fn either<T, R>(result: Result<T>, value: impl FnOnce(T) -> R) -> Either<R, i64> {
    match result {
        Ok(success) => Either::A(value(success)),
        Err(error) => Either::B(encode(error)),
    }
}

/// A listening TCP socket.
#[napi]
pub struct NativeTcpListener(RefCell<Option<TcpListener>>);

#[napi]
impl NativeTcpListener {
    /// Binds and listens. `ipv6_only`: 0 no, 1 yes, 2 the system's default.
    #[napi(catch_unwind)]
    pub fn bind(
        host: String,
        port: u32,
        scope: u32,
        backlog: i32,
        reuse_address: bool,
        reuse_port: bool,
        ipv6_only: u32,
    ) -> Either<NativeTcpListener, i64> {
        let Some(address) = parse(&host, port, scope) else { return Either::B(Refusal::Internal.into()) };
        let ipv6_only = (ipv6_only < 2).then_some(ipv6_only == 1);
        let options = BindOptions { backlog, reuse_address, reuse_port, ipv6_only };
        either(TcpListener::bind(address, options), |listener| Self(RefCell::new(Some(listener))))
    }

    fn with<T>(&self, ask: impl FnOnce(&TcpListener) -> Result<T>) -> Result<T> {
        self.0.borrow().as_ref().ok_or(Error::Closed).and_then(ask)
    }

    /// Takes the next connection.
    #[napi(catch_unwind)]
    pub fn accept(&self) -> Either<NativeTcpStream, i64> {
        either(self.with(TcpListener::accept), |(stream, peer)| NativeTcpStream::new(stream, Some(peer)))
    }

    /// The descriptor's number.
    #[napi(catch_unwind)]
    pub fn descriptor(&self) -> i64 {
        number(self.with(|listener| Ok(listener.as_raw_fd())), i64::from)
    }

    /// Where it listens.
    #[napi(catch_unwind)]
    pub fn local_address(&self) -> Either<NativeAddress, i64> {
        either(self.with(TcpListener::local_address), NativeAddress::from)
    }

    /// Closes it.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.0.borrow_mut().take();
    }
}

/// A TCP connection.
#[napi]
pub struct NativeTcpStream {
    stream: RefCell<Option<TcpStream>>,
    /// Known from accept(2); asked for only once otherwise.
    peer: OnceCell<SocketAddr>,
}

#[napi]
impl NativeTcpStream {
    fn new(stream: TcpStream, peer: Option<SocketAddr>) -> Self {
        let stream = Self { stream: RefCell::new(Some(stream)), peer: OnceCell::new() };
        if let Some(peer) = peer {
            let _ = stream.peer.set(peer);
        }
        stream
    }

    fn with<T>(&self, ask: impl FnOnce(&TcpStream) -> Result<T>) -> Result<T> {
        self.stream.borrow().as_ref().ok_or(Error::Closed).and_then(ask)
    }

    /// Begins to connect.
    #[napi(catch_unwind)]
    pub fn connect(host: String, port: u32, scope: u32) -> Either<NativeTcpStream, i64> {
        let Some(address) = parse(&host, port, scope) else { return Either::B(Refusal::Internal.into()) };
        either(TcpStream::connect(address), |stream| Self::new(stream, None))
    }

    /// The descriptor's number.
    #[napi(catch_unwind)]
    pub fn descriptor(&self) -> i64 {
        number(self.with(|stream| Ok(stream.as_raw_fd())), i64::from)
    }

    /// read(2) into `length` bytes of `buffer` at `offset`.
    #[napi(catch_unwind)]
    pub fn read(
        &self,
        #[napi(ts_arg_type = "ArrayBufferView")] buffer: Unknown<'_>,
        offset: i64,
        length: i64,
    ) -> i64 {
        let Some(buffer) = stretch(&buffer, offset, length) else { return Refusal::Internal.into() };
        count(self.with(|stream| stream.read(buffer)))
    }

    /// write(2) from `length` bytes of `buffer` at `offset`.
    #[napi(catch_unwind)]
    pub fn write(
        &self,
        #[napi(ts_arg_type = "ArrayBufferView")] buffer: Unknown<'_>,
        offset: i64,
        length: i64,
    ) -> i64 {
        let Some(buffer) = stretch(&buffer, offset, length) else { return Refusal::Internal.into() };
        count(self.with(|stream| stream.write(buffer)))
    }

    /// Closes the reading half (0), the writing half (1) or both (2).
    #[napi(catch_unwind)]
    pub fn shutdown(&self, direction: u32) -> i64 {
        let direction = match direction {
            0 => Direction::Read,
            1 => Direction::Write,
            _ => Direction::Both,
        };
        done(self.with(|stream| stream.shutdown(direction)))
    }

    /// Takes the pending error: its `errno`, positive, or 0.
    #[napi(catch_unwind)]
    pub fn take_error(&self) -> i64 {
        number(self.with(TcpStream::take_error), |errno| i64::from(errno.unwrap_or(0)))
    }

    /// `TCP_NODELAY`.
    #[napi(catch_unwind)]
    pub fn set_no_delay(&self, on: bool) -> i64 {
        done(self.with(|stream| stream.set_no_delay(on)))
    }

    /// `SO_KEEPALIVE`, and the idle time before the first probe unless it is 0.
    #[napi(catch_unwind)]
    pub fn set_keep_alive(&self, on: bool, idle_ms: f64) -> i64 {
        let idle = Duration::try_from_secs_f64(idle_ms / 1000.0).ok().filter(|idle| !idle.is_zero());
        done(self.with(|stream| stream.set_keep_alive(on, idle)))
    }

    /// Makes the close reset the connection.
    #[napi(catch_unwind)]
    pub fn reset_on_close(&self) -> i64 {
        done(self.with(|stream| stream.set_linger(Some(Duration::ZERO))))
    }

    /// This end's address.
    #[napi(catch_unwind)]
    pub fn local_address(&self) -> Either<NativeAddress, i64> {
        either(self.with(TcpStream::local_address), NativeAddress::from)
    }

    /// The peer's address.
    #[napi(catch_unwind)]
    pub fn remote_address(&self) -> Either<NativeAddress, i64> {
        if let Some(&peer) = self.peer.get() {
            return Either::A(peer.into());
        }
        either(self.with(TcpStream::remote_address), |peer| {
            let _ = self.peer.set(peer);
            peer.into()
        })
    }

    /// Closes it.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.stream.borrow_mut().take();
    }
}
