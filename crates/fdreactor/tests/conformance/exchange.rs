//! N08: connections that are used as badly as they may be.

use crate::conformance::{
    column::{Column, Mode},
    end::End,
    fixture::unix_pair,
    procedure::{demand, scrambled},
};
use fdreactor::{Config, Event, Interest, Reactor, Readiness, Token};
use rustix::{
    io::{Errno, read, write},
    net::{Shutdown, shutdown},
};
use std::{
    os::fd::{AsRawFd, OwnedFd},
    time::Duration,
};

const CONNECTIONS: usize = 5;
/// How many bytes go each way.
const BYTES: usize = 65_536;
/// Nothing is read or written in larger pieces.
const PIECE: usize = 4_096;
/// How long a turn waits before the time counts as over, so that somebody's interest is changed.
const TICK: Duration = Duration::from_millis(1);
/// More turns than this mean that it will never end.
const TURNS: usize = 1_000_000;

/// The same numbers in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 += 1;
        scrambled(self.0) % limit
    }
}

/// One end of a connection.
struct Peer {
    socket: OwnedFd,
    token: Token,
    interest: Interest,
    sent: usize,
    received: usize,
    closes: usize,
}

/// A byte by its position, and by who sends it.
fn byte(sender: usize, position: usize) -> u8 {
    u8::try_from((position * 7 + position / 251 + sender * 31) % 251).unwrap_or_default()
}

impl Peer {
    fn is_over(&self) -> bool {
        self.sent == BYTES && self.closes > 0
    }

    /// What it has use for.
    fn wants(&self) -> Interest {
        let mut wanted = Interest::NONE;
        if self.closes == 0 {
            wanted |= Interest::READABLE;
        }
        if self.sent < BYTES {
            wanted |= Interest::WRITABLE;
        }
        wanted
    }

    /// Writes a piece, and ends its own direction behind the last.
    fn send(&mut self, index: usize, dice: &mut Dice) -> Result<(), End> {
        let length = (1 + dice.below(PIECE)).min(BYTES - self.sent);
        let piece: Vec<u8> = (self.sent..self.sent + length).map(|position| byte(index, position)).collect();
        match write(&self.socket, &piece) {
            Ok(count) => self.sent += count,
            Err(Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
        if self.sent == BYTES && length > 0 {
            shutdown(&self.socket, Shutdown::Write)?;
        }
        Ok(())
    }

    /// Reads a piece and compares it.
    fn receive(&mut self, index: usize, dice: &mut Dice) -> Result<(), End> {
        let mut piece = vec![0; 1 + dice.below(PIECE)];
        match read(&self.socket, &mut piece[..]) {
            Ok(0) => self.closes += 1,
            Ok(count) => {
                for (offset, &got) in piece[..count].iter().enumerate() {
                    let position = self.received + offset;
                    demand(got == byte(index ^ 1, position), || {
                        format!("byte {position} for {index} is {got}")
                    })?;
                }
                self.received += count;
            }
            Err(Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// What an interest allows to be told. A hang-up and an error cannot be declined.
fn allowed(interest: Interest) -> Readiness {
    let mut allowed = Readiness::HANGUP | Readiness::ERROR;
    if interest.contains(Interest::READABLE) {
        allowed |= Readiness::READABLE | Readiness::READ_CLOSED;
    }
    if interest.contains(Interest::WRITABLE) {
        allowed |= Readiness::WRITABLE;
    }
    allowed
}

pub(super) fn five_connections(column: Column) -> Result<String, End> {
    let mut reactor = Reactor::new(&Config { backend: column.backend, ..Config::default() })?;
    let mut dice = Dice(0);
    let mut peers = Vec::new();
    for _ in 0..CONNECTIONS {
        let (one, other) = unix_pair()?;
        for socket in [one, other] {
            let interest = Interest::READABLE | Interest::WRITABLE;
            let token = reactor.register(socket.as_raw_fd(), column.mode.arming(interest))?;
            peers.push(Peer { socket, token, interest, sent: 0, received: 0, closes: 0 });
        }
    }
    let mut batch = Vec::new();
    for turn in 0.. {
        if peers.iter().all(Peer::is_over) {
            break;
        }
        demand(turn < TURNS, || "it does not come to an end".to_owned())?;
        reactor.turn(Some(TICK), &mut batch)?;
        for event in batch.drain(..) {
            answer(&mut reactor, column, &mut peers, event, &mut dice)?;
        }
        toggle(&mut reactor, column, &mut peers, &mut dice)?;
    }
    for (index, peer) in peers.iter().enumerate() {
        let counts = (peer.sent, peer.received, peer.closes);
        demand(counts == (BYTES, BYTES, 1), || {
            format!("{index} ended with (sent, received, closes) {counts:?}")
        })?;
    }
    Ok("ok".to_owned())
}

/// Does something about an event, or a part of it, or nothing.
fn answer(
    reactor: &mut Reactor,
    column: Column,
    peers: &mut [Peer],
    event: Event,
    dice: &mut Dice,
) -> Result<(), End> {
    let Event { token, readiness } = event;
    let Some(index) = peers.iter().position(|peer| peer.token == token) else {
        return demand(reactor.state(token).is_none(), || format!("{event:?} is nobody's"));
    };
    let peer = &mut peers[index];
    let may = allowed(peer.interest);
    demand(may.contains(readiness), || format!("{event:?} lies outside {:?}", peer.interest))?;
    if dice.below(4) > 0 {
        if readiness.intersects(Readiness::READABLE | Readiness::HANGUP) && peer.closes == 0 {
            peer.receive(index, dice)?;
        }
        if readiness.contains(Readiness::WRITABLE) && peer.sent < BYTES {
            peer.send(index, dice)?;
        }
    }
    // Half of the time it stays silent, or goes on asking for what it has no more use for, until its interest is toggled.
    if column.mode != Mode::Level && dice.below(2) == 0 {
        peer.token = reactor.rearm(token)?;
    }
    Ok(())
}

/// Gives somebody another interest: everything, a part, or nothing at all.
fn toggle(reactor: &mut Reactor, column: Column, peers: &mut [Peer], dice: &mut Dice) -> Result<(), End> {
    let count = peers.len();
    let peer = &mut peers[dice.below(count)];
    let part = [Interest::NONE, Interest::READABLE, Interest::WRITABLE][dice.below(3)];
    peer.interest = if dice.below(2) == 0 { peer.wants() } else { part };
    peer.token = reactor.modify(peer.token, column.mode.arming(peer.interest))?;
    Ok(())
}
