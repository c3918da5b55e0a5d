//! One connection: what is known of it, and what it is watched for.

use super::{output::Output, table::NONE, terms::Terms, wheel::Tick};
use crate::{interest::Interest, token::Token};
use socket2::Socket;
use std::{net::SocketAddr, rc::Rc};

#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each answers its own question")]
pub(super) struct Connection {
    pub(super) socket: Socket,
    pub(super) token: Token,
    /// Who accepted it, or [`NONE`].
    pub(super) listener: u32,
    pub(super) terms: Rc<Terms>,
    pub(super) peer: Option<SocketAddr>,
    pub(super) read: u64,
    pub(super) written: u64,
    /// What the peer has not taken yet.
    pub(super) output: Option<Box<Output>>,
    /// The pieces to be written at the end of this batch: a chain in `Orders`.
    pub(super) first_piece: u32,
    pub(super) last_piece: u32,
    /// When it began, and when something was last read or written.
    pub(super) born: Tick,
    pub(super) active: Tick,
    /// For how long it may be idle.
    pub(super) idle: Tick,
    /// In which bucket of the wheel it stands.
    pub(super) bucket: Tick,
    /// What it is registered for.
    pub(super) armed: Interest,
    pub(super) connecting: bool,
    /// No byte has been read.
    pub(super) silent: bool,
    /// Its owner wants nothing read.
    pub(super) paused: bool,
    /// The kernel has no memory for what is kept: it is tried again after a while.
    pub(super) starved: bool,
    /// Nothing is read because too much is kept.
    pub(super) held_back: bool,
    pub(super) read_ended: bool,
    /// Nothing more is written: once all is sent, the end is.
    pub(super) end_asked: bool,
    pub(super) write_ended: bool,
    /// What it is watched for may have to change.
    pub(super) unsettled: bool,
}

impl Connection {
    pub(super) fn new(
        socket: Socket,
        token: Token,
        listener: u32,
        terms: &Rc<Terms>,
        peer: Option<SocketAddr>,
        now: Tick,
    ) -> Self {
        let connecting = listener == NONE;
        Self {
            socket,
            token,
            listener,
            terms: Rc::clone(terms),
            peer,
            read: 0,
            written: 0,
            output: None,
            first_piece: NONE,
            last_piece: NONE,
            born: now,
            active: now,
            idle: terms.idle,
            bucket: Tick::default(),
            armed: if connecting { Interest::WRITABLE } else { Interest::READABLE },
            connecting,
            silent: true,
            paused: false,
            starved: false,
            held_back: false,
            read_ended: false,
            end_asked: false,
            write_ended: false,
            unsettled: false,
        }
    }

    /// Bytes that the peer has not taken yet.
    pub(super) fn kept(&self) -> usize {
        self.output.as_ref().map_or(0, |output| output.len())
    }

    pub(super) fn wants_read(&self) -> bool {
        !(self.connecting || self.paused || self.held_back || self.read_ended)
    }

    /// What it should be watched for.
    pub(super) fn wanted(&self) -> Interest {
        let mut wanted = if self.wants_read() { Interest::READABLE } else { Interest::NONE };
        if self.connecting || (self.output.is_some() && !self.starved) {
            wanted |= Interest::WRITABLE;
        }
        wanted
    }

    /// When it has to be looked at again, if it is bound in time.
    pub(super) fn deadline(&self) -> Option<Tick> {
        [self.first_byte_due(), self.idle_due()].into_iter().flatten().min()
    }

    pub(super) fn first_byte_due(&self) -> Option<Tick> {
        let first_byte = self.terms.first_byte;
        (self.silent && !self.connecting && !first_byte.is_none()).then(|| first_byte.after(self.born))
    }

    fn idle_due(&self) -> Option<Tick> {
        (!self.connecting && !self.idle.is_none()).then(|| self.idle.after(self.active))
    }
}
