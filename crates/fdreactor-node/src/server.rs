//! Servers, as JavaScript asks for them.

use crate::{
    buffer::stretch,
    failure::{Refusal, done, encode, number},
    inner::Inner,
    reactor::NativeReactor,
    serving::{AREA, Serving},
};
use fdreactor::{
    Reactor, Result, Trigger,
    server::{Endpoint, Limits, ListenOptions, SockAddr, Terms, Traffic},
};
use napi::{Env, JsValue, Unknown, bindgen_prelude::Either};
use napi_derive::napi;
use std::{
    net::{IpAddr, SocketAddr, SocketAddrV6, ToSocketAddrs},
    rc::Rc,
    time::Duration,
};

/// Where to listen or connect to: an IP address and port, or a path.
#[napi(object)]
pub struct NativeEndpoint {
    /// A literal IP address, or a path as the bytes of Latin-1.
    pub host: String,
    /// 0 to 65,535, or -1 for a path.
    pub port: i32,
    /// The index of the interface of a link-local IPv6 address, or 0.
    pub scope: u32,
}

/// Limits of connections: bytes, milliseconds and counts. Zero milliseconds are no limit.
#[napi(object)]
pub struct NativeLimits {
    /// Above so many kept bytes a connection of a listener is not read from.
    pub high_water_mark: u32,
    /// The most bytes kept for one connection.
    pub buffered_bytes: u32,
    /// The most bytes kept for all.
    pub buffered_bytes_in_all: f64,
    /// The most bytes read from one connection in a turn.
    pub bytes_per_turn: u32,
    /// For how long one connection is read from in a turn.
    pub time_per_turn_ms: f64,
    /// For how long a connection may be idle.
    pub idle_timeout_ms: f64,
    /// For how long a new connection may wait with its first byte.
    pub first_byte_timeout_ms: f64,
    /// The most connections accepted in a turn.
    pub accepts_per_turn: u32,
    /// The most connections open at a time.
    pub connections: u32,
}

/// An IP address and port, or a path.
#[napi(object)]
pub struct NativePeer {
    /// The IP address in its usual form, or a path as the bytes of Latin-1.
    pub address: String,
    /// 4 or 6; 0 for a path.
    pub family: u32,
    /// 0 to 65,535.
    pub port: u32,
    /// The index of the interface of a link-local IPv6 address, or 0.
    pub scope: u32,
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

impl From<SockAddr> for NativePeer {
    fn from(address: SockAddr) -> Self {
        use std::os::unix::ffi::OsStrExt;
        if let Some(socket) = address.as_socket() {
            let (family, scope) = match socket {
                SocketAddr::V4(_) => (4, 0),
                SocketAddr::V6(v6) => (6, v6.scope_id()),
            };
            return Self { address: socket.ip().to_string(), family, port: u32::from(socket.port()), scope };
        }
        let path = address.as_pathname().map(|path| latin1(path.as_os_str().as_bytes()));
        let name = || address.as_abstract_namespace().map(|name| format!("\0{}", latin1(name)));
        Self { address: path.or_else(name).unwrap_or_default(), family: 0, port: 0, scope: 0 }
    }
}

/// TypeScript has looked at it before, so a refusal is a fault of ours, but for a path that is too long.
fn endpoint(native: &NativeEndpoint) -> std::result::Result<Endpoint, i64> {
    let internal = || i64::from(Refusal::Internal);
    if native.port < 0 {
        let path: Option<Vec<u8>> = native.host.chars().map(|char| u8::try_from(char).ok()).collect();
        return Endpoint::unix(&path.ok_or_else(internal)?).map_err(encode);
    }
    let port = u16::try_from(native.port).map_err(|_| internal())?;
    Ok(Endpoint::tcp(match native.host.parse().map_err(|_| internal())? {
        IpAddr::V4(ip) => SocketAddr::from((ip, port)),
        IpAddr::V6(ip) => SocketAddr::V6(SocketAddrV6::new(ip, port, 0, native.scope)),
    }))
}

/// Whole nanoseconds; what no Duration can hold is no limit.
fn duration(milliseconds: f64) -> Duration {
    Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or(Duration::ZERO)
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "TypeScript sends a whole number; what is out of range is clamped"
)]
fn terms(native: &NativeLimits, edge: bool, of_listener: bool) -> Rc<Terms> {
    let limits = Limits {
        high_water_mark: native.high_water_mark as usize,
        buffered: native.buffered_bytes as usize,
        buffered_in_all: native.buffered_bytes_in_all as usize,
        bytes_per_turn: native.bytes_per_turn as usize,
        time_per_turn: Duration::try_from_secs_f64(native.time_per_turn_ms / 1000.0).unwrap_or(Duration::MAX),
        idle: duration(native.idle_timeout_ms),
        first_byte: duration(native.first_byte_timeout_ms),
    };
    let trigger = if edge { Trigger::Edge } else { Trigger::Level };
    Rc::new(Terms::new(limits, trigger, of_listener))
}

/// The servers of one reactor.
#[napi]
pub struct NativeTraffic(Rc<Inner>);

#[napi]
impl NativeTraffic {
    /// Makes a reactor serve. `area` holds records and orders, `staging` bytes to write, `kept` a count for each connection,
    /// `slab` what is read. `gathers`: whether the driver takes turns by itself.
    #[napi(
        catch_unwind,
        ts_args_type = "reactor: NativeReactor, area: Uint32Array, staging: Uint8Array, kept: Uint32Array, slab: Uint8Array, gathers: boolean"
    )]
    pub fn open(
        env: Env,
        reactor: &NativeReactor,
        area: Unknown<'_>,
        staging: Unknown<'_>,
        kept: Unknown<'_>,
        slab: Unknown<'_>,
        gathers: bool,
    ) -> Either<NativeTraffic, i64> {
        let [area, staging, kept, slab] = [area, staging, kept, slab].map(|value| value.value().value);
        let Some(serving) = Serving::new(env.raw(), area, staging, kept, slab, gathers) else {
            return Either::B(Refusal::Internal.into());
        };
        let inner = reactor.inner();
        inner.serve(serving);
        Either::A(Self(inner))
    }

    /// How many words `area` has.
    #[napi(catch_unwind)]
    pub fn area_words() -> u32 {
        u32::try_from(AREA).unwrap_or(0)
    }

    fn with<T>(&self, ask: impl FnOnce(&mut Reactor, &mut Traffic) -> Result<T>) -> Result<T> {
        self.0.with_serving(|reactor, serving| ask(reactor, &mut serving.traffic.borrow_mut()))
    }

    /// Binds and listens. Returns the listener's number. `ipv6_only`: 0 no, 1 yes, 2 the system's default.
    #[napi(catch_unwind)]
    pub fn listen(
        &self,
        at: NativeEndpoint,
        backlog: i32,
        reuse_port: bool,
        ipv6_only: u32,
        edge: bool,
        limits: NativeLimits,
    ) -> i64 {
        let at = match endpoint(&at) {
            Ok(at) => at,
            Err(failure) => return failure,
        };
        let options =
            ListenOptions { accepts_per_turn: limits.accepts_per_turn, connections: limits.connections };
        let terms = terms(&limits, edge, true);
        let listened = self.with(|reactor, traffic| {
            let socket = at.bind(backlog, reuse_port, (ipv6_only < 2).then_some(ipv6_only == 1))?;
            traffic.listen(reactor, socket, options, terms).inspect_err(|_| at.unbind())
        });
        number(listened, i64::from)
    }

    /// Stops listening.
    #[napi(catch_unwind)]
    pub fn unlisten(&self, id: u32) {
        let _ = self.with(|reactor, traffic| {
            traffic.unlisten(reactor, id);
            Ok(())
        });
    }

    /// Begins to connect. Returns the connection's number.
    #[napi(catch_unwind)]
    pub fn connect(&self, to: NativeEndpoint, edge: bool, limits: NativeLimits) -> i64 {
        let to = match endpoint(&to) {
            Ok(to) => to,
            Err(failure) => return failure,
        };
        let terms = terms(&limits, edge, false);
        let connecting = self.with(|reactor, traffic| traffic.connect(reactor, to.connect()?, &terms));
        number(connecting, i64::from)
    }

    /// Carries out what was ordered.
    #[napi(catch_unwind)]
    pub fn flush(&self) -> i64 {
        self.0.flush(true)
    }

    /// Sends `length` bytes of `buffer`, behind what was ordered if `has_orders`. Returns how many are kept.
    #[napi(catch_unwind)]
    pub fn send(
        &self,
        has_orders: bool,
        id: u32,
        #[napi(ts_arg_type = "ArrayBufferView")] buffer: Unknown<'_>,
        offset: i64,
        length: i64,
    ) -> i64 {
        let Some(bytes) = stretch(&buffer, offset, length) else { return Refusal::Internal.into() };
        self.0.serving(|core, serving| {
            let kept = serving.send(core, has_orders, id, bytes)?;
            Ok(i64::try_from(kept).unwrap_or(i64::MAX))
        })
    }

    /// Closes a connection at once, or resets it. Nothing more is told of it.
    #[napi(catch_unwind)]
    pub fn destroy(&self, id: u32, reset: bool) {
        let _ = self.with(|reactor, traffic| {
            traffic.destroy(reactor, id, reset);
            Ok(())
        });
    }

    /// `[read, written]` in bytes, of a connection.
    #[napi(catch_unwind)]
    pub fn moved(&self, id: u32) -> Option<Vec<f64>> {
        self.with(|_, traffic| Ok(traffic.moved(id))).ok().flatten().map(pair)
    }

    /// Carries out what was ordered, and reads into another slab from now on.
    #[napi(catch_unwind, ts_args_type = "slab: Uint8Array")]
    pub fn set_slab(&self, slab: Unknown<'_>) -> i64 {
        let slab = slab.value().value;
        self.0.serving(|core, serving| serving.set_slab(core, slab).map(|()| 0))
    }

    /// Counts what is kept in another array from now on.
    #[napi(catch_unwind, ts_args_type = "kept: Uint32Array")]
    pub fn set_kept(&self, kept: Unknown<'_>) {
        let kept = kept.value().value;
        let _ = self.0.with_serving(|_, serving| {
            serving.set_kept(kept);
            Ok(())
        });
    }

    /// How long a connection may be idle from now on, 0 for ever. Returns in how many milliseconds to ask what is due, or 0.
    #[napi(catch_unwind)]
    pub fn set_timeout(&self, id: u32, timeout_ms: f64) -> u32 {
        let due = self.0.with_serving(|_, serving| Ok(serving.set_timeout(id, duration(timeout_ms))));
        due.unwrap_or(0)
    }

    /// Has a turn taken if somebody's time may be over. Returns in how many milliseconds to ask again, or 0: that turn tells.
    #[napi(catch_unwind)]
    pub fn expire(&self) -> u32 {
        self.0.with_serving(|reactor, serving| Ok(serving.expire(reactor))).unwrap_or(0)
    }

    /// The addresses of a name, by getaddrinfo(3), which blocks.
    #[napi(catch_unwind)]
    pub fn lookup(name: String) -> Vec<String> {
        let found = (name.as_str(), 0).to_socket_addrs();
        found.map_or_else(|_| Vec::new(), |all| all.map(|address| address.ip().to_string()).collect())
    }

    /// `TCP_NODELAY`.
    #[napi(catch_unwind)]
    pub fn set_no_delay(&self, id: u32, on: bool) -> i64 {
        done(self.with(|_, traffic| traffic.set_no_delay(id, on)))
    }

    /// `SO_KEEPALIVE`, and the idle time before the first probe unless it is 0.
    #[napi(catch_unwind)]
    pub fn set_keep_alive(&self, id: u32, on: bool, idle_ms: f64) -> i64 {
        let idle = Some(duration(idle_ms)).filter(|idle| !idle.is_zero());
        done(self.with(|_, traffic| traffic.set_keep_alive(id, on, idle)))
    }

    /// This end's address, of a connection or listener.
    #[napi(catch_unwind)]
    pub fn local_address(&self, id: u32) -> Either<NativePeer, i64> {
        either(self.with(|_, traffic| traffic.local(id)))
    }

    /// The peer's address.
    #[napi(catch_unwind)]
    pub fn remote_address(&self, id: u32) -> Either<NativePeer, i64> {
        either(self.with(|_, traffic| traffic.peer(id)))
    }

    /// The descriptor's number, of a connection or listener.
    #[napi(catch_unwind)]
    pub fn descriptor(&self, id: u32) -> i64 {
        number(self.with(|_, traffic| traffic.descriptor(id)), i64::from)
    }
}

#[allow(clippy::cast_precision_loss, reason = "nobody moves so many bytes")]
fn pair((read, written): (u64, u64)) -> Vec<f64> {
    vec![read as f64, written as f64]
}

fn either(address: Result<SockAddr>) -> Either<NativePeer, i64> {
    match address {
        Ok(address) => Either::A(address.into()),
        Err(error) => Either::B(encode(error)),
    }
}
