//! Accepting: so many a turn, and what to do when there is no room for another connection.
//!
//! Out of descriptors or memory, accept(2) fails and the connection goes on waiting, so a level listener would be told of it
//! without end and an edge never again. The listener is paused instead, and tries again at the next close of ours or
//! after a while.

use super::{connection::Connection, record::Told, terms::Terms, traffic::Traffic, wheel::Tick};
use crate::{
    error::{Error, Result, Syscall},
    interest::Interest,
    reactor::Reactor,
    sys::{accept::accept_from, poll::poll},
    token::Token,
    trigger::{Arming, Trigger},
};
use socket2::Socket;
use std::{io::ErrorKind, os::fd::AsRawFd, rc::Rc, time::Duration};

/// How long a listener waits for another try, if nothing is closed before.
const RETRY: Tick = Tick(2);

/// How a listener accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenOptions {
    /// The most connections taken in one turn. Default: 64.
    pub accepts_per_turn: u32,
    /// The most connections open at a time; others wait to be accepted. Default: 131,072.
    pub connections: u32,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self { accepts_per_turn: 64, connections: 1 << 17 }
    }
}

#[derive(Debug)]
pub(super) struct Listener {
    pub(super) socket: Socket,
    pub(super) token: Token,
    pub(super) terms: Rc<Terms>,
    options: ListenOptions,
    /// How many of its connections are open.
    pub(super) open: u32,
    /// Paused until there is room.
    waiting: bool,
    /// That there is no room was told, and no accept has found since that nobody waits.
    short: bool,
}

/// What came of one try.
enum Outcome {
    Accepted,
    NobodyWaits,
    Full,
    Failed(Error),
}

impl Traffic {
    /// Has a listening socket watched. Returns its number.
    ///
    /// # Errors
    /// As [`Reactor::register`]; the socket is then closed.
    pub fn listen(
        &mut self,
        reactor: &mut Reactor,
        socket: Socket,
        options: ListenOptions,
        terms: Rc<Terms>,
    ) -> Result<u32> {
        let token = reactor.register(socket.as_raw_fd(), arming(terms.trigger, Interest::READABLE))?;
        let listener = Listener { socket, token, terms, options, open: 0, waiting: false, short: false };
        let id = self.table.add_listener(listener);
        self.table.bind(token.slot(), id);
        Ok(id)
    }

    /// Stops listening. Connections that were accepted stay.
    pub fn unlisten(&mut self, reactor: &mut Reactor, id: u32) {
        if let Some(listener) = self.table.take_listener(id) {
            self.table.unbind(listener.token.slot());
            // It is gone whatever is said.
            let _ = reactor.deregister(listener.token);
        }
    }

    pub(super) fn accept(&mut self, reactor: &mut Reactor, id: u32) {
        let Some(listener) = self.table.listener(id) else { return };
        let is_edge = listener.terms.trigger == Trigger::Edge;
        for _ in 0..listener.options.accepts_per_turn {
            if !self.has_room() {
                break;
            }
            match self.accept_one(reactor, id) {
                Outcome::Accepted => {}
                Outcome::NobodyWaits => return,
                Outcome::Full => return self.wait_for_room(reactor, id, None),
                Outcome::Failed(error) => return self.wait_for_room(reactor, id, Some(error)),
            }
        }
        if is_edge {
            self.rearm_listener(reactor, id);
        }
    }

    fn accept_one(&mut self, reactor: &mut Reactor, id: u32) -> Outcome {
        let now = self.wheel.now();
        let Some(listener) = self.table.listener(id) else { return Outcome::NobodyWaits };
        if listener.open >= listener.options.connections {
            return Outcome::Full;
        }
        let (socket, peer) = match accept_from(listener.socket.as_raw_fd(), &mut self.counts.accepts) {
            Ok((fd, peer)) => (Socket::from(fd), peer.as_socket()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                listener.short = false;
                return Outcome::NobodyWaits;
            }
            Err(error) => return Outcome::Failed(Error::system(Syscall::Accept, &error)),
        };
        let arming = arming(listener.terms.trigger, Interest::READABLE);
        let token = match reactor.register(socket.as_raw_fd(), arming) {
            Ok(token) => token,
            Err(error) => return Outcome::Failed(error),
        };
        listener.open += 1;
        let connection = Connection::new(socket, token, id, &listener.terms, peer, now);
        let connection = self.table.add_connection(connection);
        self.table.bind(token.slot(), connection);
        self.schedule(connection);
        self.tell(connection, Told::Accepted { listener: id });
        Outcome::Accepted
    }

    /// Leaves who waits waiting: until something is closed, and after a failure also until some time has passed.
    fn wait_for_room(&mut self, reactor: &mut Reactor, id: u32, error: Option<Error>) {
        let retry = RETRY.after(self.wheel.now());
        let Some(listener) = self.table.listener(id) else { return };
        if let Ok(token) = reactor.pause(listener.token) {
            listener.token = token;
        }
        if !std::mem::replace(&mut listener.waiting, true) {
            self.waiting.push(id);
        }
        let Some(error) = error else { return };
        let told = std::mem::replace(&mut listener.short, true);
        self.wheel.set(retry, id);
        if !told {
            self.tell(id, Told::Shortage(error));
        }
    }

    /// Lets listeners that wait for room try again.
    pub(super) fn try_again(&mut self, reactor: &mut Reactor) {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.retain(|&id| !self.resume_listener(reactor, id));
        self.waiting.append(&mut waiting);
    }

    /// Lets a listener try again, if it waits. False if it has to go on waiting.
    pub(super) fn resume_listener(&mut self, reactor: &mut Reactor, id: u32) -> bool {
        let retry = RETRY.after(self.wheel.now());
        let Some(listener) = self.table.listener(id) else { return true };
        if !listener.waiting {
            return true;
        }
        if listener.open >= listener.options.connections {
            return false;
        }
        // Also if the pause did not come about: an edge was told already.
        match reactor.rearm(listener.token) {
            Ok(token) => {
                listener.token = token;
                listener.waiting = false;
                // A burst may be the next to come, and no accept of it would find that nobody waited in between.
                listener.short = listener.short && somebody_waits(&listener.socket);
                true
            }
            // Its descriptor was closed behind our back, as its accept has told.
            Err(Error::Closed) => true,
            Err(_) => {
                self.wheel.set(retry, id);
                // Only a turn says when somebody has to look at the timeouts.
                reactor.owe();
                false
            }
        }
    }

    fn rearm_listener(&mut self, reactor: &mut Reactor, id: u32) {
        let Some(listener) = self.table.listener(id) else { return };
        match reactor.rearm(listener.token) {
            Ok(token) => listener.token = token,
            Err(error) => self.wait_for_room(reactor, id, Some(error)),
        }
    }
}

/// Whether a connection waits to be accepted. In doubt one does.
fn somebody_waits(socket: &Socket) -> bool {
    let mut fds = [libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLIN, revents: 0 }];
    poll(&mut fds, Some(Duration::ZERO)).map_or(true, |ready| ready > 0)
}

pub(super) fn arming(trigger: Trigger, interest: Interest) -> Arming {
    match trigger {
        Trigger::Level => Arming::level(interest),
        Trigger::Edge => Arming::edge(interest),
    }
}
