//! Connections that come and go.

use super::latencies::Latencies;
use super::pattern::Pattern;
use super::pulse::{BEAT, Pulse};
use super::{Fault, Outcome, Result, Until, connect, would_block};
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Registry, Token};
use std::io::{ErrorKind, Read, Write};
use std::time::Instant;

/// What is done, over and over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Churn {
    /// Connections that are there at the same time; fewer than the server's listener lets wait.
    pub in_flight: usize,
    /// Of the message that each connection sends and takes back before it is reset. 0: it waits for the server to end it.
    pub bytes: usize,
    /// When no more is begun.
    pub until: Until,
}

/// Opens connections to a server on 127.0.0.1 and closes them, as many as it takes. Each that is counted was accepted by the
/// server, and served. A latency is a connection's whole life.
///
/// # Errors
/// Every [`Fault`]; the number of a connection is that of its place among those in flight.
pub fn churn(port: u16, work: Churn) -> Result<Outcome> {
    let mut poll = Poll::new().map_err(|error| Fault::System("epoll_create1", error))?;
    let mut events = Events::with_capacity(work.in_flight.max(1));
    let mut scratch = vec![0; work.bytes.max(64)];
    let pattern = Pattern::new(work.bytes);
    let mut latencies = Latencies::new();
    let mut pulse = Pulse::new();
    let start = Instant::now();
    let goes_on = |begun, now: Instant| match work.until {
        Until::Elapsed(limit) => now - start < limit,
        Until::Messages(count) => begun < count,
    };
    let (mut begun, mut ended) = (0, 0);
    let mut visits = Vec::with_capacity(work.in_flight);
    for place in 0..work.in_flight {
        if goes_on(begun, start) {
            visits.push(Visit::begin(port, place, begun, poll.registry())?);
            begun += 1;
        }
    }
    while ended < begun {
        connect::wait(&mut poll, &mut events, BEAT)?;
        for event in &events {
            let visit = &mut visits[event.token().0];
            if visit.is_over || !visit.go_on(event, &pattern, &mut scratch)? {
                continue;
            }
            let now = Instant::now();
            latencies.record(now - visit.begun);
            pulse.beat(now);
            visit.is_over = true;
            ended += 1;
            if goes_on(begun, now) {
                *visit = Visit::begin(port, visit.place, begun, poll.registry())?;
                begun += 1;
            } else {
                visit.reset(poll.registry())?;
            }
        }
        pulse.check(Instant::now(), usize::try_from(begun - ended).unwrap_or(usize::MAX))?;
    }
    Ok(Outcome { messages: ended, elapsed: start.elapsed(), ..latencies.outcome() })
}

/// One connection, from its begin to its end. It is reset when it is dropped.
struct Visit {
    stream: TcpStream,
    place: usize,
    number: u64,
    begun: Instant,
    is_made: bool,
    is_over: bool,
    sent: usize,
    received: usize,
}

impl Visit {
    fn begin(port: u16, place: usize, number: u64, registry: &Registry) -> Result<Self> {
        let begun = Instant::now();
        let mut stream = connect::begin(port, place)?;
        registry
            .register(&mut stream, Token(place), Interest::READABLE | Interest::WRITABLE)
            .map_err(|error| Fault::System("epoll_ctl", error))?;
        Ok(Self { stream, place, number, begun, is_made: false, is_over: false, sent: 0, received: 0 })
    }

    /// Whether it is over: the whole echo came, or the server ended it, if nothing was to be said.
    fn go_on(&mut self, event: &Event, pattern: &Pattern, scratch: &mut [u8]) -> Result<bool> {
        if !self.is_made {
            // A server that ends a connection at once may have done so by a reset, before this was looked at.
            match connect::made(&self.stream) {
                Err(Fault::System(_, error)) if pattern.bytes == 0 && is_reset(&error) => return Ok(true),
                made => made?,
            }
            if !event.is_writable() {
                return Ok(false);
            }
            self.is_made = true;
        }
        self.send(pattern.message(self.place, self.number))?;
        self.receive(pattern, scratch)
    }

    fn send(&mut self, message: &[u8]) -> Result<()> {
        while self.sent < message.len() {
            match self.stream.write(&message[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if would_block(&error) => break,
                Err(error) => return Err(Fault::System("write", error)),
            }
        }
        Ok(())
    }

    fn receive(&mut self, pattern: &Pattern, scratch: &mut [u8]) -> Result<bool> {
        loop {
            match self.stream.read(scratch) {
                Ok(0) if pattern.bytes == 0 => return Ok(true),
                Ok(0) => return Err(Fault::Ended(self.place)),
                Ok(count) => self.check(&scratch[..count], pattern)?,
                Err(error) if would_block(&error) => return Ok(false),
                Err(error) if pattern.bytes == 0 && is_reset(&error) => return Ok(true),
                Err(error) => return Err(Fault::System("read", error)),
            }
            if self.received == pattern.bytes {
                return Ok(true);
            }
        }
    }

    fn check(&mut self, came: &[u8], pattern: &Pattern) -> Result<()> {
        if self.received + came.len() > self.sent {
            return Err(Fault::Excess(self.place));
        }
        let expected = &pattern.message(self.place, self.number)[self.received..];
        let same = came.iter().zip(expected).take_while(|(a, b)| a == b).count();
        if same < came.len() {
            return Err(Fault::Changed(self.place, self.number, self.received + same));
        }
        self.received += came.len();
        Ok(())
    }

    fn reset(&mut self, registry: &Registry) -> Result<()> {
        registry.deregister(&mut self.stream).map_err(|error| Fault::System("epoll_ctl", error))
    }
}

fn is_reset(error: &std::io::Error) -> bool {
    error.kind() == ErrorKind::ConnectionReset
}
