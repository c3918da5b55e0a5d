//! The listeners and connections of one reactor, and what a turn means to them.

use super::{
    accept::arming,
    connection::Connection,
    orders::Orders,
    read::LEAST,
    record::{Record, Told},
    space::Space,
    table::{NONE, Table},
    terms::Terms,
    wheel::Wheel,
};
use crate::{
    error::{Error, Result, Syscall},
    event::Event,
    interest::Interest,
    reactor::Reactor,
    readiness::Readiness,
};
use socket2::Socket;
use std::{
    collections::VecDeque,
    os::fd::{AsRawFd, IntoRawFd},
    rc::Rc,
    time::Duration,
};

/// System calls made for servers since the reactor was made, those that failed or would have blocked among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// read(2).
    pub reads: u64,
    /// send(2) and sendmsg(2).
    pub writes: u64,
    /// accept4(2), accept(2) where there is no such call.
    pub accepts: u64,
}

/// All listeners and connections of one reactor. It belongs to the reactor's thread.
#[derive(Debug)]
pub struct Traffic {
    pub(super) table: Table,
    pub(super) wheel: Wheel,
    pub(super) orders: Orders,
    pub(super) records: VecDeque<Record>,
    /// How many records one turn may tell.
    pub(super) capacity: usize,
    /// Connections that may have to be watched for something else.
    unsettled: Vec<u32>,
    /// Of which connections how much is kept has changed.
    kept: Vec<(u32, usize)>,
    /// Listeners that wait for room.
    pub(super) waiting: Vec<u32>,
    /// Whether something was closed, so that there may be room.
    freed: bool,
    /// The events of the turn that are ours.
    mine: Vec<(u32, Event)>,
    /// Who is served first, since the space did not suffice for it in the turn before.
    first: u32,
    pub(super) counts: Counts,
}

impl Traffic {
    /// An empty one, which tells at most about `capacity` records a turn.
    pub fn new(capacity: usize) -> Self {
        Self {
            table: Table::default(),
            wheel: Wheel::new(),
            orders: Orders::default(),
            records: VecDeque::with_capacity(capacity),
            capacity,
            unsettled: Vec::new(),
            kept: Vec::new(),
            waiting: Vec::new(),
            freed: false,
            mine: Vec::new(),
            first: NONE,
            counts: Counts::default(),
        }
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Takes what is ours out of `batch`, and serves it: accepts, reads into `space`, sends what was kept.
    ///
    /// Everything that the turn before has told must have been read by now: numbers that it told closed may be given out again.
    pub fn take(
        &mut self,
        reactor: &mut Reactor,
        batch: &mut Vec<Event>,
        mut space: Option<Space>,
    ) -> Option<Space> {
        self.table.release();
        self.wheel.advance();
        let Self { table, mine, .. } = self;
        batch.retain(|&event| match table.owner(event.token.slot()) {
            Some(id) => {
                mine.push((id, event));
                false
            }
            None => true,
        });
        let mut mine = std::mem::take(&mut self.mine);
        let start = mine.iter().position(|&(id, _)| id == self.first).unwrap_or(0);
        self.first = NONE;
        let (late, early) = mine.split_at(start);
        for &(id, event) in early.iter().chain(late) {
            if !self.serve(reactor, id, event.readiness, &mut space) && self.first == NONE {
                self.first = id;
            }
        }
        mine.clear();
        self.mine = mine;
        self.expire(reactor);
        if self.first != NONE && space.is_none_or(|space| space.left() < LEAST) {
            self.tell(NONE, Told::NoSpace);
        }
        space
    }

    /// Serves one event. Whether the space sufficed.
    fn serve(
        &mut self,
        reactor: &mut Reactor,
        id: u32,
        readiness: Readiness,
        space: &mut Option<Space>,
    ) -> bool {
        let Some(connection) = self.table.connection(id) else {
            self.accept(reactor, id);
            return true;
        };
        if readiness.contains(Readiness::INVALID) {
            self.lose(reactor, id);
            return true;
        }
        if connection.connecting {
            self.connected(reactor, id);
            return true;
        }
        if connection.output.is_some() && readiness.intersects(Readiness::WRITABLE | FAILING) {
            self.write_kept(reactor, id);
        }
        let Some(connection) = self.table.connection(id) else { return true };
        if connection.wants_read()
            && readiness.intersects(Readiness::READABLE | Readiness::READ_CLOSED | FAILING)
        {
            return self.read(reactor, id, readiness, space);
        }
        if readiness.contains(Readiness::ERROR) {
            self.fail_if_pending(reactor, id);
        }
        true
    }

    /// Begins to connect with a socket on its way. Returns its number; a record tells how it ended.
    ///
    /// # Errors
    /// As [`Reactor::register`]; the socket is then closed.
    pub fn connect(&mut self, reactor: &mut Reactor, socket: Socket, terms: &Rc<Terms>) -> Result<u32> {
        let token = reactor.register(socket.as_raw_fd(), arming(terms.trigger, Interest::WRITABLE))?;
        let connection = Connection::new(socket, token, NONE, terms, None, self.wheel.advance());
        let id = self.table.add_connection(connection);
        self.table.bind(token.slot(), id);
        Ok(id)
    }

    fn connected(&mut self, reactor: &mut Reactor, id: u32) {
        let now = self.wheel.now();
        let Some(connection) = self.table.connection(id) else { return };
        let error = match connection.socket.take_error() {
            Ok(None) => {
                // Whoever it is: the connection is as good without its peer's name.
                connection.peer = connection.socket.peer_addr().ok().and_then(|peer| peer.as_socket());
                connection.connecting = false;
                connection.born = now;
                connection.active = now;
                self.unsettle(id);
                self.schedule(id);
                self.tell(id, Told::Connected);
                return;
            }
            Ok(Some(error)) => Error::system(Syscall::Connect, &error),
            Err(error) => Error::system(Syscall::Getsockopt, &error),
        };
        self.close(reactor, id, Some(error));
    }

    /// Closes a connection at once. What was to be written is dropped. With `reset` the peer hears of a broken connection.
    /// Nothing more is told of it.
    pub fn destroy(&mut self, reactor: &mut Reactor, id: u32, reset: bool) {
        let Some(connection) = self.remove(reactor, id) else { return };
        if reset {
            // What cannot be reset is closed all the same.
            let _ = connection.socket.set_linger(Some(Duration::ZERO));
        }
        drop(connection);
        if self.freed && !self.waiting.is_empty() {
            self.freed = false;
            self.try_again(reactor);
        }
    }

    /// Hands the oldest records over, at most as many as the capacity allows.
    pub fn told(&mut self, mut each: impl FnMut(Record)) {
        let count = self.records.len().min(self.capacity + SLACK);
        for record in self.records.drain(..count) {
            each(record);
        }
        if self.records.is_empty() {
            self.table.seal();
        }
    }

    /// Whether there is something to tell.
    pub fn has_news(&self) -> bool {
        !self.records.is_empty()
    }

    /// How many bytes are kept for a connection.
    pub fn kept_for(&mut self, id: u32) -> usize {
        self.table.connection(id).map_or(0, |connection| connection.kept())
    }

    /// Whether there is somebody of whom [`kept`](Self::kept) would tell.
    pub fn has_kept(&self) -> bool {
        !self.kept.is_empty()
    }

    /// Tells of whom how many bytes are kept now, if that has changed.
    pub fn kept(&mut self, mut each: impl FnMut(u32, usize)) {
        for (id, bytes) in self.kept.drain(..) {
            each(id, bytes);
        }
    }

    pub(super) fn tell(&mut self, id: u32, told: Told) {
        self.records.push_back(Record { id, told });
    }

    pub(super) fn has_room(&self) -> bool {
        self.records.len() < self.capacity
    }

    pub(super) fn note_kept(&mut self, id: u32, bytes: usize) {
        self.kept.push((id, bytes));
    }

    /// Has it looked at, at the end of the batch, what a connection is watched for.
    pub(super) fn unsettle(&mut self, id: u32) {
        if let Some(connection) = self.table.connection(id)
            && !std::mem::replace(&mut connection.unsettled, true)
        {
            self.unsettled.push(id);
        }
    }

    /// Has everybody watched for what is wanted now, and lets listeners try again if something was closed.
    pub(super) fn settle_all(&mut self, reactor: &mut Reactor) {
        while let Some(id) = self.unsettled.pop() {
            let Some(connection) = self.table.connection(id) else { continue };
            connection.unsettled = false;
            self.settle(reactor, id);
        }
        if std::mem::take(&mut self.freed) && !self.waiting.is_empty() {
            self.try_again(reactor);
        }
    }

    /// Has a connection watched for what is wanted now.
    pub(super) fn settle(&mut self, reactor: &mut Reactor, id: u32) {
        let Some(connection) = self.table.connection(id) else { return };
        let wanted = connection.wanted();
        if wanted == connection.armed {
            return;
        }
        match reactor.modify(connection.token, arming(connection.terms.trigger, wanted)) {
            Ok(token) => {
                connection.token = token;
                connection.armed = wanted;
            }
            Err(error) => self.close(reactor, id, Some(error)),
        }
    }

    /// Has readiness told anew that an edge has told already.
    pub(super) fn rearm(&mut self, reactor: &mut Reactor, id: u32) {
        let Some(connection) = self.table.connection(id) else { return };
        match reactor.rearm(connection.token) {
            Ok(token) => connection.token = token,
            Err(error) => self.close(reactor, id, Some(error)),
        }
    }

    /// Closes a connection, and tells it.
    pub(super) fn close(&mut self, reactor: &mut Reactor, id: u32, error: Option<Error>) {
        if self.remove(reactor, id).is_some() {
            self.tell(id, Told::Closed(error));
        }
    }

    /// Closes a connection whose descriptor was closed behind our back: its number may be somebody else's by now.
    fn lose(&mut self, reactor: &mut Reactor, id: u32) {
        let Some(connection) = self.remove(reactor, id) else { return };
        let _ = connection.socket.into_raw_fd();
        self.tell(id, Told::Closed(Some(Error::System { syscall: Syscall::Poll, errno: libc::EBADF })));
    }

    fn remove(&mut self, reactor: &mut Reactor, id: u32) -> Option<Connection> {
        let connection = self.table.take_connection(id)?;
        self.table.unbind(connection.token.slot());
        // It is gone whatever is said.
        let _ = reactor.deregister(connection.token);
        connection.terms.count(connection.kept(), 0);
        // Not one that has come to the number of a listener that is closed.
        if let Some(listener) = self.table.listener(connection.listener)
            && Rc::ptr_eq(&listener.terms, &connection.terms)
        {
            listener.open -= 1;
        }
        self.freed = true;
        Some(connection)
    }
}

/// With these a read or a write has something to say.
const FAILING: Readiness = Readiness::FAILING;

/// How many more records than its capacity a turn may tell: what ends has to be told.
const SLACK: usize = 64;
